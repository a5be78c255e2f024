"""What the services have in common: paid calls, watchers, lookups."""

from __future__ import annotations

import asyncio
import inspect
import logging
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call, Reply
from acedata_async._rules.wire import as_object, as_objects
from acedata_async.errors import ClientClosed, InvalidRequest, TaskNotFound
from acedata_async.models.producer import ProducerRequest
from acedata_async.models.reply import ReplyModel
from acedata_async.models.request import ApiRequest, RequestWarning
from acedata_async.models.task import Task
from acedata_async.tasks.crew import Caller, Crew
from acedata_async.tasks.poller import Poller
from acedata_async.tasks.submitter import Submitter, accepted
from acedata_async.tasks.watcher import TaskWatcher
from acedata_async.tasks.watchset import WatchSet

T = TypeVar("T")
ReplyT = TypeVar("ReplyT", bound=ReplyModel)

_log = logging.getLogger("acedata_async")

_LONGEST_ID = 200


class Service:
    """One service of the vendor: its submissions, and its tasks.

    Args:
        submitter: Sends what is paid for.
        poller: Watches the service's tasks.
        crew: Runs the calls.
        clock: The time.
    """

    def __init__(self, submitter: Submitter, poller: Poller, crew: Crew, clock: Clock) -> None:
        self._submitter = submitter
        self._poller = poller
        self._crew = crew
        self._clock = clock
        self._unclaimed: list[TaskWatcher[Any]] = []

    async def submit(self, request: ProducerRequest[T]) -> TaskWatcher[T]:
        """Send any request that becomes a task; the watcher's result has the request's type."""
        if not isinstance(request, ProducerRequest):
            raise InvalidRequest("request", request, "a ProducerRequest, such as GenerateRequest")
        body = {"action": request.action, **request.fields_to_send(), "async": True}
        for oddity in request.oddities():
            warnings.warn(oddity, RequestWarning, stacklevel=_level_of_user())
        return await self._crew.run(
            lambda caller: self._submit(request, Call(request.path, body, "submit"), caller),
            name=request.action,
            paid=True,
            unclaimed=self._keep,
        )

    def claim(self) -> list[TaskWatcher[Any]]:
        """Return the watchers of submissions whose caller was cancelled, each once.

        Such a song was accepted, and is paid, while nobody waited for its id any more.
        """
        claimed, self._unclaimed = self._unclaimed, []
        return claimed

    async def retrieve(self, task_id: str) -> Task:
        """Look one task up, now. Free.

        Raises:
            TaskNotFound: No record has this id.
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
        """
        task = (await self._poller.retrieve([_task_id(task_id)])).get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        return task

    async def retrieve_batch(self, task_ids: Iterable[str]) -> dict[str, Task]:
        """Look many tasks up, now, in as few requests as possible. Free.

        Returns:
            The records by id; ids without a record are absent.

        Raises:
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
        """
        return await self._poller.retrieve(_many(task_ids))

    async def _submit(
        self, request: ProducerRequest[T], call: Call, caller: Caller
    ) -> TaskWatcher[T]:
        def accept(reply: Reply, sent: float) -> TaskWatcher[T] | None:
            outcome = accepted(reply, now=self._clock.time())
            if outcome is None:
                return None
            seat = self._poller.seat_of_submission(
                outcome.task_id, request=call.body, sent=sent, record=outcome.record
            )
            return TaskWatcher(self._poller, seat, request.result_of)

        return await self._submitter.post(call, request, caller, accept)

    async def _ask(self, request: ApiRequest, kind: type[ReplyT], needed: str) -> ReplyT:
        """Send a paid request that is answered with its result."""

        def accept(reply: Reply, _sent: float) -> ReplyT | None:
            body = as_object(reply.body)
            items = as_objects(body.get("data"))
            if reply.status != 200 or body.get("success") is False or not items:
                return None
            result = kind.read(items[0], task_id=body.get("task_id"))
            return result if getattr(result, needed) else None

        call = Call(request.path, request.fields_to_send(), "hold")
        return await self._crew.run(
            lambda caller: self._submitter.post(call, request, caller, accept),
            name=request.path,
            paid=True,
            unclaimed=_report,
        )

    def _watcher(self, task_id: str, read: Callable[[Task], T]) -> TaskWatcher[T]:
        seat = self._poller.seat(_task_id(task_id))
        return TaskWatcher(self._poller, seat, read)

    def _keep(self, submission: asyncio.Task[TaskWatcher[Any]]) -> None:
        if _ended_well(submission):
            watcher = submission.result()
            _log.warning("task %s was accepted after its caller went; claim() it", watcher.id)
            self._unclaimed.append(watcher)

    def _watch_set(self, task_ids: Iterable[str], read: Callable[[Task], T]) -> WatchSet[T]:
        wanted = list(dict.fromkeys(_many(task_ids)))
        return WatchSet(self._poller, wanted, lambda task_id: self._watcher(task_id, read))


def _level_of_user() -> int:
    """Return how far up the stack the first caller is that is not this package."""
    frame, level = inspect.currentframe(), 0
    while frame is not None and frame.f_globals.get("__name__", "").startswith("acedata_async."):
        frame, level = frame.f_back, level + 1
    return level


def _report(call: asyncio.Task[ReplyModel]) -> None:
    """Log what a paid call brought whose caller was cancelled; nobody else has it."""
    if _ended_well(call):
        _log.warning("answered after its caller went: %r", call.result())


def _ended_well(call: asyncio.Task[Any]) -> bool:
    """Say whether a paid call succeeded whose caller went; log why not, if it was sent."""
    error = None if call.cancelled() else call.exception()
    if error is not None and not isinstance(error, ClientClosed):
        _log.warning("a paid call whose caller went did not end well: %s", error)
    return error is None and not call.cancelled()


def _task_id(task_id: object) -> str:
    # One id that cannot be sent would spoil every lookup that it shares.
    fits = isinstance(task_id, str) and 0 < len(task_id) <= _LONGEST_ID and task_id.isprintable()
    if not isinstance(task_id, str) or not fits or not task_id.strip():
        raise InvalidRequest("task_id", task_id, "the id of a task, a text that is not empty")
    return task_id


def _many(task_ids: Iterable[str]) -> list[str]:
    if isinstance(task_ids, str) or not isinstance(task_ids, Iterable):
        raise InvalidRequest("task_ids", task_ids, "a list of ids, not one id")
    return [_task_id(task_id) for task_id in task_ids]
