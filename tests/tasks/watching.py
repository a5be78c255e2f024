"""The vendor's side of a test: clients of a sandbox, and a witness of what they ask."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypedDict, Unpack

import httpx

from acedata_async import AceData, Event, Observer, PollPolicy, TaskFinal, Timeouts
from acedata_async._clock import Clock, Timer
from acedata_async.sandbox import Sandbox

BASE = "https://sandbox.acedata.invalid"
NOBODYS = "11111111-2222-3333-4444-555555555555"


class Options(TypedDict, total=False):
    """What a test sets up a client with."""

    clock: Clock
    learned: str | None
    observers: list[Observer]
    poll: PollPolicy
    timeouts: Timeouts


@dataclass(frozen=True, slots=True)
class Lookup:
    """One lookup as it arrived: when, and whom it asked about."""

    moment: float
    task_ids: tuple[str, ...]


class Witness(httpx.AsyncBaseTransport):
    """Stands at the vendor's door and writes down every lookup.

    Args:
        sandbox: The vendor.
        answer: May change an answer: given the ids and the body, it returns the body, or a
            whole response in place of it.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        answer: Callable[[tuple[str, ...], dict[str, Any]], dict[str, Any] | httpx.Response]
        | None = None,
    ) -> None:
        self.lookups: list[Lookup] = []
        self._sandbox = sandbox
        self._inner = sandbox.transport()
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note a lookup and let the vendor answer."""
        if not request.url.path.endswith("/tasks"):
            return await self._inner.handle_async_request(request)
        body = json.loads(request.content)
        task_ids = tuple(body.get("ids") or [body["id"]])
        self.lookups.append(Lookup(self._sandbox.clock.monotonic(), task_ids))
        response = await self._inner.handle_async_request(request)
        if self._answer is None:
            return response
        content = self._answer(task_ids, json.loads(await response.aread()))
        if isinstance(content, httpx.Response):
            return content
        return httpx.Response(response.status_code, json=content)

    def moments(self, task_id: str) -> list[float]:
        """Return when a task was asked about."""
        return [look.moment for look in self.lookups if task_id in look.task_ids]

    def least_gap(self) -> float:
        """Return the least time between two lookups that asked about the same task."""
        asked: dict[str, list[float]] = defaultdict(list)
        for look in self.lookups:
            for task_id in look.task_ids:
                asked[task_id].append(look.moment)
        gaps = (b - a for moments in asked.values() for a, b in pairwise(moments))
        return min(gaps, default=float("inf"))


class Skewed:
    """A clock that shows another time of day than the vendor's; its seconds are the same."""

    def __init__(self, clock: Clock, ahead: float) -> None:
        self._clock = clock
        self._ahead = ahead

    def time(self) -> float:
        """Return the wrong time of day."""
        return self._clock.time() + self._ahead

    def monotonic(self) -> float:
        """Return what the shared clock shows."""
        return self._clock.monotonic()

    def call_later(self, seconds: float, callback: Callable[[], object], /) -> Timer:
        """Call `callback` when the shared clock has moved on."""
        return self._clock.call_later(seconds, callback)


def client(
    sandbox: Sandbox,
    *,
    transport: httpx.AsyncBaseTransport | None = None,
    **options: Unpack[Options],
) -> AceData:
    """Return a client of a sandbox, on its clock unless it has one of its own."""
    http = httpx.AsyncClient(transport=transport or sandbox.transport(), trust_env=False)
    settings: Options = {"clock": sandbox.clock, "observers": [], **options}
    return AceData("token", base_url=BASE, http_client=http, seed=1, **settings)


def finals(events: list[Event]) -> list[TaskFinal]:
    """Return those of the facts that tell of a task's end."""
    return [event for event in events if isinstance(event, TaskFinal)]
