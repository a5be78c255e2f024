"""Tasks whose end a callback tells: about one lookup each, and none is lost without it."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

import pytest

from acedata_async import (
    AceData,
    Callbacks,
    GenerateRequest,
    SubmissionUnknown,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox

URL = "https://songs.example.org/callbacks"
SECRET = "a-secret-that-nobody-knows"
CALLBACKS = Callbacks(URL, SECRET)


def client(sandbox: Sandbox) -> AceData:
    """Return a client that is called back."""
    return sandbox.client(callbacks=CALLBACKS)


async def relying(sandbox: Sandbox) -> AceData:
    """Return one that has been called back before, and so relies on it."""
    ace = client(sandbox)
    watcher = await ace.producer.generate("The first")
    await at(sandbox, 300.0)
    ace.hint(watcher.id or "")
    await watcher
    return ace


def opens(address: str) -> bool:
    """Say whether an address is one that the client made."""
    start, marker, signature = address.rsplit("/", 2)
    return start == URL and CALLBACKS.opens(marker, signature)


async def at(sandbox: Sandbox, seconds: float) -> None:
    """Wait for a moment, in seconds from now."""
    passed = asyncio.Event()
    sandbox.clock.call_later(seconds, passed.set)
    await passed.wait()


async def test_address() -> None:
    """Each submission gets an address of its own, at both services."""
    async with Sandbox() as sandbox:
        ace = client(sandbox)
        await ace.producer.generate("One")
        await ace.producer.generate("Two")
        await ace.fish.speak("Three")
        await ace.fish.create_voice("https://example.org/voice.mp3", title="Four")
        addresses = [body["callback_url"] for body in sandbox.submissions]
    assert len(set(addresses)) == 4
    assert all(map(opens, addresses))


async def test_own_address() -> None:
    """A `callback_url` of the request's own stays."""
    async with Sandbox() as sandbox:
        ace = client(sandbox)
        await ace.producer.generate("One", callback_url="https://example.org/mine")
        assert sandbox.submissions[0]["callback_url"] == "https://example.org/mine"


async def test_one_lookup() -> None:
    """A song that takes 45 s costs one lookup, and is there as soon as it was called."""
    async with Sandbox(durations=45.0) as sandbox:
        ace = await relying(sandbox)
        watcher = await ace.producer.generate("One")
        begun = sandbox.clock.monotonic()
        waiting = asyncio.create_task(watcher.result())
        await at(sandbox, 45.1)
        assert ace.hint(watcher.id or "")
        [song] = await waiting
        assert song.title
        assert sandbox.clock.monotonic() - begun == pytest.approx(45.1, abs=0.2)
        assert sandbox.stats.lookups == 2


async def test_nobody_waited() -> None:
    """Submitted in one place and followed in another, later: still one lookup."""
    async with Sandbox(durations=45.0) as sandbox:
        ace = await relying(sandbox)
        watcher = await ace.producer.generate("One")
        task_id = watcher.id or ""
        del watcher
        await at(sandbox, 20.0)
        following = asyncio.create_task(ace.producer.watch(task_id).result())
        await at(sandbox, 26.0)
        assert sandbox.stats.lookups == 1
        assert ace.hint(task_id)
        await following
        assert sandbox.stats.lookups == 2


async def test_came_before() -> None:
    """Who comes after the callback is told at once."""
    async with Sandbox(durations=45.0) as sandbox:
        ace = await relying(sandbox)
        watcher = await ace.producer.generate("One")
        await at(sandbox, 46.0)
        assert not ace.hint(watcher.id or "")
        begun = sandbox.clock.monotonic()
        await watcher
        assert sandbox.clock.monotonic() - begun < 1.0
        assert sandbox.stats.lookups == 2


async def test_never_called(caplog: pytest.LogCaptureFixture) -> None:
    """Where callbacks never come, songs are as early as without them, and the log says it once."""
    async with Sandbox(durations=45.0) as sandbox:
        ace = client(sandbox)
        with caplog.at_level(logging.WARNING, "acedata_async"):
            for _ in range(4):
                begun = sandbox.clock.monotonic()
                await (await ace.producer.generate("One"))
                assert sandbox.clock.monotonic() - begun - 45.0 < 10.0
                await at(sandbox, 15.0)
    assert len([line for line in caplog.messages if "callbacks did not come" in line]) == 1
    assert SECRET not in caplog.text


