"""Following a task's news."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async import AceData
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock


async def test_iteration_yields_each_change_once(ace: AceData, sandbox: Sandbox) -> None:
    """`async for` shows pending, running with a preview, and the end, each once."""
    sandbox.inject("preview")
    watcher = await ace.producer.generate("A song")
    seen = [task async for task in watcher]
    assert [task.state for task in seen][-1] == "succeeded"
    assert len({task.news for task in seen}) == len(seen)
    assert seen[0].state == "running"
    assert seen[0].audios
    assert watcher.progress == 1


async def test_iteration_follows_a_task_from_its_queue_to_its_end(
    ace: AceData, sandbox: Sandbox
) -> None:
    """Waiting in the queue, playing as a preview, over: three pieces of news, in this order."""
    sandbox.inject("preview")
    own = await sandbox.client().producer.generate("A song")
    watcher = ace.producer.watch(str(own.id))
    seen = [task async for task in watcher]
    assert [task.state for task in seen] == ["pending", "running", "succeeded"]
    assert [len(task.audios) for task in seen] == [0, 1, 1]
    assert seen[-1] is watcher.task


@pytest.mark.parametrize("shape", [None, "preview", "fail-F1"])
async def test_iteration_costs_no_extra_lookup(shape: str | None) -> None:
    """Following the news costs what waiting costs, whatever there is to tell."""
    counts = []
    for follows in (False, True):
        async with Sandbox(seed=1, durations=30.0) as sandbox:
            ace = sandbox.client(seed=1)
            if shape:
                sandbox.inject(shape)
            watcher = await ace.producer.generate("A song")
            if follows:
                assert [task.final async for task in watcher][-1]
            else:
                await watcher.wait()
            counts.append((sandbox.stats.lookups, sandbox.clock.monotonic()))
    assert counts[0] == counts[1]


async def test_two_iterations_share_their_lookups_and_see_the_same(
    ace: AceData, sandbox: Sandbox
) -> None:
    """Each of those who follow a task sees each piece of its news."""
    sandbox.inject("preview")
    watcher = await ace.producer.generate("A song")

    async def follow() -> list[str]:
        return [task.state async for task in watcher]

    first, second, task = await asyncio.gather(follow(), follow(), watcher.wait())
    assert first == second == ["running", "succeeded"]
    assert task.state == "succeeded"


async def test_iteration_ends_with_the_failed_record(ace: AceData, sandbox: Sandbox) -> None:
    """The task's own failure is news, not an exception."""
    sandbox.inject("fail-F1")
    seen = [task async for task in await ace.producer.generate("A song")]
    assert seen[-1].state == "failed"


async def test_leaving_an_iteration_ends_its_lookups(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Breaking out of the loop is the end of the wait."""
    async for _ in await ace.producer.generate("A song"):
        break
    await asyncio.sleep(0)
    lookups = sandbox.stats.lookups
    await clock.advance(60)
    assert sandbox.stats.lookups == lookups


async def test_slow_reader_of_news_gets_the_latest(ace: AceData, clock: ManualClock) -> None:
    """Who comes back late for news gets the final record, not a backlog."""
    states = []
    async for task in await ace.producer.generate("A song"):
        states.append(task.state)
        await clock.advance(30)
    assert states == ["running", "succeeded"]
