"""How often one task is looked at."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from itertools import pairwise
from typing import Any

import pytest

from acedata_async import AceData, Audio, PollPolicy, TaskWatcher, WatchTimeout
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.tasks.watching import Witness, client

LEAST = PollPolicy().min_interval
HAIR = 1e-6
"""What rounding may take off an interval."""


async def restless(
    ace: AceData, watcher: TaskWatcher[list[Audio]], rng: random.Random, *, anew: bool
) -> None:
    """Wait in short steps, by turns cancelled and expired, until the song is there."""
    while not watcher.done():
        one = ace.producer.watch(str(watcher.id)) if anew else watcher
        wait = asyncio.create_task(one.wait(timeout=rng.choice([0.05, 0.3, 1.0, 5.0])))
        if rng.random() < 0.2:
            await asyncio.sleep(0)
            wait.cancel()
        [outcome] = await asyncio.gather(wait, return_exceptions=True)
        if not isinstance(outcome, BaseException):
            return


async def least_gap_of_crowd(number: int, least: float, latency: float) -> float:
    """Let a crowd come and go, and return the least time between two looks at one task."""
    async with Sandbox(seed=1, durations=(10.0, 60.0), latency=latency) as sandbox:
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness, poll=PollPolicy(min_interval=least))
        songs = (ace.producer.generate(f"Song {n}") for n in range(number))
        watchers = await asyncio.gather(*songs)
        rng = random.Random(number)
        others = [asyncio.create_task(watcher.wait()) for watcher in watchers[::3]]
        await asyncio.gather(
            *(restless(ace, watcher, rng, anew=False) for watcher in watchers), *others
        )
        return witness.least_gap()


@pytest.mark.parametrize("latency", [0.0, 1.5])
@pytest.mark.parametrize("least", [0.2, LEAST, 4.0])
async def test_least_interval_is_kept_whoever_comes_and_goes(least: float, latency: float) -> None:
    """A lone task is not looked at twice within `min_interval`, by joining or leaving."""
    assert await least_gap_of_crowd(1, least, latency) >= least - HAIR


@pytest.mark.parametrize("number", [40, 200])
async def test_least_interval_is_kept_in_a_crowd(number: int) -> None:
    """Nor are tasks that share their lookups."""
    assert await least_gap_of_crowd(number, LEAST, 0.0) >= LEAST - HAIR


async def test_least_interval_is_kept_by_watchers_made_anew() -> None:
    """The same holds where each wait is by a watcher of its own, as in a web service."""
    async with Sandbox(seed=1, durations=12.0) as sandbox:
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness)
        watcher = await ace.producer.generate("A song")
        await restless(ace, watcher, random.Random(1), anew=True)
        assert witness.least_gap() >= LEAST - HAIR


async def test_watchers_made_anew_share_the_seat_of_who_waits() -> None:
    """As long as anybody waits, a new watcher of the same task adds no look beyond its first."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness)
        watcher = await ace.producer.generate("A song")
        waiting = asyncio.create_task(watcher.wait())
        await restless(ace, watcher, random.Random(1), anew=True)
        await waiting
        assert witness.least_gap() >= LEAST - HAIR


async def lookups(*, known: bool, step: float | None) -> int:
    """Return what a song of two minutes costs, awaited at once or in steps of so many seconds."""
    async with Sandbox(seed=1, durations=120.0) as sandbox:
        ace = client(sandbox)
        if known:
            await (await ace.producer.generate("The first of its kind"))
        before = sandbox.stats.lookups
        watcher = await ace.producer.generate("A song")
        while not watcher.done():
            with suppress(WatchTimeout):
                await watcher.wait(timeout=step)
        return sandbox.stats.lookups - before


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("step", [0.1, 1.7])
async def test_waiting_in_short_steps_costs_no_more(step: float, *, known: bool) -> None:
    """Who comes back again and again makes about as many lookups as who stays."""
    plain, stepwise = [await lookups(known=known, step=one) for one in (None, step)]
    assert abs(stepwise - plain) <= 1


async def never_ending(ace: AceData, sandbox: Sandbox, witness: Witness) -> list[float]:
    """Wait 900 seconds for a task that never ends, and return when it was looked at."""
    sandbox.inject("never")
    watcher = await ace.producer.generate("A song")
    with pytest.raises(WatchTimeout):
        await watcher
    sandbox.clear_faults()
    return witness.moments(str(watcher.id))


async def test_lone_task_that_never_ends_is_looked_at_ever_less_often(
    sandbox: Sandbox, clock: ManualClock
) -> None:
    """In its 900 seconds a task of an unknown kind costs some hundred looks, ever further apart."""
    witness = Witness(sandbox)
    moments = await never_ending(client(sandbox, transport=witness), sandbox, witness)
    assert 60 <= len(moments) <= 120
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert all(later > earlier - HAIR for earlier, later in pairwise(gaps))
    assert gaps[-1] > 12
    assert clock.elapsed == pytest.approx(900)


async def test_lone_task_that_outlasts_its_kind_is_looked_at_ever_less_often(
    sandbox: Sandbox,
) -> None:
    """Beyond what its kind ever took, a task is looked at twice a minute in the end."""
    witness = Witness(sandbox)
    ace = client(sandbox, transport=witness)
    for _ in range(3):
        await (await ace.producer.generate("A song"))
    moments = await never_ending(ace, sandbox, witness)
    assert len(moments) <= 100
    assert min(later - earlier for earlier, later in pairwise(moments[-10:])) >= 27


async def test_crowd_that_never_ends_shares_its_looks(sandbox: Sandbox) -> None:
    """A hundred such tasks cost a few hundred lookups in 900 seconds, not ten thousand."""
    sandbox.inject("never")
    ace = client(sandbox)
    watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(100)))
    outcomes: list[Any] = await asyncio.gather(
        *(watcher.wait() for watcher in watchers), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {WatchTimeout}
    assert sandbox.stats.lookups <= 400
    assert sandbox.stats.lookups_single == 0


async def test_pace_says_how_eagerly_to_look() -> None:
    """The quicker the pace, the more lookups; twice the pace is about twice as many."""
    counts = []
    for pace in (0.1, 0.5, 1.0, 2.0, 10.0):
        async with Sandbox(seed=1, durations=40.0) as sandbox:
            ace = client(sandbox, poll=PollPolicy(pace=pace, min_interval=0.1))
            for _ in range(2):
                await (await ace.producer.generate("A song"))
            counts.append(sandbox.stats.lookups)
    assert counts == sorted(set(counts))
    slow, usual, quick = counts[1:4]
    assert 1.5 <= usual / slow <= 2.5
    assert 1.5 <= quick / usual <= 2.5


async def test_no_pace_breaks_the_least_interval() -> None:
    """However quick the pace, `min_interval` holds."""
    async with Sandbox(seed=1, durations=40.0) as sandbox:
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness, poll=PollPolicy(pace=10, min_interval=2.0))
        for _ in range(2):
            await (await ace.producer.generate("A song"))
        assert witness.least_gap() >= 2.0 - HAIR
