"""How much a run may still spend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

_BLIND = 5
"""Songs that may be under way while no record of this run has said yet what one costs."""
_HAIR = 1e-6
"""Credits that a sum may be off, for costs such as 0.1 do not add up exactly."""


@dataclass(frozen=True, slots=True)
class Size:
    """What the price of something goes by.

    Attributes:
        unit: What is counted: songs, voices, bytes of text.
        number: How many of them.
    """

    unit: str = "songs"
    number: float = 1.0


A_SONG = Size()


class Purse:
    """A budget, in songs and in the vendor's credits.

    Args:
        songs: How many songs may be paid for; None for any number.
        credits_: How many credits may be spent; None for any number.
        spent: How many songs were paid for already, or may have been.
        cost: What is known to have been spent, in credits.

    Attributes:
        spent: How many songs were paid for, are being paid for, or may have been.
        cost: What is known to have been spent, in credits.
    """

    def __init__(
        self, *, songs: int | None, credits_: float | None, spent: int, cost: float
    ) -> None:
        self.spent = spent
        self.cost = cost
        self._songs = songs
        self._credits = credits_
        self._typical_before = cost / spent if spent > 0 else 0.0
        self._costs = 0
        self._priced: dict[str, float] = defaultdict(float)  # credits by unit…
        self._sizes: dict[str, float] = defaultdict(float)  # …and what was bought for them
        self._silent = 0  # how many records did not tell
        self._unpriced: dict[str, float] = defaultdict(float)
        # Paid for before, and nobody has said what it cost: to try again would cost again.
        self._blind_before = spent > 0 and cost <= 0

    @property
    def told(self) -> float | None:
        """What is known to have been spent; None where songs were paid for and none told a cost."""
        return self.cost if self._costs or self.cost > 0 or not self.spent else None

    def begun(self) -> None:
        """Note a song that is going to be paid for."""
        self.spent += 1

    def unpaid(self) -> None:
        """Note a song that was not paid for after all."""
        self.spent -= 1

    def priced(self, cost: float | None, size: Size = A_SONG) -> None:
        """Note what a record says that its song cost; None where it does not say."""
        if cost is None:
            self._unpriced[size.unit] += size.number
            self._silent += 1
        else:
            self._costs += 1
            self._priced[size.unit] += cost
            self._sizes[size.unit] += size.number
            self.cost += cost

    def refusal(self, size: Size = A_SONG) -> str | None:
        """Return why no more is paid for, in words; None where one of this size may be."""
        if self._songs is not None and self.spent >= self._songs:
            noun = "song" if self._songs == 1 else "songs"
            return f"the budget of {self._songs} {noun} is used ({self.spent} in the ledger)"
        if self._credits is None:
            return None
        silent = self._unpriced[size.unit] > 0 and not self._sizes[size.unit]
        if silent or (self._blind_before and not self._costs):
            return (
                "a budget in credits cannot be kept: the records of this API do not say what a"
                " song cost; give it in songs"
            )
        if self._fits(1, {size.unit: size.number}):
            return None
        return (
            f"the budget of {self._credits:g} credits is used ({self._gone:g}, and the next"
            f" song costs about {self._guess(1, {size.unit: size.number}):g})"
        )

    def has_room(
        self,
        *,
        under_way: int,
        sizes: Mapping[str, float] | None = None,
        size: Size = A_SONG,
    ) -> bool:
        """Say whether one more fits beside those under way, whose costs are not known yet.

        Args:
            under_way: How many there are.
            sizes: What they come to, by unit; songs unless given.
            size: That of the next one.
        """
        if self._credits is None:
            return True
        together: dict[str, float] = defaultdict(float)
        together |= {A_SONG.unit: under_way} if sizes is None else sizes
        together[size.unit] += size.number
        known = self._sizes[size.unit] > 0
        return (known or under_way < _BLIND) and self._fits(under_way + 1, together)

    def _fits(self, more: int, sizes: Mapping[str, float]) -> bool:
        """Say whether so many more songs leave the budget in credits unexceeded."""
        left = (self._credits or 0.0) - self._gone
        return left > _HAIR and left + _HAIR >= self._guess(more, sizes)

    def _guess(self, number: int, sizes: Mapping[str, float]) -> float:
        """Return what so many would cost, by their sizes where costs are known from this run."""
        if not self._costs:
            return self._typical_before * number
        return sum(
            self._priced[unit] / self._sizes[unit] * size
            for unit, size in sizes.items()
            if self._sizes[unit] > 0
        )

    @property
    def _gone(self) -> float:
        """What was spent, with a guess for the songs of which the records do not say."""
        return self.cost + self._guess(self._silent, self._unpriced)
