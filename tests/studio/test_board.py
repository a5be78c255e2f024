"""News for everybody who looks on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from examples.studio.board import STATUS, Board


async def hello() -> dict[str, Any]:
    """Return how things stand."""
    return {"now": 1}


def events_of(board: Board, *topics: str) -> AsyncIterator[Any]:
    """Return what a stream is told."""
    events: AsyncIterator[Any] = aiter(board.stream(hello, topics).body_iterator)
    return events


async def read(events: AsyncIterator[Any]) -> tuple[str, Mapping[str, Any]]:
    """Return the next event."""
    async with asyncio.timeout(5):
        event = await anext(events)
    return event.event, json.loads(event.data)


async def test_slow_stream_gets_the_newest_state() -> None:
    """However much has happened meanwhile, there is one event for each song."""
    board = Board()
    events = events_of(board)
    assert await read(events) == ("hello", {"now": 1})
    for number in range(1000):
        board.post("song", "a", {"number": number})
        board.post("song", "b", {"number": -number})
    assert await read(events) == ("song", {"number": 999})
    assert await read(events) == ("song", {"number": -999})
    waiting = asyncio.create_task(read(events))
    await asyncio.sleep(0)
    assert not waiting.done()
    board.post("song", "c", {})
    assert await waiting == ("song", {})


async def test_stream_of_one_song_hears_of_no_other() -> None:
    """How far that one is, and how the studio stands, belong to it."""
    board = Board()
    events = events_of(board, "a")
    await read(events)
    for key in ("b", "a"):
        board.post("song", key, {"key": key})
        board.post("progress", f"{key} progress", {"key": key})
    board.post("status", STATUS, {"stopped": None})
    assert await read(events) == ("song", {"key": "a"})
    assert await read(events) == ("progress", {"key": "a"})
    assert await read(events) == ("status", {"stopped": None})


async def test_nothing_is_kept_of_a_stream_that_has_ended() -> None:
    """Nor of one that was never read."""
    board = Board()
    board.stream(hello, ())
    events = events_of(board)
    await read(events)
    assert len(board) == 1
    await events.aclose()  # type: ignore[attr-defined]
    assert len(board) == 0


async def test_half_a_character_can_be_sent() -> None:
    """What the vendor or a user wrote may hold one, which UTF-8 has no bytes for."""
    board = Board()
    events = events_of(board)
    await read(events)
    board.post("song", "a", {"title": "\ud83d"})
    async with asyncio.timeout(5):
        assert (await anext(events)).data.isascii()
