"""A handle on many tasks."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import Any, Generic, Literal, TypeVar, overload

from acedata_async._rules.seats import Waiter
from acedata_async.errors import AceDataError, ClientClosed, InvalidRequest, WatchTimeout
from acedata_async.models.sighting import Sighting
from acedata_async.tasks.poller import Poller
from acedata_async.tasks.watcher import TaskWatcher, barred

ResultT = TypeVar("ResultT")

_FORM = "acedata-watchset"
_VERSION = 1
_AT_ONCE = 100
"""Waits begun, or results read, before the event loop gets its turn."""
_MOST_SHOWN = 5
"""Ids and addresses in the error of a wait that was too short."""


class WatchSet(Sequence[TaskWatcher[ResultT]]):
    """Many tasks watched together, in the order in which their ids were given.

    It is a sequence of watchers; `async for` yields them as they end; `results` waits for all.
    Ten thousand ids are one call and share their lookups.
    """

    def __init__(
        self,
        poller: Poller,
        task_ids: Sequence[str],
        watch: Callable[[str], TaskWatcher[ResultT]],
    ) -> None:
        self._poller = poller
        self._task_ids = task_ids
        self._watch = watch
        # Made when they are needed: ten thousand at once would hold up the event loop.
        self._watchers: list[TaskWatcher[ResultT] | None] = [None] * len(task_ids)

    def __repr__(self) -> str:
        done = sum(watcher is not None and watcher.done() for watcher in self._watchers)
        return f"<WatchSet {done} of {len(self)} done>"

    def __len__(self) -> int:
        return len(self._watchers)

    @overload
    def __getitem__(self, index: int) -> TaskWatcher[ResultT]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TaskWatcher[ResultT]]: ...
    def __getitem__(
        self, index: int | slice
    ) -> TaskWatcher[ResultT] | Sequence[TaskWatcher[ResultT]]:
        places = range(len(self))[index]
        if isinstance(places, range):
            return [self._watcher(place) for place in places]
        return self._watcher(places)

    def __iter__(self) -> Iterator[TaskWatcher[ResultT]]:
        return map(self._watcher, range(len(self)))

    def _watcher(self, place: int) -> TaskWatcher[ResultT]:
        watcher = self._watchers[place]
        if watcher is None:
            watcher = self._watchers[place] = self._watch(self._task_ids[place])
        return watcher

    def __aiter__(self) -> AsyncIterator[TaskWatcher[ResultT]]:
        """Yield each watcher once when its task is over or its id turns out to be unknown.

        Await the watcher for its result: that takes no time. Leaving the loop early ends the
        waits and nothing else.

        Raises:
            WatchTimeout: The policy's deadline passed; `task_ids` names what was not over.
            AuthenticationError: The token may not look the tasks up.
            PermissionDenied: The same, for another reason.
            ClientClosed: The client was closed.
        """
        return self.as_completed()

    async def as_completed(
        self,
        timeout: float | None = None,
    ) -> AsyncIterator[TaskWatcher[ResultT]]:
        """Do what `async for` over the set does, with a timeout in seconds of your own."""
        waits: _Waits[ResultT] = _Waits(self._poller, timeout)
        try:
            for place, watcher in enumerate(self, 1):
                waits.begin(watcher)
                if place % _AT_ONCE == 0:
                    await asyncio.sleep(0)  # others are to have their turn
            for place in range(1, len(self) + 1):
                yield await waits.next_ended()
                if place % _AT_ONCE == 0:
                    await asyncio.sleep(0)
        finally:
            waits.end()

    @overload
    async def results(
        self, *, return_exceptions: Literal[False] = False, timeout: float | None = None
    ) -> list[ResultT]: ...
    @overload
    async def results(
        self, *, return_exceptions: Literal[True], timeout: float | None = None
    ) -> list[ResultT | AceDataError]: ...
    async def results(
        self,
        *,
        return_exceptions: bool = False,
        timeout: float | None = None,
    ) -> list[Any]:
        """Wait for all and return their results, in the order of the ids.

        Args:
            return_exceptions: Put errors in the place of results instead of raising the first.
                It covers everything that `TaskWatcher.result` raises.
            timeout: Seconds to wait at most; None for the policy's deadline.

        Raises:
            TaskFailed: A task failed. Everything else that `TaskWatcher.result` raises, too.
        """
        cut_short: AceDataError | None = None
        try:
            async for watcher in self.as_completed(timeout):
                if not return_exceptions:
                    await watcher
        except AceDataError as error:
            if not return_exceptions:
                raise
            cut_short = error
        outcomes = []
        for place, watcher in enumerate(self, 1):
            outcomes.append(await _outcome(watcher, cut_short))
            if place % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return outcomes

    def to_json(self) -> str:
        """Return the ids as a JSON text, for `read_ids` in another process. It has no secrets."""
        return json.dumps({"form": _FORM, "version": _VERSION, "task_ids": list(self._task_ids)})

    @staticmethod
    def read_ids(text: str) -> list[str]:
        """Return the ids in a text that `to_json` wrote; give them to `watch_many`.

        Raises:
            InvalidRequest: The text is something else, or of a newer version.
        """
        allowed = f"what WatchSet.to_json returned, version {_VERSION}"
        try:
            saved = json.loads(text)
            if saved["form"] != _FORM or saved["version"] != _VERSION:
                raise InvalidRequest("text", text, allowed)
            task_ids = saved["task_ids"]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InvalidRequest("text", text, allowed) from error
        if not isinstance(task_ids, list) or not all(isinstance(one, str) for one in task_ids):
            raise InvalidRequest("task_ids", task_ids, "a list of ids")
        return task_ids


class _Waits(Generic[ResultT]):
    """The waits of one pass over a set.

    Args:
        poller: Where the tasks are watched.
        timeout: Seconds to wait at most; None for the policy's deadline.
    """

    def __init__(self, poller: Poller, timeout: float | None) -> None:
        self._poller = poller
        self._timeout = timeout
        self._waiters: dict[TaskWatcher[ResultT], Waiter[Sighting]] = {}
        self._ended: deque[TaskWatcher[ResultT]] = deque()
        self._news = asyncio.Event()

    def begin(self, watcher: TaskWatcher[ResultT]) -> None:
        """Begin to wait for one task, unless its outcome is known."""
        if not watcher.settled:
            wake = partial(self._wake, watcher)
            self._waiters[watcher] = watcher.join(self._timeout, wake)
        if watcher.settled:
            self._ended.append(watcher)

    async def next_ended(self) -> TaskWatcher[ResultT]:
        """Return the next watcher whose outcome is known, or raise what cut the pass short."""
        while not self._ended:
            self._news.clear()
            await self._news.wait()
        watcher = self._ended.popleft()
        waiter = self._waiters.pop(watcher, None)
        if waiter is not None:
            self._poller.leave(waiter)
            if not watcher.settle(waiter):
                raise self._cut_short(waiter, [watcher, *self._waiters])
        return watcher

    def end(self) -> None:
        """End all waits that are left."""
        for waiter in self._waiters.values():
            self._poller.leave(waiter)

    def _wake(self, watcher: TaskWatcher[ResultT]) -> None:
        if self._waiters[watcher].ending is not None:
            self._ended.append(watcher)
            self._news.set()

    def _cut_short(
        self, waiter: Waiter[Sighting], left: Sequence[TaskWatcher[ResultT]]
    ) -> AceDataError:
        task_ids = [watcher.id or "" for watcher in left]
        if waiter.ending == "deadline":
            waited = self._poller.patience(self._timeout)
            shown = [one for watcher in left for one in watcher.leads]
            error: AceDataError = WatchTimeout(task_ids, waited, shown=shown[:_MOST_SHOWN])
            error.__cause__ = waiter.cause
            return error
        if isinstance(waiter.cause, AceDataError):
            return barred(waiter.cause, task_ids)
        return ClientClosed(f"the client was closed while {len(left)} tasks were awaited")


async def _outcome(watcher: TaskWatcher[Any], cut_short: AceDataError | None) -> Any:
    if cut_short is not None and not watcher.settled:
        return cut_short
    try:
        return await watcher
    except AceDataError as error:
        return error
