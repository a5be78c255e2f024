"""How much the vendor takes of one account before it answers 429."""

from __future__ import annotations

import heapq


class Limits:
    """The limits on tasks in flight and on lookups; by default there are none.

    Args:
        max_tasks: How many tasks may be unfinished at once.
        lookups_per_second: How many lookups a second are answered; as many, and at least one,
            may come in a burst.
    """

    def __init__(
        self, *, max_tasks: int | None = None, lookups_per_second: float | None = None
    ) -> None:
        self._max_tasks = max_tasks
        self._rate = lookups_per_second
        self._burst = max(1.0, lookups_per_second or 0.0)
        self._credit = self._burst
        self._credited_at: float | None = None
        self._ends: list[float] = []

    def task_fits(self, now: float) -> bool:
        """Return whether there is room for one more task."""
        while self._ends and self._ends[0] <= now:
            heapq.heappop(self._ends)
        return self._max_tasks is None or len(self._ends) < self._max_tasks

    def count_task(self, finished_at: float) -> None:
        """Take note of a new task that will be over at `finished_at`."""
        heapq.heappush(self._ends, finished_at)

    def lookup_fits(self, now: float) -> bool:
        """Return whether a lookup may be answered now, and count it if so."""
        if self._rate is None:
            return True
        since = now - (now if self._credited_at is None else self._credited_at)
        self._credit = min(self._burst, self._credit + since * self._rate)
        self._credited_at = now
        # A hair below one, for a pace that is exactly right but for rounding.
        if self._credit < 1.0 - 1e-6:
            return False
        self._credit -= 1.0
        return True