async def test_lost() -> None:
    """One that is lost delays its song until the safety net, and no other."""
    async with Sandbox(durations=45.0) as sandbox:
        ace = await relying(sandbox)
        begun = sandbox.clock.monotonic()
        await (await ace.producer.generate("Lost"))
        assert 45.0 < sandbox.clock.monotonic() - begun < 120.0


async def test_from_a_thread() -> None:
    """A hint may come from any thread: it is handed over to the client's event loop."""
    async with Sandbox(durations=45.0) as sandbox:
        ace = await relying(sandbox)
        watcher = await ace.producer.generate("One")
        begun = sandbox.clock.monotonic()
        waiting = asyncio.create_task(watcher.result())
        await at(sandbox, 45.0)
        assert await asyncio.to_thread(ace.hint, str(watcher.id)) is False
        await waiting
        assert sandbox.clock.monotonic() - begun < 46.0
        assert sandbox.stats.lookups == 2


async def test_after_its_event_loop() -> None:
    """A hint for a client whose event loop is over does nothing, and raises nothing."""
    sandbox = Sandbox(durations=45.0)
    ace = client(sandbox)

    def use() -> None:
        asyncio.run(ace.producer.generate("One"))

    await asyncio.to_thread(use)
    assert ace.hint(sandbox.tasks[0]) is False


async def test_short_wait() -> None:
    """A wait that ends before the safety net looks once before it gives up."""
    async with Sandbox(durations=20.0) as sandbox:
        ace = await relying(sandbox)
        watcher = await ace.producer.generate("One")
        [song] = await watcher.result(timeout=30.0)
        assert song.id
        slow = await ace.producer.generate("Two")
        with pytest.raises(WatchTimeout):
            await slow.result(timeout=5.0)


async def test_forged() -> None:
    """A thousand hints with another task's marker, or about nobody's task, cost nothing."""
    async with Sandbox(durations=50.0) as sandbox:
        ace = await relying(sandbox)
        watcher = await ace.producer.generate("One")
        other = asyncio.create_task((await ace.producer.generate("Two")).wait())
        await at(sandbox, 1.0)
        marker = CALLBACKS.marker_of(sandbox.submissions[1]["callback_url"])
        for number in range(1000):
            ace.hint(sandbox.tasks[2], marker=marker)
            ace.hint(f"nobody's {number}")
        await at(sandbox, 10.0)
        assert sandbox.stats.lookups == 1
        assert not other.done()
        assert not watcher.done()
        other.cancel()
        with suppress(asyncio.CancelledError):
            await other


@pytest.mark.parametrize("odd", ["", " ", "x" * 201, "a\nb", None, 7, b"id", ["id"]])
async def test_odd_hint(odd: Any) -> None:
    """A hint about what can be no task is none."""
    async with Sandbox() as sandbox:
        assert client(sandbox).hint(odd) is False


async def test_closed() -> None:
    """A client that is closed takes in no hints."""
    async with Sandbox() as sandbox:
        ace = client(sandbox)
        watcher = await ace.producer.generate("One")
        await ace.aclose()
        assert ace.closed
        assert not ace.hint(watcher.id or "")


async def test_nothing_shows_the_address(caplog: pytest.LogCaptureFixture) -> None:
    """Neither repr nor export nor log nor error shows what opens the receiver."""
    async with Sandbox() as sandbox:
        ace = client(sandbox)
        with caplog.at_level(logging.DEBUG):
            watcher = await ace.producer.generate("One")
            task = await watcher.wait()
            sandbox.inject("error-500-after-accept")
            with pytest.raises(SubmissionUnknown) as caught:
                await ace.producer.submit(GenerateRequest(prompt="Two"))
        address = sandbox.submissions[0]["callback_url"]
        assert task.request["callback_url"] == address
        shown = [
            repr(task),
            json.dumps(task.export()),
            task.model_dump_json(),
            repr(ace.callbacks),
            str(caught.value),
            repr(caught.value.request),
            caplog.text,
        ]
        for address in [body["callback_url"] for body in sandbox.submissions]:
            signature = address.rpartition("/")[2]
            assert not [text for text in shown if signature in text]
