"""What a client tells of its tasks: events, figures, lag."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async import Event, PollPolicy, RateChanged, Task, TaskFinal, TaskSeen
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.tasks.watching import NOBODYS, Skewed, client, finals

KIND = "producer/generate/FUZZ-2.0 Pro"


async def test_crowd_is_told_of_and_counted() -> None:
    """Each of a crowd is told of once at its end; the figures are those of the vendor."""
    events: list[Event] = []
    async with Sandbox(seed=1, durations=(8.0, 30.0)) as sandbox:
        ace = client(sandbox, observers=[events.append])
        true_lags: dict[str, float] = {}

        async def follow(number: int) -> Task:
            task = await (await ace.producer.generate(f"Song {number}")).wait()
            assert task.finished_at is not None
            true_lags[task.id] = sandbox.clock.time() - task.finished_at.timestamp()
            return task

        await asyncio.gather(*(follow(number) for number in range(100)))
        told = finals(events)
        stats = ace.stats()
        assert {one.task_id: one.lag for one in told} == pytest.approx(true_lags, abs=0.01)
        assert len(told) == stats.tasks == 100
        assert {(one.state, one.kind) for one in told} == {("succeeded", KIND)}
        assert all(8 <= (one.seconds or 0.0) <= 30 for one in told)
        assert sum(one.lookups for one in told) <= sum(sandbox.stats.ids_per_batch) + 100
        assert stats.lookups == sandbox.stats.lookups
        assert stats.lookups_per_task == sandbox.stats.lookups / 100
        assert stats.mean_lag == pytest.approx(sum(true_lags.values()) / 100, abs=0.01)
        assert stats.max_lag == pytest.approx(max(true_lags.values()), abs=0.01)


async def test_task_is_seen_before_it_is_final(sandbox: Sandbox) -> None:
    """What is new in a running record is told once, whatever number of lookups shows it."""
    events: list[Event] = []
    ace = client(sandbox, observers=[events.append])
    sandbox.inject("preview")
    watcher = await ace.producer.generate("A song")
    await asyncio.gather(watcher.wait(), watcher.wait(), ace.producer.watch(str(watcher.id)))
    told = [event for event in events if isinstance(event, TaskSeen | TaskFinal)]
    assert [(type(event), event.state) for event in told] == [
        *[(TaskSeen, "running")] * (len(told) - 1),
        (TaskFinal, "succeeded"),
    ]
    assert len(told) >= 2
    assert {event.task_id for event in told} == {watcher.id}
    assert finals(events)[0].lookups == sandbox.stats.lookups


async def test_failed_task_is_told_of(sandbox: Sandbox) -> None:
    """A failure is an end like any other."""
    events: list[Event] = []
    ace = client(sandbox, observers=[events.append])
    sandbox.inject("fail-F1")
    await (await ace.producer.generate("A song")).wait()
    [told] = finals(events)
    assert (told.state, told.kind, told.lag is None) == ("failed", KIND, False)


async def test_end_that_a_refresh_found_is_told_once(sandbox: Sandbox, clock: ManualClock) -> None:
    """Whether a look of the user's or the watcher's own finds the end, it is told once."""
    events: list[Event] = []
    ace = client(sandbox, observers=[events.append], poll=PollPolicy(min_interval=60))
    watcher = await ace.producer.generate("A song")
    waiting = asyncio.create_task(watcher.wait())
    await clock.advance(13)
    await asyncio.gather(watcher.refresh(), watcher.refresh())
    await waiting
    await watcher.refresh()
    assert clock.elapsed < 20
    assert len(finals(events)) == 1


async def test_unknown_id_is_no_task(sandbox: Sandbox) -> None:
    """An id without a record is never told of."""
    events: list[Event] = []
    ace = client(sandbox, observers=[events.append])
    await asyncio.gather(ace.producer.watch(NOBODYS).wait(), return_exceptions=True)
    assert not [event for event in events if isinstance(event, TaskSeen | TaskFinal)]
    assert ace.stats().tasks == 0


async def test_rate_is_told_when_it_changes() -> None:
    """A 429 that slows the client, and each clean second that quickens it, is told."""
    events: list[Event] = []
    async with Sandbox(seed=1, durations=12.0, lookups_per_second=2) as sandbox:
        ace = client(sandbox, observers=[events.append])
        songs = [ace.producer.generate(f"Song {n}") for n in range(400)]
        watchers = await asyncio.gather(*songs)
        await asyncio.gather(*(watcher.wait() for watcher in watchers))
        changes = [event for event in events if isinstance(event, RateChanged)]
        assert {event.purpose for event in changes} == {"lookup"}
        assert {event.reason for event in changes} == {"clean", "refused"}
        assert all(0 < event.rate <= 50 for event in changes)
        assert ace.stats().rate_limited == sandbox.stats.statuses[429] > 0


async def lags(ahead: float) -> list[tuple[float, float]]:
    """Return lag as told and as it was, of songs at a vendor whose clock is `ahead` of ours."""
    events: list[Event] = []
    async with Sandbox(seed=1, durations=(10.0, 20.0)) as sandbox:
        clock = Skewed(sandbox.clock, -ahead)
        ace = client(sandbox, clock=clock, observers=[events.append])
        true: dict[str, float] = {}

        async def follow(number: int) -> None:
            task = await (await ace.producer.generate(f"Song {number}")).wait()
            assert task.finished_at is not None
            true[task.id] = sandbox.clock.time() - task.finished_at.timestamp()

        await follow(0)
        await asyncio.gather(*(follow(number) for number in range(1, 60)))
        return [(told.lag or 0.0, true[told.task_id]) for told in finals(events)]


@pytest.mark.parametrize("ahead", [0.0, -0.5, 3.0, -3.0, 100.0, -100.0, 1e6, -1e6])
async def test_lag_is_right_although_the_clocks_differ(ahead: float) -> None:
    """The vendor's clock may be ahead of ours or behind it: the lag is told as it was."""
    for told, true in await lags(ahead):
        assert told == pytest.approx(true, abs=0.1)


async def test_lag_is_never_too_long_where_the_clocks_nearly_agree() -> None:
    """A vendor's clock that is ahead by less than the news are late may be ours, and counts so."""
    for told, true in await lags(0.5):
        assert true - 0.5 - 0.01 <= told <= true + 0.01
