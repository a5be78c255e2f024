"""Who has waited long enough."""

from __future__ import annotations

import heapq
import math
from itertools import count
from typing import Generic

from acedata_async._rules.seats import RecordT, Waiter

_SPARE = 64
"""Deadlines of waits that are over that are kept, beside as many as there are waits."""


class Deadlines(Generic[RecordT]):
    """The deadlines of all waits, in their order."""

    def __init__(self) -> None:
        self._order = count()
        self._heap: list[tuple[float, int, Waiter[RecordT]]] = []

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, waiter: Waiter[RecordT]) -> None:
        """Take in a wait that begins."""
        heapq.heappush(self._heap, (waiter.deadline, next(self._order), waiter))

    def next(self) -> float:
        """Return when the next one passes; infinite when there is none."""
        self._drop_over()
        return self._heap[0][0] if self._heap else math.inf

    def passed(self, now: float) -> list[Waiter[RecordT]]:
        """Take out the waits that are not over, and whose deadline has passed."""
        passed = []
        while self.next() <= now and self._heap:
            passed.append(heapq.heappop(self._heap)[2])
        return passed

    def tidy(self, waiting: int) -> None:
        """Let go of waits that are over, if they are many beside those that last."""
        if len(self._heap) > _SPARE + 2 * waiting:
            self._heap = [entry for entry in self._heap if not entry[2].over]
            heapq.heapify(self._heap)

    def clear(self) -> None:
        """Let everybody go."""
        self._heap.clear()

    def _drop_over(self) -> None:
        while self._heap and self._heap[0][2].over:
            heapq.heappop(self._heap)
