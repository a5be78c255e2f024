"""The ASGI application, apart from its doors."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock

from .conftest import BASE, TOKEN, Caller, caller_of


async def test_latency() -> None:
    """Each API request takes the latency by the sandbox's clock; media and control do not."""
    clock = ManualClock()
    async with Sandbox(clock=clock, latency=0.25) as sandbox, caller_of(sandbox) as http:
        await Caller(http).generate()
        assert clock.elapsed == 0.25
        await http.get("/sandbox/stats")
        await http.get("/media/none")
        assert clock.elapsed == 0.25


async def test_in_flight(clock: ManualClock) -> None:
    """Requests under way are counted until they are answered."""
    async with Sandbox(clock=clock, latency=1.0) as sandbox, caller_of(sandbox) as http:
        replies = [asyncio.create_task(Caller(http).generate()) for _ in range(3)]
        await asyncio.sleep(0)
        await asyncio.gather(*replies)
        assert (sandbox.stats.in_flight, sandbox.stats.max_in_flight) == (0, 3)


async def test_large_body(caller: Caller) -> None:
    """A body beyond all reason is refused, not kept."""
    reply = await caller.submit(action="generate", prompt="x", lyric="x" * 1_000_001)
    assert (reply.status_code, reply.json()["error"]["code"]) == (413, "content_too_large")


async def test_elsewhere(sandbox: Sandbox) -> None:
    """Under a server that does not know it the sandbox serves, with media at that address."""
    transport = httpx.ASGITransport(sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=TOKEN) as http:
        song = await Caller(http).song()
        assert song["audio_url"].startswith(f"{BASE}/media/")
        assert (await http.get(song["audio_url"])).status_code == 200
        sandbox.inject("lookup-cut", times=1)
        with pytest.raises(ConnectionAbortedError):
            await http.post("/producer/tasks", json={"id": "x"})


async def test_broken_request(sandbox: Sandbox) -> None:
    """A request that breaks off is neither answered nor counted."""
    messages = iter([{"type": "http.request", "body": b"{", "more_body": True}])
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return next(messages, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/producer/audios", "headers": []}
    await sandbox.app(scope, receive, send)
    assert sent == []
    assert sandbox.stats.submission_requests == 0
    with pytest.raises(NotImplementedError):
        await sandbox.app({"type": "websocket"}, receive, send)


async def test_messages_without_news(sandbox: Sandbox) -> None:
    """Only a disconnect ends a hanging request, not whatever a server may say before."""
    sandbox.inject("lookup-hang")
    empty = {"type": "http.request", "body": b"", "more_body": False}
    messages = iter([{**empty, "body": b'{"id": "x"}'}, empty, empty])

    async def receive() -> dict[str, Any]:
        return next(messages, {"type": "http.disconnect"})

    async def send(_: Any) -> None:
        pytest.fail("nothing is to be sent")

    token = (b"authorization", b"Bearer x")
    scope = {"type": "http", "method": "POST", "path": "/producer/tasks", "headers": [token]}
    await sandbox.app(scope, receive, send)
    assert next(messages, None) is None
