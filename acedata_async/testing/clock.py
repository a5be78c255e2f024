"""A clock that a test moves, or that jumps when nothing else is left to do."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count

_QUIET_ROUNDS = 30
"""Turns of the event loop in which no timer is set or taken back before it counts as idle: an
in-memory request needs a handful of turns from its submission to its answer."""


class ManualClock:
    """A clock for tests: time passes only when the test, or idleness, moves it.

    Args:
        start: The wall-clock time at which it stands, in Unix seconds.
        jump: Whether it jumps to the next deadline by itself once the event loop has gone idle.
            Real input and output (threads, sockets) is not seen as work, so a jumping clock is
            for code whose vendor lives in memory. With False, only `advance` moves it.
    """

    def __init__(self, start: float = 1_767_119_745.0, *, jump: bool = True) -> None:
        self._start = start
        self._elapsed = 0.0
        self._jump = jump
        self._order = count()
        self._timers: list[tuple[float, int, _ManualTimer]] = []
        self._watched_loop: asyncio.AbstractEventLoop | None = None
        self._quiet = 0

    def __repr__(self) -> str:
        return f"ManualClock(elapsed={self._elapsed:.3f}, timers={len(self._timers)})"

    @property
    def elapsed(self) -> float:
        """How far the clock has moved since it was made, in seconds."""
        return self._elapsed

    def time(self) -> float:
        """Return the wall-clock time in Unix seconds."""
        return self._start + self._elapsed

    def monotonic(self) -> float:
        """Return the seconds that have passed on this clock."""
        return self._elapsed

    def call_later(self, seconds: float, callback: Callable[[], object], /) -> _ManualTimer:
        """Call `callback` once the clock has moved on by `seconds`."""
        self._touch()
        timer = _ManualTimer(callback, self._touch)
        heapq.heappush(self._timers, (self._elapsed + max(0.0, seconds), next(self._order), timer))
        if self._jump:
            self._watch_for_idleness()
        return timer

    async def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; what falls due on the way happens at its own time."""
        end = self._elapsed + seconds
        await _settle()
        while (due := self._next_due()) is not None and due <= end:
            self._fire_next()
            await _settle()
        self._elapsed = max(self._elapsed, end)

    def _next_due(self) -> float | None:
        while self._timers and self._timers[0][2].callback is None:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _fire_next(self) -> None:
        if self._next_due() is None:
            return
        due, _, timer = heapq.heappop(self._timers)
        self._elapsed = max(self._elapsed, due)
        callback, timer.callback = timer.callback, None
        if callback is not None:
            callback()

    def _watch_for_idleness(self) -> None:
        loop = asyncio.get_running_loop()
        if self._watched_loop is not loop:
            self._watched_loop = loop
            loop.call_soon(self._idle, loop)

    def _touch(self) -> None:
        self._quiet = 0

    def _idle(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._next_due() is None:
            self._watched_loop = None
            return
        self._quiet += 1
        if self._quiet > _QUIET_ROUNDS:
            self._quiet = 0
            self._fire_next()
        loop.call_soon(self._idle, loop)


class _ManualTimer:
    """A call on a `ManualClock`; taken back by forgetting what to call."""

    def __init__(self, callback: Callable[[], object], touched: Callable[[], None]) -> None:
        self._touched = touched
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        """Take the call back."""
        self.callback = None
        self._touched()


async def _settle() -> None:
    """Let everything that is ready on the event loop run."""
    for _ in range(_QUIET_ROUNDS):
        await asyncio.sleep(0)
