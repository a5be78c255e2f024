"""Looks on demand: one task, many, now."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async import (
    AceData,
    AuthenticationError,
    ConnectionFailed,
    MalformedResponse,
    RateLimited,
    ServerError,
    TaskNotFound,
)
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.tasks.watching import NOBODYS


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


async def test_crowd_of_lookups_does_not_silence_the_watchers(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Hundreds of looks that were given up leave room at once; the watcher's news are in time."""
    watcher = await ace.producer.generate("A song")
    looks = [asyncio.create_task(ace.producer.retrieve(str(watcher.id))) for _ in range(300)]
    waiting = asyncio.create_task(watcher.result())
    await asyncio.sleep(0)
    for look in looks:
        look.cancel()
    assert await waiting
    assert clock.elapsed < 20


async def test_looks_on_demand_keep_to_retry_after() -> None:
    """A 429 holds back the looks that already wait for their turn."""
    clock = ManualClock(jump=False)
    async with Sandbox(seed=1, clock=clock) as sandbox, asyncio.timeout(3.0):
        ace = sandbox.client(seed=1)
        sandbox.inject("lookup-429-retry-after", times=1)
        looks = [asyncio.create_task(ace.producer.retrieve_batch([NOBODYS])) for _ in range(12)]
        await clock.advance(0.0)
        sent_at_once = sandbox.stats.lookups
        assert sent_at_once <= 5
        await clock.advance(1.95)
        assert sandbox.stats.lookups == sent_at_once
        assert not all(look.done() for look in looks)
        await clock.advance(60)
        assert await asyncio.gather(*looks) == [{}] * 12
        assert sandbox.stats.lookups == 13


async def test_many_looks_on_demand_come_to_an_end(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A few hundred looks, one after the other, take their turns and are answered."""
    watcher = await ace.producer.generate("A song")
    async with asyncio.timeout(3.0):
        for _ in range(200):
            await watcher.refresh()
    assert watcher.done() is (clock.elapsed >= 12)
    assert sandbox.stats.lookups == 200


async def test_refused_token_ends_looks_on_demand_at_once(ace: AceData, sandbox: Sandbox) -> None:
    """What cannot heal is not asked again, by many at once neither."""
    sandbox.inject("lookup-401")
    looks = (ace.producer.retrieve(NOBODYS) for _ in range(4))
    outcomes = await asyncio.gather(*looks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {AuthenticationError}
    assert sandbox.stats.lookups == 4


async def test_retrieve_of_more_than_is_allowed(ace: AceData, sandbox: Sandbox) -> None:
    """A refusal of the number of ids makes the lookups smaller, not the answer an error."""
    sandbox.inject("batch-too-large-413")
    ids = [str((await ace.producer.generate(f"Song {n}")).id) for n in range(40)]
    assert set(await ace.producer.retrieve_batch(ids)) == set(ids)
