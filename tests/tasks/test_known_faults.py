"""Faults that other coalescers of requests had, each tried here and counted at the vendor."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from acedata_async import (
    AceData,
    Audio,
    Event,
    PollPolicy,
    Task,
    TaskFinal,
    TaskNotFound,
    TaskWatcher,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.patience import until
from tests.tasks.watching import NOBODYS, Witness, client, finals

Songs = list[TaskWatcher[list[Audio]]]

FAULTS = [
    "lookup-500",
    "lookup-429",
    "lookup-429-retry-after",
    "lookup-cut",
    "lookup-truncated",
    "lookup-hang",
    "batch-empty-count",
    "batch-too-large-413",
]


async def order(ace: AceData, number: int) -> Songs:
    """Submit songs and return their watchers."""
    return list(await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(number))))


async def end(*waits: asyncio.Task[Any]) -> None:
    """Cancel waits and see them off."""
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)


# A timer that is left set after an error, so that nobody polls any more.


@pytest.mark.parametrize("number", [1, 30])
@pytest.mark.parametrize("fault", FAULTS)
async def test_polling_goes_on_after_an_error(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, fault: str, number: int
) -> None:
    """After an error, and when all who met it have left, whoever comes next is served in time."""
    watchers = await order(ace, number)
    sandbox.inject(fault, times=2)
    first = [asyncio.create_task(watcher.wait()) for watcher in watchers]
    await clock.advance(5)
    assert sandbox.stats.lookups >= 1
    await end(*first)
    await asyncio.gather(*(watcher.wait() for watcher in watchers))
    assert clock.elapsed < 40


async def test_polling_goes_on_after_an_error_while_others_wait(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Whoever joins in the pause after an error is not forgotten, nor are those who stay."""
    early, late = await order(ace, 2)
    sandbox.inject("lookup-500", times=1)
    waiting = asyncio.create_task(early.wait())
    await until(lambda: sandbox.stats.statuses.get(500))
    joined = asyncio.create_task(late.wait())
    assert (await waiting).state == (await joined).state == "succeeded"
    assert clock.elapsed < 16


# Ids that join during a poll, judged by its answer.


async def test_who_joins_during_a_lookup_is_not_judged_by_its_answer() -> None:
    """An answer that tells of a task that was not asked about is not believed in that."""
    async with Sandbox(seed=1, durations=20.0, latency=1.5) as sandbox:
        ids: list[str] = []

        def gossip(asked: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any]:
            """Add the failure of every task that was not asked about."""
            lies = [
                {"id": one, "finished_at": 1.0, "response": {"success": False, "error": "no"}}
                for one in ids
                if one not in asked
            ]
            return body | {"items": body["items"] + lies} if "items" in body else body

        witness = Witness(sandbox, gossip)
        ace = client(sandbox, transport=witness)
        watchers = await order(ace, 8)
        ids = [str(watcher.id) for watcher in watchers]
        waits = []
        # Each pair joins while a lookup for those before it is under way.
        for one, other in zip(watchers[::2], watchers[1::2], strict=True):
            waits += [asyncio.create_task(watcher.wait()) for watcher in (one, other)]
            begun = len(witness.lookups)
            await until(lambda: len(witness.lookups) > begun)  # noqa: B023 - used at once
        assert max(len(look.task_ids) for look in witness.lookups) > 1
        assert {(await wait).state for wait in waits} == {"succeeded"}


async def test_unknown_id_that_joins_during_a_lookup_gets_lookups_of_its_own() -> None:
    """It is called unknown half a minute after its own first lookup, not by another's answer."""
    async with Sandbox(seed=1, durations=60.0, latency=2.0) as sandbox:
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness)
        [watcher] = await order(ace, 1)
        waiting = asyncio.create_task(watcher.wait())
        await until(lambda: sandbox.stats.in_flight)
        with pytest.raises(TaskNotFound):
            await ace.producer.watch(NOBODYS)
        first, *_, last = witness.moments(NOBODYS)
        assert witness.lookups[0].task_ids == (watcher.id,)
        assert last - first >= 28
        assert (await waiting).state == "succeeded"


# The set of ids changed while it is used.


class Meddler:
    """An observer that begins a wait and drops another, in the midst of every piece of news."""

    def __init__(self, *, greedy: bool) -> None:
        self.watchers: Songs = []
        self._greedy = greedy
        self._begun: list[Any] = []
        self.meddled = 0

    def __call__(self, _: Event) -> None:
        """Begin the wait for the next task; drop an earlier one."""
        if len(self._begun) > (3 if self._greedy else 0):
            self._begun.pop(0).close()
        if self.watchers:
            watcher = self.watchers.pop()
            wait = watcher.wait()
            with suppress(StopIteration):
                wait.send(None)  # runs until it waits, without a turn of the event loop
            self._begun.append(wait)
            self.meddled += 1

    def end(self) -> None:
        """Drop all waits."""
        while self._begun:
            self._begun.pop().close()


