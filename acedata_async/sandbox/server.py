"""The sandbox's door as a server: uvicorn, taught to close connections without an answer."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from acedata_async.sandbox.app import SandboxApp
from acedata_async.sandbox.connection import EXTENSION, Message, Receive, Send
from acedata_async.sandbox.replies import Silence

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

_BACKLOG = 2048
_SECONDS_TO_FINISH = 1
"""How long requests under way may take once the server is to end."""

_SECONDS_KEPT_ALIVE = 60
"""Longer than clients keep idle connections, so that none meets one that is just closing."""


@contextlib.asynccontextmanager
async def listen(app: SandboxApp, host: str, port: int) -> AsyncIterator[str]:
    """Serve `app` while the context is open; its value is the base URL.

    Args:
        app: The application.
        host: The address to listen at.
        port: The port; 0 takes a free one.

    Raises:
        OSError: The address cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family, backlog=_BACKLOG) as listener:
        server = _Server(_config(app))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        serving.add_done_callback(lambda _: server.ready.set())
        try:
            await server.ready.wait()
            if serving.done():
                await serving
            shown_host = f"[{host}]" if ":" in host else host
            yield f"http://{shown_host}:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            server.break_off()
            await asyncio.shield(serving)


def _config(app: SandboxApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=_SECONDS_KEPT_ALIVE,
        timeout_graceful_shutdown=_SECONDS_TO_FINISH,
    )


class _Server(uvicorn.Server):
    """A server inside somebody else's program: it says when it is up and leaves signals alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    def break_off(self) -> None:
        """Close all connections, so that no request that hangs holds up the end."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Protocol(H11Protocol):
    """A connection that the application can break."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        app = cast("SandboxApp", self.config.app)
        app.vendor.counters.connections += 1
        self.app = _with_drop(app, transport)


def _with_drop(app: SandboxApp, transport: asyncio.Transport) -> ASGI3Application:
    """Return the application with the means to break this connection."""

    def drop(silence: Silence) -> None:
        if silence is Silence.RESET:
            _reset_on_close(transport.get_extra_info("socket").fileno())
        if silence is Silence.END:
            transport.close()
        else:
            transport.abort()

    async def run(scope: Message, receive: Receive, send: Send) -> None:
        await app({**scope, "extensions": {EXTENSION: {"drop": drop}}}, receive, send)

    return cast("ASGI3Application", run)


def _reset_on_close(descriptor: int) -> None:
    """Make the coming close a reset in place of an orderly end."""
    # A descriptor of our own, since not every event loop lets its sockets be touched.
    with socket.socket(fileno=os.dup(descriptor)) as shared:
        shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
