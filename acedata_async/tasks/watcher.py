"""A handle on one task."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from typing import Any, Generic, TypeVar

from acedata_async._rules.seats import Seat, Waiter
from acedata_async._rules.verdict import TaskState, progress_of
from acedata_async.errors import (
    AceDataError,
    ClientClosed,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.models.sighting import Sighting
from acedata_async.models.task import Task
from acedata_async.tasks.poller import Poller

ResultT = TypeVar("ResultT")


class TaskWatcher(Generic[ResultT]):
    """A task that is somewhere on its way: await it for its result.

    Await it as often as you like, from as many places as you like: they share the lookups, and
    get the same result. Nothing is asked while nobody waits. Cancelling a wait ends that wait
    only: the task lives on at the vendor, and the watcher can be awaited again.

    A watcher comes from `ace.producer.generate` and its siblings, from `ace.fish.speak`, or from
    `watch` of either. One of what was answered with its result at once is done from the start.
    """

    __slots__ = ("__weakref__", "_missing", "_poller", "_read", "_seat")

    def __init__(
        self, poller: Poller, seat: Seat[Sighting], read: Callable[[Task], ResultT]
    ) -> None:
        self._poller = poller
        self._seat = seat
        self._read = read
        self._missing = False

    def __repr__(self) -> str:
        progress = "" if self.progress is None else f" {self.progress:.0%}"
        return f"<TaskWatcher {self.id} {self.state}{progress}>"

    @property
    def id(self) -> str | None:
        """The task's id; None for an answer that never was a task."""
        return self._seat.task_id or None

    @property
    def task(self) -> Task | None:
        """The record as of the last change that was seen, or None before the first look.

        Of a task that still runs, the echoed request is kept with action, model and
        `callback_url` only.
        """
        return None if self._seat.record is None else self._seat.record.task

    @property
    def state(self) -> TaskState:
        """The state as last seen; `pending` before the first look."""
        return self._seat.record.verdict.state if self._seat.record else "pending"

    @property
    def progress(self) -> float | None:
        """The progress as last seen, from 0 to 1; None where it is not known."""
        seen = self._seat.record
        return None if seen is None else progress_of(seen.raw, seen.verdict)

    def done(self) -> bool:
        """Say whether the task is known to be over, with whatever outcome."""
        return self._seat.final

    def __await__(self) -> Generator[Any, None, ResultT]:
        return self.result().__await__()

    async def result(self, timeout: float | None = None) -> ResultT:
        """Wait until the task is over and return what came out of it.

        Cancelling the call ends this wait only.

        Args:
            timeout: Seconds to wait at most; None for the policy's deadline, 15 minutes unless
                set otherwise.

        Raises:
            TaskFailed: The record says that the task failed, or makes no sense.
            MalformedResponse: The task succeeded without what was asked for.
            TaskNotFound: The id was given by you, and has no record.
            WatchTimeout: The task was not over in time. It lives on.
            AuthenticationError: The token may not look the task up.
            PermissionDenied: The same, for another reason.
            ClientClosed: The client was closed.
        """
        task = await self.wait(timeout)
        if task.state != "succeeded":
            raise TaskFailed(task)
        return self._read(task)

    async def wait(self, timeout: float | None = None) -> Task:
        """Wait until the task is over and return its final record, however it ended.

        Raises what `result` raises, except for the task's own failure. Cancelling the call ends
        this wait only.

        Args:
            timeout: Seconds to wait at most; None for the policy's deadline.
        """
        known = self._final_record
        if known is not None:
            return known
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if waiter.ending is not None and not ended.done():
                ended.set_result(None)

        waiter = self.join(timeout, wake)
        try:
            if waiter.ending is None:
                await ended
        finally:
            self._poller.leave(waiter)
        return self._final(waiter, timeout)

    async def __aiter__(self) -> AsyncIterator[Task]:
        """Yield the record each time that it tells something new, the final one last.

        What is known already comes first. No extra request is made for it. The task's own
        failure is not raised; otherwise it raises what `wait` raises.
        """
        known = self._final_record
        if known is not None:
            yield known
            return
        news = asyncio.Event()
        waiter = self.join(None, news.set)
        seen = 0
        try:
            while waiter.ending is None:
                if self._seat.version == seen:
                    await news.wait()
                    news.clear()
                elif (task := self.task) is not None:
                    seen = self._seat.version
                    yield task
        finally:
            self._poller.leave(waiter)
        final = self._final(waiter, None)
        if self._seat.version != seen:
            yield final

    async def refresh(self) -> Task | None:
        """Look at the task once, now, and return its record; None where there is none yet.

        Raises:
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
        """
        if not self._seat.task_id:
            return self.task  # there never was a task
        self._missing = False
        return await self._poller.refresh(self._seat)

    @property
    def leads(self) -> tuple[str, ...]:
        """What was shown of the result so far; for the package's own use."""
        return self._seat.leads

    @property
    def settled(self) -> bool:
        """Whether awaiting takes no time: the task is over, or its id is known to be unknown."""
        return self._missing or self.done()

    @property
    def _final_record(self) -> Task | None:
        seen = self._seat.record
        return seen.task if seen is not None and seen.final else None

    def join(self, timeout: float | None, wake: Callable[[], object]) -> Waiter[Sighting]:
        """Begin a wait that calls `wake` on news; for the package's own use."""
        if self._missing:
            raise TaskNotFound(self._seat.task_id)
        waiter = self._poller.join(self._seat, timeout=timeout, wake=wake)
        self._seat = waiter.seat
        return waiter

    def settle(self, waiter: Waiter[Sighting]) -> bool:
        """Take in how a wait ended and say whether that is for good; for the package's own use."""
        self._missing = waiter.ending == "missing"
        return self.settled

    def _final(self, waiter: Waiter[Sighting], timeout: float | None) -> Task:
        """Return the final record after a wait, or raise why there is none."""
        task_id = self._seat.task_id
        if self.settle(waiter):
            known = self._final_record
            if known is not None:
                return known
            raise TaskNotFound(task_id)
        if waiter.ending == "deadline":
            waited, shown = self._poller.patience(timeout), self._seat.leads
            raise WatchTimeout([task_id], waited, shown=shown) from waiter.cause
        if isinstance(waiter.cause, AceDataError):
            raise barred(waiter.cause, [task_id]) from waiter.cause
        raise ClientClosed(f"the client was closed while task {task_id} was awaited; it lives on")


def barred(cause: AceDataError, task_ids: Sequence[str]) -> AceDataError:
    """Return the error for waits that something ends for good, with the ids that live on."""
    error = copy.copy(cause)
    shown = ", ".join(task_ids[:5]) + (" …" if len(task_ids) > 5 else "")
    error.args = (f"while watching {shown}: {cause}",)
    return error
