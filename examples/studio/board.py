"""Sending what has changed to everybody who looks on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from typing import Any

from sse_starlette import ServerSentEvent

from acedata_async.integrations.fastapi import EventStream
from examples.studio.answers import as_json

STATUS = "status"
"""A topic that every stream is told of."""

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
            topic: What it is about: `STATUS`, or the key of a song, with more words behind it
                for a part of what there is to say. What is newer takes the place of what is
                older.
            facts: What is sent, as JSON.
        """
        event: str | None = None
        for stream in self._streams:
            if stream.wants(topic):
                event = event or as_json(facts)
                stream.put(topic, kind, event)

    def stream(
        self, hello: Callable[[], Awaitable[Mapping[str, Any]]], topics: Collection[str]
    ) -> EventStream:
        """Return an answer that goes on until the browser has enough, or the server ends.

        Args:
            hello: Tells what is sent first. It is asked once the stream hears of changes, so
                that none falls in between.
            topics: The keys of the songs that it tells of; empty for all.
        """
        return EventStream(self._events(hello, frozenset(topics)))

    async def _events(
        self, hello: Callable[[], Awaitable[Mapping[str, Any]]], topics: frozenset[str]
    ) -> AsyncIterator[ServerSentEvent]:
        stream = _Stream(topics)
        self._streams.add(stream)
        try:
            yield ServerSentEvent(as_json(await hello()), event="hello", retry=RETRY)
            while True:
                for kind, event in await stream.take():
                    yield ServerSentEvent(event, event=kind)
        finally:
            self._streams.discard(stream)


class _Stream:
    """What one browser is still to be told."""

    def __init__(self, topics: frozenset[str]) -> None:
        self._topics = topics
        self._due: dict[str, tuple[str, str]] = {}
        self._news = asyncio.Event()

    def wants(self, topic: str) -> bool:
        """Say whether it is told of a topic."""
        return not self._topics or topic == STATUS or topic.partition(" ")[0] in self._topics

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
