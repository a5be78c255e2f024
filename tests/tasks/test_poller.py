"""Looking many tasks up, through everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import logging
import random

import pytest

from acedata_async import (
    AceData,
    AuthenticationError,
    ConnectionFailed,
    MalformedResponse,
    PollPolicy,
    RateLimited,
    ServerError,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.tasks.endpoint import TaskEndpoint
from acedata_async.testing import ManualClock

NOBODYS = "11111111-2222-3333-4444-555555555555"

LOOKUP_FAULTS = [
    "lookup-500",
    "lookup-502-html",
    "lookup-429",
    "lookup-429-retry-after",
    "lookup-cut",
    "lookup-cut-body",
    "lookup-truncated",
    "lookup-hang",
    "lookup-not-json",
    "batch-empty-count",
    "batch-foreign",
    "batch-duplicates",
    "batch-too-many-400",
    "batch-too-large-413",
]


async def make(ace: AceData, number: int) -> list[str]:
    """Submit songs, await them all at once, and return the ids of those that came."""
    watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(number)))
    songs = await asyncio.gather(*(watcher.result() for watcher in watchers))
    return [str(song[0].task_id) for song in songs]


async def test_two_hundred_songs_for_half_a_lookup_each(ace: AceData, sandbox: Sandbox) -> None:
    """Everything due shares its lookups."""
    assert len(set(await make(ace, 200))) == 200
    assert sandbox.stats.submissions == 200
    assert sandbox.stats.lookups <= 100


async def test_ten_submissions_awaited_afterwards(ace: AceData, sandbox: Sandbox) -> None:
    """Submitting is never held back by what is in flight."""
    watchers = [await ace.producer.generate(f"Song {n}") for n in range(10)]
    assert sandbox.stats.lookups == 0
    assert len([await watcher for watcher in watchers]) == 10


@pytest.mark.parametrize("fault", LOOKUP_FAULTS)
async def test_every_song_arrives_although_a_third_of_lookups_fail(
    ace: AceData, sandbox: Sandbox, fault: str
) -> None:
    """A failed lookup never ends a wait."""
    sandbox.inject(fault, probability=0.3)
    assert len(await make(ace, 60)) == 60
    assert sandbox.stats.submissions == 60


async def test_every_song_arrives_although_everything_fails_at_times(
    ace: AceData, sandbox: Sandbox
) -> None:
    """All faults together change nothing but the time it takes."""
    for fault in LOOKUP_FAULTS:
        sandbox.inject(fault, probability=0.1)
    assert len(await make(ace, 60)) == 60


async def test_outage_is_waited_out_without_a_storm(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """While lookups fail they become rare; afterwards all songs come at once."""
    watchers = [await ace.producer.generate(f"Song {n}") for n in range(20)]
    sandbox.inject("lookup-502-html")
    waiting = asyncio.gather(*(watcher.result() for watcher in watchers))
    await clock.advance(120)
    assert sandbox.stats.lookups < 15
    sandbox.clear_faults()
    assert len(await waiting) == 20
    assert clock.elapsed < 160


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


async def test_truncated_pages_are_found_out() -> None:
    """A page of twelve is noticed: all songs arrive, for few lookups each."""
    async with Sandbox(seed=1, durations=12.0, page_size=12) as sandbox:
        ace = sandbox.client(seed=1)
        assert len(await make(ace, 100)) == 100
        assert sandbox.stats.lookups <= 200


async def test_large_batches_are_made_smaller(ace: AceData, sandbox: Sandbox) -> None:
    """A refusal of the number of ids costs a few lookups, not the wait."""
    sandbox.inject("batch-too-large-413")
    assert len(await make(ace, 100)) == 100
    assert sandbox.stats.statuses[413] < 20


@pytest.mark.parametrize("seed", range(5))
async def test_random_cancelling_hurts_nobody_else(
    ace: AceData, sandbox: Sandbox, seed: int
) -> None:
    """Half of the waiters are cancelled at random: the others get their songs, nothing is left."""
    rng = random.Random(seed)
    watchers = [await ace.producer.generate(f"Song {n}") for n in range(40)]
    waits = [asyncio.create_task(watcher.result()) for watcher in watchers]
    cancelled = rng.sample(waits, 20)
    for wait in cancelled:
        for _ in range(rng.randrange(40)):
            await asyncio.sleep(0)
        wait.cancel()
    results = await asyncio.gather(*waits, return_exceptions=True)
    for wait, result in zip(waits, results, strict=True):
        assert isinstance(result, list) or (
            wait in cancelled and isinstance(result, asyncio.CancelledError)
        )
    await ace.aclose()
    await sandbox.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_last_waiter_ends_the_lookups(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """When all waiters are gone, nothing is asked and no timer is left."""
    watchers = [await ace.producer.generate(f"Song {n}") for n in range(5)]
    waits = [asyncio.create_task(watcher.result()) for watcher in watchers]
    await clock.advance(5)
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    lookups = sandbox.stats.lookups
    await clock.advance(600)
    assert sandbox.stats.lookups == lookups


async def test_wait_that_begins_during_a_lookup_is_not_judged_by_it() -> None:
    """An id that joins while a lookup is under way gets one of its own."""
    async with Sandbox(seed=1, durations=5.0, latency=3.0) as sandbox:
        ace = sandbox.client(seed=1)
        first = await ace.producer.generate("One")
        waiting = asyncio.create_task(first.result())
        second = await ace.producer.generate("Two")
        assert await second
        assert await waiting


async def test_deadline_is_kept_although_a_lookup_hangs(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A waiter leaves in time; why it knows nothing is the cause."""
    watcher = await ace.producer.generate("A song")
    sandbox.inject("lookup-500", times=1)
    sandbox.inject("lookup-hang")
    with pytest.raises(WatchTimeout) as caught:
        await watcher.result(timeout=10)
    assert clock.elapsed == pytest.approx(10)
    assert isinstance(caught.value.__cause__, ServerError)


