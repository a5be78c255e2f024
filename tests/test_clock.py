"""The real clock."""

from __future__ import annotations

import asyncio
import time

import pytest

from acedata_async._clock import SystemClock, sleep


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