@pytest.mark.parametrize("greedy", [True, False])
async def test_waits_that_begin_and_end_in_the_midst_of_an_answer(*, greedy: bool) -> None:
    """An observer that joins and leaves while an answer is taken in spoils nobody's news."""
    async with Sandbox(seed=1, durations=(10.0, 14.0)) as sandbox:
        meddler = Meddler(greedy=greedy)
        ace = client(sandbox, observers=[meddler])
        watchers = await order(ace, 120)
        meddler.watchers = watchers[40:] + [ace.producer.watch(str(w.id)) for w in watchers]
        tasks = await asyncio.gather(*(watcher.wait() for watcher in watchers[:40]))
        assert {task.state for task in tasks} == {"succeeded"}
        assert meddler.meddled > 50
        meddler.end()
        await until(lambda: not len(ace.producer._poller._roster))  # once the last answer is there


@pytest.mark.parametrize("seed", range(5))
async def test_news_that_make_others_come_and_go(seed: int) -> None:
    """Whoever is woken cancels some waits and begins others; all that are left get their news."""
    async with Sandbox(seed=seed, durations=(5.0, 30.0), latency=0.4) as sandbox:
        ace = client(sandbox)
        rng = random.Random(seed)
        watchers = await order(ace, 60)
        waits: dict[asyncio.Task[Task], None] = {}

        async def wait(watcher: TaskWatcher[Any], *, meddling: bool) -> Task:
            task = await watcher.wait()
            if meddling:
                rng.choice(list(waits)).cancel()
                begin(rng.choice(watchers), meddling=False)
                begin(await ace.producer.generate("More"), meddling=False)
            return task

        def begin(watcher: TaskWatcher[Any], *, meddling: bool) -> None:
            waits[asyncio.create_task(wait(watcher, meddling=meddling))] = None

        for watcher in watchers:
            begin(watcher, meddling=True)
        while not all(one.done() for one in waits):
            await asyncio.wait(waits)
        ended = [one.result().state for one in waits if not one.cancelled()]
        assert len(ended) > 60
        assert set(ended) == {"succeeded"}
        assert len(ace.producer._poller._roster) == 0


# One waiter's cancelling that kills the shared answer, or strands those who follow.


@pytest.mark.parametrize("rank", [0, 1, 2])
async def test_cancel_during_the_shared_lookup_costs_the_others_nothing(rank: int) -> None:
    """Whoever of three leaves during the lookup: the others get their news from that very one."""
    counts = set()
    for leaves in (False, True):
        async with Sandbox(seed=1, durations=5.0, latency=2.0) as sandbox:
            ace = client(sandbox)
            [watcher] = await order(ace, 1)
            waits = [asyncio.create_task(watcher.wait()) for _ in range(3)]
            await until(lambda: sandbox.stats.in_flight)
            if leaves:
                await end(waits.pop(rank))
            assert {(await wait).state for wait in waits} == {"succeeded"}
            counts.add(sandbox.stats.lookups)
    assert len(counts) == 1


async def test_who_comes_after_all_left_shares_the_lookup_under_way() -> None:
    """A lookup that nobody waits for any more still serves who comes before its answer."""
    async with Sandbox(seed=1, durations=3.5, latency=1.0) as sandbox:
        ace = client(sandbox)
        [watcher] = await order(ace, 1)
        waiting = asyncio.create_task(watcher.wait())
        await until(lambda: sandbox.stats.in_flight)
        await end(waiting)
        assert (await watcher.wait()).state == "succeeded"
        assert sandbox.stats.lookups == 1


# A batch that runs on after everybody left.


@pytest.mark.parametrize("seconds", [0.0, 3.9, 4.5, 6.0, 9.0, 13.3])
async def test_nothing_is_asked_after_all_left(seconds: float) -> None:
    """When the last waiter leaves, the lookup under way ends, and no other follows."""
    clock = ManualClock()
    async with Sandbox(seed=1, durations=60.0, latency=1.0, clock=clock) as sandbox:
        ace = client(sandbox)
        watchers = await order(ace, 60)
        waits = [asyncio.create_task(watcher.wait()) for watcher in watchers]
        await clock.advance(seconds)
        before = sandbox.stats
        await end(*waits)
        if not before.in_flight:
            assert clock._next_due() is None  # not even a timer is left
        await clock.advance(600)
        assert sandbox.stats.lookups - before.lookups == before.in_flight
        assert sandbox.stats.in_flight == 0
        assert len(ace.producer._poller._roster) == 0


