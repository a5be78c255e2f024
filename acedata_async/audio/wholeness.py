"""Does a file end where it says that it does? For servers that do not tell its length."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import BinaryIO

_BOX_HEAD = 8
_MOST_BOXES = 10_000
_UNKNOWN = {0, 0xFFFFFFFF}
"""Sizes that writers put into a wav file who do not know it yet."""


def shortage(path: Path) -> str | None:
    """Return why a file cannot be whole, in words; None if it may be.

    It is found out for m4a and mp4, wav, and zip; of other files nothing is said. Blocks.
    """
    with path.open("rb") as file:
        head = file.read(12)
        size = file.seek(0, 2)
        if head[4:8] == b"ftyp":
            return _of_boxes(file, size)
        if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
            said = int.from_bytes(head[4:8], "little")
            return None if said in _UNKNOWN or said + 8 <= size else "a wav file without its end"
        if head[:2] == b"PK":
            file.seek(0)
            return None if zipfile.is_zipfile(file) else "a zip archive without its end"
    return None


def _of_boxes(file: BinaryIO, size: int) -> str | None:
    """Walk the outermost boxes of an mp4 file, each of which begins with its own length."""
    place, kinds = 0, set[bytes]()
    for _ in range(_MOST_BOXES):
        if place == size:
            break
        file.seek(place)
        head = file.read(2 * _BOX_HEAD)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0:  # it goes on to the end
            length = size - place
        if length < _BOX_HEAD or place + length > size:
            return "an mp4 file without its end"
        kinds.add(head[4:8])
        place += length
    return None if {b"moov", b"mdat"} <= kinds or b"moof" in kinds else "an mp4 file without sound"
