"""Seats in the order in which they are due."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable
from itertools import count
from typing import Generic

from acedata_async._rules.seats import RecordT, Seat

_CONSIDERED = 4
"""Of a backlog, so many times what one lookup carries is weighed at once."""


class Queue(Generic[RecordT]):
    """Seats that wait for their next look. Each stands in one queue at most, and once."""

    def __init__(self, order: count[int]) -> None:
        self._order = order
        self._heap: list[tuple[float, int, Seat[RecordT]]] = []

    def __bool__(self) -> bool:
        return math.isfinite(self.next_due())

    def push(self, seat: Seat[RecordT], due: float, now: float) -> None:
        """Put a seat in, in place of where it stood."""
        seat.turn, seat.due, seat.since = next(self._order), due, now
        heapq.heappush(self._heap, (due, seat.turn, seat))

    def next_due(self) -> float:
        """Return when the first one is due; infinite when there is none."""
        while self._heap and self._heap[0][1] != self._heap[0][2].turn:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else math.inf

    def first(self) -> Seat[RecordT] | None:
        """Return who is due first, if anybody."""
        return self._heap[0][2] if self else None

    def take(
        self,
        now: float,
        most: int,
        horizon: Callable[[Seat[RecordT]], float],
        *,
        least: float = 0.0,
    ) -> list[Seat[RecordT]]:
        """Take out what is due, and what is nearly due while there is room.

        Where more is due than fits, those go first that have waited longest in proportion to the
        gap that was meant for them: so short gaps, of those that are most likely to be over, come
        round soonest, and since everybody's share grows, nobody starves.

        Args:
            now: The time.
            most: How many to take.
            horizon: Given the first, returns until when others count as nearly due.
            least: Seconds since their last look before which those do not go along.
        """
        taken: list[Seat[RecordT]] = []
        left: list[Seat[RecordT]] = []
        while len(taken) < most * _CONSIDERED and self.next_due() <= now:
            taken.append(self._pop())
        if len(taken) > most:
            taken.sort(key=lambda seat: (seat.since - now) / max(seat.due - seat.since, 0.001))
            left = taken[most:]
            del taken[most:]
        elif taken:
            until = horizon(taken[0])
            # Of those who must rest a few are passed over, and not ten thousand in one plan.
            while len(taken) + len(left) / _CONSIDERED < most and self.next_due() <= until:
                seat = self._pop()
                rested = seat.looked is None or seat.looked + least <= now
                (taken if rested else left).append(seat)
        self.put_back(left)
        return taken

    def put_back(self, seats: Iterable[Seat[RecordT]]) -> None:
        """Put seats that were taken out where they stood."""
        for seat in seats:
            heapq.heappush(self._heap, (seat.due, seat.turn, seat))

    def clear(self) -> None:
        """Let everybody go."""
        self._heap.clear()

    def _pop(self) -> Seat[RecordT]:
        return heapq.heappop(self._heap)[2]
