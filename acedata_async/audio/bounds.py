"""What a file may ask of those who read its tags.

A small file can be made to cost its reader minutes, or all memory there is: with a hundred
thousand boxes of eight bytes, with tables longer than any song's, with a frame that was packed to a
thousandth. It is looked at before anything takes its tags in.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from acedata_async.audio.payload import Box, after_tags, boxes, container_of

_LARGEST_TAGS = 32 * 1024**2
"""Bytes of tags: three of the largest covers that are written."""
_MOST_BOXES = 20_000
_DEEPEST = 12
_MOST_PLACES = 1_000_000
"""Entries of tables that lead into the sound, in all; ten hours of song have a few ten thousand."""
_MOST_FRAMES = 512
_MOST_BLOCKS = 1000
_MOST_COMMENTS = 10_000

_TABLES = frozenset({b"stco", b"co64"})
_WITHIN = frozenset(
    {b"moov", b"udta", b"trak", b"mdia", b"meta", b"ilst", b"stbl", b"minf", b"moof", b"traf"}
)
_ABSOLUTE = frozenset({b"mfra", b"saio"})
"""Boxes of fragmented files that name places in the file and that nobody puts right."""
_COMMENTS = 4
"""The kind of a flac block that holds texts."""


class OutOfBounds(Exception):
    """A file whose tags are not looked at, and why."""


def check_bounds(path: Path) -> None:
    """Make sure that the tags of a file of sound can be read at little cost. Blocks.

    Raises:
        OutOfBounds: They cannot.
        InvalidRequest: There is no such file, or it is none of sound.
        OSError: The disk failed.
    """
    kind = container_of(path)
    with path.open("rb") as file:
        start, size = after_tags(file), file.seek(0, 2)
        try:
            if kind == ".m4a":
                _check_boxes(file, start, size)
            elif kind == ".flac":
                _check_blocks(file, start)
            elif kind == ".wav":
                _check_chunks(file, start, size)
            else:
                _check_id3(file, 0)
        except ValueError as error:
            raise OutOfBounds(str(error)) from error


def _check_boxes(file: BinaryIO, start: int, size: int) -> None:
    places = 0
    for number, box in enumerate(_all_boxes(file, start, size, 0)):
        if number >= _MOST_BOXES:
            raise OutOfBounds(f"it has more than {_MOST_BOXES:,} boxes")
        if box.name in _ABSOLUTE:
            raise OutOfBounds("it is fragmented, and tags would move what its tables lead to")
        if box.name == b"moov" and box.end - box.start > _LARGEST_TAGS:
            raise OutOfBounds(f"its tables are larger than {_LARGEST_TAGS:,} bytes")
        if box.name in _TABLES:
            places += (box.end - box.start) // 4
        if places > _MOST_PLACES:
            raise OutOfBounds(f"its tables have more than {_MOST_PLACES:,} entries")


def _all_boxes(file: BinaryIO, start: int, end: int, depth: int) -> Iterator[Box]:
    if depth > _DEEPEST:
        raise OutOfBounds(f"its boxes are nested more than {_DEEPEST} deep")
    for box in boxes(file, start, end):
        yield box
        if box.name in _WITHIN:
            inner = box.start + (4 if box.name == b"meta" else 0)
            yield from _all_boxes(file, inner, box.end, depth + 1)


def _check_blocks(file: BinaryIO, start: int) -> None:
    at, is_last = start + 4, False
    for number in range(_MOST_BLOCKS + 1):
        if is_last:
            return
        head = _read(file, at, 4)
        length = int.from_bytes(head[1:])
        if number == _MOST_BLOCKS or at + length - start > _LARGEST_TAGS:
            break
        if head[:1] and head[0] & 0x7F == _COMMENTS:
            vendor = int.from_bytes(_read(file, at + 4, 4), "little")
            count = int.from_bytes(_read(file, at + 8 + vendor, 4), "little")
            if count > _MOST_COMMENTS:
                raise OutOfBounds(f"it has more than {_MOST_COMMENTS:,} comments")
        is_last = len(head) < 4 or bool(head[0] & 0x80)
        at += 4 + length
    raise OutOfBounds(f"its tags are larger than {_LARGEST_TAGS:,} bytes, or of too many blocks")


def _check_chunks(file: BinaryIO, start: int, size: int) -> None:
    at = start + 12
    for _ in range(_MOST_BLOCKS):
        head = _read(file, at, 8)
        if len(head) < 8 or at >= size:
            return
        if head[:4].lower() == b"id3 ":
            _check_id3(file, at + 8)
        length = int.from_bytes(head[4:], "little")
        at += 8 + length + length % 2
    raise OutOfBounds(f"it has more than {_MOST_BLOCKS:,} chunks")


def _check_id3(file: BinaryIO, start: int) -> None:
    head = _read(file, start, 14)
    if head[:3] != b"ID3" or len(head) < 10:
        return
    version, flags, length = head[3], head[5], _syncsafe(head[6:10])
    if length > _LARGEST_TAGS:
        raise OutOfBounds(f"its tags are larger than {_LARGEST_TAGS:,} bytes")
    data = _read(file, start + 10, length)
    # Readers differ in what they take for a header, and for a size: none of them is to be fooled.
    starts = {0, 4 + int.from_bytes(data[:4]), _syncsafe(data[:4])} if flags & 0x40 else {0}
    for at in starts:
        plain = data[at:]
        for tag in {plain, plain.replace(b"\xff\0", b"\xff")} if flags & 0x80 else {plain}:
            if version == 2:
                _check_frames(tag, version, is_syncsafe=False)
                continue
            for is_syncsafe in (False, True) if version == 4 else (False,):
                _check_frames(tag, version, is_syncsafe=is_syncsafe)


def _check_frames(tag: bytes, version: int, *, is_syncsafe: bool) -> None:
    known = _frames()
    header, wide = (6, 3) if version == 2 else (10, 4)
    packed = 0x80 if version == 3 else 0x08
    at = 0
    for _ in range(_MOST_FRAMES):
        name = tag[at : at + wide]
        if len(tag) < at + header or not name.strip(b"\0"):
            return
        length = tag[at + wide : at + 2 * wide]
        size = _syncsafe(length) if is_syncsafe else int.from_bytes(length)
        if header == 10 and tag[at + 9] & packed and name.rstrip(b"\0").decode("latin-1") in known:
            raise OutOfBounds("it has packed tags, which may be of any size")
        at += header + size
    raise OutOfBounds(f"it has more than {_MOST_FRAMES:,} tags")


def known_frames() -> dict[str, Any]:
    """Return the frames of ID3 that are read: all but chapters, which hold frames of their own."""
    return {name: frame for name, frame in _frames().items() if name not in {"CHAP", "CTOC"}}


def _frames() -> dict[str, Any]:
    # Not at the top: an extra, and slow to import.
    id3 = import_module("mutagen.id3")
    return {**id3.Frames, **id3.Frames_2_2}


def _syncsafe(digits: bytes) -> int:
    number = 0
    for digit in digits:
        number = number << 7 | digit & 0x7F
    return number


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)
