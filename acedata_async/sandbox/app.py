"""The sandbox as an ASGI application: it reads a request, asks the vendor, acts on the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from acedata_async._clock import Clock, sleep
from acedata_async.sandbox.replies import Answer, Reply, Silence, failure
from acedata_async.sandbox.routes import Request, control, is_api, respond
from acedata_async.sandbox.vendor import Vendor

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION = "acedata.sandbox"
"""The key in `scope["extensions"]` below which a door puts what ASGI has no word for: `drop`,
called with a `Silence` to break the connection, and `media_base`, what comes before the paths
of media if that is not the address asked."""

_CHUNK = 16_384
_LARGEST_BODY = 1_000_000


class SandboxApp:
    """The ASGI application.

    Args:
        vendor: Who decides about the answers.
        clock: What waits are measured by.
        latency: Seconds that each API request takes before it reaches the vendor.
    """

    def __init__(self, vendor: Vendor, clock: Clock, latency: float) -> None:
        self.vendor = vendor
        self._clock = clock
        self._latency = latency

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"the sandbox speaks HTTP only, not {scope['type']}")
        body = await _read_body(receive)
        if body is None:
            return
        connection = _Connection(self, scope, receive, send)
        request = _request(scope, body)
        answer = control(self.vendor, request, self._clock.time())
        if answer is not None:
            await connection.carry_out(answer)
        elif is_api(request):
            await self._serve_api(request, connection)
        else:
            await connection.carry_out(respond(self.vendor, request, self._clock.time()))

    async def wait(self, seconds: float) -> None:
        """Let `seconds` pass by the sandbox's clock."""
        if seconds > 0.0:
            await sleep(self._clock, seconds)

    async def _serve_api(self, request: Request, connection: _Connection) -> None:
        counters = self.vendor.counters
        counters.begin(self._clock.time())
        try:
            await self.wait(self._latency)
            if len(request.body) > _LARGEST_BODY:
                trace_id = self.vendor.trace_id()
                answer: Answer = failure(413, "content_too_large", "body too large", trace_id)
            else:
                answer = respond(self.vendor, request, self._clock.time())
            counters.statuses[answer.status if isinstance(answer, Reply) else 0] += 1
            await connection.carry_out(answer)
        finally:
            self.vendor.end_request()


class _Connection:
    """The way back to whoever asked."""

    def __init__(self, app: SandboxApp, scope: Message, receive: Receive, send: Send) -> None:
        self._app = app
        self._receive = receive
        self._send = send
        self._headless = scope["method"] == "HEAD"
        self._drop: Callable[[Silence], None] | None = _extension(scope).get("drop")

    async def carry_out(self, answer: Answer) -> None:
        """Answer, or do not."""
        if isinstance(answer, Silence):
            await self._fall_silent(answer)
            return
        if answer.delay > 0.0 and not await self._outlasts(answer.delay):
            return
        await self._send_head(answer)
        if answer.breaks_by is None:
            await self._send_body(answer.body, whole=True)
        else:
            await self._send_body(answer.body[: answer.breaks_at], whole=False)
            await self._fall_silent(answer.breaks_by)

    async def _fall_silent(self, silence: Silence) -> None:
        if silence is not Silence.HANG:
            if self._drop is None:
                raise ConnectionAbortedError("this server cannot close a connection early")
            self._drop(silence)
        await self._left()

    async def _outlasts(self, seconds: float) -> bool:
        """Wait, and return whether somebody is still there to be answered."""
        left = asyncio.ensure_future(self._left())
        waited = asyncio.ensure_future(self._app.wait(seconds))
        try:
            await asyncio.wait({left, waited}, return_when=asyncio.FIRST_COMPLETED)
            return not left.done()
        finally:
            left.cancel()
            waited.cancel()

    async def _left(self) -> None:
        """Return once the other side has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _send_head(self, reply: Reply) -> None:
        headers = [
            (b"content-type", reply.content_type.encode("latin-1")),
            (b"content-length", b"%d" % len(reply.body)),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers),
        ]
        await self._send(
            {"type": "http.response.start", "status": reply.status, "headers": headers}
        )

    async def _send_body(self, body: bytes, *, whole: bool) -> None:
        if self._headless:
            body = b""
        self._app.vendor.counters.bytes_sent += len(body)
        for start in range(0, len(body), _CHUNK):
            chunk = body[start : start + _CHUNK]
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        if whole:
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})


async def _read_body(receive: Receive) -> bytes | None:
    """Return the request's body, a little more than is allowed at most; None if it broke off."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        if len(body) <= _LARGEST_BODY:
            body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _request(scope: Message, body: bytes) -> Request:
    headers = {
        name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
    }
    own_base = f"{scope.get('scheme', 'http')}://{headers.get('host', 'localhost')}"
    return Request(
        method=scope["method"],
        path=scope["path"],
        authorization=headers.get("authorization", ""),
        body=body,
        media_base=_extension(scope).get("media_base", own_base),
        query=scope.get("query_string", b"").decode("latin-1"),
        engine=headers.get("model", ""),
    )


def _extension(scope: Message) -> dict[str, Any]:
    extension: dict[str, Any] = scope.get("extensions", {}).get(EXTENSION, {})
    return extension
