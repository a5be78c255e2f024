"""The sandbox's door in memory: a transport for httpx that runs the application itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpcore
import httpx

from acedata_async._clock import Clock
from acedata_async.sandbox.app import SandboxApp
from acedata_async.sandbox.connection import EXTENSION, Message
from acedata_async.sandbox.replies import Silence

MEDIA_BASE = "https://media.sandbox.acedata.invalid"
"""Where media live in memory: a host of their own, so that a token that travels is seen."""

_MOST_UNREAD = 32
"""How many messages may wait to be read; then the application waits, as at a full socket."""


class SandboxTransport(httpx.AsyncBaseTransport):
    """Carries requests to the sandbox without a network, whatever host they are for.

    What a network can do to a request happens here as well: connections that are refused, cut
    or silent, and read timeouts, which are measured by the sandbox's clock.

    Args:
        app: The application.
        clock: What read timeouts are measured by.
        under_way: Where the requests that the application works on are kept, so that
            the sandbox can end them. Like at a real server they go on when nobody listens.
    """

    def __init__(self, app: SandboxApp, clock: Clock, under_way: set[asyncio.Task[None]]) -> None:
        self._app = app
        self._clock = clock
        self._under_way = under_way

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the sandbox's response. Cancelling hangs up; the sandbox may work on."""
        exchange = _Exchange(request, await request.aread(), self._clock)
        task = asyncio.get_running_loop().create_task(exchange.run(self._app))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        try:
            start = await exchange.next_message()
        except BaseException:
            exchange.hang_up()
            raise
        return httpx.Response(
            start["status"], headers=start["headers"], stream=_ResponseBody(exchange)
        )


class _ResponseBody(httpx.AsyncByteStream):
    """A response's body as it comes from the application."""

    def __init__(self, exchange: _Exchange) -> None:
        self._exchange = exchange

    async def __aiter__(self) -> AsyncIterator[bytes]:
        more = True
        while more:
            message = await self._exchange.next_message()
            more = message.get("more_body", False)
            if message["body"]:
                yield message["body"]

    async def aclose(self) -> None:
        self._exchange.hang_up()


class _Exchange:
    """One request and its answer, between httpx and the application."""

    def __init__(self, request: httpx.Request, body: bytes, clock: Clock) -> None:
        self._request = request
        self._clock = clock
        self._unread: bytes | None = body
        self._hung_up = asyncio.Event()
        self._room = asyncio.Event()
        self._answered = False
        # What comes from the application: a message, the end of the connection, a defect of
        # the application, or, put in by the clock, the end of patience.
        self._events: asyncio.Queue[Message | Silence | Exception | TimeoutError] = asyncio.Queue()

    async def run(self, app: SandboxApp) -> None:
        """Let the application answer; a defect in it comes out at the caller."""
        try:
            await app(self._scope(), self._receive, self._send)
        except asyncio.CancelledError:
            # The sandbox is being closed: whoever still waits learns it as from a dying server.
            self._events.put_nowait(Silence.RESET)
            raise
        except Exception as defect:  # noqa: BLE001 - handed on, not swallowed
            self._events.put_nowait(defect)

    def hang_up(self) -> None:
        """Close the connection from the caller's side."""
        self._hung_up.set()
        self._room.set()

    async def next_message(self) -> Message:
        """Return the application's next message, or raise as httpx does if none comes."""
        patience = self._request.extensions.get("timeout", {}).get("read")
        timer = None
        if patience is not None:
            timer = self._clock.call_later(
                patience, lambda: self._events.put_nowait(TimeoutError())
            )
        try:
            event = await self._events.get()
            self._room.set()
        finally:
            if timer is not None:
                timer.cancel()
        if isinstance(event, TimeoutError):
            raise httpx.ReadTimeout("", request=self._request)
        if isinstance(event, Exception):
            raise event
        if isinstance(event, Silence):
            raise self._broken(event)
        self._answered = True
        return event

    def _scope(self) -> dict[str, Any]:
        url = self._request.url
        return {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": self._request.method,
            "scheme": url.scheme,
            "path": url.path,
            "raw_path": url.raw_path.partition(b"?")[0],
            "query_string": url.query,
            "root_path": "",
            "headers": [(name.lower(), value) for name, value in self._request.headers.raw],
            "client": ("127.0.0.1", 0),
            "server": (url.host, url.port),
            "extensions": {
                EXTENSION: {"drop": self._drop, "media_base": MEDIA_BASE, "uncounted": True}
            },
        }

    async def _receive(self) -> Message:
        if self._unread is not None:
            body, self._unread = self._unread, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self._hung_up.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Message) -> None:
        if self._hung_up.is_set():
            return
        self._events.put_nowait(message)
        if self._events.qsize() > _MOST_UNREAD:
            self._room.clear()
            await self._room.wait()

    def _drop(self, silence: Silence) -> None:
        end: Message = {"type": "http.response.body", "body": b"", "more_body": False}
        self._events.put_nowait(end if silence is Silence.END else silence)
        self._hung_up.set()

    def _broken(self, silence: Silence) -> httpx.TransportError:
        """Return the error that httpx raises when a real connection ends like this."""
        if silence is Silence.REFUSED:
            refused = httpx.ConnectError("All connection attempts failed", request=self._request)
            refused.__cause__ = httpcore.ConnectError("All connection attempts failed")
            return refused
        if silence is Silence.RESET:
            return httpx.ReadError("", request=self._request)
        message = (
            "peer closed connection without sending complete message body"
            if self._answered
            else "Server disconnected without sending a response."
        )
        return httpx.RemoteProtocolError(message, request=self._request)
