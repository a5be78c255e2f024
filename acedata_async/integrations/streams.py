"""Server-sent events that end well."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

OVER = "over"
"""The id of a last event. A browser that comes back all the same names it, and is answered 204."""


class EventStream(EventSourceResponse):
    """A response of server-sent events that ends as any other one.

    It is broken off when the server begins to shut down, before it waits for its connections, and
    then ends properly: a server takes a response without an end for a fault.

    Args:
        events: What is sent. It is closed when the browser goes away.
        heartbeat: Seconds between comments that keep proxies from closing a silent connection.
    """

    def __init__(self, events: AsyncIterator[ServerSentEvent], *, heartbeat: float = 15.0) -> None:
        super().__init__(
            events,
            ping=heartbeat,
            ping_message_factory=lambda: ServerSentEvent(comment="still here", sep="\n"),
            headers={"Cache-Control": "no-store"},
            sep="\n",
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events, until they end, the browser goes, or the server does."""
        last = dict(scope["headers"]).get(b"last-event-id", b"")
        if last == OVER.encode():
            await Response(status_code=204)(scope, receive, send)
            return
        sent: Message = {"type": ""}

        async def watched(message: Message) -> None:
            nonlocal sent
            sent = message
            await send(message)

        await super().__call__(scope, receive, watched)
        if not sent["type"]:
            await Response(status_code=503)(scope, receive, send)
        elif sent.get("more_body", True):
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b""})
