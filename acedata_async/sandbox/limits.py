"""How much the vendor takes of one account before it answers 429."""

from __future__ import annotations

import heapq
import math


class Limits:
    """The limits on tasks in flight, on requests and on lookups; by default there are none.

    Args:
        max_tasks: How many tasks may be unfinished at once.
        requests_per_second: How many API requests of any kind are answered a second.
        lookups_per_second: The same for lookups alone.
        retry_after: What a refusal asks for, in seconds; None for nothing.
    """

    def __init__(
        self,
        *,
        max_tasks: int | None = None,
        requests_per_second: float | None = None,
        lookups_per_second: float | None = None,
        retry_after: float | None = None,
    ) -> None:
        self._max_tasks = max_tasks
        self._requests = _Pace(requests_per_second)
        self._lookups = _Pace(lookups_per_second)
        self._ends: list[float] = []
        self.headers: tuple[tuple[str, str], ...] = ()
        """What a refusal carries."""
        if retry_after is not None:
            self.headers = (("retry-after", str(math.ceil(retry_after))),)

    def task_fits(self, now: float) -> bool:
        """Return whether there is room for one more task."""
        while self._ends and self._ends[0] <= now:
            heapq.heappop(self._ends)
        return self._max_tasks is None or len(self._ends) < self._max_tasks

    def count_task(self, finished_at: float) -> None:
        """Take note of a new task that will be over at `finished_at`."""
        heapq.heappush(self._ends, finished_at)

    def request_fits(self, now: float) -> bool:
        """Return whether a request of any kind may be answered now, and count it if so."""
        return self._requests.fits(now)

    def lookup_fits(self, now: float) -> bool:
        """Return whether a lookup may be answered now, and count it if so."""
        return self._lookups.fits(now)


class _Pace:
    """So many a second, with a burst of as many, and of at least one."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._burst = max(1.0, rate or 0.0)
        self._credit = self._burst
        self._credited_at: float | None = None

    def fits(self, now: float) -> bool:
        """Return whether one more fits now, and count it if so."""
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
