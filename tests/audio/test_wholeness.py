"""Does a file end where it says that it does?"""

from __future__ import annotations

import io
import struct
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import AceData, DownloadError, Stems
from acedata_async.audio.wholeness import shortage
from acedata_async.sandbox import Sandbox
from tests.audio.media import sounds
from tests.audio.serving import SOUND, box, served
from tests.audio.test_download import files


def archive() -> bytes:
    """Return a zip archive."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as opened:
        opened.writestr("drums.wav", bytes(500))
    return packed.getvalue()


def told(content: bytes) -> str | None:
    """Return what is said of a file of these bytes."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "a"
        path.write_bytes(content)
        return shortage(path)


@pytest.mark.parametrize(
    "content",
    [sounds.m4a(), sounds.m4a_moov_last(), sounds.mp3(), sounds.wav(), sounds.flac(), archive()],
    ids=["m4a", "m4a-moov-last", "mp3", "wav", "flac", "zip"],
)
def test_whole_files(content: bytes) -> None:
    """Nothing is said against a whole file."""
    assert told(content) is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (sounds.m4a(), "an mp4 file without"),
        (sounds.m4a_moov_last(), "an mp4 file without"),
        (sounds.wav(), "a wav file without its end"),
        (archive(), "a zip archive without its end"),
    ],
    ids=["m4a", "m4a-moov-last", "wav", "zip"],
)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_files(content: bytes, words: str, share: float) -> None:
    """A file that was cut anywhere is noticed, by what it tells of itself."""
    said = told(content[: int(len(content) * share)])
    assert said is not None
    assert said.startswith(words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (box(b"ftyp", b"M4A "), "an mp4 file without sound"),
        (box(b"ftyp", b"M4A ") + box(b"moov", b""), "an mp4 file without sound"),
        (box(b"ftyp", b"") + box(b"moof", b"") + box(b"mdat", b"a"), None),
        (box(b"ftyp", b"") + box(b"moov", b"") + b"\0\0\0\0mdatabc", None),
        (
            box(b"ftyp", b"") + box(b"moov", b"") + struct.pack(">I4sQ", 1, b"mdat", 20) + b"abcd",
            None,
        ),
        (
            box(b"ftyp", b"") + struct.pack(">I4sQ", 1, b"mdat", 2**63) + b"abcd",
            "an mp4 file without its end",
        ),
        (box(b"ftyp", b"") + struct.pack(">I4sQ", 1, b"mdat", 0), "an mp4 file without its end"),
        (b"\0\0\0\x03ftyp", "an mp4 file without its end"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"RIFF\xff\xff\xff\xffWAVE", None),
        (b"RIFF\x04\0\0\0WAVE", None),
        (b"PK", "a zip archive without its end"),
        (b"", None),
        (b"ID3", None),
    ],
)
def test_odd_files(content: bytes, words: str | None) -> None:
    """Lengths of every kind are read, and none of them leads astray."""
    assert told(content) == words


@pytest.mark.parametrize("tail", [b"TAG" + b"x" * 125, b"some words behind it", bytes(20)])
@pytest.mark.parametrize(
    "content", [sounds.m4a(), sounds.m4a_moov_last()], ids=["m4a", "m4a-moov-last"]
)
async def test_more_behind_a_song_of_unknown_length(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, content: bytes, tail: bytes
) -> None:
    """What stands behind a song that is all there does not make it a cut one."""
    sandbox.inject("media-no-length")
    path = await ace.download(served(sandbox, content + tail), tmp_path)
    assert path.read_bytes() == content + tail
    assert sandbox.stats.media_requests == 1


@pytest.mark.parametrize("name", [b"mdat", b"moof", b"moov"])
def test_part_of_a_song_that_is_cut(name: bytes) -> None:
    """A box of the song that is longer than the file makes it a cut one, wherever it stands."""
    assert told(SOUND + b"\0\0\1\0" + name + b"abc") == "an mp4 file without its end"


async def test_wav_that_says_more_than_it_is(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A wav is whole once its sound is, though its writer counted the header twice."""
    content = bytearray(sounds.wav())
    content[4:8] = len(content).to_bytes(4, "little")
    sandbox.inject("media-no-length")
    song = served(sandbox, bytes(content), "a.wav", "audio/wav")
    path = await ace.download(song, tmp_path)
    assert path.read_bytes() == content
    assert told(bytes(content[:-1])) == "a wav file without its end"


def test_wav_of_many_chunks() -> None:
    """A wav of nothing but small chunks is given up in time."""
    chunks = b"junk\0\0\0\0" * 200_000
    assert told(b"RIFF" + (len(chunks) + 4).to_bytes(4, "little") + b"WAVE" + chunks) is None


@given(
    st.binary(max_size=60),
    st.sampled_from([b"", b"\0\0\0\x08ftyp", b"RIFF\0\0\0\0WAVE", b"PK\x05\x06", b"\0\0\0\1ftyp"]),
)
def test_any_bytes(content: bytes, start: bytes) -> None:
    """Whatever a file holds, it is looked at without a failure."""
    said = told(start + content)
    assert said is None or said


def test_boxes_without_end(tmp_path: Path) -> None:
    """A file of nothing but small boxes is given up in time."""
    path = tmp_path / "a"
    path.write_bytes(box(b"ftyp", b"") + box(b"free", b"") * 200_000)
    assert shortage(path) is not None


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0x7FFFFFFE, 0xFFFFFFFE])
async def test_length_that_was_kept_is_enough(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, length: int
) -> None:
    """A file as long as the server said is whole, whatever its writer did not know."""
    content = bytearray(sounds.wav())
    content[4:8] = length.to_bytes(4, "little")
    path = await ace.download(served(sandbox, bytes(content), "a.wav", "audio/wav"), tmp_path)
    assert path.read_bytes() == content
    assert sandbox.stats.media_requests == 1


@pytest.mark.parametrize("tail", [bytes(3), bytes(20), b"TAG" + bytes(125)])
async def test_more_behind_the_last_box(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, tail: bytes
) -> None:
    """What some writers leave behind the last box does not keep a song from being fetched."""
    path = await ace.download(served(sandbox, SOUND + tail), tmp_path)
    assert path.read_bytes() == SOUND + tail
    assert sandbox.stats.media_requests == 1


@pytest.mark.parametrize(
    ("content", "name"),
    [(sounds.m4a(), "a.m4a"), (sounds.wav(), "a.wav"), (archive(), "a.zip")],
    ids=["m4a", "wav", "zip"],
)
async def test_cut_without_a_length(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, content: bytes, name: str
) -> None:
    """Where no length is told, and the answer ends too early, it is asked for again."""
    song = served(sandbox, content, name, "application/octet-stream")
    item = Stems(stems_url=song.audio_url) if name == "a.zip" else song
    sandbox.inject("media-no-length-cut", times=2)
    path = await ace.download(item, tmp_path)
    assert path.read_bytes() == content
    sandbox.inject("media-no-length-cut")
    with pytest.raises(DownloadError, match="without"):
        await ace.download(item, tmp_path)
    assert files(tmp_path) == [path.name]
