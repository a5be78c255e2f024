"""Who brings the callbacks: when they are due, only where it may, and a few at once."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import httpx

from acedata_async._clock import Clock, sleep
from acedata_async.sandbox.callback import (
    Callback,
    callback,
    called_at,
    can_be_called,
    is_early,
)
from acedata_async.sandbox.connection import Message, Receive, Send
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.vendor import Vendor

Receiver = Callable[[Message, Receive, Send], Awaitable[None]]
"""An ASGI application that takes callbacks."""

_MOST_AT_ONCE = 50
_SECONDS_TO_ANSWER = 10.0
_MOST_READ = 65_536
_REPEAT_AFTER = 1.0


class Courier:
    """Calls back what the vendor owes, and counts what becomes of it.

    Args:
        vendor: Who owes callbacks.
        clock: What waits are measured by.
        receiver: Who gets all callbacks, in memory. None for a real request over the network,
            to this machine alone and only while `on_network` is open.
        delay: Seconds from the end of a task to its callback.
        retries: After how many seconds each a callback is tried again that got no 2xx.
    """

    def __init__(
        self,
        vendor: Vendor,
        clock: Clock,
        *,
        receiver: Receiver | None,
        delay: float,
        retries: Sequence[float],
    ) -> None:
        self._vendor = vendor
        self._clock = clock
        self._receiver = receiver
        self._delay = delay
        self._retries = tuple(retries)
        self._doors = 0
        self._closed = False
        self._http: httpx.AsyncClient | None = None
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._under_way: dict[str, asyncio.Task[None]] = {}

    async def collect(self) -> None:
        """Take over what is newly owed, and wait for the first try of what comes too early.

        Cancelling the wait leaves that under way.
        """
        owed = list(self._vendor.owed)
        self._vendor.owed.clear()
        for task, base in owed:
            tried = self._take_over(task, base)
            if tried is not None and is_early(task):
                await tried.wait()

    def resume(self, base: str) -> None:
        """Take over what earlier sandboxes still owe, if there is a way to bring it.

        Args:
            base: What comes before the paths of media.
        """
        if not self._is_open():
            return
        for task in self._vendor.tasks.values():
            if task.owed and task.id not in self._under_way:
                self._take_over(task, base)

    @contextlib.asynccontextmanager
    async def on_network(self) -> AsyncIterator[None]:
        """Call this machine's receivers over the network while the context is open.

        Leaving it breaks off what is under way, which then is still owed.
        """
        self._doors += 1
        try:
            yield
        finally:
            self._doors -= 1
            if not self._is_open():
                await self._break_off()

    async def aclose(self) -> None:
        """Break off what is under way, and bring nothing any more."""
        self._closed = True
        await self._break_off()

    def _is_open(self) -> bool:
        return self._receiver is not None or self._doors > 0

    def _take_over(self, task: Task, base: str) -> asyncio.Event | None:
        """Return what tells that it was tried or broken off, or None if it will not be tried."""
        if self._closed or called_at(task, self._delay) == math.inf:
            return None
        reached = self._is_open() and can_be_called(task, anywhere=self._receiver is not None)
        if not reached or "callback-lost" in task.quirks:
            self._vendor.counters.callbacks_undelivered += 1
            self._vendor.settle(task)
            return None
        tried = asyncio.Event()
        bringing = asyncio.get_running_loop().create_task(self._bring(task, base, tried))
        self._under_way[task.id] = bringing
        bringing.add_done_callback(lambda _: self._forget(task, tried))
        return tried

    def _forget(self, task: Task, tried: asyncio.Event) -> None:
        self._under_way.pop(task.id, None)
        tried.set()

    async def _bring(self, task: Task, base: str, tried: asyncio.Event) -> None:
        due = called_at(task, self._delay)
        while (left := due - self._clock.time()) > 0.0:
            await sleep(self._clock, left)
        message = callback(task, base)
        arrived = await self._deliver(message)
        tried.set()
        for seconds in self._retries:
            if arrived:
                break
            await sleep(self._clock, seconds)
            arrived = await self._deliver(message)
        if "callback-twice" in task.quirks:
            await sleep(self._clock, _REPEAT_AFTER)
            await self._deliver(message)
        # Only now: whoever is killed before owes it still, and brings it once more at the worst.
        self._vendor.settle(task)

    async def _deliver(self, message: Callback) -> bool:
        """Try once, and return whether it was taken."""
        async with self._places:
            counters = self._vendor.counters
            counters.callbacks_sent += 1
            status = await self._status(message)
            counters.callbacks_by_status[status] += 1
            return 200 <= status < 300

    async def _status(self, message: Callback) -> int:
        """Return the status of the answer, or 0 if none came."""
        if self._http is None:
            self._http = self._client()
        # In memory a clock that jumps would give a receiver up that does real work.
        patience = _SECONDS_TO_ANSWER if self._receiver is None else None
        try:
            async with (
                asyncio.timeout(patience),
                self._http.stream(
                    "POST",
                    message.url,
                    content=message.body,
                    headers={"content-type": message.content_type},
                ) as response,
            ):
                await _read_some(response)
                return response.status_code
        # The transport in memory asserts that the receiver has answered.
        except (httpx.HTTPError, TimeoutError, AssertionError):
            return 0

    def _client(self) -> httpx.AsyncClient:
        if self._receiver is None:
            limits = httpx.Limits(max_connections=_MOST_AT_ONCE)
            return httpx.AsyncClient(trust_env=False, timeout=_SECONDS_TO_ANSWER, limits=limits)
        transport = httpx.ASGITransport(self._receiver, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, trust_env=False)

    async def _break_off(self) -> None:
        under_way = list(self._under_way.values())
        for bringing in under_way:
            bringing.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        http, self._http = self._http, None
        if http is not None:
            await http.aclose()


async def _read_some(response: httpx.Response) -> None:
    """Read an answer to its end, so that its connection can be used again, unless it is long."""
    read = 0
    async for piece in response.aiter_raw():
        read += len(piece)
        if read > _MOST_READ:
            return
