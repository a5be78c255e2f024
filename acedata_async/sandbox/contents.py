"""What files consist of: bytes that are held, and bytes that are made while they are sent."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from random import Random
from typing import Protocol

_HELD_PIECE = 16 * 1024
_BLOCK = 64 * 1024
_MARK = 8
"""How many bytes at the beginning of each block of noise tell its number."""

_STRIDE = 40_503
"""How far the noise is turned from block to block; it shares no factor with a block's length."""


class Content(Protocol):
    """The bytes of a file, to be had piece by piece."""

    @property
    def size(self) -> int:
        """How many they are."""

    @property
    def digest(self) -> str:
        """Hexadecimal digits that other bytes do not have."""

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` up to, but not including, `stop`, which is in the file."""


class Held:
    """Bytes in memory.

    Args:
        whole: The bytes.
    """

    def __init__(self, whole: bytes) -> None:
        self._whole = whole

    @property
    def size(self) -> int:
        """How many they are."""
        return len(self._whole)

    @property
    def digest(self) -> str:
        """Hexadecimal digits that other bytes do not have."""
        return _digest(self._whole)

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop`."""
        for begin in range(start, stop, _HELD_PIECE):
            yield self._whole[begin : min(begin + _HELD_PIECE, stop)]


class Noise:
    """Bytes that mean nothing, made while they are sent: any number of them takes no memory.

    Args:
        size: How many.
        seed: The same one gives the same bytes; those of a longer one begin alike.
    """

    def __init__(self, size: int, seed: str) -> None:
        self._size = size
        self._seed = seed

    @property
    def size(self) -> int:
        """How many they are."""
        return self._size

    @property
    def digest(self) -> str:
        """Hexadecimal digits that other bytes do not have."""
        return _digest(f"{self._size} {self._seed}".encode())

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop`."""
        # The same bytes in each block, but turned and numbered: to draw them all would take
        # longer than to send them.
        twice = Random(self._seed).randbytes(_BLOCK) * 2
        while start < stop:
            number, offset = divmod(start, _BLOCK)
            turn = number * _STRIDE % _BLOCK
            block = number.to_bytes(_MARK) + twice[turn : turn + _BLOCK - _MARK]
            piece = block[offset : offset + stop - start]
            start += len(piece)
            yield piece


class Joined:
    """One content after another.

    Args:
        parts: The contents, in order.
    """

    def __init__(self, *parts: Content) -> None:
        self._parts = parts

    @property
    def size(self) -> int:
        """How many bytes they have together."""
        return sum(part.size for part in self._parts)

    @property
    def digest(self) -> str:
        """Hexadecimal digits that other bytes do not have."""
        return _digest(" ".join(part.digest for part in self._parts).encode())

    def pieces(self, start: int, stop: int) -> Iterator[bytes]:
        """Yield the bytes from `start` to `stop`."""
        for part in self._parts:
            first, last = max(0, start), min(stop, part.size)
            if first < last:
                yield from part.pieces(first, last)
            start, stop = start - part.size, stop - part.size


def _digest(words: bytes) -> str:
    return hashlib.sha256(words).hexdigest()[:32]
