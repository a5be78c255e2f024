"""The clock for tests."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async._clock import sleep
from acedata_async.testing import ManualClock


async def test_it_stands_still_until_it_is_moved() -> None:
    """Without jumping, time passes only by `advance`, and everything at its own time."""
    clock = ManualClock(1000.0, jump=False)
    moments: list[float] = []

    async def wait(seconds: float) -> None:
        await sleep(clock, seconds)
        moments.append(clock.monotonic())

    waits = [asyncio.create_task(wait(seconds)) for seconds in (3, 1, 2)]
    await asyncio.sleep(0.01)
    assert moments == []
    await clock.advance(2.5)
    assert moments == [1, 2]
    assert clock.time() == 1002.5
    await clock.advance(2.5)
    assert moments == [1, 2, 3]
    assert clock.elapsed == 5
    await asyncio.gather(*waits)


async def test_it_jumps_when_nothing_is_left_to_do() -> None:
    """With jumping, an hour takes no time."""
    clock = ManualClock()
    await asyncio.wait_for(sleep(clock, 3600), timeout=5)
    assert clock.elapsed == 3600


async def test_cancelled_timers_are_passed_over() -> None:
    """A timer that was taken back is not called, and does not move the clock."""
    clock = ManualClock()
    called: list[str] = []
    clock.call_later(5, lambda: called.append("no")).cancel()
    clock.call_later(7, lambda: called.append("yes"))
    await sleep(clock, 8)
    assert called == ["yes"]


async def test_sleepers_that_set_new_timers_are_served_in_time() -> None:
    """What falls due inside an advance may set timers that fall due inside it as well."""
    clock = ManualClock(jump=False)

    async def tick() -> int:
        for _ in range(5):
            await sleep(clock, 1)
        return int(clock.elapsed)

    ticking = asyncio.create_task(tick())
    await clock.advance(10)
    assert await ticking == 5


def test_it_serves_one_event_loop_after_another() -> None:
    """A clock may outlive an event loop."""
    clock = ManualClock()
    for seconds in (1, 2):
        asyncio.run(asyncio.wait_for(sleep(clock, seconds), timeout=5))
    assert clock.elapsed == 3


def test_repr_shows_where_it_stands() -> None:
    """The repr tells how far it has moved."""
    assert repr(ManualClock()) == "ManualClock(elapsed=0.000, timers=0)"


async def test_time_never_goes_back() -> None:
    """A timer set in the past is called now."""
    clock = ManualClock()
    await clock.advance(10)
    await sleep(clock, -5)
    assert clock.elapsed == pytest.approx(10)
