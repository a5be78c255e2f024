"""Reading the outcomes of a run: by one, by two, not at all, too early, too late."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async import AceData, BulkOutcome, ConfigurationError
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    outcomes_of,
    songs,
    tally,
)
from tests.patience import until


async def test_iterating_without_the_block(ace: AceData, sandbox: Sandbox) -> None:
    """It is refused with an example; so is all else that needs the block."""
    run = ace.producer.bulk(songs(1))
    assert "not begun" in repr(run)
    assert run.total == 1
    with pytest.raises(ConfigurationError, match="async with"):
        async for _ in run:
            pass
    with pytest.raises(ConfigurationError, match="async with"):
        await anext(run)
    with pytest.raises(ConfigurationError, match="async with"):
        run.stop()
    with pytest.raises(ConfigurationError, match="async with"):
        _ = run.stats
    assert sandbox.stats.submission_requests == 0


async def test_entering_twice(ace: AceData, sandbox: Sandbox) -> None:
    """A run is opened once, whether it was left or not; the first one goes on."""
    run = ace.producer.bulk(songs(2))
    async with run:
        with pytest.raises(ConfigurationError, match="opened once"):
            await run.__aenter__()
        assert tally(await outcomes_of(run)) == {"succeeded": 2}
    with pytest.raises(ConfigurationError, match="opened once"):
        await run.__aenter__()


async def test_two_consumers(ace: AceData, sandbox: Sandbox) -> None:
    """They share the outcomes: each goes to one of them, and both come to the end."""
    async with ace.producer.bulk(songs(40)) as run:
        one, other = await asyncio.gather(outcomes_of(run), outcomes_of(run))
    assert len({outcome.key for outcome in one + other}) == len(one) + len(other) == 40


async def test_cancelled_wait_for_an_outcome_loses_none(ace: AceData, sandbox: Sandbox) -> None:
    """Looking for the next outcome for a short while only is allowed."""
    outcomes: list[BulkOutcome] = []
    async with ace.producer.bulk(songs(20)) as run:
        while len(outcomes) < 20:
            waiting = asyncio.ensure_future(anext(run))
            for _ in range(len(outcomes) * 7 % 60 + 1):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
            if not waiting.cancelled():
                outcomes.append(waiting.result())
    assert tally(outcomes) == {"succeeded": 20}


async def test_waiting_consumer_comes_to_an_end(ace: AceData, sandbox: Sandbox) -> None:
    """Another task that iterates is let go when the run is left."""
    async with ace.producer.bulk(songs(5)) as run:
        consumer = asyncio.create_task(outcomes_of(run))
        await until(lambda: sandbox.stats.submissions)
    assert {one.state for one in await consumer} <= {"skipped"}


async def test_outcomes_can_be_read_after_leaving(ace: AceData, sandbox: Sandbox) -> None:
    """What had come before is still there; nothing new comes."""
    async with ace.producer.bulk(songs(5)) as run:
        await until(lambda: run.stats.ended.get("succeeded") == 5)
        for _ in range(50):
            await asyncio.sleep(0)
    assert run.stats.stopped is None
    assert tally(await outcomes_of(run)) == {"succeeded": 5}
    assert await outcomes_of(run) == []
