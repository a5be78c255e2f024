"""Tells observers what becomes of tasks, and how late it was noticed."""

from __future__ import annotations

from collections.abc import Callable

from acedata_async._clock import Clock
from acedata_async._rules.seats import Look, Seat
from acedata_async._rules.server_clock import ServerClock
from acedata_async._rules.verdict import progress_of
from acedata_async.events import Event, TaskFinal, TaskSeen
from acedata_async.models.sighting import Sighting
from acedata_async.tasks.endpoint import Answer

_DATE_PRECISION = 2.0
"""Seconds: an answer's `Date` is cut off to whole ones, and servers set it once a second."""
_FAR_OFF = 10 * 365 * 86_400.0
"""Seconds; a moment that is years off is in another unit, or nobody's."""


class Reporter:
    """Knows the server's time, and turns what was seen into events.

    Args:
        emit: Told what happens to tasks.
        clock: The time.
    """

    def __init__(self, emit: Callable[[Event], object], clock: Clock) -> None:
        self._emit = emit
        self._clock = clock
        self._server_clock = ServerClock()

    def server_now(self) -> float:
        """Return the time at the server in Unix seconds, as far as it is known."""
        return self._clock.time() + self._server_clock.ahead

    def compare_clocks(self, look: Look[Sighting], answer: Answer) -> None:
        """Learn what time it is at the server from what it has dated."""
        received, now = self._clock.time(), self._clock.monotonic()
        if answer.date is not None:
            self._server_clock.note(
                answer.date,
                sent=received - (now - look.sent),
                received=received,
                precision=_DATE_PRECISION,
            )
        for seat in look.seats:
            seen = answer.records.get(seat.task_id)
            if seen is None or seen is seat.record:
                continue
            sent = received - (now - seat.born) if seat.acknowledged else None
            self._compare(seen.begun, sent, received)
            self._compare(seen.ended, None, received)

    def _compare(self, moment: float | None, sent: float | None, received: float) -> None:
        if moment is not None and abs(moment - received) < _FAR_OFF:
            self._server_clock.note(moment, sent=sent, received=received)

    def tell(self, seat: Seat[Sighting]) -> None:
        """Tell what a task's record says, which is new."""
        seen = seat.record
        if seen is None:
            return
        if not seen.final:
            event: Event = TaskSeen(
                task_id=seat.task_id,
                kind=seat.kind,
                state=seen.verdict.state,
                progress=progress_of(seen.raw, seen.verdict),
            )
        else:
            event = TaskFinal(
                task_id=seat.task_id,
                kind=seat.kind,
                state=seen.verdict.state,
                seconds=seen.seconds,
                lag=None if seen.ended is None else max(0.0, self.server_now() - seen.ended),
                lookups=seat.looks,
            )
        self._emit(event)
