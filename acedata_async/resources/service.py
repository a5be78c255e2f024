"""What the services have in common: paid calls, watchers, lookups."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import InvalidRequest, TaskNotFound
from acedata_async.models.producer import ProducerRequest
from acedata_async.models.task import Task
from acedata_async.tasks.watcher import TaskWatcher
from acedata_async.tasks.watchset import WatchSet

T = TypeVar("T")

_LONGEST_ID = 200


class Service:
    """One service of the vendor: its submissions, and its tasks.

    Args:
        workshop: The parts of the client that make things at this service.
    """

    def __init__(self, workshop: Workshop) -> None:
        self._workshop = workshop
        self._orders = workshop.orders
        self._poller = workshop.poller

    async def submit(self, request: ProducerRequest[T]) -> TaskWatcher[T]:
        """Send any request that becomes a task; the watcher's result has the request's type."""
        if not isinstance(request, ProducerRequest):
            raise InvalidRequest("request", request, "a ProducerRequest, such as GenerateRequest")
        return await self._orders.submit(request)

    def claim(self) -> list[TaskWatcher[Any]]:
        """Return the watchers of submissions whose caller was cancelled, each once.

        Such a song was accepted, and is paid, while nobody waited for its id any more.
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

    def _watcher(self, task_id: str, read: Callable[[Task], T]) -> TaskWatcher[T]:
        seat = self._poller.seat(_task_id(task_id))
        return TaskWatcher(self._poller, seat, read)

    def _watch_set(self, task_ids: Iterable[str], read: Callable[[Task], T]) -> WatchSet[T]:
        wanted = list(dict.fromkeys(_many(task_ids)))
        return WatchSet(self._poller, wanted, lambda task_id: self._watcher(task_id, read))


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
