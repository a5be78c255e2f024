"""How many ids go into one lookup."""

from __future__ import annotations

_MOST = 50
"""Ids a request. No document gives a limit; the vendor's own tool recommends 50."""
_PAGE = 12
"""Default page of three sibling services: this many items may be a truncated answer."""


class BatchSize:
    """The number of ids a lookup may carry, found by what comes back."""

    def __init__(self) -> None:
        self._size = _MOST
        self._proven = _MOST

    @property
    def size(self) -> int:
        """Ids that the next lookup may carry."""
        return self._size

    def answered(self, *, asked: int, items: int, count: int | None, lost: bool) -> bool:
        """Learn from an answer and say whether it was cut short.

        Args:
            asked: Ids in the request.
            items: Records in the answer that were asked for.
            count: What the answer gives as the number of matches, if anything.
            lost: Whether a task that had been seen before is missing.
        """
        short = items < asked and (
            items == _PAGE or (0 < items < (count or 0)) or (lost and items >= _PAGE)
        )
        if short:
            self._size = self._proven = max(1, items)
        elif items >= self._size:
            self._size = self._proven = min(_MOST, self._size + max(1, self._size // 8))
        return short

    def refused(self, *, asked: int) -> None:
        """Learn from a refusal of the size: 413, or 400 for several ids."""
        self._size = max(1, min(self._size, asked // 2))

    def restore(self) -> None:
        """Learn that it was one id that was refused, and not their number."""
        self._size = self._proven
