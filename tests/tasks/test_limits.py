"""Watching under the vendor's limits: of requests, of lookups, of ids a lookup."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async import AceData, Event, RateChanged
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.tasks.watching import Witness, client, finals


async def make(ace: AceData, number: int) -> list[str]:
    """Submit songs and await each, all at once; return the ids of those that came."""

    async def song(name: str) -> str:
        [made] = await (await ace.producer.generate(name))
        return str(made.task_id)

    return list(await asyncio.gather(*(song(f"Song {n}") for n in range(number))))


async def test_throttled_lookups_slow_everybody_once() -> None:
    """Under a limit of lookups a second, all songs arrive and few lookups are refused."""
    async with Sandbox(seed=1, durations=12.0, lookups_per_second=2) as sandbox:
        ace = sandbox.client(seed=1)
        assert len(await make(ace, 500)) == 500
        stats = sandbox.stats
        assert stats.statuses[429] <= stats.lookups / 2


async def test_retry_after_is_kept() -> None:
    """After a 429 nothing is asked for as long as the API wants."""
    clock = ManualClock(jump=False)
    async with Sandbox(seed=1, durations=12.0, clock=clock) as sandbox:
        ace = sandbox.client(seed=1)
        watcher = await ace.producer.generate("A song")
        sandbox.inject("lookup-429-retry-after", times=1)
        waiting = asyncio.create_task(watcher.result())
        for seconds, lookups in ((3.9, 0), (0.2, 1), (1.8, 1), (1.0, 2)):
            await clock.advance(seconds)
            assert sandbox.stats.lookups == lookups
        await clock.advance(20)
        assert await waiting


async def test_retry_after_holds_everybody_once() -> None:
    """Of several lookups that a limit strikes at once, the first slows all, and all just once."""
    events: list[Event] = []
    async with Sandbox(seed=1, durations=12.0, latency=1.0) as sandbox:
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness, observers=[events.append])
        watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(200)))
        sandbox.inject("lookup-429-retry-after", times=4)
        await asyncio.gather(*(watcher.wait() for watcher in watchers))
        refused = [event for event in events if isinstance(event, RateChanged)]
        assert sandbox.stats.statuses[429] == 4
        assert [event.reason for event in refused].count("refused") == 1
        struck = witness.lookups[3].moment + 1.0  # when the last of the four answers came
        assert not [look for look in witness.lookups if struck < look.moment < struck + 2.0]
        assert (ace.stats().max_lag or 0.0) < 12


@pytest.mark.parametrize("retry_after", [None, 2.0])
@pytest.mark.parametrize("seconds", [5.0, 12.0, (5.0, 30.0)])
async def test_joint_limit_of_submissions_and_lookups(
    seconds: float | tuple[float, float], retry_after: float | None
) -> None:
    """Under ten requests a second of any kind, a hundred songs arrive, each paid once, in time."""
    events: list[Event] = []
    async with Sandbox(
        seed=1, durations=seconds, requests_per_second=10, retry_after=retry_after
    ) as sandbox:
        ace = client(sandbox, observers=[events.append])
        assert len(set(await make(ace, 100))) == 100
        assert sandbox.stats.submissions == 100
        assert sandbox.stats.lookups <= 75
        assert sandbox.stats.statuses[429] <= 15
        assert max(told.lag or 0.0 for told in finals(events)) <= 4
        assert sandbox.clock.monotonic() <= 55


async def test_lookups_are_not_silenced_by_a_flood_of_submissions() -> None:
    """While hundreds of submissions wait for their turn, songs that end are noticed in time."""
    events: list[Event] = []
    async with Sandbox(seed=1, durations=3.0, requests_per_second=5) as sandbox:
        ace = client(sandbox, observers=[events.append])
        assert len(await make(ace, 200)) == 200
        assert sandbox.clock.monotonic() > 40  # so long does it take to submit them
        assert max(told.lag or 0.0 for told in finals(events)) <= 5
        assert sandbox.stats.submissions == 200


async def test_truncated_pages_are_found_out() -> None:
    """A page of twelve is noticed: after two lookups that were cut, each asks about a page."""
    async with Sandbox(seed=1, durations=12.0, page_size=12) as sandbox:
        ace = sandbox.client(seed=1)
        assert len(await make(ace, 100)) == 100
        asked = sandbox.stats.ids_per_batch
        assert sandbox.stats.lookups <= 60
        assert len([size for size in asked if size > 13]) <= 2
        assert (ace.stats().max_lag or 0.0) <= 3


@pytest.mark.parametrize(
    ("fault", "status"), [("batch-too-large-413", 413), ("batch-too-many-400", 400)]
)
async def test_large_batches_are_made_smaller(
    ace: AceData, sandbox: Sandbox, fault: str, status: int
) -> None:
    """A refusal of the number of ids costs one lookup in five at most, and nobody's wait."""
    sandbox.inject(fault)
    assert len(await make(ace, 100)) == 100
    assert sandbox.stats.lookups <= 60
    assert sandbox.stats.statuses[status] <= 12
    assert (ace.stats().max_lag or 0.0) <= 3
