"""The files that are downloaded: what they are called, how long they are, and what is in them."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

AT_ONCE = 6
"""How many files each client fetches at once: as many as ours does by default."""
_PIECE = 1024 * 1024
_STEP = 4099
"""Each file begins so many bytes further on in the noise, so that no two are the same."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Files of one size: `0000.wav` and so on, each of which begins as a wav file does.

    Args:
        count: How many.
        size: Bytes of each.
    """

    count: int
    size: int

    @property
    def names(self) -> list[str]:
        """What they are called."""
        return [f"{number:04}.wav" for number in range(self.count)]

    @property
    def header(self) -> bytes:
        """How each of them begins: 44 bytes."""
        sound = self.size - 44
        rate, channels, width = 44100, 2, 2
        frame = channels * width
        form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 16)
        data = struct.pack("<4sI", b"data", sound)
        return struct.pack("<4sI4s", b"RIFF", self.size - 8, b"WAVE") + form + data

    def place(self, name: str) -> int | None:
        """Return where in the noise a file goes on after its header; None if there is none."""
        digits = name.removesuffix(".wav")
        if not (digits.isascii() and digits.isdigit() and int(digits) < self.count):
            return None
        return int(digits) * _STEP

    def write_noise(self, path: Path) -> None:
        """Write the noise that all files are windows of."""
        rng = Random(1)
        left = self.size + self.count * _STEP
        with path.open("wb") as file:
            while left > 0:
                left -= file.write(rng.randbytes(min(left, _PIECE)))

    def digests(self, noise: Path) -> dict[str, str]:
        """Return what each file's digest is to be."""
        with noise.open("rb") as file:
            return {name: self._digest(name, file.fileno()) for name in self.names}

    def _digest(self, name: str, noise: int) -> str:
        found = hashlib.sha256(self.header)
        start = self.place(name) or 0
        end = start + self.size - len(self.header)
        for offset in range(start, end, _PIECE):
            found.update(os.pread(noise, min(_PIECE, end - offset), offset))
        return found.hexdigest()


def wrong(directory: Path, digests: Mapping[str, str]) -> list[str]:
    """Return the names of the files that are not in a directory as they should be."""
    return [name for name, digest in digests.items() if _digest_of(directory / name) != digest]


def _digest_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