async def test_policy_sets_interval_and_deadline(sandbox: Sandbox, clock: ManualClock) -> None:
    """The least interval and the deadline are the user's to choose."""
    ace = sandbox.client(seed=1, poll=PollPolicy(min_interval=5, deadline=30))
    sandbox.inject("never")
    with pytest.raises(WatchTimeout, match="30 s"):
        await (await ace.producer.generate("A song"))
    assert sandbox.stats.lookups == 6
    assert clock.elapsed == pytest.approx(30)


async def test_retrieve_one(ace: AceData, sandbox: Sandbox) -> None:
    """One lookup gives the record as it is now; an unknown id is an error."""
    watcher = await ace.producer.generate("A song")
    task = await ace.producer.retrieve(str(watcher.id))
    assert task.state == "pending"
    assert task.request["prompt"] == "A song"
    with pytest.raises(TaskNotFound, match=NOBODYS):
        await ace.producer.retrieve(NOBODYS)
    assert sandbox.stats.lookups_single == 2


async def test_retrieve_many(ace: AceData, sandbox: Sandbox) -> None:
    """Many ids cost a lookup for each fifty; unknown ones are absent; doubles are asked once."""
    ids = [str((await ace.producer.generate(f"Song {n}")).id) for n in range(120)]
    found = await ace.producer.retrieve_batch([*ids, ids[0], NOBODYS])
    assert set(found) == set(ids)
    assert sandbox.stats.ids_per_batch == (50, 50, 21)


async def test_retrieve_many_of_truncated_pages() -> None:
    """Truncated answers are asked for again until nothing is left out."""
    async with Sandbox(seed=1, page_size=12) as sandbox:
        ace = sandbox.client(seed=1)
        ids = [str((await ace.producer.generate(f"Song {n}")).id) for n in range(60)]
        assert set(await ace.producer.retrieve_batch(ids)) == set(ids)


async def test_retrieve_nothing_asks_nobody(ace: AceData, sandbox: Sandbox) -> None:
    """No ids, no request."""
    assert await ace.producer.retrieve_batch([]) == {}
    assert sandbox.stats.lookups == 0


async def test_retrieve_tries_again_what_may_heal(ace: AceData, sandbox: Sandbox) -> None:
    """A look on demand survives three failures; a fourth is raised."""
    watcher = await ace.producer.generate("A song")
    for fault in ("lookup-500", "lookup-cut", "lookup-429-retry-after"):
        sandbox.inject(fault, times=1)
    assert (await ace.producer.retrieve(str(watcher.id))).id == watcher.id


@pytest.mark.parametrize(
    ("fault", "kind", "lookups"),
    [
        ("lookup-500", ServerError, 4),
        ("lookup-429", RateLimited, 4),
        ("lookup-cut", ConnectionFailed, 4),
        ("lookup-not-json", MalformedResponse, 4),
        ("lookup-401", AuthenticationError, 1),
    ],
)
async def test_retrieve_gives_up_in_the_end(
    ace: AceData, sandbox: Sandbox, fault: str, kind: type[Exception], lookups: int
) -> None:
    """A look on demand ends with the error that kept it from an answer."""
    sandbox.inject(fault)
    with pytest.raises(kind):
        await ace.producer.retrieve(NOBODYS)
    assert sandbox.stats.lookups == lookups


async def test_unforeseen_error_in_a_lookup_leaves_nobody_waiting(
    ace: AceData, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a bug is treated like a failed lookup, and logged."""
    look = TaskEndpoint.look
    calls = 0

    async def broken(self: TaskEndpoint, task_ids: list[str]) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ZeroDivisionError
        return await look(self, task_ids)

    monkeypatch.setattr(TaskEndpoint, "look", broken)
    with caplog.at_level(logging.ERROR, "acedata_async"):
        assert await (await ace.producer.generate("A song"))
    assert "unforeseen" in caplog.text
