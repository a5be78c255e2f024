"""Callbacks over the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox, SystemClock
from acedata_async.testing import ManualClock
from tests.patience import until

from .conftest import TOKEN, Caller, started
from .receiving import Inbox, counted


class _Post:
    """A server on this machine that takes what is posted to it, and answers once it is `open`."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.status = "204 No Content"
        self.endless = False
        self.url = ""
        self.open = asyncio.Event()
        self.open.set()
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[_Post]:
        """Take connections while the context is open."""
        async with await asyncio.start_server(self._connect, "127.0.0.1", 0) as server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)

    def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await reader.readexactly(int(headers["content-length"]))
        self.requests.append((first, headers, body))
        await self.open.wait()
        length = "" if self.endless else "content-length: 0\r\n"
        answer = f"HTTP/1.1 {self.status}\r\nlocation: {self.url}/other\r\n{length}\r\n"
        writer.write(answer.encode())
        while self.endless:
            writer.write(bytes(16_384))
            await writer.drain()


@pytest.fixture
async def post() -> AsyncIterator[_Post]:
    """Somebody who can be called back."""
    async with _Post().listening() as post:
        yield post


@asynccontextmanager
async def _served(**options: Any) -> AsyncIterator[tuple[Sandbox, Caller]]:
    """Start a sandbox on the network, with quick songs."""
    settings: dict[str, Any] = {"durations": 0.01, "callback_delay": 0.0, **options}
    async with (
        Sandbox(clock=SystemClock(), **settings) as sandbox,
        sandbox.listen() as base_url,
        httpx.AsyncClient(base_url=base_url, headers=TOKEN, timeout=5.0) as http,
    ):
        yield sandbox, Caller(http)


async def test_over_the_network(post: _Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real request arrives, with links to the sandbox's own address; proxies do not see it."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with _served() as (sandbox, caller):
        async with httpx.AsyncClient(
            base_url=caller.http.base_url, headers=TOKEN, trust_env=False
        ) as http:
            ids = {await Caller(http).generate(callback_url=f"{post.url}/a?b=c") for _ in range(3)}
            await until(lambda: sandbox.stats.callbacks_by_status.get(204) == 3)
            stats = (await http.get("/sandbox/stats")).json()
        base = str(caller.http.base_url)
    assert (stats["callbacks_sent"], stats["callbacks_by_status"]) == (3, {"204": 3})
    assert stats["callbacks_undelivered"] == 0
    assert {first for first, _, _ in post.requests} == {"POST /a?b=c HTTP/1.1"}
    assert {headers["content-type"] for _, headers, _ in post.requests} == {"application/json"}
    bodies = [httpx.Response(200, content=body).json() for _, _, body in post.requests]
    assert {body["task_id"] for body in bodies} == ids
    assert all(body["data"][0]["audio_url"].startswith(base) for body in bodies)


async def test_only_this_machine(post: _Post) -> None:
    """No other host is called, whatever is asked, and redirects are not followed."""
    addresses = ["https://webhook.example/x", "http://10.0.0.1/", "http://127.0.0.1.example/"]
    post.status = "307 Temporary Redirect"
    async with _served() as (sandbox, caller):
        for address in (*addresses, f"{post.url}/hook"):
            await caller.generate(callback_url=address)
        await until(lambda: sandbox.stats.callbacks_by_status)
        assert counted(sandbox) == (1, {307: 1}, 3)
    assert len(post.requests) == 1


async def test_nobody_listens() -> None:
    """A receiver that is not there has not answered."""
    async with _served() as (sandbox, caller):
        await caller.generate(callback_url="http://localhost:9/hook")
        await until(lambda: sandbox.stats.callbacks_by_status)
        assert counted(sandbox) == (1, {0: 1}, 0)


async def test_silent_receiver(post: _Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver has ten seconds to answer."""
    monkeypatch.setattr("acedata_async.sandbox.courier._SECONDS_TO_ANSWER", 0.05)
    post.open.clear()
    async with _served(callback_retries=(0.0,)) as (sandbox, caller):
        await caller.generate(callback_url=post.url)
        await until(lambda: sandbox.stats.callbacks_by_status.get(0) == 2)


async def test_long_answer(post: _Post) -> None:
    """Of an answer without end only the beginning is read."""
    post.status, post.endless = "200 OK", True
    async with _served() as (sandbox, caller):
        await caller.generate(callback_url=post.url)
        await until(lambda: sandbox.stats.callbacks_by_status)
        assert sandbox.stats.callbacks_by_status == {200: 1}


async def test_listening_again(post: _Post) -> None:
    """What was broken off by the end of the server comes when the sandbox listens again."""
    post.open.clear()
    sandbox = Sandbox(clock=SystemClock(), durations=0.0, callback_delay=0.0)
    async with sandbox:
        async with (
            sandbox.listen() as base_url,
            httpx.AsyncClient(base_url=base_url, headers=TOKEN) as http,
        ):
            await Caller(http).generate(callback_url=post.url)
            await until(lambda: post.requests)
        assert not sandbox.stats.callbacks_by_status
        post.open.set()
        async with sandbox.listen() as base_url:
            await until(lambda: sandbox.stats.callbacks_by_status)
    assert len(post.requests) == 2
    assert base_url.encode() in post.requests[1][2]


async def test_server_goes_on(path: Path, post: _Post) -> None:
    """A server that goes on from a state calls back at its start what ended before."""
    clock = ManualClock(start=1e9, jump=False)
    async with started(path, clock=clock) as (_, caller):
        # Nobody could be called then.
        await caller.generate(callback_url=post.url)
    async with started(path, clock=clock, receiver=Inbox(clock)) as (_, caller):
        task_id = await caller.generate(callback_url=post.url)
    async with _served(state=path) as (sandbox, _):
        await until(lambda: sandbox.stats.callbacks_by_status)
        assert counted(sandbox) == (1, {204: 1}, 1)
    ((_, _, body),) = post.requests
    assert httpx.Response(200, content=body).json()["task_id"] == task_id
