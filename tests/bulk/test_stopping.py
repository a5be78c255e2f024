"""A run that is told to stop: what was sent is carried to its end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from acedata_async import AceData
from acedata_async.ledger import Ledger, MemoryLedger, NewEntry, Withdrawn
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    cover,
    finished,
    marked,
    outcomes_of,
    song,
    songs,
    tally,
)
from tests.patience import until


async def test_stop_and_iterate_on(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """What was sent is carried to its end; the rest is skipped, with the reason."""
    directory = tmp_path / "out"
    async with ace.producer.bulk(songs(6), ledger=ledger, directory=directory) as run:
        await until(lambda: sandbox.stats.submissions == 3)
        run.stop()
        outcomes = await outcomes_of(run)
        assert run.stats.stopped == "stop() was called"
    assert tally(outcomes) == {"saved": 3, "skipped": 3}
    assert {one.reason for one in outcomes if one.state == "skipped"} == {"stop() was called"}
    await finished(sandbox, ledger, directory)


async def test_stop_although_the_requests_go_on(ace: AceData, sandbox: Sandbox) -> None:
    """A source that waits for more does not keep a stopped run from its end."""
    closed = asyncio.Event()

    async def queue() -> AsyncIterator[dict[str, Any]]:
        try:
            for one in songs(3):
                yield one
            await asyncio.Event().wait()
        finally:
            closed.set()

    async with ace.producer.bulk(queue()) as run:
        await until(lambda: run.stats.submitted == 3)
        run.stop()
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 3}
    assert closed.is_set()


async def test_stop_without_end_of_requests(ace: AceData, sandbox: Sandbox) -> None:
    """Of endless requests no more are taken in."""

    def endless() -> Iterator[dict[str, Any]]:
        number = 0
        while True:
            number += 1
            yield song(prompt=f"Song {number}")

    async with ace.producer.bulk(endless()) as run:
        await until(lambda: run.stats.submitted == 3)
        run.stop()
        outcomes = await outcomes_of(run)
    assert tally(outcomes)["succeeded"] == sandbox.stats.submissions
    assert len(outcomes) < 300


async def test_stop_while_a_source_is_looked_for(ace: AceData, sandbox: Sandbox) -> None:
    """What waits for an unknown song does not keep a stopped run from its end."""
    requests = [marked("a", "cut-before-accept"), cover("b", "a"), song("c")]
    async with ace.producer.bulk(requests) as run:
        await until(lambda: run.stats.looked_for)
        run.stop()
        outcomes = await outcomes_of(run)
    assert {one.key: one.state for one in outcomes}["b"] == "skipped"
    assert len(outcomes) == 3


async def test_stop_while_absence_is_waited_for(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, ledger: Ledger | Path
) -> None:
    """A stopped run does not wait ten minutes to know what it would not send again."""
    requests = [song("a"), marked("b", "cut-before-accept"), song("c")]
    async with ace.producer.bulk(
        requests, ledger=ledger, on_unknown="resubmit_absent", max_in_flight=1
    ) as run:
        await until(lambda: run.stats.ended.get("succeeded") == 2)
        run.stop()
        outcomes = await outcomes_of(run)
    assert {one.key: one.state for one in outcomes}["b"] == "unknown"
    assert clock.elapsed < 120


async def test_stop_during_a_pause(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """Nothing is waited for that would not be sent."""
    sandbox.inject("error-502-after-accept", times=3)
    async with ace.producer.bulk(songs(12), max_in_flight=3) as run:
        await until(lambda: run.stats.paused)
        run.stop()
        outcomes = await outcomes_of(run)
    assert tally(outcomes)["skipped"] == 9
    assert clock.elapsed < 30


async def test_withdrawn(ace: AceData, sandbox: Sandbox) -> None:
    """What is withdrawn before its call goes out is not sent; all else is, and is what is paid."""
    ledger = MemoryLedger(now=sandbox.clock.time)
    await ledger.add([NewEntry(key=one["key"], request=one) for one in (song("a"), song("b"))])
    async with ace.producer.bulk(
        [song("a"), song("b"), song("c")], ledger=ledger, max_in_flight=1
    ) as run:
        outcomes = {}
        async for outcome in run:
            outcomes[outcome.key] = outcome.state
            if len(outcomes) == 1:
                await ledger.withdraw("c")
    assert outcomes == {"a": "succeeded", "b": "succeeded", "c": "skipped"}
    withdrawn = await ledger.get("c")
    assert withdrawn is not None
    assert withdrawn.state == "failed"
    assert withdrawn.error is not None
    assert withdrawn.error.type == Withdrawn.__name__
    assert (sandbox.stats.submissions, (await ledger.totals()).paid) == (2, 2)
