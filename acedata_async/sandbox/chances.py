"""Chances that can be taken up where they were left."""

from __future__ import annotations

import uuid
from random import Random

_WORD_BITS = 32


class Chances(Random):
    """The same numbers as those of `random.Random`, and how many of them were drawn.

    Args:
        seed: What they come from.

    Attributes:
        drawn: How far they got, in words of the generator.
    """

    def __init__(self, seed: str) -> None:
        super().__init__(seed)
        self.drawn = 0

    def random(self) -> float:
        """Return a number from 0 to just under 1."""
        self.drawn += 2
        return super().random()

    def getrandbits(self, k: int, /) -> int:
        """Return a number of `k` bits."""
        self.drawn += -(-k // _WORD_BITS)
        return super().getrandbits(k)

    def uuid(self) -> str:
        """Return a fresh UUID."""
        return str(uuid.UUID(int=self.getrandbits(128), version=4))

    def skip(self, words: int) -> None:
        """Leave out as many words as were drawn earlier."""
        self.getrandbits(_WORD_BITS * words)
