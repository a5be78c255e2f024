"""Letting paid calls go: one after the other, so many at once, as long as it makes sense."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter, defaultdict, deque
from collections.abc import Callable

from acedata_async._clock import Clock, sleep, wait
from acedata_async._rules.brakes import Brakes
from acedata_async._rules.in_flight import InFlight
from acedata_async._rules.purse import A_SONG, Purse
from acedata_async.bulk.journal import is_of_the_account
from acedata_async.bulk.passage import Passage, Phase
from acedata_async.errors import (
    APIError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    LedgerError,
    RateLimited,
    SubmissionUnknown,
)
from acedata_async.ledger.entry import WrongStep

_log = logging.getLogger("acedata_async")

_GAP = 0.05
"""Seconds between two paid calls: so few are on their way at any instant that a killed process
leaves few in doubt."""

_UNDER_WAY: tuple[Phase, ...] = ("submitting", "generating")

_USELESS = (
    RateLimited,
    ConnectionFailed,
    ClientClosed,
    ConfigurationError,
    LedgerError,
)
"""Errors after which the next call would end no better."""


class Dispatcher:
    """Decides when the next paid call goes, and learns from how calls end.

    Args:
        clock: The time.
        in_flight: How many songs may be under way.
        purse: What may be spent.
        start: Called with a song whose turn has come, and the id of what its source made.
        skip: Called with a song that is not sent any more, and with why.
        stopped: Called when nothing is sent any more.
        held_up: Says whether to wait although songs could go, for outcomes are not read.

    Attributes:
        ready: The songs that wait for their turn, each with the id of what its source made.
        phases: How many songs are in each phase.
        paying: The songs whose paid call is under way.
        submitted: How many paid calls were accepted.
        brakes: Why nothing goes, if so.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        in_flight: InFlight,
        purse: Purse,
        start: Callable[[Passage, str | None], object],
        skip: Callable[[Passage, str], object],
        stopped: Callable[[], object],
        held_up: Callable[[], bool],
    ) -> None:
        self.ready: deque[tuple[Passage, str | None]] = deque()
        self.phases: Counter[Phase] = Counter()
        self.paying: set[Passage] = set()
        self.submitted = 0
        self.brakes = Brakes()
        self.purse = purse
        self.in_flight = in_flight
        self._clock = clock
        self._start = start
        self._skip = skip
        self._stopped = stopped
        self._held_up = held_up
        self._sent: dict[str, float] = {}
        self._sizes: dict[str, float] = defaultdict(float)  # of those under way, by unit
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Let songs go as their turns come, until cancelled."""
        while True:
            self._changed.clear()
            pause = self._pause()
            if pause > 0:
                await wait(self._clock, self._changed, pause)
                continue
            passage, source_id = self.ready.popleft()
            self.purse.begun()
            passage.counted = True
            self._start(passage, source_id)
            await sleep(self._clock, _GAP)

    def put(self, passage: Passage, source_id: str | None) -> None:
        """Let a song wait for its turn."""
        self.ready.append((passage, source_id))
        self.wake()

    def wake(self) -> None:
        """See again whether a song may go: something has changed."""
        self._changed.set()

    def stop(self, reason: str) -> None:
        """Let nothing go any more."""
        self.brakes.stop(reason)
        self._stopped()
        self.wake()

    def give_up(self, reason: str) -> None:
        """Let nothing go any more, for a reason that the user may not know."""
        if self.brakes.stopped is None:
            _log.warning("nothing more is submitted: %s", reason)
        self.stop(reason)

    def moved(self, passage: Passage, phase: Phase) -> None:
        """Count a song in another phase."""
        if passage.phase == "generating" and passage.entry.state == "succeeded":
            self.in_flight.made(self._clock.monotonic(), under_way=self._under_way)
        self.phases[passage.phase] -= 1
        self.phases[phase] += 1
        change = (phase in _UNDER_WAY) - (passage.phase in _UNDER_WAY)
        if change:
            size = passage.size
            self._sizes[size.unit] += change * size.number
        passage.phase = phase
        self.wake()

    def told(self, passage: Passage, what: str, error: BaseException | None) -> None:
        """Learn what happened to a paid call; see `SongJournal`."""
        now = self._clock.monotonic()
        if what in {"beginning", "begun"}:
            self.paying.add(passage)
            self._sent[passage.key] = now
            return
        self.paying.discard(passage)
        sent = self._sent.pop(passage.key, now)
        if isinstance(error, RateLimited):
            self.in_flight.refused(now, sent=sent, under_way=self._under_way)
        if what == "accepted":
            self.submitted += 1
            self.brakes.answered()
        elif what == "ended":
            self._learn_from(error, now)
        self.wake()

    def _learn_from(self, error: BaseException | None, now: float) -> None:
        if isinstance(error, SubmissionUnknown):
            news = self.brakes.doubted(now, str(error.__cause__ or error))
            if news is not None:
                _log.warning("submitting is held up: %s", news)
        elif isinstance(error, WrongStep):
            _log.info("another run has dealt with a song: %s", error)
        elif isinstance(error, _USELESS) or is_of_the_account(error):
            self.give_up(str(error))
        elif isinstance(error, APIError):
            self.brakes.answered()

    @property
    def _under_way(self) -> int:
        return sum(self.phases[phase] for phase in _UNDER_WAY)

    def _pause(self) -> float:
        """Return the seconds until the next song may go; infinite until something changes."""
        size = self.ready[0][0].size if self.ready else A_SONG
        refusal = self.purse.refusal(size) if self.ready else None
        if refusal is not None:
            if self._under_way and self.brakes.stopped is None:
                return math.inf  # what is under way may turn out not to be charged
            self.give_up(refusal)
        if self.brakes.stopped is not None:
            while self.ready:
                self._skip(self.ready.popleft()[0], self.brakes.stopped)
        if not self.ready or self._held_up():
            return math.inf
        under_way = self._under_way
        fits = self.purse.has_room(under_way=under_way, sizes=self._sizes, size=size)
        if under_way >= self.in_flight.limit or not fits:
            return math.inf
        now = self._clock.monotonic()
        return self.brakes.wait(now, under_way=self.phases["submitting"])
