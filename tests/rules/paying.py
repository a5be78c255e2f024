"""A vendor that takes so many tasks at once, and a run that finds out how many, in a loop."""

from __future__ import annotations

import heapq
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from random import Random

from acedata_async._rules.governor import Governor
from acedata_async._rules.in_flight import InFlight

SONG = 40.0
"""Seconds that a song takes, give or take a tenth."""
TRIP = 0.3
"""Seconds from a paid call to its answer."""
LAG = 1.0
"""Seconds from the end of a song to the news of it."""
GAP = 0.05
"""Seconds between two songs that begin."""


@dataclass
class Trade:
    """What happened after the warm-up.

    Attributes:
        accepted: How many calls were accepted.
        refused: How many were not.
        busy: How many song-seconds the vendor worked.
        most: How many songs were under way at most, accepted or not.
    """

    accepted: int = 0
    refused: int = 0
    busy: float = 0.0
    most: int = 0


class Run:
    """A run with more songs than it can ever send.

    Args:
        capacity: How many tasks the vendor takes at once; it may change with the time.
        in_flight: The rule.
        warm_up: Seconds before anything counts.
        until: Seconds at which it ends.
        seed: Where chance comes from.
    """

    def __init__(
        self,
        capacity: Callable[[float], int],
        in_flight: InFlight,
        *,
        warm_up: float,
        until: float,
        seed: int = 0,
    ) -> None:
        self.trade = Trade()
        self._capacity = capacity
        self._in_flight = in_flight
        self._warm_up, self._until = warm_up, until
        self._rng = Random(seed)
        self._governor = Governor(rate=math.inf, burst=1)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._now = 0.0
        self._under_way = self._working = 0
        self._queue: deque[None] = deque()
        self._next_start = self._next_turn = -math.inf

    def play(self) -> Trade:
        """Let it run to its end."""
        self._at(0.0, self._go)
        while True:
            now, _, happen = heapq.heappop(self._events)
            if now > self._until:
                return self.trade
            if now > self._warm_up:
                self.trade.busy += self._working * (now - max(self._now, self._warm_up))
            self._now = now
            happen()
            self._go()

    def _at(self, moment: float, happen: Callable[[], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), happen))

    def _go(self) -> None:
        """Begin a song if one may begin, and send a call if it is its turn."""
        if self._under_way < self._in_flight.limit and self._now >= self._next_start:
            self._under_way += 1
            self._queue.append(None)
            self._next_start = self._now + GAP
            self._at(self._next_start, lambda: None)
        if self._now > self._warm_up:
            self.trade.most = max(self.trade.most, self._under_way)
        if self._queue and self._now >= self._next_turn:
            pause = self._governor.wait(self._now)
            if pause <= 0:
                self._governor.take(self._now)
                self._queue.popleft()
                self._at(self._now + TRIP / 2, partial(self._arrive, self._now))
            else:
                self._next_turn = self._now + pause
                self._at(self._next_turn, lambda: None)

    def _arrive(self, sent: float) -> None:
        fits = self._working < self._capacity(self._now)
        if fits:
            self._working += 1
            self._at(self._now + SONG * self._rng.uniform(0.9, 1.1), self._over)
        if self._now > self._warm_up:
            self.trade.accepted += fits
            self.trade.refused += not fits
        self._at(self._now + TRIP / 2, partial(self._answer, sent, fits=fits))

    def _answer(self, sent: float, *, fits: bool) -> None:
        if fits:
            self._governor.answered(self._now)
            return
        chance = self._rng.random()
        self._governor.refused(self._now, sent=sent, retry_after=None, chance=chance)
        self._in_flight.refused(self._now, sent=sent, under_way=self._under_way)
        self._queue.append(None)

    def _over(self) -> None:
        self._working -= 1
        self._at(self._now + LAG, self._made)

    def _made(self) -> None:
        self._in_flight.made(self._now, under_way=self._under_way)
        self._under_way -= 1
