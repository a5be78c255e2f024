"""Awaiting many tasks."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from acedata_async import (
    AceData,
    AuthenticationError,
    ClientClosed,
    InvalidRequest,
    TaskFailed,
    TaskNotFound,
    WatchSet,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock

NOBODYS = "11111111-2222-3333-4444-555555555555"


async def submit(ace: AceData, number: int) -> list[str]:
    """Submit songs and return their ids."""
    watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(number)))
    return [str(watcher.id) for watcher in watchers]


async def test_it_is_a_sequence_of_watchers(ace: AceData) -> None:
    """Length, order, index and slice follow the ids given; the call asks nobody."""
    ids = await submit(ace, 3)
    watched = ace.producer.watch_many([*ids, ids[0]])
    assert [watcher.id for watcher in watched] == ids
    assert len(watched) == 3
    assert watched[1].id == ids[1]
    assert [watcher.id for watcher in watched[1:]] == ids[1:]
    assert repr(watched) == "<WatchSet 0 of 3 done>"


async def test_results_come_in_order(ace: AceData, sandbox: Sandbox) -> None:
    """`results` gives each song at the place of its id, for few lookups."""
    ids = await submit(ace, 120)
    songs = await ace.producer.watch_many(ids).results()
    assert [song[0].task_id for song in songs] == ids
    assert sandbox.stats.lookups < 60
    assert max(sandbox.stats.ids_per_batch) == 50


async def test_iteration_yields_as_completed(clock: ManualClock) -> None:
    """Watchers come as their tasks end, each once and done."""
    async with Sandbox(clock=clock, durations=(5.0, 60.0)) as sandbox:
        ace = sandbox.client(seed=1)
        watched = ace.producer.watch_many(await submit(ace, 60))
        ends = []
        async for watcher in watched:
            assert watcher.done()
            assert watcher.task is not None
            assert watcher.task.finished_at is not None
            ends.append(watcher.task.finished_at.timestamp())
        assert len(ends) == 60
        assert all(later > earlier - 4 for earlier, later in pairwise(ends))
        assert [watcher async for watcher in watched] == list(watched)


async def test_ten_thousand_ids_in_one_call() -> None:
    """Ten thousand tasks are watched by one call and at most one lookup each."""
    async with Sandbox(seed=1, durations=12.0) as sandbox:
        ace = sandbox.client(seed=1)
        ids = await submit(ace, 10_000)
        lookups = sandbox.stats.lookups
        done = 0
        async for _ in ace.producer.watch_many(ids):
            done += 1
        assert done == 10_000
        assert sandbox.stats.lookups - lookups <= 10_000


async def test_failures_do_not_stop_the_others(ace: AceData, sandbox: Sandbox) -> None:
    """With return_exceptions, errors stand where results would."""
    ids = await submit(ace, 2)
    sandbox.inject("fail-F1", times=1)
    ids += await submit(ace, 1)
    results = await ace.producer.watch_many([*ids, NOBODYS]).results(return_exceptions=True)
    assert [type(result) for result in results] == [list, list, TaskFailed, TaskNotFound]


async def test_first_failure_is_raised(ace: AceData, sandbox: Sandbox) -> None:
    """Without return_exceptions, `results` raises."""
    sandbox.inject("fail-F1", times=1)
    with pytest.raises(TaskFailed):
        await ace.producer.watch_many(await submit(ace, 3)).results()


async def test_deadline_names_what_is_left(ace: AceData, sandbox: Sandbox) -> None:
    """When time is up, the finished ones were given out and the rest are named."""
    done = await submit(ace, 2)
    sandbox.inject("never")
    left = await submit(ace, 3)
    watched = ace.producer.watch_many(done + left)
    seen: set[str | None] = set()

    async def follow() -> None:
        async for watcher in watched.as_completed(timeout=40):
            seen.add(watcher.id)

    with pytest.raises(WatchTimeout) as caught:
        await follow()
    assert seen == set(done)
    assert set(caught.value.task_ids) == set(left)
    assert "are still running after 40 s" in str(caught.value)
    results = await ace.producer.watch_many(done + left).results(return_exceptions=True, timeout=40)
    assert [type(result) for result in results] == [list] * 2 + [WatchTimeout] * 3
    with pytest.raises(WatchTimeout):
        await ace.producer.watch_many(left).results(timeout=10)


async def test_refused_token_ends_the_set(ace: AceData, sandbox: Sandbox) -> None:
    """What cannot heal is raised once for all, with the ids."""
    ids = await submit(ace, 3)
    sandbox.inject("lookup-401")
    with pytest.raises(AuthenticationError, match=ids[0]):
        await ace.producer.watch_many(ids).results()


async def test_closing_the_client_ends_the_set(ace: AceData) -> None:
    """Closing ends the wait for all."""
    waiting = asyncio.create_task(ace.producer.watch_many(await submit(ace, 3)).results())
    await asyncio.sleep(0)
    await ace.aclose()
    with pytest.raises(ClientClosed, match="3 tasks"):
        await waiting


async def test_leaving_the_loop_ends_all_waits(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """After a break nothing is asked any more."""
    async for _ in ace.producer.watch_many(await submit(ace, 30)):
        break
    await asyncio.sleep(0)
    lookups = sandbox.stats.lookups
    await clock.advance(60)
    assert sandbox.stats.lookups == lookups


async def test_saved_set_is_taken_up_by_another_client(ace: AceData, sandbox: Sandbox) -> None:
    """The JSON form holds the ids alone, and another client finishes the work."""
    ids = await submit(ace, 3)
    text = ace.producer.watch_many(ids).to_json()
    assert json.loads(text) == {"form": "acedata-watchset", "version": 1, "task_ids": ids}
    other = sandbox.client(seed=2)
    songs = await other.producer.watch_many(WatchSet.read_ids(text)).results()
    assert len(songs) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"form": "acedata-watchset", "version": 2, "task_ids": []}',
        '{"form": "acedata-watchset", "version": 1}',
        '{"form": "acedata-watchset", "version": 1, "task_ids": "a"}',
        '{"form": "acedata-watchset", "version": 1, "task_ids": [1]}',
    ],
)
def test_other_texts_are_refused(text: str) -> None:
    """What `to_json` did not write is refused with a message."""
    with pytest.raises(InvalidRequest, match="allowed"):
        WatchSet.read_ids(text)
