"""The sound in a file, apart from its tags: where it lies, and a digest of it."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import BinaryIO, NamedTuple

from acedata_async._rules.containers import told_ending
from acedata_async.errors import InvalidRequest

_PIECE = 64 * 1024
_MOST_SPANS = 100_000
"""A fragmented m4a has one for each fragment; ten hours of seconds are 36,000."""
_MOST_TAGS = 64
"""ID3 tags one behind the other; a file of nothing else is none of sound."""
_MOST_BOXES = 250_000
"""Boxes in one: with two for each fragment there are no more."""
_TO_THE_END = 0xFFFFFFFF
"""The length of a wav that was written while nobody knew how long it would get."""
_OUTSIDE = b"outside".ljust(16)
_WIDTHS = {b"stco": 4, b"co64": 8}
_INSIDE = {
    b"moov": {b"trak"},
    b"trak": {b"mdia"},
    b"mdia": {b"minf"},
    b"minf": {b"stbl"},
    b"stbl": set(_WIDTHS),
    b"moof": {b"traf"},
    b"traf": {b"tfhd"},
}
"""The way through an m4a to the boxes that name places in the file."""
_ID3_FOOTER = 0x10
_APE_HAS_HEADER = 1 << 31


class Span(NamedTuple):
    """Bytes of a file, from `start` up to, but not including, `end`."""

    start: int
    end: int


class Box(NamedTuple):
    """A box of an m4a or mp4: its name, and where its content lies."""

    name: bytes
    start: int
    end: int


def container_of(path: Path) -> str:
    """Return the ending that a file of sound should have, by its bytes and not by its name.

    Returns:
        `.m4a`, `.mp3`, `.wav` or `.flac`.

    Raises:
        InvalidRequest: There is no such file, or it is none of these.
        OSError: The disk failed.
    """
    with _open(path) as file:
        return _tell(file, path)[0]


def audio_digest(path: Path) -> str:
    """Return a digest of the sound in a file, which changing its tags leaves as it is.

    It covers the `mdat` boxes of an m4a and which places in them its tables lead to, the frames
    of an mp3 or flac, and the `data` chunk of a wav. It reads the file piece by piece.

    Raises:
        InvalidRequest: There is no such file, it is none of these, or it is cut or damaged.
        OSError: The disk failed.
    """
    with _open(path) as file:
        kind, start = _tell(file, path)
        size = file.seek(0, os.SEEK_END)
        digest = sha256()
        try:
            spans = _SPANS[kind](file, start, size)
            for span in spans:
                for piece in _pieces(file, span):
                    digest.update(piece)
            if kind == ".m4a":
                for place in _places(file, size, spans):
                    digest.update(place)
        except ValueError as error:
            raise InvalidRequest(None, str(path), f"{path}: {error}") from error
        return digest.hexdigest()


def _open(path: Path) -> BinaryIO:
    if not path.is_file():
        raise InvalidRequest(None, str(path), f"{path}: there is no such file")
    return path.open("rb")


def _tell(file: BinaryIO, path: Path) -> tuple[str, int]:
    """Return what a file is, and where that begins: ID3 tags may stand before it."""
    start = after_tags(file)
    # Some writers leave more zeros after the tags than these tell of.
    head = _read(file, start, 4096)
    kind = told_ending(head)
    if kind is None and start:
        kind = told_ending(head.lstrip(b"\0"))
    if kind not in _SPANS or head[:3] == b"ID3":  # tags, and no end of them
        raise InvalidRequest(None, str(path), f"{path}: it is no m4a, mp3, wav or flac file")
    return kind, start


def after_tags(file: BinaryIO) -> int:
    """Return where the ID3 tags at the start of a file end; 0 if there are none."""
    start = 0
    for _ in range(_MOST_TAGS):
        after = _after_id3(_read(file, start, 10), start)
        if after == start:
            break
        start = after
    return start


def _after_id3(head: bytes, start: int) -> int:
    if head[:3] != b"ID3" or len(head) < 10:
        return start
    length = 0
    for byte in head[6:10]:
        length = length << 7 | byte & 0x7F
    return start + 10 + length + (10 if head[5] & _ID3_FOOTER else 0)


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _pieces(file: BinaryIO, span: Span) -> Iterator[bytes]:
    at = span.start
    while at < span.end:
        piece = _read(file, at, min(_PIECE, span.end - at))
        if not piece:
            raise ValueError("it is shorter than it was")
        yield piece
        at += len(piece)


def _of_mp3(file: BinaryIO, start: int, size: int) -> list[Span]:
    end = _before_id3v1(file, size)
    foot = _read(file, max(start, end - 32), 32)
    if foot[:8] == b"APETAGEX":
        header = 32 if int.from_bytes(foot[20:24], "little") & _APE_HAS_HEADER else 0
        length = int.from_bytes(foot[12:16], "little") + header
        end = end - length if start + length <= end else end
    return [_not_empty(Span(start, end))]


def _of_flac(file: BinaryIO, start: int, size: int) -> list[Span]:
    at, last = start + 4, False
    while not last:
        head = _read(file, at, 4)
        if len(head) < 4:
            raise ValueError("it ends within its tags")
        last = bool(head[0] & 0x80)
        at += 4 + int.from_bytes(head[1:])
    sync = _read(file, at, 2)
    if len(sync) < 2 or sync[0] != 0xFF or sync[1] & 0xFC != 0xF8:
        raise ValueError("no sound follows its tags")
    return [_not_empty(Span(at, _before_id3v1(file, size)))]


def _of_wav(file: BinaryIO, start: int, size: int) -> list[Span]:
    at = start + 12
    while len(head := _read(file, at, 8)) == 8:
        at += 8
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            end = size if length == _TO_THE_END else at + length
            if end > size:
                raise ValueError("it is cut: there is less sound than its length tells")
            return [Span(at, end)]
        at += length + length % 2
    raise ValueError("there is no sound in it")


def _of_m4a(file: BinaryIO, start: int, size: int) -> list[Span]:
    spans = []
    for box in boxes(file, start, size):
        if box.name == b"mdat":
            spans.append(Span(box.start, box.end))
        if len(spans) > _MOST_SPANS:
            raise ValueError(f"it has more than {_MOST_SPANS} fragments")
    if not spans:
        raise ValueError("there is no sound in it")
    return spans


_SPANS: dict[str, Callable[[BinaryIO, int, int], list[Span]]] = {
    ".m4a": _of_m4a,
    ".mp3": _of_mp3,
    ".wav": _of_wav,
    ".flac": _of_flac,
}


def _not_empty(span: Span) -> Span:
    if span.start >= span.end:
        raise ValueError("there is no sound in it")
    return span


def _before_id3v1(file: BinaryIO, size: int) -> int:
    has_tag = size >= 128 and _read(file, size - 128, 3) == b"TAG"
    return size - 128 if has_tag else size


def boxes(file: BinaryIO, at: int, end: int) -> Iterator[Box]:
    """Yield the boxes of an m4a or mp4, or of one of its boxes.

    Raises:
        ValueError: One is longer than what it is in, or there are too many.
    """
    for number in count():
        if at + 8 > end:
            return
        if number == _MOST_BOXES:
            raise ValueError(f"it has more than {_MOST_BOXES:,} boxes")
        head = _read(file, at, 16)
        length, header = int.from_bytes(head[:4]), 8
        if length == 1:
            length, header = int.from_bytes(head[8:]), 16
        elif length == 0:
            length = end - at
        if length < header or at + length > end:
            raise ValueError("it is cut or damaged: a box is longer than what it is in")
        yield Box(head[4:8], at + header, at + length)
        at += length


def _places(file: BinaryIO, size: int, spans: list[Span]) -> Iterator[bytes]:
    """Yield where in the sound its tables lead: tags before it move it, and the tables must follow.

    Whoever writes tags and forgets the tables leaves all bytes of the sound, and plays noise.
    """
    starts = [span.start for span in spans]
    for box in boxes(file, 0, size):
        for place in _absolute(file, box):
            number = bisect_right(starts, place) - 1
            if number < 0 or place > spans[number].end:
                yield _OUTSIDE
            else:
                yield number.to_bytes(8) + (place - starts[number]).to_bytes(8)


def _absolute(file: BinaryIO, box: Box) -> Iterator[int]:
    """Yield the places in the file that a box of an m4a names."""
    if box.name in _WIDTHS:
        yield from _table(file, box, _WIDTHS[box.name])
    elif box.name == b"tfhd":
        head = _read(file, box.start, 16)
        if len(head) == 16 and head[3] & 1:
            yield int.from_bytes(head[8:])
    for inner in boxes(file, box.start, box.end) if box.name in _INSIDE else ():
        if inner.name in _INSIDE[box.name]:
            yield from _absolute(file, inner)


def _table(file: BinaryIO, box: Box, width: int) -> Iterator[int]:
    entries = int.from_bytes(_read(file, box.start + 4, 4))
    first = box.start + 8
    if first + entries * width > box.end:
        raise ValueError("it is damaged: a table is longer than its box")
    for piece in _pieces(file, Span(first, first + entries * width)):
        for at in range(0, len(piece), width):
            yield int.from_bytes(piece[at : at + width])
