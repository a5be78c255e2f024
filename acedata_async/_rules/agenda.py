"""What is due, and what goes into the next lookup."""

from __future__ import annotations

import math
from itertools import count
from typing import Generic

from acedata_async._rules.batch import BatchSize
from acedata_async._rules.queue import Queue
from acedata_async._rules.seats import RecordT, Seat

_LONE_SHARE = 5
"""At most one in so many lookups is for a single missing task while there are others…"""
_LONE_PAUSE = 15.0
"""…or one in so many seconds."""


class Agenda(Generic[RecordT]):
    """Watched tasks in the order in which they are due.

    Args:
        least: Least seconds between two looks at one task.

    Attributes:
        batch: How many share a request.
    """

    def __init__(self, *, least: float) -> None:
        self.batch = BatchSize()
        self._least = least
        order = count()
        self._due: Queue[RecordT] = Queue(order)
        self._due_alone: Queue[RecordT] = Queue(order)
        self._shared_looks = _LONE_SHARE
        self._lone_at = -math.inf
        self._beat = -math.inf
        self._held = False

    @property
    def has_alone(self) -> bool:
        """Whether there are tasks that are asked about apart from others."""
        return bool(self._due_alone)

    def add(self, seat: Seat[RecordT], due: float, now: float) -> None:
        """Have a task looked at when it is due, and no more when it was before."""
        (self._due_alone if seat.alone else self._due).push(seat, due, now)

    def clear(self) -> None:
        """Let everybody go."""
        self._due.clear()
        self._due_alone.clear()

    def begin(self) -> None:
        """Begin to choose anew: what was held back may go now."""
        self._held = False

    def next_due(self, now: float, *, others_asked: bool) -> float:
        """Return when the next lookup goes out; infinite for none.

        Args:
            now: The time.
            others_asked: Whether lookups for tasks that share are under way.
        """
        shared = self._beat if self._held else self._due.next_due()
        return min(shared, self._next_alone(now, others_asked=others_asked))

    def pick(self, now: float, *, others_asked: bool) -> list[Seat[RecordT]]:
        """Take what is due, and what would be due before these are again.

        A request that has room left goes no sooner than a least interval after the last such: so
        tasks that are looked at in turns find into the same requests. What is due at once, such as
        the first look at a task from elsewhere, does not wait for that.
        """
        if self._next_alone(now, others_asked=others_asked) <= now:
            self._shared_looks, self._lone_at = 0, now
            return self._due_alone.take(now, 1, lambda _: now)
        least = self._least
        seats = self._due.take(
            now,
            self.batch.size,
            lambda first: now + max(0.0, first.due - first.since),
            least=least,
        )
        if any(seat.faults > 1 for seat in seats):
            seats = self._divided(seats)
        elif 0 < len(seats) < self.batch.size:
            if now < self._beat and not any(seat.urgent for seat in seats):
                self._held = True
                self._due.put_back(seats)
                return []
            self._beat = now + least
        self._shared_looks += bool(seats)
        return seats

    def _divided(self, seats: list[Seat[RecordT]]) -> list[Seat[RecordT]]:
        """Take those with the fewest faults, and of those with many ever fewer at a time.

        One id may spoil each answer that it shares: so it is found out, and the others get theirs.
        """
        seats.sort(key=lambda seat: seat.faults)
        faults = max(1, seats[0].faults)
        room = max(1, self.batch.size >> (faults - 1))
        chosen = [seat for seat in seats if seat.faults <= faults][:room]
        self._due.put_back([seat for seat in seats if seat not in chosen])
        return chosen

    def _next_alone(self, now: float, *, others_asked: bool) -> float:
        """Return when the next look for a single task is due.

        While there are others it is one lookup in five at most, or one in a quarter of a minute
        where theirs are rare. An id that was given by the user and has no record needs just one,
        its last: there it takes turns with others that are due.
        """
        first = self._due_alone.first()
        if first is None:
            return math.inf
        if first.last_look:
            waits = self._due.next_due() <= now and self._shared_looks == 0
            return math.inf if waits else first.due
        others = bool(self._due) or others_asked
        if not others or self._shared_looks >= _LONE_SHARE - 1:
            return first.due
        return max(first.due, self._lone_at + _LONE_PAUSE)
