"""Breaking a run off at any moment, and running it again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from acedata_async import (
    AceData,
    BulkRun,
)
from acedata_async.bulk.intake import Requests
from acedata_async.ledger import Ledger, MemoryLedger
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.bulk.conftest import (
    check_files,
    cover,
    entries_of,
    make,
    song,
    songs,
    tally,
)
from tests.patience import until


async def begin(ace: AceData, requests: Requests, **options: Any) -> asyncio.Task[None]:
    """Start a run that somebody is going to break off."""

    async def consume() -> None:
        async with ace.producer.bulk(requests, **options) as run:
            async for _ in run:
                pass

    return asyncio.create_task(consume())


async def break_off(consumer: asyncio.Task[None]) -> bool:
    """Cancel a consumer and wait for it; say whether it had ended before."""
    ended = consumer.done()
    consumer.cancel()
    await asyncio.wait([consumer])
    if not consumer.cancelled():
        consumer.result()
    return ended


async def pass_by(run: BulkRun, sandbox: Sandbox, seconds: float) -> None:
    """Let a run go on for some time, or to its end."""
    clock = sandbox.clock
    leaves = clock.monotonic() + seconds
    await until(lambda: clock.monotonic() >= leaves or sum(run.stats.ended.values()) == run.total)


@pytest.mark.parametrize(("latency", "step"), [(0.0, 1), (0.4, 5)])
async def test_broken_off_at_every_turn_of_the_event_loop(latency: float, step: int) -> None:
    """A ledger in memory, and a cut after any number of turns: each song is paid for once."""
    turns, ended = 0, False
    while not ended:
        clock = ManualClock()
        async with Sandbox(clock=clock, seed=1, durations=3.0, latency=latency) as sandbox:
            ace, ledger = sandbox.client(seed=1), MemoryLedger(now=clock.time)
            requests = [song("a"), cover("b", "a")]
            consumer = await begin(ace, requests, ledger=ledger)
            for _ in range(turns):
                await asyncio.sleep(0)
            ended = await break_off(consumer)
            outcomes = await make(ace, requests, ledger=ledger)
            assert tally(outcomes.values()) == {"succeeded": 2}, turns
            assert sandbox.stats.submissions == 2, turns
            assert sandbox.stats.submission_requests == 2, turns
        turns += step
    assert turns > 100


@pytest.mark.parametrize(
    ("seconds", "kept"),
    [(0, 0), (0.12, 0), (0.31, 0), (9, 0), (12.2, 0), (12.6, 0), (9, 1), (9, 4)],
)
async def test_broken_off_again_and_again(  # noqa: PLR0917 - fixtures
    ace: AceData,
    sandbox: Sandbox,
    ledger: Ledger | Path,
    tmp_path: Path,
    seconds: float,
    kept: int,
) -> None:
    """Cut after some time and so many outcomes, over and over: all files are whole in the end."""
    requests, directory = songs(6), tmp_path / "out"
    for _ in range(4):
        heard = 0
        async with ace.producer.bulk(requests, ledger=ledger, directory=directory) as run:
            await pass_by(run, sandbox, seconds)
            async for _ in run:
                heard += 1
                if heard > kept:
                    break
    outcomes = await make(ace, requests, ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 6
    assert {entry.state for entry in (await entries_of(ledger)).values()} == {"saved"}


@pytest.mark.parametrize("turns", range(0, 8000, 350))
async def test_consumer_cancelled_while_files_come(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path, turns: int
) -> None:
    """Cancelled at any moment, with files and all: no half file stays, no song is paid twice."""
    requests, directory = songs(4), tmp_path / "out"
    consumer = await begin(ace, requests, ledger=ledger, directory=directory)
    for _ in range(turns):
        await asyncio.sleep(0)
    await break_off(consumer)
    outcomes = await make(ace, requests, ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 4
