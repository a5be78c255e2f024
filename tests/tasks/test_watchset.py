"""Awaiting many tasks."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import pytest

from acedata_async import (
    AceData,
    Audio,
    AuthenticationError,
    ClientClosed,
    InvalidRequest,
    TaskFailed,
    TaskNotFound,
    TaskWatcher,
    WatchSet,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.kinds import SONG
from acedata_async.testing import ManualClock
from tests.tasks.watching import NOBODYS


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


async def test_watchers_are_made_when_they_are_needed(ace: AceData) -> None:
    """A set of many ids makes no watcher before it is asked for, and each of them once."""
    made: list[str] = []

    def watch(task_id: str) -> TaskWatcher[list[Audio]]:
        made.append(task_id)
        return ace.producer.watch(task_id)

    ids = [str(number) for number in range(10_000)]
    watched = WatchSet(ace.producer._poller, ids, watch)
    assert len(watched) == 10_000
    assert repr(watched) == "<WatchSet 0 of 10000 done>"
    assert json.loads(watched.to_json())["task_ids"] == ids
    assert made == []
    assert watched[-1] is watched[9999] is watched[9990:][-1]
    assert made == ["9999", *ids[9990:9999]]
    assert [watcher.id for watcher in watched] == ids
    assert sorted(made) == sorted(ids)
    assert watched[5] in watched
    with pytest.raises(IndexError):
        watched[10_000]


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
    """Ten thousand tasks are watched by one call, for little more than a lookup for each fifty."""
    async with Sandbox(seed=1, durations=(10.0, 14.0)) as sandbox:
        body = {"action": "generate", "prompt": "A song", "model": "FUZZ-2.0 Pro", "async": True}
        for _ in range(10_000):
            sandbox.app.vendor.accept(SONG, body, (), sandbox.clock.time())
        ids = sandbox.tasks
        ace = sandbox.client(seed=1)
        songs = await ace.producer.watch_many(ids).results()
        assert [made[0].task_id for made in songs] == ids
        asked = sum(sandbox.stats.ids_per_batch) + sandbox.stats.lookups_single
        assert sandbox.stats.lookups <= 1.1 * asked / 50
        assert sandbox.stats.lookups <= 700
        assert sandbox.stats.submission_requests == 0
        assert (ace.stats().mean_lag or 0.0) < 4


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
    ids = await submit(ace, 300)
    watched = ace.producer.watch_many(ids)
    with pytest.raises(WatchTimeout):
        await watched.results(timeout=5)
    text = watched.to_json()
    assert json.loads(text) == {"form": "acedata-watchset", "version": 1, "task_ids": ids}
    await ace.aclose()
    other = sandbox.client(seed=2)
    songs = await other.producer.watch_many(WatchSet.read_ids(text)).results()
    assert [made[0].task_id for made in songs] == ids
    assert sandbox.stats.submissions == 300


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
