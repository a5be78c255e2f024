"""The real clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from acedata_async._clock import SystemClock, Timer, sleep


async def test_system_clock_is_the_computers() -> None:
    """It shows the time, and calls back once, by the event loop."""
    clock = SystemClock()
    assert clock.time() == pytest.approx(time.time(), abs=1)
    assert clock.monotonic() == pytest.approx(time.monotonic(), abs=1)
    called = asyncio.Event()
    clock.call_later(-1, called.set)
    await called.wait()


async def test_cancelled_sleep_takes_its_timer_back() -> None:
    """Nothing is called after a sleep was cancelled."""
    sleeping = asyncio.create_task(sleep(SystemClock(), 0.0))
    await asyncio.sleep(0)
    sleeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    await asyncio.sleep(0.001)


async def test_sleeper_that_is_done_is_not_woken_again() -> None:
    """A timer that fires after its sleep was cancelled changes nothing."""
    fired: list[Callable[[], object]] = []

    class Late(SystemClock):
        """A clock whose timers cannot be taken back in time."""

        def call_later(self, seconds: float, callback: Callable[[], object], /) -> Timer:
            """Keep the callback for later."""
            fired.append(callback)
            return super().call_later(seconds, lambda: None)

    sleeping = asyncio.create_task(sleep(Late(), 5.0))
    await asyncio.sleep(0)
    sleeping.cancel()
    await asyncio.gather(sleeping, return_exceptions=True)
    fired[0]()
