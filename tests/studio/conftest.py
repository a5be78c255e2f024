"""A studio and a vendor in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from acedata_async import AceData, Callbacks
from acedata_async.sandbox import Sandbox
from examples.studio.app import Connect, create_app
from examples.studio.settings import CALLBACKS, Settings
from tests.studio.processes import SECRET

BASE = "http://localhost"


class Service:
    """A studio that is open.

    Args:
        sandbox: Its vendor.
        http: What it is asked by, as a browser would.
        directory: Where its ledger is.
    """

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient, directory: Path) -> None:
        self.sandbox = sandbox
        self.http = http
        self.directory = directory

    async def order(
        self, action: str = "generate", key: str | None = None, **fields: Any
    ) -> httpx.Response:
        """Order something."""
        body = {"key": key or str(uuid4()), "action": action, "fields": fields}
        return await self.http.post("/api/songs", json=body)

    async def make(self, action: str = "generate", stage: str = "ready", **fields: Any) -> Any:
        """Order something, and return it once it has come to a stage."""
        answer = await self.order(action, **fields)
        assert answer.status_code == 202, answer.text
        return await self.wait_for(answer.json()["key"], stage)

    async def song(self, key: str) -> Any:
        """Return what is shown of a song."""
        return (await self.http.get(f"/api/songs/{key}")).json()

    async def wait_for(self, key: str, *stages: str) -> Any:
        """Wait until a song has come to one of some stages."""

        async def look() -> Any:
            song = await self.song(key)
            return song if song["stage"] in stages else None

        return await _until(look)

    async def until_stopped(self) -> str:
        """Wait until nothing is sent any more, and return why."""

        async def look() -> Any:
            return (await self.http.get("/api/songs")).json()["stopped"]

        return str(await _until(look))


async def _until(look: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again and again, as a page without events would."""
    async with asyncio.timeout(30):
        while not (found := await look()):  # noqa: ASYNC110 - there is no event in memory
            await asyncio.sleep(0.005)
    return found


Exchange = Callable[[httpx.Request], Awaitable[httpx.Response]]


class Between(httpx.AsyncBaseTransport):
    """Stands between a client and its vendor.

    Args:
        vendor: The vendor.
        carry: Answers a request, as the vendor would if it is asked.
    """

    def __init__(
        self, vendor: Sandbox, carry: Callable[[httpx.Request, Exchange], Awaitable[httpx.Response]]
    ) -> None:
        self._vendor = vendor
        self._inner = vendor.transport()
        self._carry = carry

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        return await self._carry(request, self._inner.handle_async_request)

    def client(self, **options: Any) -> AceData:
        """Return a client that has this on its way."""
        return AceData(
            "token-of-tests",
            base_url="https://sandbox.acedata.invalid",
            http_client=httpx.AsyncClient(transport=self, trust_env=False),
            clock=self._vendor.clock,
            **options,
        )


class Door:
    """Where the vendor calls: whichever studio was opened last."""

    app: FastAPI

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand a call on."""
        await self.app(scope, receive, send)


@pytest.fixture
def door() -> Door:
    """Where the vendor calls."""
    return Door()


@pytest.fixture
async def sandbox(door: Door) -> AsyncIterator[Sandbox]:
    """A vendor in memory."""
    async with Sandbox(receiver=door) as running:
        yield running


Opening = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def opened(sandbox: Sandbox, door: Door, tmp_path: Path) -> Opening:
    """Open a studio; another one later goes on with the same ledger."""

    @asynccontextmanager
    async def opening(connect: Connect | None = None, **settings: Any) -> AsyncIterator[Service]:
        known = Settings(
            directory=tmp_path,
            callbacks=Callbacks(BASE + CALLBACKS, SECRET),
            **settings,
        )
        app = create_app(known, connect or sandbox.client)
        door.app = app
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=BASE) as http,
        ):
            yield Service(sandbox, http, tmp_path)

    return opening


@pytest.fixture
async def service(opened: Opening) -> AsyncIterator[Service]:
    """A studio that is open."""
    async with opened() as running:
        yield running
