"""The vendor's memory and its chances."""

from __future__ import annotations

import statistics
from random import Random

import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.vendor import Durations, typical_duration
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of


async def _finished_after(durations: Durations, seed: int = 0) -> list[float]:
    clock = ManualClock()
    sandbox = Sandbox(clock=clock, durations=durations, seed=seed)
    async with sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        ids = [await caller.generate() for _ in range(5)]
        await caller.batch(*ids)
        await clock.advance(1000.0)
        return [(await caller.look_up(task_id))["duration"] for task_id in ids]


async def test_durations() -> None:
    """Durations are a number, two bounds, or drawn."""
    assert await _finished_after(7) == pytest.approx([7.0] * 5)
    bounded = await _finished_after((2.0, 3.0))
    assert all(1.99 < seconds < 3.01 for seconds in bounded)
    assert len(set(bounded)) == 5
    assert await _finished_after(lambda rng: rng.choice([4.0])) == pytest.approx([4.0] * 5)


async def test_seed() -> None:
    """The same seed gives the same durations, another one others."""
    assert await _finished_after(typical_duration) == await _finished_after(typical_duration)
    assert await _finished_after(typical_duration) != await _finished_after(typical_duration, 1)


def test_typical_duration() -> None:
    """Half of the songs take less than 40 s."""
    rng = Random(0)
    drawn = [typical_duration(rng) for _ in range(2000)]
    assert statistics.median(drawn) == pytest.approx(40.0, rel=0.05)


async def test_lookups_do_not_change_songs() -> None:
    """How often somebody looks has no influence on what is made."""
    seeds = []
    for looks in (0, 5):
        async with Sandbox() as sandbox, caller_of(sandbox) as http:
            caller = Caller(http)
            first = await caller.generate()
            for _ in range(looks):
                await caller.batch(first)
            seeds.append((await caller.song())["seed"])
    assert seeds[0] == seeds[1]


async def test_injected_record_faults(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """Record faults strike the tasks created while they are active, several at once."""
    before = await caller.generate()
    sandbox.inject("elapsed", times=1)
    sandbox.inject("with-success", times=1)
    struck = await caller.generate()
    after = await caller.generate()
    await clock.advance(40.0)
    odd = await caller.look_up(struck)
    assert odd["elapsed"]
    assert odd["response"]["success"] is True
    for task_id in (before, after):
        assert "elapsed" not in await caller.look_up(task_id)
