"""Reading server-sent events, as a browser does."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from starlette.responses import Response


def read_events(text: str) -> list[tuple[str, Any]]:
    """Return the events of a stream, each with what it holds."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line)
        if "event" in fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


class Browser:
    """Follows one stream until it closes it.

    Args:
        response: What the application answers with.
        headers: What the browser sends along.
    """

    def __init__(self, response: Response, headers: dict[str, str] | None = None) -> None:
        self._scope = {
            "type": "http",
            "method": "GET",
            "headers": [(k.encode(), v.encode()) for k, v in (headers or {}).items()],
        }
        self._response = response
        self._closed = asyncio.Event()
        self.sent: list[Any] = []

    async def _receive(self) -> dict[str, Any]:
        await self._closed.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    def open(self) -> asyncio.Task[None]:
        """Begin to follow; the task ends with the response."""
        return asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        await self._response(self._scope, self._receive, self._send)

    def close(self) -> None:
        """Go away."""
        self._closed.set()

    @property
    def text(self) -> str:
        """What has come so far."""
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    @property
    def events(self) -> list[tuple[str, Any]]:
        """The events that have come so far."""
        return read_events(self.text)

    @property
    def ended(self) -> bool:
        """Whether the response has come to its proper end."""
        last = self.sent[-1] if self.sent else {}
        return last.get("type") == "http.response.body" and not last.get("more_body")
