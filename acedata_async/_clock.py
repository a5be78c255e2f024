"""Time as a seam: what the package knows of the clock, so that tests can own it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that has been scheduled and can be taken back."""

    def cancel(self) -> None:
        """Take the call back; harmless when it has already happened."""


class Clock(Protocol):
    """Where the package reads the time and asks to be woken.

    `SystemClock` is the real one. `acedata_async.testing.ManualClock` is moved by a test, or
    jumps to the next deadline by itself whenever the event loop has nothing else to do.
    """

    def time(self) -> float:
        """Return the wall-clock time in Unix seconds."""

    def monotonic(self) -> float:
        """Return a time in seconds that never goes backwards; its zero means nothing."""

    def call_later(self, seconds: float, callback: Callable[[], object], /) -> Timer:
        """Call `callback` on the running event loop once, `seconds` from now."""


class SystemClock:
    """The computer's clock and the running event loop's timers."""

    def time(self) -> float:
        """Return the wall-clock time in Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object], /) -> Timer:
        """Call `callback` on the running event loop once, `seconds` from now."""
        return asyncio.get_running_loop().call_later(max(0.0, seconds), callback)


async def sleep(clock: Clock, seconds: float) -> None:
    """Wait for `seconds` by `clock`. Cancelling the wait takes its timer back."""
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if not woken.done():
            woken.set_result(None)

    timer = clock.call_later(seconds, wake)
    try:
        await woken
    finally:
        timer.cancel()


async def wait(clock: Clock, event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, and for `seconds` by `clock` at most, which may be infinite.

    The event is also set when the time is over. Cancelling the wait takes its timer back.
    """
    timer = clock.call_later(seconds, event.set) if seconds < math.inf else None
    try:
        await event.wait()
    finally:
        if timer is not None:
            timer.cancel()
