"""The sandbox as an ASGI application: it reads a request, asks the vendor, acts on the answer."""

from __future__ import annotations

from acedata_async._clock import Clock, sleep
from acedata_async.sandbox.connection import Connection, Message, Receive, Send, extension_of
from acedata_async.sandbox.courier import Courier
from acedata_async.sandbox.replies import Answer, Reply, failure
from acedata_async.sandbox.request import Request
from acedata_async.sandbox.routes import control, is_api, respond
from acedata_async.sandbox.vendor import Vendor

__all__ = ["Message", "Receive", "SandboxApp", "Send"]

_LARGEST_BODY = 1_000_000


class SandboxApp:
    """The ASGI application.

    Args:
        vendor: Who decides about the answers.
        clock: What waits are measured by.
        latency: Seconds that each API request takes before it reaches the vendor.
        courier: Who calls back.
    """

    def __init__(self, vendor: Vendor, clock: Clock, latency: float, courier: Courier) -> None:
        self.vendor = vendor
        self._courier = courier
        self._clock = clock
        self._latency = latency

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        if scope["type"] != "http":
            raise NotImplementedError(f"the sandbox speaks HTTP only, not {scope['type']}")
        body = await _read_body(receive)
        if body is None:
            return
        connection = Connection(self.vendor.counters, self.wait, scope, receive, send)
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

    async def _serve_api(self, request: Request, connection: Connection) -> None:
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
            await self._courier.collect()
            await connection.carry_out(answer)
        finally:
            self.vendor.end_request()


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
        media_base=extension_of(scope).get("media_base", own_base),
        query=scope.get("query_string", b"").decode("latin-1"),
        engine=headers.get("model", ""),
        asked=own_base,
        range=headers.get("range", ""),
        if_range=headers.get("if-range", ""),
    )
