"""A tiny receiver of callbacks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.app import Message, Receive, Send
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of

HOOK = "https://me.example/hooks/secret?x=1"


@dataclass(frozen=True)
class Arrival:
    """A callback that has arrived.

    Attributes:
        after: Seconds since the clock was made.
    """

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    raw: bytes
    after: float

    @property
    def body(self) -> dict[str, Any]:
        """What it says."""
        told: dict[str, Any] = json.loads(self.raw)
        return told


class Inbox:
    """An ASGI application that keeps what arrives.

    Args:
        clock: What time it is.
        statuses: What it answers, one after the other, and then 204.
    """

    def __init__(self, clock: ManualClock, *statuses: int) -> None:
        self._clock = clock
        self._statuses = list(statuses)
        self.arrivals: list[Arrival] = []
        self.at_once = 0
        self.most_at_once = 0
        self.open = asyncio.Event()
        """Nothing is answered while it is not set."""
        self.open.set()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Keep one callback, and answer it."""
        raw, more = b"", True
        while more:
            message = await receive()
            raw, more = raw + message["body"], message["more_body"]
        self.arrivals.append(
            Arrival(
                scope["method"],
                scope["path"],
                scope["query_string"],
                dict(scope["headers"]),
                raw,
                self._clock.elapsed,
            )
        )
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await self.open.wait()
        finally:
            self.at_once -= 1
        status = self._statuses.pop(0) if self._statuses else 204
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    @property
    def times(self) -> list[float]:
        """When they arrived, in seconds."""
        return [round(arrival.after, 3) for arrival in self.arrivals]


@dataclass(frozen=True)
class Scene:
    """A sandbox that calls back, whoever calls it, and who is called back."""

    sandbox: Sandbox
    caller: Caller
    inbox: Inbox
    clock: ManualClock

    async def arrival(self, seconds: float = 1000.0) -> Arrival:
        """Let time pass, and return the one callback that has come by then."""
        await self.clock.advance(seconds)
        (arrival,) = self.inbox.arrivals
        return arrival


@asynccontextmanager
async def calling_back(statuses: Sequence[int] = (), **options: Any) -> AsyncIterator[Scene]:
    """Start a sandbox whose songs take 40 s and that calls back half a second later."""
    clock = ManualClock(jump=False)
    inbox = Inbox(clock, *statuses)
    settings: dict[str, Any] = {"durations": 40.0, "callback_delay": 0.5, **options}
    async with (
        Sandbox(clock=clock, receiver=inbox, **settings) as sandbox,
        caller_of(sandbox) as http,
    ):
        yield Scene(sandbox, Caller(http), inbox, clock)


def counted(sandbox: Sandbox) -> tuple[int, dict[int, int], int]:
    """Return how many callbacks were sent, answered by status, and not delivered."""
    stats = sandbox.stats
    return stats.callbacks_sent, dict(stats.callbacks_by_status), stats.callbacks_undelivered