# A map of results that grows for ever.


async def alive(things: list[weakref.ref[Any]]) -> int:
    """Return how many are left once everything that is garbage has been collected."""
    await asyncio.sleep(0)
    gc.collect()
    return sum(thing() is not None for thing in things)


async def test_nothing_of_a_thousand_tasks_is_kept() -> None:
    """What was awaited is let go: a few while another wait goes on for ever, all after it."""
    async with Sandbox(seed=1, durations=(10.0, 14.0)) as sandbox:
        ace = client(sandbox)
        others = await order(ace, 1000)
        sandbox.inject("never")
        endless = asyncio.create_task((await ace.producer.generate("Endless")).wait())
        tasks = [weakref.ref(await watcher.wait()) for watcher in others]
        watchers = [weakref.ref(watcher) for watcher in others]
        del others
        assert await alive(watchers) == 0
        assert await alive(tasks) <= 70
        roster = ace.producer._poller._roster
        assert len(roster) == 1
        assert len(roster._agenda._due._heap) + len(roster._deadlines) <= 70
        await end(endless)
        assert await alive(tasks) == 0
        assert (len(roster), roster._agenda._due._heap, len(roster._deadlines)) == (0, [], 0)
        assert ace._crew._running == {}


async def test_nothing_of_a_thousand_waits_that_were_given_up_is_kept(sandbox: Sandbox) -> None:
    """Cancelled and expired waits leave no trace either."""
    ace = client(sandbox)
    sandbox.inject("never")
    others = await order(ace, 1000)
    endless = asyncio.create_task((await ace.producer.generate("Endless")).wait())
    given_up = [asyncio.create_task(watcher.wait(timeout=5)) for watcher in others]
    await until(lambda: sandbox.stats.lookups)
    await end(*given_up[::2])
    await asyncio.gather(*given_up[1::2], return_exceptions=True)
    watchers = [weakref.ref(watcher) for watcher in others]
    del others, given_up
    assert await alive(watchers) == 0
    assert len(ace.producer._poller._roster) == 1
    assert len(ace.producer._poller._roster._deadlines) <= 70
    await end(endless)
    assert ace.producer._poller._roster._agenda._due._heap == []


# A deadline overrun by a poll that hangs.


@pytest.mark.parametrize("timeout", [0.0, 4.5, 10.0, 25.0])
async def test_wait_ends_at_its_deadline_although_lookups_hang(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, timeout: float
) -> None:
    """Each kind of wait ends by its own deadline, not by that of a lookup that gets no answer."""
    sandbox.inject("lookup-hang")
    one, *others = await order(ace, 4)
    ends: list[float] = []

    async def note(wait: Any) -> None:
        with pytest.raises(WatchTimeout):
            await wait
        ends.append(clock.elapsed)

    watched = ace.producer.watch_many([str(watcher.id) for watcher in others])
    await asyncio.gather(
        note(one.result(timeout=timeout)),
        note(one.wait(timeout=timeout + 1)),
        note(watched.results(timeout=timeout + 2)),
    )
    assert ends == pytest.approx([timeout, timeout + 1, timeout + 2], abs=0.01)


async def test_news_end_at_the_deadline_although_lookups_hang(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    """So does following the news, by the policy's deadline."""
    ace = client(sandbox, poll=PollPolicy(deadline=7.0))
    sandbox.inject("lookup-hang")
    [watcher] = await order(ace, 1)

    async def follow() -> None:
        async for _ in watcher:
            pytest.fail("there is no news")

    with pytest.raises(WatchTimeout):
        await follow()
    assert clock.elapsed == pytest.approx(7.0, abs=0.01)


# What runs in the background, collected as garbage.


@pytest.fixture
def young_garbage() -> Iterator[None]:
    """Make the collector look at what the test made only, which is quick."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("young_garbage")
@pytest.mark.parametrize("fault", [None, "lookup-500", "lookup-hang"])
async def test_nothing_at_work_is_collected_as_garbage(sandbox: Sandbox, fault: str | None) -> None:
    """Who holds nothing but the coroutine of a wait gets the song, however often gc runs."""
    if fault:
        sandbox.inject(fault, times=1)
    events: list[Event] = []

    async def wait_alone() -> Any:
        return (await client(sandbox, observers=[events.append]).producer.generate("A")).result()

    wait = asyncio.ensure_future(await wait_alone())
    while not wait.done():
        gc.collect()
        await asyncio.sleep(0)
    assert wait.result()[0].audio_url
    assert [type(event) for event in finals(events)] == [TaskFinal]
