"""How much a run may still spend."""

from __future__ import annotations

_BLIND = 5
"""Songs that may be under way while no record of this run has said yet what one costs."""
_HAIR = 1e-6
"""Credits that a sum may be off, for costs such as 0.1 do not add up exactly."""


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
        self._priced = 0.0
        self._unpriced = 0
        # Paid for before, and nobody has said what it cost: to try again would cost again.
        self._blind_before = spent > 0 and cost <= 0

    def begun(self) -> None:
        """Note a song that is going to be paid for."""
        self.spent += 1

    def unpaid(self) -> None:
        """Note a song that was not paid for after all."""
        self.spent -= 1

    def priced(self, cost: float | None) -> None:
        """Note what a record says that its song cost; None where it does not say."""
        if cost is None:
            self._unpriced += 1
        else:
            self._costs += 1
            self._priced += cost
            self.cost += cost

    def refusal(self) -> str | None:
        """Return why no more songs are paid for, in words; None where they may be."""
        if self._songs is not None and self.spent >= self._songs:
            noun = "song" if self._songs == 1 else "songs"
            return f"the budget of {self._songs} {noun} is used ({self.spent} in the ledger)"
        if self._credits is None:
            return None
        if (self._unpriced or self._blind_before) and not self._costs:
            return (
                "a budget in credits cannot be kept: the records of this API do not say what a"
                " song cost; give it in songs"
            )
        if self._fits(1):
            return None
        return (
            f"the budget of {self._credits:g} credits is used ({self._gone:g}, and the next"
            f" song costs about {self._typical:g})"
        )

    def has_room(self, *, under_way: int) -> bool:
        """Say whether one more fits beside those under way, whose costs are not known yet."""
        if self._credits is None:
            return True
        return (self._costs > 0 or under_way < _BLIND) and self._fits(under_way + 1)

    def _fits(self, more: int) -> bool:
        """Say whether so many more songs leave the budget in credits unexceeded."""
        left = (self._credits or 0.0) - self._gone
        return left > _HAIR and left + _HAIR >= self._typical * more

    @property
    def _gone(self) -> float:
        """What was spent, with a guess for the songs of which the records do not say."""
        return self.cost + self._unpriced * self._typical

    @property
    def _typical(self) -> float:
        return self._priced / self._costs if self._costs else self._typical_before
