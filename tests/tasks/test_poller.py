"""Looking many tasks up, through everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
import logging
import random
from statistics import mean
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    APIError,
    ConfigurationError,
    InvalidRequest,
    PollPolicy,
    ServerError,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.tasks.endpoint import TaskEndpoint
from acedata_async.testing import ManualClock
from tests.patience import until
from tests.tasks.watching import BASE

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


async def test_two_hundred_songs_for_about_half_a_lookup_each() -> None:
    """Everything due shares its lookups, also with songs of half a minute to a minute and more."""
    lookups, lags = [], []
    for seed in range(8):
        async with Sandbox(seed=seed) as sandbox:
            ace = sandbox.client(seed=seed)
            assert len(set(await make(ace, 200))) == 200
            assert sandbox.stats.submissions == 200
            lookups.append(sandbox.stats.lookups / 200)
            lags.append(ace.stats().mean_lag or 0.0)
    assert max(lookups) <= 0.56
    assert mean(lookups) <= 0.5
    assert max(lags) <= 1.7


async def test_two_hundred_short_songs(ace: AceData, sandbox: Sandbox) -> None:
    """Songs of twelve seconds cost a quarter of a lookup each."""
    assert len(set(await make(ace, 200))) == 200
    assert sandbox.stats.lookups <= 50


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


async def test_unforeseen_error_in_a_lookup_leaves_nobody_waiting(
    ace: AceData, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a bug is treated like a failed lookup, and logged."""
    look = TaskEndpoint.look
    calls = 0

    async def broken(self: TaskEndpoint, *arguments: Any) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ZeroDivisionError
        return await look(self, *arguments)

    monkeypatch.setattr(TaskEndpoint, "look", broken)
    with caplog.at_level(logging.ERROR, "acedata_async"):
        assert await (await ace.producer.generate("A song"))
    assert "unforeseen" in caplog.text


@pytest.mark.parametrize("task_id", ["\ud800", "a\nb", "x" * 201, " "])
async def test_id_that_cannot_be_sent_is_refused(
    ace: AceData, sandbox: Sandbox, task_id: str
) -> None:
    """One such id would spoil the lookups of all others."""
    with pytest.raises(InvalidRequest, match="task_id"):
        ace.producer.watch(task_id)
    with pytest.raises(InvalidRequest, match="task_id"):
        await ace.producer.retrieve_batch([task_id])
    with pytest.raises(InvalidRequest, match="a list of ids"):
        await ace.producer.retrieve_batch(5)  # type: ignore[arg-type]  # on purpose
    assert sandbox.stats.lookups == 0


async def test_nothing_is_asked_after_closing(ace: AceData, sandbox: Sandbox) -> None:
    """A wait that began in the round in which the client closes sends nothing any more."""
    watcher = await ace.producer.generate("A song")
    again = ace.producer.watch(str(watcher.id))
    waiting = asyncio.create_task(again.result())
    await asyncio.sleep(0)
    await ace.aclose()
    await asyncio.gather(waiting, return_exceptions=True)
    for _ in range(100):
        await asyncio.sleep(0)
    assert sandbox.stats.lookups == 0


async def test_wait_that_ended_during_a_lookup_is_not_asked_about_again() -> None:
    """When the only wait ends while its lookup is under way, that was the last one."""
    clock = ManualClock(jump=False)
    async with Sandbox(seed=1, durations=100.0, latency=2.0, clock=clock) as sandbox:
        ace = sandbox.client(seed=1)
        submission = asyncio.create_task(ace.producer.generate("A song"))
        await clock.advance(3)
        waiting = asyncio.create_task((await submission).result(timeout=2))
        await clock.advance(60)
        with pytest.raises(WatchTimeout):
            await waiting
        assert sandbox.stats.lookups == 1


async def test_lookup_that_is_cancelled_from_outside_is_made_up_for(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Whoever cancels all tasks of the event loop leaves no watcher hanging."""
    watcher = await ace.producer.generate("A song")
    sandbox.inject("lookup-hang", times=1)
    waiting = asyncio.create_task(watcher.result())
    await until(lambda: sandbox.stats.in_flight)
    for task in asyncio.all_tasks():
        if task.get_name() == "acedata: lookup":
            task.cancel()
    assert await waiting
    assert clock.elapsed < 60


async def test_one_id_that_the_api_refuses_hurts_nobody_else(clock: ManualClock) -> None:
    """An id that is answered by 400 has the trouble for itself."""
    poison = "refused by the API"

    async with Sandbox(seed=1, durations=60.0, clock=clock) as sandbox:
        inner = sandbox.transport()

        async def answer(request: httpx.Request) -> httpx.Response:
            if poison.encode() in request.content:
                return httpx.Response(400, json={"error": {"code": "bad_request", "message": "id"}})
            return await inner.handle_async_request(request)

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        ace = AceData("token", base_url=BASE, http_client=http, clock=clock, seed=1)
        watchers = [await ace.producer.generate(f"Song {n}") for n in range(100)]
        refused = asyncio.create_task(ace.producer.watch(poison).result(timeout=300))
        await asyncio.gather(*(watcher.result() for watcher in watchers))
        assert clock.elapsed < 70
        assert max(sandbox.stats.ids_per_batch[-5:]) > 20
        with pytest.raises(WatchTimeout) as caught:
            await refused
        assert isinstance(caught.value.__cause__, APIError)


async def test_closed_http_client_ends_waits(sandbox: Sandbox) -> None:
    """An injected client that its owner closes cannot heal: the wait ends at once."""
    http = httpx.AsyncClient(transport=sandbox.transport())
    ace = AceData("token", base_url=BASE, http_client=http, clock=sandbox.clock, seed=1)
    watcher = await ace.producer.generate("A song")
    await http.aclose()
    with pytest.raises(ConfigurationError, match=str(watcher.id)):
        await watcher


async def test_crowd_of_waiters_of_one_task_leaves_quickly(ace: AceData, sandbox: Sandbox) -> None:
    """Thousands of waits for one task end without ado, and nothing is kept of them."""
    watcher = await ace.producer.generate("A song")
    waits = [asyncio.create_task(watcher.wait()) for _ in range(3000)]
    await until(lambda: sandbox.stats.lookups)
    roster = ace.producer._poller._roster
    assert len(roster._deadlines) == 3000
    for wait in waits[1:]:
        wait.cancel()
    await asyncio.gather(*waits[1:], return_exceptions=True)
    assert len(roster) == 1
    assert len(roster._deadlines) <= 70
    assert (await waits[0]).state == "succeeded"
    assert (len(roster), len(roster._deadlines)) == (0, 0)
