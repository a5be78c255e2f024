"""How long an mp3 says that it is."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import AceData, DownloadError
from acedata_async.audio.frames import is_cut, told_by
from acedata_async.audio.wholeness import shortage
from acedata_async.sandbox import Sandbox
from tests.audio.media import sounds
from tests.audio.serving import served
from tests.audio.test_download import files

HEADERS = {
    "MPEG 1, stereo": (b"\xff\xfb\x90\x64", 417, 36),
    "MPEG 1, mono": (b"\xff\xfb\x90\xc4", 417, 21),
    "MPEG 1, padded": (b"\xff\xfb\x92\x64", 418, 36),
    "MPEG 2, stereo": (b"\xff\xf3\x80\x64", 208, 21),
    "MPEG 2, mono": (b"\xff\xf3\x80\xc4", 208, 13),
    "MPEG 2.5, mono": (b"\xff\xe3\x20\xc4", 104, 13),
}
"""The start of a frame, its length, and where encoders tell the file's, by the frame's kind."""
COUNT = 40
ID3 = b"ID3\x04\0\0\0\0\0\x0a" + bytes(10)


def mp3(kind: str, mark: bytes = b"Info", flags: int = 3, add: int = 0) -> bytes:
    """Return an mp3 of 41 frames, the first of which tells its length, with `add` more bytes."""
    header, length, at = HEADERS[kind]
    told = mark + flags.to_bytes(4)
    if flags & 1:
        told += COUNT.to_bytes(4)
    if flags & 2:
        told += (length * (COUNT + 1) + add).to_bytes(4)
    first = (header + bytes(at - 4) + told).ljust(length, b"\0")
    return first + (header + bytes(length - 4)) * COUNT


def vbri() -> bytes:
    """Return an mp3 whose encoder was one of Fraunhofer's."""
    header, length, _ = HEADERS["MPEG 1, stereo"]
    told = b"VBRI" + bytes(6) + (length * (COUNT + 1)).to_bytes(4) + COUNT.to_bytes(4)
    first = (header + bytes(32) + told).ljust(length, b"\0")
    return first + (header + bytes(length - 4)) * COUNT


def cut(content: bytes, start: int = 0) -> bool:
    """Say what is said of an mp3 of these bytes."""
    return is_cut(io.BytesIO(content), start, len(content))


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("mark", [b"Info", b"Xing"])
@pytest.mark.parametrize("flags", [1, 2, 3, 15])
def test_whole_and_cut(kind: str, mark: bytes, flags: int) -> None:
    """A whole file is whole; one that lacks more than a frame is not, whichever way it is told."""
    whole, length = mp3(kind, mark, flags), HEADERS[kind][1]
    assert not cut(whole)
    assert not cut(whole + b"TAG" + bytes(125))
    assert not cut(whole[:-length])
    for lack in (length + 1, 2 * length, len(whole) // 2, len(whole) - length):
        assert cut(whole[:-lack])


def test_other_place() -> None:
    """Where it is told by Fraunhofer's encoders is read, too."""
    whole = vbri()
    assert not cut(whole)
    assert cut(whole[: len(whole) // 2])


@pytest.mark.parametrize("flags", [0, 4, 8])
def test_nothing_told(flags: int) -> None:
    """An encoder that tells neither bytes nor frames is believed at any length."""
    assert not cut(mp3("MPEG 1, stereo", flags=flags)[:500])


@pytest.mark.parametrize("number", [0, 0xFFFFFFFF])
def test_not_known_when_it_was_written(number: int) -> None:
    """An encoder that wrote to a network could not know, and put a number of its own there."""
    header, length, at = HEADERS["MPEG 1, stereo"]
    told = b"Xing" + (3).to_bytes(4) + number.to_bytes(4) * 2
    assert not cut((header + bytes(at - 4) + told).ljust(length, b"\0"))


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"\xff\xfb",
        sounds.mp3(),
        b"\xff\xfb\xf0\x64" + bytes(200),  # a bitrate that is none
        b"\xff\xfb\x00\x64" + bytes(200),  # any bitrate
        b"\xff\xfb\x9c\x64" + bytes(200),  # a sample rate that is none
        b"\xff\xeb\x90\x64" + bytes(200),  # a version that is none
        b"\xff\xfd\x90\x64" + bytes(200),  # layer 2
        b"\xff\xfb\x90\x64" + bytes(32) + b"Info",
    ],
)
def test_no_such_frame(head: bytes) -> None:
    """What is no frame, or one of sound, tells nothing."""
    assert told_by(head) is None
    assert not cut(head)


def test_frames_that_end_in_something_else() -> None:
    """Other bytes among the frames are no proof of anything."""
    assert not cut(mp3("MPEG 1, stereo", flags=1)[: 417 * 3] + b"other" * 100)


@given(st.binary(max_size=300), st.sampled_from(sorted(HEADERS)))
def test_any_bytes(content: bytes, kind: str) -> None:
    """Whatever a file holds, it is looked at without a failure."""
    assert cut(HEADERS[kind][0] + content) in {True, False}


@pytest.mark.parametrize("before", [b"", ID3])
def test_tags_before_it(tmp_path: Path, before: bytes) -> None:
    """Tags before the first frame are passed over, and belong to none of what is counted."""
    path = tmp_path / "a"
    path.write_bytes(before + mp3("MPEG 1, stereo"))
    assert shortage(path) is None
    path.write_bytes((before + mp3("MPEG 1, stereo"))[:9000])
    assert shortage(path) == "an mp3 file without its end"


async def test_cut_without_a_length(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """An mp3 that ends too early, and whose server told no length, is asked for again."""
    content = ID3 + mp3("MPEG 1, stereo")
    item = served(sandbox, content, "a.mp3", "audio/mpeg")
    sandbox.inject("media-no-length-cut", times=2)
    path = await ace.download(item, tmp_path)
    assert path.read_bytes() == content
    sandbox.inject("media-no-length-cut")
    with pytest.raises(DownloadError, match="an mp3 file without its end"):
        await ace.download(item, tmp_path)
    assert files(tmp_path) == [path.name]


async def test_length_that_was_kept_is_enough(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A file as long as the server said is whole, whatever its encoder told."""
    content = mp3("MPEG 1, stereo", add=100_000)
    path = await ace.download(served(sandbox, content, "a.mp3", "audio/mpeg"), tmp_path)
    assert path.read_bytes() == content
    assert sandbox.stats.media_requests == 1
