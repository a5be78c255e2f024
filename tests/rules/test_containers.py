"""What the first bytes of a file tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.containers import HEAD, Wanted, strangeness, told_ending

M4A = b"\0\0\0\x1cftypM4A \0\0\0\0"
WAV = b"RIFF\x10\0\0\0WAVEfmt "
ZIP = b"PK\x03\x04" + bytes(12)
JPEG = b"\xff\xd8\xff\xe0" + bytes(12)


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        (M4A, ".m4a"),
        (WAV, ".wav"),
        (b"fLaC" + bytes(12), ".flac"),
        (b"OggS" + bytes(12), ".ogg"),
        (b"ID3\x04" + bytes(12), ".mp3"),
        (b"\xff\xfb\x90\x00", ".mp3"),
        (b"\xff\xf3\x90\x00", ".mp3"),
        (b"\xff\xe3\x90\x00", ".mp3"),
        (b"\xff\xf1\x50\x80", None),
        (b"\xff\xfd\x90\x00", None),
        (b"\xff", None),
        (b"", None),
        (b"RIFF\x10\0\0\0AVI LIST", None),
        (JPEG, None),
        (ZIP, None),
        (b"<!doctype html>", None),
    ],
)
def test_endings(head: bytes, ending: str | None) -> None:
    """A container is known by its first bytes; an adts stream or a picture is no mp3."""
    assert told_ending(head) == ending


@pytest.mark.parametrize("wanted", ["sound", "video", "archive", "picture"])
@pytest.mark.parametrize(
    "head",
    [b"<html>", b"\xef\xbb\xbf<?xml", b" \r\n\t<a>", b'{"error":', b"[1]", b'\xef\xbb\xbf {"a":'],
)
def test_pages_and_messages(wanted: Wanted, head: bytes) -> None:
    """Pages and JSON are no files, whatever was asked for."""
    assert strangeness(head, wanted) == "a page or a message in place of a file"


@pytest.mark.parametrize(
    ("head", "wanted", "words"),
    [
        (M4A, "sound", None),
        (bytes(range(128, 144)), "sound", None),
        (M4A, "video", None),
        (b"\x1aE\xdf\xa3", "video", None),
        (WAV, "video", "no video"),
        (ZIP, "archive", None),
        (M4A, "archive", "no zip archive"),
        (JPEG, "picture", None),
        (b"\x89PNG\r\n\x1a\n", "picture", None),
        (M4A, "picture", "no picture"),
        (b"", "archive", "no zip archive"),
    ],
)
def test_what_was_asked_for(head: bytes, wanted: Wanted, words: str | None) -> None:
    """A file is what was asked for, or it is said what it is not."""
    assert strangeness(head, wanted) == words


@given(st.binary(max_size=2 * HEAD))
def test_any_bytes(head: bytes) -> None:
    """Whatever comes is looked at without a failure, and the first bytes are enough."""
    assert told_ending(head) == told_ending(head[:HEAD])
    for wanted in ("sound", "video", "archive"):
        assert strangeness(head[:HEAD], wanted) is None or strangeness(head, wanted) is not None
