"""Paid calls from the request to what comes of them: a watcher, or the result itself."""

from __future__ import annotations

import asyncio
import inspect
import logging
import warnings
from typing import Any, TypeVar

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call, Reply
from acedata_async._rules.wire import as_object, as_objects
from acedata_async.callbacks import Callbacks
from acedata_async.errors import ClientClosed
from acedata_async.models.reply import ReplyModel
from acedata_async.models.request import ApiRequest, RequestWarning
from acedata_async.models.task_request import TaskRequest
from acedata_async.tasks.crew import Caller, Crew
from acedata_async.tasks.poller import Poller
from acedata_async.tasks.submitter import NO_JOURNAL, Journal, Submitter, accepted
from acedata_async.tasks.watcher import TaskWatcher

T = TypeVar("T")
ReplyT = TypeVar("ReplyT", bound=ReplyModel)

_log = logging.getLogger("acedata_async")


class Orders:
    """The paid calls of one service.

    Args:
        submitter: Sends what is paid for.
        poller: Watches the service's tasks.
        crew: Runs the calls.
        clock: The time.
        callbacks: Where the vendor is to call, unless a request says otherwise.
    """

    def __init__(
        self,
        submitter: Submitter,
        poller: Poller,
        crew: Crew,
        clock: Clock,
        *,
        callbacks: Callbacks | None,
    ) -> None:
        self._submitter = submitter
        self._poller = poller
        self._crew = crew
        self._clock = clock
        self._callbacks = callbacks
        self._unclaimed: list[TaskWatcher[Any]] = []

    async def submit(
        self,
        request: TaskRequest[T],
        *,
        callback_url: str | None = None,
        journal: Journal | None = None,
    ) -> TaskWatcher[T]:
        """Send a request that becomes a task.

        Args:
            request: What to send.
            callback_url: Takes the place of the request's own, and of that of the client.
            journal: Writes down how it goes. Without one, the watcher of a submission whose
                caller was cancelled is kept for `claim`.
        """
        if callback_url is None and request.callback_url is None and self._callbacks is not None:
            callback_url = self._callbacks.address()
        call = request.to_call(callback_url)
        for oddity in request.oddities():
            warnings.warn(oddity, RequestWarning, stacklevel=_level_of_user())
        return await self._crew.run(
            lambda caller: self._submit(request, call, caller, journal or NO_JOURNAL),
            name=request.action,
            paid=True,
            unclaimed=self._keep if journal is None else None,
        )

    async def ask(
        self,
        request: ApiRequest,
        kind: type[ReplyT],
        needed: str,
        *,
        journal: Journal = NO_JOURNAL,
    ) -> ReplyT:
        """Send a paid request that is answered with its result.

        Args:
            request: What to send.
            kind: What it is answered with.
            needed: The attribute without which such an answer is none.
            journal: Writes down how it goes.
        """

        def accept(reply: Reply, _sent: float) -> ReplyT | None:
            body = as_object(reply.body)
            if not 200 <= reply.status < 300 or body.get("success") is False or body.get("error"):
                return None
            # Fish answers without an envelope.
            for place in (*as_objects(body.get("data")), body):
                result = kind.read(place, task_id=body.get("task_id"))
                if getattr(result, needed):
                    return result
            return None

        call = request.to_call()
        return await self._crew.run(
            lambda caller: self._submitter.post(call, request, caller, accept, journal),
            name=request.path,
            paid=True,
            unclaimed=_report,
        )

    def claim(self) -> list[TaskWatcher[Any]]:
        """Return the watchers of submissions whose caller was cancelled, each once."""
        claimed, self._unclaimed = self._unclaimed, []
        return claimed

    async def _submit(
        self, request: TaskRequest[T], call: Call, caller: Caller, journal: Journal
    ) -> TaskWatcher[T]:
        def accept(reply: Reply, sent: float) -> TaskWatcher[T] | None:
            outcome = accepted(reply, now=self._clock.time(), bare=request.bare)
            if outcome is None:
                return None
            seat = self._poller.seat_of_submission(outcome, call, request.record_type, sent=sent)
            return TaskWatcher(self._poller, seat, request.result_of)

        return await self._submitter.post(call, request, caller, accept, journal)

    def _keep(self, submission: asyncio.Task[TaskWatcher[Any]]) -> None:
        if _ended_well(submission):
            watcher = submission.result()
            what = f"task {watcher.id}" if watcher.id else "what was answered at once"
            _log.warning("%s was accepted after its caller went; claim() it", what)
            self._unclaimed.append(watcher)


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
