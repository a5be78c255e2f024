"""Does a file end where it says that it does? For servers that do not tell its length."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import BinaryIO

from acedata_async._rules.containers import told_ending
from acedata_async.audio.frames import is_cut
from acedata_async.audio.payload import after_tags, boxes

_PARTS = frozenset({b"moov", b"mdat", b"moof", b"mfra"})
"""Boxes that a song consists of: one of them that is cut makes the song cut."""
_MOST_CHUNKS = 1000
_UNKNOWN = {0, 0xFFFFFFFF}
"""Sizes that writers put into a wav file who do not know it yet."""


def shortage(path: Path) -> str | None:
    """Return why a file cannot be whole, in words; None if it may be.

    It is found out for m4a and mp4, wav, zip, and an mp3 whose encoder told; of other files nothing
    is said. Blocks.
    """
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, 2)
        if head[4:8] == b"ftyp":
            return _of_boxes(file, size)
        if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            return _of_wav(file, size, int.from_bytes(head[4:8], "little"))
        if head[:2] == b"PK":
            file.seek(0)
            return None if zipfile.is_zipfile(file) else "a zip archive without its end"
        if told_ending(head) == ".mp3" and is_cut(file, after_tags(file), size):
            return "an mp3 file without its end"
    return None


def _of_boxes(file: BinaryIO, size: int) -> str | None:
    names, end = set[bytes](), 0
    try:
        for box in boxes(file, 0, size):
            names.add(box.name)
            end = box.end
    except ValueError:
        file.seek(end + 4)
        is_more_of_it = end == 0 or file.read(4) in _PARTS
        # Behind the song some writers leave what is no box, such as ID3.
        if is_more_of_it or not {b"moov", b"mdat"} <= names:
            return "an mp4 file without its end"
    whole = {b"moov", b"mdat"} <= names or b"moof" in names
    return None if whole else "an mp4 file without sound"


def _of_wav(file: BinaryIO, size: int, said: int) -> str | None:
    """Judge a wav by its sound: what its writer said of the whole is wrong now and then."""
    at = 12
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            break
        length = int.from_bytes(head[4:], "little")
        if head[:4] == b"data":
            is_whole = length in _UNKNOWN or at + 8 + length <= size
            return None if is_whole else "a wav file without its end"
        at += 8 + length + length % 2
    return None if said in _UNKNOWN or said + 8 <= size else "a wav file without its end"
