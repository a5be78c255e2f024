"""Calls of an ASGI application as a server makes them, message by message."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from acedata_async.webhooks import Receiver

Headers = Sequence[tuple[bytes, bytes]]
JSON: Headers = [(b"content-type", b"application/json")]


class Call:
    """One request, and what became of it.

    Args:
        url: Where it goes.
        body: The pieces of its body.
        headers: Its headers.
        method: Its method.
        ends: Whether the body comes to its end; otherwise nothing more comes.
        leaves: Whether the caller goes away after the pieces.
    """

    def __init__(
        self,
        url: str,
        *body: bytes,
        headers: Headers = JSON,
        method: str = "POST",
        ends: bool = True,
        leaves: bool = False,
    ) -> None:
        path = urlsplit(url).path
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "headers": headers,
        }
        pieces = list(body) or [b""]
        self._messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": not ends or n < len(pieces)}
            for n, piece in enumerate(pieces, 1)
        ]
        if leaves:
            self._messages.append({"type": "http.disconnect"})
        self.read = 0
        self.sent: list[Any] = []

    async def receive(self) -> dict[str, Any]:
        """Hand out the next message, or wait for ever."""
        if self.read == len(self._messages):
            await asyncio.Event().wait()
        self.read += 1
        return self._messages[self.read - 1]

    async def send(self, message: Any) -> None:
        """Take in what is answered."""
        self.sent.append(message)

    async def __call__(self, receiver: Receiver) -> int:
        """Make the call, and return the status that it was answered with."""
        await receiver(self.scope, self.receive, self.send)
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The headers of the answer."""
        return dict(self.sent[0]["headers"])
