"""Requests that come from a queue: a run that stops does not wait for the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from acedata_async import AceData
from acedata_async.testing import ManualClock
from tests.bulk.conftest import REAL_SECONDS, outcomes_of, songs, tally
from tests.patience import until


async def queued(count: int) -> AsyncIterator[dict[str, Any]]:
    """Yield so many songs, and wait for ever for the next."""
    for one in songs(count):
        yield one
    await asyncio.Event().wait()


async def obliging(count: int) -> AsyncIterator[dict[str, Any]]:
    """Do the same, and end without a word when cancelled."""
    try:
        async for one in queued(count):
            yield one
    except asyncio.CancelledError:
        return


async def test_stopped_twice(ace: AceData) -> None:
    """The second stop changes nothing; what is under way comes to its end."""
    outcomes = []
    async with ace.producer.bulk(queued(3), max_in_flight=3) as run:
        async with asyncio.timeout(REAL_SECONDS):
            async for outcome in run:
                outcomes.append(outcome)
                run.stop("enough")
                run.stop("really enough")
        assert run.stats.stopped == "enough"
    assert tally(outcomes) == {"succeeded": 3}


async def test_run_that_stops_by_itself(ace: AceData) -> None:
    """A budget that is used ends the run although the source waits."""
    async with ace.producer.bulk(queued(4), max_in_flight=3, budget=2) as run:
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 2, "skipped": 2}


async def test_source_that_ends_when_cancelled(ace: AceData, clock: ManualClock) -> None:
    """Leaving takes no time: the songs under way are not waited for."""
    async with ace.producer.bulk(obliging(3), max_in_flight=3) as run:
        await until(lambda: run.stats.generating == 3)
        before = clock.elapsed
    assert clock.elapsed - before < 1.0
    assert len(run.stats.in_flight) == 3
