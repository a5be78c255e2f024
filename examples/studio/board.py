"""Sending what has changed to everybody who looks on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.types import Message, Receive, Scope, Send

HEARTBEAT = 15.0
"""Seconds after which a stream that has nothing to say says so."""
RETRY = 1000
"""Milliseconds after which a browser opens a stream anew that has ended."""


class Board:
    """What has changed, for every stream that is open.

    A stream that is slow does not pile anything up: of each topic it gets the newest state.
    """

    def __init__(self) -> None:
        self._streams: set[_Stream] = set()

    def __len__(self) -> int:
        return len(self._streams)

    def post(self, kind: str, topic: str, facts: Mapping[str, Any]) -> None:
        """Send something to all streams that want it.

        Args:
            kind: The name of the event.
            topic: What it is about; what is newer takes the place of what is older.
            facts: What is sent, as JSON.
        """
        event: str | None = None
        for stream in self._streams:
            if stream.wants(topic):
                event = event or json.dumps(facts)
                stream.put(topic, kind, event)

    def stream(
        self, hello: Callable[[], Awaitable[Mapping[str, Any]]], topics: Collection[str]
    ) -> EventSourceResponse:
        """Return an answer that goes on until the browser has enough, or the server ends.

        Args:
            hello: Tells what is sent first. It is asked once the stream hears of changes, so
                that none falls in between.
            topics: Only these; empty for all.
        """
        return _Answer(
            self._events(hello, frozenset(topics)),
            ping=HEARTBEAT,
            ping_message_factory=lambda: ServerSentEvent(comment="still here"),
            headers={"Cache-Control": "no-store"},
        )

    async def _events(
        self, hello: Callable[[], Awaitable[Mapping[str, Any]]], topics: frozenset[str]
    ) -> AsyncIterator[ServerSentEvent]:
        stream = _Stream(topics)
        self._streams.add(stream)
        try:
            yield ServerSentEvent(json.dumps(await hello()), event="hello", retry=RETRY)
            while True:
                for kind, event in await stream.take():
                    yield ServerSentEvent(event, event=kind)
        finally:
            self._streams.discard(stream)


class _Answer(EventSourceResponse):
    """A stream that ends as any other answer, also where the server breaks it off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        last: Message = {"type": ""}

        async def watched(message: Message) -> None:
            nonlocal last
            last = message
            await send(message)

        await super().__call__(scope, receive, watched)
        if last.get("more_body"):  # the server would take it for a fault
            with suppress(OSError):
                await send({"type": "http.response.body", "body": b""})


class _Stream:
    """What one browser is still to be told."""

    def __init__(self, topics: frozenset[str]) -> None:
        self._topics = topics
        self._due: dict[str, tuple[str, str]] = {}
        self._news = asyncio.Event()

    def wants(self, topic: str) -> bool:
        """Say whether it is told of a topic."""
        return not self._topics or topic in self._topics

    def put(self, topic: str, kind: str, event: str) -> None:
        """Let it know something."""
        self._due[topic] = (kind, event)
        self._news.set()

    async def take(self) -> list[tuple[str, str]]:
        """Wait for news, and return what there is."""
        await self._news.wait()
        self._news.clear()
        due, self._due = self._due, {}
        return list(due.values())
