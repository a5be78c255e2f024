"""What the services have in common: paid calls, watchers, lookups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from acedata_async._rules.marking import Marking
from acedata_async._rules.wire import is_task_id
from acedata_async.bulk.intake import Requests
from acedata_async.bulk.run import BulkRun
from acedata_async.bulk.settings import BulkSettings, OnUnknown
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import InvalidRequest, TaskNotFound
from acedata_async.ledger.protocol import Ledger
from acedata_async.models.task import Task
from acedata_async.models.task_request import TaskRequest
from acedata_async.tasks.watcher import TaskWatcher
from acedata_async.tasks.watchset import WatchSet

T = TypeVar("T")

_SUCH_AS = {"producer": "GenerateRequest", "fish": "SpeechRequest"}


class Service:
    """One service of the vendor: its submissions, and its tasks.

    Args:
        workshop: The parts of the client that make things at this service.
    """

    name: ClassVar[str]
    """What the service is called in addresses, such as `producer`."""

    _readers: ClassVar[Mapping[type, Callable[[Task], Any]]]
    """How what its tasks make is read from a record, by the type of it."""

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._orders = workshop.orders
        self._poller = workshop.poller

    async def submit(self, request: TaskRequest[T]) -> TaskWatcher[T]:
        """Send any request that becomes a task; the watcher's result has the request's type.

        Raises:
            InvalidRequest: It is no request to this service.
        """
        given: object = request
        if not isinstance(given, TaskRequest) or given.service() != self.name:
            words = f"a request to {self.name}, such as {_SUCH_AS[self.name]}"
            raise InvalidRequest("request", request, words)
        return await self._orders.submit(request)

    def claim(self) -> list[TaskWatcher[Any]]:
        """Return the watchers of submissions whose caller was cancelled, each once.

        What they watch was accepted, and is paid, while nobody waited for its id any more.
        """
        return self._orders.claim()

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

    def bulk(
        self,
        requests: Requests,
        *,
        max_in_flight: int | Literal["auto"] = "auto",
        ledger: Ledger | str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        tags: bool = False,
        budget: int | None = None,
        budget_credits: float | None = None,
        on_unknown: OnUnknown = "hold",
        retry_failed: bool = False,
        leftovers: bool = False,
        marking: Marking = "placeholder",
        user_id: str | None = None,
    ) -> BulkRun:
        """Make much: so many at once, each paid for once, outcomes as they come.

        The call itself does nothing; open the run with `async with`, and iterate over it. With a
        ledger it can be killed at any instant and run again: what is made is kept, what was sent
        is waited for, and nothing is sent twice. What went wrong with one request is its
        outcome, and stops none of the others; a refusal that all would meet (an empty balance, a
        wrong token) stops sending, and the next run goes on from there.

        Args:
            requests: Requests such as `GenerateRequest` or `SpeechRequest`, `BulkItem`s, or
                mappings in the form of a line of `acedata bulk`
                (`{"key": …, "action": "cover", "source": …}`); a list, a generator, or an
                asynchronous one, which may have no end. All are for this service.
            max_in_flight: How many may be under way at once. "auto" starts at 5 songs, or at 10
                voices and speeches, and grows until the API answers 429, which halves it.
            ledger: Where it is written down what was sent, paid, made and saved: a path for a
                SQLite file, or a ledger. None keeps nothing beyond the run.
            directory: Where files are saved; None leaves fetching them to you. A key of yours is
                the file's name; else it is the title with the key.
            tags: Whether the files are tagged; see `AceData.download`.
            budget: How many may be paid for, in the whole ledger, those of earlier runs included.
                What was not charged does not count.
            budget_credits: The same in the vendor's credits, by what records say that they cost.
            on_unknown: What to do about a paid call whose outcome nobody knows: `hold` looks for
                it in the vendor's list and sends it never again; `resubmit_absent` sends it again
                once that list has shown that it does not exist, ten minutes later at the soonest.
            retry_failed: Send again what failed in an earlier run; its old task is looked up
                first.
            leftovers: Also finish what the ledger has been paid for and no request names.
            marking: Whether paid calls may carry a marker by which they can be found again; see
                `Marking`.
            user_id: The id of your account, for the vendor's list; else it is learned from any
                record.

        Raises:
            ConfigurationError: A setting is not allowed.
            InvalidRequest: `requests` cannot be iterated over.
        """
        settings = BulkSettings(
            max_in_flight=max_in_flight,
            ledger=ledger,
            directory=directory,
            tags=tags,
            budget=budget,
            budget_credits=budget_credits,
            on_unknown=on_unknown,
            retry_failed=retry_failed,
            leftovers=leftovers,
            marking=marking,
            user_id=user_id,
        )
        return BulkRun(self._workshop, requests, settings)

    def _watcher(self, task_id: str, read: Callable[[Task], T]) -> TaskWatcher[T]:
        seat = self._poller.seat(_task_id(task_id))
        return TaskWatcher(self._poller, seat, read)

    def _reader_of(self, result: type) -> Callable[[Task], Any]:
        """Return how a task's result is read, by the type that it is to have."""
        read = next((read for kind, read in self._readers.items() if kind is result), None)
        if read is None:
            allowed = " or ".join(kind.__name__ for kind in self._readers)
            raise InvalidRequest("result", result, allowed)
        return read

    def _watch_set(self, task_ids: Iterable[str], read: Callable[[Task], T]) -> WatchSet[T]:
        wanted = list(dict.fromkeys(_many(task_ids)))
        return WatchSet(self._poller, wanted, lambda task_id: self._watcher(task_id, read))


def _task_id(task_id: object) -> str:
    # One id that cannot be sent would spoil every lookup that it shares.
    if not is_task_id(task_id):
        raise InvalidRequest("task_id", task_id, "the id of a task, a text that is not empty")
    return task_id


def _many(task_ids: Iterable[str]) -> list[str]:
    if isinstance(task_ids, str) or not isinstance(task_ids, Iterable):
        raise InvalidRequest("task_ids", task_ids, "a list of ids, not one id")
    return [_task_id(task_id) for task_id in task_ids]
