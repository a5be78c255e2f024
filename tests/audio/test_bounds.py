"""Files that are made to cost their readers minutes, or all memory."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import AceData, InvalidRequest
from acedata_async.audio.tags import TagError, Tags, read_tags, write_tags
from acedata_async.sandbox import Sandbox
from tests.audio.media import sounds
from tests.audio.serving import box, served

id3: Any = pytest.importorskip("mutagen.id3", reason="mutagen is not installed")

MIB = 1024 * 1024
FTYP = box(b"ftyp", b"M4A \0\0\0\0")
MDAT = box(b"mdat", b"sound")


def syncsafe(number: int) -> bytes:
    """Return a size as ID3 writes it."""
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def tag(frames: bytes, version: int = 4, flags: int = 0) -> bytes:
    """Return an ID3 tag."""
    return b"ID3" + bytes([version, 0, flags]) + syncsafe(len(frames)) + frames


def frame(name: bytes, content: bytes, *, flags: int = 0, version: int = 4) -> bytes:
    """Return one of its frames."""
    size = syncsafe(len(content)) if version == 4 else len(content).to_bytes(4)
    return name + size + flags.to_bytes(2) + content


def packed(version: int, name: bytes = b"TXXX") -> bytes:
    """Return a frame that grows to a thousand times its size."""
    content = b"\0\0\0\0" + zlib.compress(b"\0" + b"a" * (20 * MIB))
    return frame(name, content, flags=0x80 if version == 3 else 0x09, version=version)


def wav_with(content: bytes) -> bytes:
    """Return a wav with an ID3 chunk."""
    chunk = b"id3 " + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    sound = sounds.wav()
    return b"RIFF" + struct.pack("<I", len(sound) + len(chunk) - 8) + sound[8:] + chunk


def flac_with(*blocks: tuple[int, bytes]) -> bytes:
    """Return a flac with more blocks behind its first one."""
    sound = sounds.flac()
    first = 8 + int.from_bytes(sound[5:8])
    more = b"".join(bytes([kind]) + len(data).to_bytes(3) + data for kind, data in blocks)
    return sound[:4] + bytes([sound[4] & 0x7F]) + sound[5:first] + more + sound[first:]


def nested(depth: int) -> bytes:
    """Return boxes within boxes."""
    content = b""
    for _ in range(depth):
        content = box(b"udta", content)
    return content


HOSTILE = {
    "boxes": (FTYP + box(b"moov", box(b"free", b"") * 30_000) + MDAT, "more than 20,000 boxes"),
    "outer-boxes": (FTYP + box(b"free", b"") * 300_000 + MDAT, "more than 20,000 boxes"),
    "nested": (FTYP + box(b"moov", nested(50)) + MDAT, "nested more than 12 deep"),
    "large": (FTYP + box(b"moov", bytes(33 * MIB)) + MDAT, "larger than"),
    "cover": (
        FTYP + box(b"moov", box(b"udta", box(b"covr", bytes(33 * MIB)))) + MDAT,
        "larger than 33,554,432 bytes",
    ),
    "table": (
        FTYP + box(b"moov", box(b"trak", box(b"stco", bytes(5_000_000)))) + MDAT,
        "more than 1,000,000 entries",
    ),
    "mfra": (sounds.m4a() + box(b"mfra", box(b"tfra", bytes(16))), "fragmented"),
    "saio": (
        sounds.m4a() + box(b"moof", box(b"traf", box(b"saio", bytes(16)))) + MDAT,
        "fragmented",
    ),
    "id3-large": (tag(bytes(33 * MIB)) + sounds.mp3(), "larger than 33,554,432 bytes"),
    "id3-packed-3": (tag(packed(3), 3) + sounds.mp3(), "packed"),
    "id3-packed-4": (tag(packed(4)) + sounds.mp3(), "packed"),
    "id3-packed-unsynchronised": (
        tag(packed(3).replace(b"\xff", b"\xff\0"), 3, 0x80) + sounds.mp3(),
        "packed",
    ),
    "id3-packed-extended": (
        tag(b"\0\0\0\6" + bytes(6) + packed(3), 3, 0x40) + sounds.mp3(),
        "packed",
    ),
    "id3-packed-behind": (tag(frame(b"TALB", b"\3a") + packed(4)) + sounds.mp3(), "packed"),
    "id3-packed-old-name": (tag(packed(3, b"TXX\0"), 3) + sounds.mp3(), "packed"),
    "id3-frames": (tag(frame(b"PRIV", b"a\0b") * 600) + sounds.mp3(), "more than 512 tags"),
    "id3-2-frames": (tag(b"TT2\0\0\2\0a" * 600, 2) + sounds.mp3(), "more than 512 tags"),
    "wav-packed": (wav_with(tag(packed(4))), "packed"),
    "wav-chunks": (sounds.wav() + b"junk\0\0\0\0" * 2000, "more than 1,000 chunks"),
    "flac-blocks": (flac_with(*[(2, b"abcd")] * 2000), "too many blocks"),
    "flac-large": (flac_with(*[(2, bytes(12 * MIB))] * 3), "larger than 33,554,432 bytes"),
    "flac-comments": (
        flac_with((4, bytes(4) + (11_000).to_bytes(4, "little") + b"\1\0\0\0=" * 11_000)),
        "more than 10,000 comments",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_not_read(path: Path, name: str) -> None:
    """They stay untagged and as they were, and whoever asks for their tags is told why."""
    content, words = HOSTILE[name]
    path.write_bytes(content)
    with pytest.raises(TagError, match=words):
        write_tags(path, Tags(title="Song"))
    with pytest.raises(InvalidRequest, match=words):
        read_tags(path)
    assert path.read_bytes() == content
    assert [*path.parent.iterdir()] == [path]


def test_tags_behind_tags_behind_tags(path: Path) -> None:
    """A few tags may stand one behind the other; a file of thousands is none of sound."""
    path.write_bytes(tag(b"") * 60 + sounds.mp3())
    assert read_tags(path) == Tags()
    path.write_bytes(tag(b"") * 5000 + sounds.mp3())
    with pytest.raises(InvalidRequest, match="it is no m4a, mp3, wav or flac file"):
        read_tags(path)


async def test_hostile_song_is_saved_untagged(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A song is worth more than its tags, and memory more than either."""
    content = HOSTILE["id3-packed-4"][0]
    song = served(sandbox, content, "a.mp3", "audio/mpeg")
    tracemalloc.start()
    try:
        path = await ace.download(song, tmp_path, tags=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert path.read_bytes() == content
    assert peak < 10 * MIB
    assert "was saved without tags" in caplog.text
    assert "packed tags" in caplog.text


def test_chapters_are_kept_unread(path: Path) -> None:
    """What chapters hold is not unpacked, and is there afterwards as it was."""
    chapter = frame(b"CHAP", b"one\0" + bytes(16) + packed(4))
    path.write_bytes(tag(chapter + frame(b"TALB", b"\3Album")) + sounds.mp3())
    tracemalloc.start()
    try:
        write_tags(path, Tags(title="Song"))
        assert read_tags(path).title == "Song"
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * MIB
    assert chapter in path.read_bytes()
    assert str(id3.ID3(path, known_frames=id3.Frames)["TALB"]) == "Album"


@given(st.binary(max_size=120), st.sampled_from([0, 0x40, 0x80, 0xC0]), st.sampled_from([2, 3, 4]))
def test_tags_of_any_bytes(tmp_path_factory: Any, frames: bytes, flags: int, version: int) -> None:
    """Whatever a tag holds, its file is read, or refused."""
    path = tmp_path_factory.mktemp("any") / "a.mp3"
    path.write_bytes(tag(frames, version, flags) + sounds.mp3())
    with suppress(InvalidRequest):
        assert read_tags(path).cover is None
