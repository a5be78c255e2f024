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


@pytest.mark.parametrize(
    ("head", "wanted", "ending"),
    [
        (M4A, "video", ".mp4"),
        (b"\x1aE\xdf\xa3", "video", ".webm"),
        (ZIP, "archive", ".zip"),
        (WAV, "raw sound", ".wav"),
        (b"\xff\xfb\x90\x00", "raw sound", ".mp3"),
        (b"\xff\xf1\x50\x80", "raw sound", None),
        (bytes(range(256)), "raw sound", ".pcm"),
    ],
)
def test_endings_of_what_was_asked_for(head: bytes, wanted: Wanted, ending: str | None) -> None:
    """The same bytes may be a song or a video; what has no container is samples."""
    assert told_ending(head, wanted) == ending


@pytest.mark.parametrize("wanted", ["sound", "video", "archive", "picture"])
@pytest.mark.parametrize(
    "head",
    [b"<html>", b"\xef\xbb\xbf<?xml", b" \r\n\t<a>", b'{"error":', b"[1]", b'\xef\xbb\xbf {"a":'],
)
def test_pages_and_messages(wanted: Wanted, head: bytes) -> None:
    """Pages and JSON are no files, whatever was asked for."""
    assert str(strangeness(head, wanted)).startswith("a page or a message in place of a file")


@pytest.mark.parametrize(
    ("head", "wanted", "words"),
    [
        (M4A, "sound", None),
        (bytes(range(128, 144)), "sound", "no sound"),
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
    said = strangeness(head, wanted)
    assert said is None if words is None else said and said.startswith(words)


@pytest.mark.parametrize(
    "head",
    [
        M4A,
        b"\0\0\0\x18ftypmp42\0\0\0\0",
        b"\0\0\x10\0moov\0\0\0\x6cmvhd",
        WAV,
        b"RF64\xff\xff\xff\xffWAVEds64",
        b"RIFX\0\0\x10\0WAVEfmt ",
        b"fLaC\0\0\0\x22",
        b"OggS\0\2" + bytes(22) + b"\1\x13OpusHead",
        b"FORM\0\0\x10\0AIFFCOMM",
        b"FORM\0\0\x10\0AIFCFVER",
        b"\x1aE\xdf\xa3\x9fB\x86",
        b"#!AMR\n\x3c\x00",
        b"#!AMR-WB\n\x04",
        b"caff\0\1\0\0desc",
        b"ID3\4\0\0\0\0\0\0",
        b"ID3\4",
        b"\xff\xfb\x90\x00",  # layer III
        b"\xff\xe3\x18\xc4",
        b"\xff\xfd\xa4\x00",  # layer II
        b"\xff\xff\xa4\x00",  # layer I
        b"\xff\xf1\x50\x80",  # AAC
        b"\xff\xf9\x50\x80",
        b"V\xe0\x20\x00",
        bytes(300) + b"\xff\xfb\x90\x00" + bytes(300),
        bytes(10) + b"ID3\3",
    ],
)
def test_sounds(head: bytes) -> None:
    """Sound in any container that is in use is taken, also behind zeros that a tag left."""
    assert strangeness(head, "sound") is None
    assert strangeness(head, "raw sound") is None


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(200, 230)), "no sound but a PNG picture: it begins"),
        (JPEG, "no sound but a JPEG picture"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3", "no sound but a PDF document"),
        (ZIP, "no sound but a zip archive"),
        (b"\x7fELF\2\1\1", "no sound but a program"),
        (b"\x1f\x8b\x08\0" + bytes(range(200, 230)), "no sound but gzip data"),
    ],
)
def test_other_files(head: bytes, words: str) -> None:
    """A picture, a document or a program is told by its name, for every kind of sound."""
    assert str(strangeness(head, "sound")).startswith(words)
    assert str(strangeness(head, "raw sound")).startswith(words)


@pytest.mark.parametrize(
    "head",
    [
        bytes(HEAD),
        b"\0",
        b"\xff",
        "<html><body>error".encode("utf-16"),
        "文件不存在".encode("utf-16"),
        "<html>".encode("utf-16-be"),
        "Für diese Datei ist der Link abgelaufen".encode("latin-1"),
        b"RIFF\x10\0\0\0AVI LIST",
        b"\xff\xfb\xf0\x00",
        b"\xff\xfb\x9c\x00",
        b"\xff\xf1\x7c\x80",
        b"\xff\xe9\x90\x00",
    ],
)
def test_no_sound(head: bytes) -> None:
    """What no file of sound begins with is none; only raw samples may begin so."""
    assert strangeness(head, "sound") is not None


@pytest.mark.parametrize(
    "text",
    [
        "The link has expired. " * 100,
        "Für diese Datei ist der Link abgelaufen",
        "文件不存在或链接已过期。" * 100,
        "caffeine is no sound",
        "MAC address unknown",
        '\ufeff{"error": "gone"}',
    ],
)
@pytest.mark.parametrize("wanted", ["sound", "raw sound", "video"])
def test_messages(text: str, wanted: Wanted) -> None:
    """A message in any language is no sound, not even a raw one."""
    assert str(strangeness(text.encode(), wanted)).startswith("a page or a message")


@given(st.binary(min_size=1, max_size=HEAD).map(lambda noise: b"{\0" + noise))
def test_raw_samples_are_taken(head: bytes) -> None:
    """Samples without a container may begin with any bytes that are no text."""
    assert strangeness(head, "raw sound") is None


@given(st.binary(max_size=2 * HEAD))
def test_any_bytes(head: bytes) -> None:
    """Whatever comes is looked at without a failure, and the first bytes are enough."""
    assert told_ending(head) == told_ending(head[:HEAD])
    for wanted in ("sound", "raw sound", "video", "archive"):
        assert strangeness(head[:HEAD], wanted) is None or strangeness(head, wanted) is not None
