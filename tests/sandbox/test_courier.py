"""How callbacks are brought: to whom, how often, how many at once, and until when."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.app import Message, Receive, Send
from acedata_async.testing import ManualClock
from tests.patience import until

from .conftest import Caller, as_killed, caller_of, started
from .receiving import HOOK, Inbox, calling_back, counted


async def test_waiting_for_it(clock: ManualClock) -> None:
    """Where the clock jumps, a callback comes by itself."""
    inbox = Inbox(clock)
    sandbox = Sandbox(clock=clock, receiver=inbox, durations=40.0)
    async with sandbox, caller_of(sandbox) as http:
        await Caller(http).generate(callback_url=HOOK)
        await until(lambda: inbox.arrivals)
        assert inbox.times == [40.05]
        await until(lambda: sandbox.stats.callbacks_by_status)
    assert counted(sandbox) == (1, {204: 1}, 0)


async def test_nobody_there(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """In memory and without a receiver nothing is brought, and no time passes for it."""
    await caller.generate(callback_url="http://127.0.0.1:9/hook")
    assert counted(sandbox) == (0, {}, 1)
    assert repr(clock).endswith("timers=0)")


@pytest.mark.parametrize("address", ["anything", "ftp://me.example/x", "http://", "http://[::"])
async def test_no_address(address: str) -> None:
    """What is no web address has nowhere to go."""
    async with calling_back(durations=0.0) as scene:
        await scene.caller.order("voices", callback_url=address)
        await scene.clock.advance(10.0)
        assert counted(scene.sandbox) == (0, {}, 1)


async def test_once_by_default() -> None:
    """Nothing is tried again that was refused."""
    async with calling_back([503]) as scene:
        await scene.caller.generate(callback_url=HOOK)
        await scene.arrival()
        assert counted(scene.sandbox) == (1, {503: 1}, 0)


async def test_retries() -> None:
    """What got no 2xx is tried again as long as there are tries left, the same each time."""
    async with calling_back([500, 301, 200], callback_retries=(10.0, 60.0, 300.0)) as scene:
        await scene.caller.generate(callback_url=HOOK)
        await scene.clock.advance(1000.0)
        assert scene.inbox.times == [40.5, 50.5, 110.5]
        assert len({one.raw for one in scene.inbox.arrivals}) == 1
        assert counted(scene.sandbox) == (3, {500: 1, 301: 1, 200: 1}, 0)


async def test_retries_end() -> None:
    """After the last try it is over."""
    async with calling_back([404] * 9, callback_retries=[1.0]) as scene:
        await scene.caller.generate(callback_url=HOOK)
        await scene.clock.advance(1000.0)
        assert scene.inbox.times == [40.5, 41.5]


@pytest.mark.parametrize(("answers", "status"), [(False, 0), (True, 500)])
async def test_receiver_with_a_defect(clock: ManualClock, status: int, *, answers: bool) -> None:
    """A receiver that raises has answered 500, one that says nothing has not answered."""

    async def defective(scope: Message, receive: Receive, send: Send) -> None:
        if answers:
            raise ZeroDivisionError

    sandbox = Sandbox(clock=clock, receiver=defective, durations=0.0)
    async with sandbox, caller_of(sandbox) as http:
        await Caller(http).generate(callback_url=HOOK)
        await until(lambda: sandbox.stats.callbacks_by_status)
        assert counted(sandbox) == (1, {status: 1}, 0)


async def test_at_most_fifty_at_once() -> None:
    """Deliveries do not pile up at the receiver."""
    async with calling_back() as scene:
        scene.inbox.open.clear()
        for _ in range(120):
            await scene.caller.generate(callback_url=HOOK)
        await scene.clock.advance(1000.0)
        assert scene.inbox.at_once == 50
        scene.inbox.open.set()
        await scene.clock.advance(1000.0)
        assert (len(scene.inbox.arrivals), scene.inbox.most_at_once) == (120, 50)
        assert scene.sandbox.stats.callbacks_by_status == {204: 120}


async def test_closing() -> None:
    """Nothing goes on once the sandbox is closed, and nothing new begins."""
    before = asyncio.all_tasks()
    async with calling_back(callback_retries=(1.0,)) as scene:
        scene.inbox.open.clear()
        await scene.caller.generate(callback_url=HOOK)
        await scene.clock.advance(50.0)
        await scene.caller.generate(callback_url=HOOK)
        assert scene.inbox.at_once == 1
        await scene.sandbox.aclose()
        assert scene.inbox.at_once == 0
        assert asyncio.all_tasks() == before
        await scene.caller.generate("#sandbox:callback-early", callback_url=HOOK)
        await scene.clock.advance(1000.0)
        assert len(scene.inbox.arrivals) == 1
        assert counted(scene.sandbox) == (1, {}, 0)


async def test_closing_while_one_is_early() -> None:
    """The end breaks off a submission whose early callback is not taken."""
    async with calling_back() as scene:
        scene.inbox.open.clear()
        call = asyncio.create_task(
            scene.caller.generate("#sandbox:callback-early", callback_url=HOOK)
        )
        await until(lambda: scene.inbox.at_once)
        await scene.sandbox.aclose()
        with pytest.raises(httpx.ReadError):
            await call
        assert scene.inbox.at_once == 0


async def test_still_running_after_a_kill(path: Path, clock: ManualClock) -> None:
    """What is running when a sandbox is killed is called back by the next one at its time."""
    inbox = Inbox(clock)
    settings: dict[str, Any] = {"clock": clock, "durations": 40.0, "receiver": inbox}
    async with started(path, **settings) as (_, caller):
        ids = [await caller.generate(p, callback_url=HOOK) for p in ("a", "#sandbox:never")]
        ids.append(await caller.generate("#sandbox:callback-late", callback_url=HOOK))
        killed = as_killed(path)
    await clock.advance(30.0)
    async with started(killed, **settings):
        await clock.advance(200.0)
    assert inbox.times == [40.05, 70.05]
    assert [one.body["task_id"] for one in inbox.arrivals] == [ids[0], ids[2]]
    assert inbox.arrivals[0].body["data"][0]["audio_url"].startswith("https://media.sandbox.")


async def test_ended_while_it_was_dead(path: Path, clock: ManualClock) -> None:
    """What ended meanwhile is called back at the start, and once only, however it was left."""
    inbox = Inbox(clock)
    settings: dict[str, Any] = {"clock": clock, "durations": 40.0, "receiver": inbox}
    async with started(path, **settings) as (_, caller):
        task_id = await caller.generate(callback_url=HOOK)
    await clock.advance(100.0)
    assert inbox.arrivals == []
    async with started(path, **settings):
        await until(lambda: inbox.arrivals)
        await clock.advance(1.0)
        killed = as_killed(path)
    for again in (path, killed):
        async with started(again, **settings) as (sandbox, _):
            await clock.advance(100.0)
            assert sandbox.stats.callbacks_sent == (again == path)
    assert inbox.times == [100.0]
    assert inbox.arrivals[0].body["task_id"] == task_id


async def test_killed_before_the_answer(path: Path, clock: ManualClock) -> None:
    """A callback whose answer was not seen any more comes again."""
    inbox = Inbox(clock)
    settings: dict[str, Any] = {"clock": clock, "durations": 40.0, "receiver": inbox}
    async with started(path, **settings) as (_, caller):
        inbox.open.clear()
        await caller.generate(callback_url=HOOK)
        await clock.advance(50.0)
        killed = as_killed(path)
    inbox.open.set()
    async with started(killed, **settings):
        await clock.advance(50.0)
    assert len(inbox.arrivals) == 2
    assert inbox.arrivals[0].raw == inbox.arrivals[1].raw


async def test_waits_for_a_way(path: Path, clock: ManualClock) -> None:
    """A sandbox that has no way to anybody leaves to the next one what an earlier one owes."""
    inbox = Inbox(clock)
    async with started(path, clock=clock, durations=40.0, receiver=inbox) as (_, caller):
        await caller.generate(callback_url=HOOK)
    async with started(path, clock=clock) as (sandbox, _):
        await clock.advance(100.0)
        assert counted(sandbox) == (0, {}, 0)
    async with started(path, clock=clock, receiver=inbox):
        await clock.advance(100.0)
    assert len(inbox.arrivals) == 1


def _age(path: Path) -> None:
    """Make a state file as it was before there were callbacks."""
    text = path.read_text()
    assert ',"owed":true' in text
    path.write_text(text.replace(',"owed":true', "").replace('"callbacks_', '"unknown_'))


async def test_tasks_from_before(path: Path, clock: ManualClock) -> None:
    """Nobody is called back about a task of a file that is older than callbacks."""
    async with started(path, clock=clock, receiver=Inbox(clock)) as (_, caller):
        await caller.generate(callback_url=HOOK)
    _age(path)
    inbox = Inbox(clock)
    async with started(path, clock=clock, receiver=inbox) as (sandbox, _):
        await clock.advance(1000.0)
        assert counted(sandbox) == (0, {}, 0)
    assert inbox.arrivals == []
