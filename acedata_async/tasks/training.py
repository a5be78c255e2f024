"""Voices that are being trained, asked themselves: their tasks' records may never say the end."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from acedata_async._clock import Clock
from acedata_async._rules.leads import voice_in_training, with_voice
from acedata_async._rules.seats import Seat
from acedata_async.errors import AceDataError
from acedata_async.models.sighting import Sighting
from acedata_async.models.voices import Voice

_log = logging.getLogger("acedata_async")

Told = tuple[Seat[Sighting], Sighting]
"""A task, and its record with the voice as it is now."""

_PAUSE = 15.0
"""Seconds between two questions about one voice. Training takes a minute or two."""
_MOST_REMEMBERED = 10_000


class Training:
    """Asks about voices of which a task says that they are being trained, one at a time.

    A submission that is answered at once may have no record, and a record may stay as it was
    written when training began. The voice itself can be read for free, and says `trained`.

    Args:
        voice: Reads a voice.
        clock: The time.
        service: The service that the tasks belong to.
    """

    def __init__(
        self, voice: Callable[[str], Awaitable[Voice]], clock: Clock, *, service: str
    ) -> None:
        self._voice = voice
        self._clock = clock
        self._service = service
        self._asked: OrderedDict[str, float] = OrderedDict()
        self._busy = False

    def take(self, seats: Iterable[Seat[Sighting]]) -> list[Seat[Sighting]]:
        """Return the tasks to `ask` about now; none while others are asked about."""
        if self._busy:
            return []
        latest = self._clock.monotonic() - _PAUSE
        due = [
            seat
            for seat in seats
            if _is_open(seat) and self._asked.get(seat.task_id, latest) <= latest
        ]
        self._busy = bool(due)
        return due

    async def ask(self, seats: Iterable[Seat[Sighting]]) -> AsyncIterator[Told]:
        """Read the voices of tasks, one after the other; yield the records of those that are over.

        What goes wrong is logged, and ends no wait.
        """
        try:
            for seat in seats:
                seen = await self._ask(seat) if _is_open(seat) else None
                if seen is not None:
                    yield seat, seen
        finally:
            self._busy = False

    async def _ask(self, seat: Seat[Sighting]) -> Sighting | None:
        voice_id = _voice_of(seat)
        if seat.shown is None or voice_id is None:
            return None
        self._remember(seat.task_id)
        try:
            voice = await self._voice(voice_id)
        except AceDataError as error:
            _log.debug("voice %s could not be read: %s", voice_id, error)
            return None
        if voice.id != voice_id or voice.state == "training":
            return None
        seen = Sighting(with_voice(seat.shown.raw, voice.raw), self._service)
        return seen if seen.final else None

    def _remember(self, task_id: str) -> None:
        self._asked[task_id] = self._clock.monotonic()
        self._asked.move_to_end(task_id)
        while len(self._asked) > _MOST_REMEMBERED:
            self._asked.popitem(last=False)


def _is_open(seat: Seat[Sighting]) -> bool:
    return seat.wanted and not seat.final and _voice_of(seat) is not None


def _voice_of(seat: Seat[Sighting]) -> str | None:
    return None if seat.shown is None else voice_in_training(seat.shown.raw)
