"""Leaving a run in every way there is: nothing runs on, and nothing paid is forgotten."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from acedata_async import AceData, BulkRun, ClientClosed
from acedata_async.ledger import Entry, Ledger, MemoryLedger
from acedata_async.ledger.entry import Step
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    entries_of,
    finished,
    make,
    marked,
    outcomes_of,
    song,
    songs,
    states,
    tally,
)
from tests.patience import until


def of_bulk() -> set[str]:
    """Return the names of the asyncio tasks that belong to a run."""
    names = {task.get_name() for task in asyncio.all_tasks()}
    return {name for name in names if "bulk" in name or "reconciliation" in name}


@pytest.fixture(autouse=True)
async def complaints() -> AsyncIterator[list[Mapping[str, Any]]]:
    """What the event loop complains of, which is nothing."""
    said: list[Mapping[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    yield said
    gc.collect()
    await asyncio.sleep(0)
    assert not said


class SlowLedger(MemoryLedger):
    """Takes its time over one step, as a busy disk does."""

    def __init__(self, step: Step, clock: PatientClock) -> None:
        super().__init__(now=clock.time)
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        self._slow = step

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Wait before that step."""
        if step == self._slow:
            self.reached.set()
            await self.go_on.wait()
        return await super().apply(key, step, facts)


