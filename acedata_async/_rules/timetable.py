"""When each watched task is due: its cadence, given what is known of its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acedata_async._rules.cadence import first_look, next_gap, safety_net
from acedata_async._rules.durations import Durations, Spread
from acedata_async._rules.hints import Trust
from acedata_async._rules.seats import Record, Seat

_FRESH = 0.5
"""Seconds for which a spread, once worked out, is good."""
_HELD_BACK = 2.0
"""Two looks at a task of an unknown kind that is no scout are this share of its age apart…"""
_LONGEST_HELD_BACK = 60.0
"""…and so many seconds at most."""
_MOST_LATELY = 1000
"""How many tasks that nobody waits for are remembered, for the least interval."""


class Timetable:
    """Says how long to wait until the next look at a task, and learns from what is seen.

    Args:
        durations: What is known of each kind.
        least: Least seconds between two looks at one task.
        pace: 1 as a rule; 2 looks twice as often, 0.5 half as often.
        marker_of: Returns the marker of a `callback_url` that leads to our receiver, else None.
    """

    def __init__(
        self,
        durations: Durations,
        *,
        least: float,
        pace: float,
        marker_of: Callable[[object], str | None] = lambda _: None,
    ) -> None:
        self.least = least
        self.trust = Trust()
        self._marker_of = marker_of
        self._durations = durations
        self._pace = pace
        self._spreads: dict[str, tuple[float, Spread | None]] = {}
        self._scouts: dict[str, set[str]] = {}
        self._lately: dict[str, float] = {}

    def first_look(
        self, seat: Seat[Any], seats: Mapping[str, Seat[Any]], most: int, now: float
    ) -> float:
        """Return the seconds until a task that somebody begins to wait for is looked at.

        Args:
            seat: The task.
            seats: All that are watched.
            most: How many share a request at most.
            now: The monotonic time in seconds.
        """
        if seat.looked is not None:
            # Who comes back in short steps is to cost no more than who stays.
            known = seat.record is not None
            gap = self.gap(seat, seats, most, seat.looked, chance=0.5) if known else self.least
            return max(0.0, seat.looked + gap - now)
        spread = self._spread(seat.kind, seats, now)
        if self.is_patient(seat, now):
            # Counted from its beginning: who waits in short steps is to come to it as well.
            return max(0.0, safety_net(0.0, spread=spread) - (now - seat.born))
        return first_look(
            now - seat.born,
            acknowledged=seat.acknowledged,
            spread=spread,
            sharing=max(1, min(most, len(seats))),
            least=self.least,
            pace=self._pace,
        )

    def gap(
        self,
        seat: Seat[Any],
        seats: Mapping[str, Seat[Any]],
        most: int,
        now: float,
        *,
        chance: float,
    ) -> float:
        """Return the seconds until a task that still runs is looked at again."""
        age = now - seat.born
        spread = self._spread(seat.kind, seats, now)
        if self.is_patient(seat, now):
            return safety_net(age, spread=spread)
        gap = next_gap(
            age,
            spread=spread,
            sharing=max(1, min(most, len(seats))),
            least=self.least,
            pace=self._pace,
            chance=chance,
        )
        if spread is None and not self._is_scout(seat, most):
            return max(gap, min(age / _HELD_BACK, _LONGEST_HELD_BACK))
        return gap

    def is_patient(self, seat: Seat[Any], now: float) -> bool:
        """Say whether lookups of a task may wait, since a callback will tell of its end."""
        return seat.marker is not None and not seat.hinted and self.trust.holds(now)

    def hinted(self, seat: Seat[Any]) -> None:
        """Take in a hint that a task has changed; the first one counts."""
        if not seat.hinted and seat.marker is not None:
            self.trust.came(seat.task_id)
        seat.hinted = True

    def came(self, seat: Seat[Any]) -> None:
        """Recall when a task was last looked at that somebody begins to wait for again."""
        if seat.looked is None:
            seat.looked = self._lately.pop(seat.task_id, None)

    def left(self, seat: Seat[Any]) -> None:
        """Forget a task that nobody waits for any more.

        When it was last looked at is kept for as long as it is not to be looked at again.
        """
        if seat.kind in self._scouts:
            self._scouts[seat.kind].discard(seat.task_id)
        if seat.looked is not None and not seat.final:
            while self._lately and (
                self._oldest() <= seat.looked - self.least or len(self._lately) >= _MOST_LATELY
            ):
                del self._lately[next(iter(self._lately))]
            self._lately[seat.task_id] = seat.looked

    def seen(self, seat: Seat[Any], record: Record, now: float, server_now: float) -> bool:
        """Learn from a record what it tells of its task's kind, beginning and duration.

        Returns:
            Whether it is the first of its kind that succeeded: then others of it may be due.
        """
        if seat.kind is None:
            seat.kind = record.kind
        if not seat.acknowledged and record.begun is not None:
            seat.born = now - max(0.0, server_now - record.begun)
        seat.marker = seat.marker or self._marker_of(record.callback_url)
        watched = seat.acknowledged or seat.looks > 0
        if watched and record.final and not (seat.final or seat.hinted or seat.marker is None):
            self.trust.ended_without(seat.task_id, now)
        if record.took is None or seat.kind is None or seat.final:
            return False
        if not self._durations.note(seat.kind, record.took, now):
            return False
        if self._spreads.get(seat.kind, (now, None))[1] is None:
            self._spreads.pop(seat.kind, None)
        return self._scouts.pop(seat.kind, None) is not None

    def _oldest(self) -> float:
        return next(iter(self._lately.values()))

    def _is_scout(self, seat: Seat[Any], most: int) -> bool:
        """Say whether a task is one of those that find out how long its unknown kind takes.

        As many as share a request are enough to tell when the first of a thousand end.
        """
        if seat.kind is None:
            return True
        scouts = self._scouts.setdefault(seat.kind, set())
        if len(scouts) < most:
            scouts.add(seat.task_id)
        return seat.task_id in scouts

    def _spread(
        self, kind: str | None, seats: Mapping[str, Seat[Any]], now: float
    ) -> Spread | None:
        if kind is None:
            return None
        worked_out, spread = self._spreads.get(kind, (-_FRESH, None))
        if kind not in self._spreads or now - worked_out >= _FRESH:
            running = [now - seat.born for seat in seats.values() if seat.kind == kind]
            spread = self._durations.spread(kind, running)
            self._spreads[kind] = now, spread
        return spread