async def test_break_out_of_the_loop(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Sending stops at once; what is at the vendor is named, with its id."""
    directory = tmp_path / "out"
    async with ace.producer.bulk(
        songs(6), ledger=ledger, directory=directory, max_in_flight=3
    ) as run:
        async for outcome in run:
            assert outcome.state == "saved"
            break
    sent = sandbox.stats.submission_requests
    assert not of_bulk()
    held = await entries_of(ledger)
    under_way = {key: one.task_id for key, one in held.items() if one.state == "submitted"}
    assert run.stats.in_flight == under_way
    assert set(under_way.values()) <= set(sandbox.tasks)
    assert run.stats.stopped == "the run was left"
    assert "in flight" in repr(run)
    await asyncio.sleep(0.02)
    assert sandbox.stats.submission_requests == sent
    await finished(sandbox, ledger, directory)


async def test_exception_in_the_block(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """It comes out as it is."""
    directory = tmp_path / "out"
    runs: list[BulkRun] = []

    async def fail() -> None:
        async with ace.producer.bulk(songs(6), ledger=ledger, directory=directory) as run:
            runs.append(run)
            await until(lambda: sandbox.stats.submissions == 2)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not of_bulk()
    assert len(runs[0].stats.in_flight) == 2
    await finished(sandbox, ledger, directory)


async def test_cancelled_consumer(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Its cancellation comes out, and the run is left."""
    directory = tmp_path / "out"
    runs: list[BulkRun] = []

    async def consume() -> None:
        async with ace.producer.bulk(songs(6), ledger=ledger, directory=directory) as run:
            runs.append(run)
            async for _ in run:
                pass

    consumer = asyncio.create_task(consume())
    await until(lambda: sandbox.stats.submissions == 4)
    consumer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await consumer
    assert not of_bulk()
    assert set(runs[0].stats.in_flight.values()) <= set(sandbox.tasks)
    await finished(sandbox, ledger, directory)


async def test_leaving_is_not_cut_short(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Who is cancelled a second time while leaving leaves nothing behind either."""
    directory = tmp_path / "out"

    async def consume() -> None:
        async with ace.producer.bulk(songs(6), ledger=ledger, directory=directory) as run:
            await outcomes_of(run)

    consumer = asyncio.create_task(consume())
    await until(lambda: sandbox.stats.submissions == 2)
    for _ in range(50):
        consumer.cancel()
        await asyncio.sleep(0)
    await asyncio.wait([consumer])
    assert consumer.cancelled()
    assert not of_bulk()
    await finished(sandbox, ledger, directory)


async def test_leaving_is_not_cut_short_by_a_cancel_scope(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """The scopes of anyio repeat their cancellation at each wait."""
    directory = tmp_path / "out"
    with anyio.CancelScope() as scope:
        async with ace.producer.bulk(songs(6), ledger=ledger, directory=directory) as run:
            await until(lambda: sandbox.stats.submissions == 2)
            scope.cancel()
            await outcomes_of(run)
    assert scope.cancelled_caught
    assert not of_bulk()
    assert len(run.stats.in_flight) == 2
    assert all(run.stats.in_flight.values())
    await finished(sandbox, ledger, directory)


async def test_leaving_while_begin_is_written(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """After the block nothing is sent that is not known to be on its way."""
    ledger = SlowLedger("begin", clock)
    async with ace.producer.bulk([song("a")], ledger=ledger):
        await ledger.reached.wait()
        asyncio.get_running_loop().call_later(0.05, ledger.go_on.set)
    sent = sandbox.stats.submission_requests
    await asyncio.sleep(0.1)
    assert sandbox.stats.submission_requests == sent
    entry = (await entries_of(ledger))["a"]
    assert (entry.state, bool(entry.task_id)) == (
        ("submitted", True) if sent else ("pending", False)
    )
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "succeeded"}
    assert sandbox.stats.submissions == 1


async def test_leaving_while_accept_is_written(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """It waits until the id is kept, for the vendor will not tell it again."""
    ledger = SlowLedger("accept", clock)
    async with ace.producer.bulk([song("a")], ledger=ledger) as run:
        await ledger.reached.wait()
        clock.call_later(1.0, ledger.go_on.set)
    assert run.stats.in_flight == {"a": sandbox.tasks[0]}
    assert (await entries_of(ledger))["a"].task_id == sandbox.tasks[0]


async def test_call_that_hangs(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, clock: PatientClock
) -> None:
    """Leaving takes ten seconds at most; the next run looks for the call, and finds it."""
    requests = [marked("a", "hang-after-accept"), song("b")]
    async with ace.producer.bulk(requests, ledger=ledger) as run:
        await until(lambda: sandbox.stats.submissions == 2 and run.stats.submitted)
        left = clock.elapsed
    assert clock.elapsed - left == pytest.approx(10, abs=0.1)
    assert run.stats.in_flight == {"a": None, "b": sandbox.tasks[1]}
    outcomes = await make(ace, requests, ledger=ledger)
    assert states(outcomes) == {"a": "succeeded", "b": "succeeded"}
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 2


async def test_call_that_is_slow(clock: PatientClock, ledger: Ledger | Path) -> None:
    """Its answer is waited for, and its id kept."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, latency=4.0) as sandbox:
        ace = sandbox.client(seed=1)
        async with ace.producer.bulk(songs(6), ledger=ledger) as run:
            await until(lambda: run.stats.submitting == 5)
            await until(lambda: sandbox.stats.in_flight == 5)
            left = clock.elapsed
        assert 3 < clock.elapsed - left <= 4.1
        assert sorted(map(str, run.stats.in_flight.values())) == sorted(sandbox.tasks)
        assert len(sandbox.tasks) == 5
        assert tally((await make(ace, songs(6), ledger=ledger)).values()) == {"succeeded": 6}
        assert sandbox.stats.submissions == 6


async def test_client_that_is_closed_meanwhile(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """The run comes to its end: all that was sent keeps its id, the rest is skipped."""
    directory = tmp_path / "out"
    async with ace.producer.bulk(songs(6), ledger=ledger, directory=directory) as run:
        await until(lambda: run.stats.submitted == 3)
        await ace.aclose()
        outcomes = await outcomes_of(run)
    assert len(outcomes) == 6
    counts = tally(outcomes)
    assert set(counts) == {"submitted", "skipped"}
    assert counts["submitted"] == sandbox.stats.submissions
    assert {one.task_id for one in outcomes if one.state == "submitted"} == set(sandbox.tasks)
    assert all(isinstance(one.error, ClientClosed) for one in outcomes if one.state == "submitted")
    assert not of_bulk()
    await finished(sandbox, ledger, directory)


async def test_leaving_at_once(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """A block in which nothing happens does nothing."""
    async with ace.producer.bulk(songs(6), ledger=ledger, directory=tmp_path / "out"):
        pass
    assert sandbox.stats.submission_requests == 0
    assert not of_bulk()
    await finished(sandbox, ledger, tmp_path / "out")


async def test_error_of_the_requests_that_nobody_reads(ace: AceData, sandbox: Sandbox) -> None:
    """An iterator that raises is no noise where the block is left before."""

    def broken() -> Iterator[dict[str, Any]]:
        yield song("a")
        raise ZeroDivisionError

    async with ace.producer.bulk(broken()) as run:
        await until(lambda: run.stats.ended.get("succeeded") == 1)
        for _ in range(50):
            await asyncio.sleep(0)


async def test_no_task_is_left_behind(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Once client and vendor are closed too, the event loop is empty."""
    requests = [marked("x", "cut-before-accept"), *songs(30)]
    async with ace.producer.bulk(requests, ledger=ledger, directory=tmp_path / "out") as run:
        async for outcome in run:
            if outcome.state == "saved":
                break
    assert not of_bulk()
    await ace.aclose()
    await sandbox.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_leaving_while_calls_are_throttled(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, ledger: Ledger | Path
) -> None:
    """A call that waits for its turn is not sent any more, and is not waited for."""
    sandbox.inject("throttle")
    async with ace.producer.bulk(songs(6), ledger=ledger):
        await until(lambda: sandbox.stats.statuses.get(429, 0) >= 3)
        await clock.advance(0.1)
        left = clock.elapsed
    assert clock.elapsed - left < 6  # the clock may have jumped to a timer once
    sent = sandbox.stats.submission_requests
    await clock.advance(60)
    assert sandbox.stats.submission_requests == sent
    sandbox.clear_faults()
    assert tally((await make(ace, songs(6), ledger=ledger)).values()) == {"succeeded": 6}
    assert sandbox.stats.submissions == 6


async def test_nothing_is_logged_of_a_quiet_leave(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Leaving is no trouble, and no warning."""
    with caplog.at_level(logging.WARNING):
        async with ace.producer.bulk(songs(6), ledger=ledger) as run:
            async for _ in run:
                break
    assert not caplog.records
