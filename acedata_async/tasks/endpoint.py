"""Looking tasks up: one request, one answer, nothing decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call, Reply
from acedata_async._rules.refusals import read_error
from acedata_async._rules.wire import as_number, as_object, as_objects
from acedata_async._transport.seam import Interrupted, NotDelivered, Transport
from acedata_async.errors import AceDataError, ConnectionFailed, MalformedResponse, NotFound
from acedata_async.models.task import Task

_UNKNOWN_TASK = frozenset({"task_not_found", "not_found"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a lookup brought.

    Attributes:
        tasks: The records of the tasks that were asked for, by id.
        count: How many matches the API claims, or None.
    """

    tasks: Mapping[str, Task]
    count: int | None


class TaskEndpoint:
    """The lookup address of one service, such as `/producer/tasks`. Lookups are free.

    Args:
        transport: The network.
        clock: For a `Retry-After` given as a date.
        path: From the base URL on.
        timeout: Seconds for a whole answer.
    """

    def __init__(self, transport: Transport, clock: Clock, *, path: str, timeout: float) -> None:
        self._transport = transport
        self._clock = clock
        self._path = path
        self._timeout = timeout

    async def look(self, task_ids: Sequence[str]) -> Answer:
        """Ask for the records of one task or of many, in one request.

        Raises:
            APIError: The API refused or failed.
            ConnectionFailed: The exchange did not end in an answer.
            MalformedResponse: The answer is not what the API documents.
        """
        if len(task_ids) == 1:
            body: dict[str, Any] = {"action": "retrieve", "id": task_ids[0]}
        else:
            body = {"action": "retrieve_batch", "ids": list(task_ids)}
        try:
            call = Call(self._path, body, "lookup")
            reply = await self._transport.send(call, timeout=self._timeout)
        except (NotDelivered, Interrupted) as fault:
            raise ConnectionFailed(f"lookup at {self._path}: {fault}") from fault
        return (
            self._read_batch(task_ids, reply) if len(task_ids) > 1 else self._read(task_ids, reply)
        )

    def _read(self, task_ids: Sequence[str], reply: Reply) -> Answer:
        body = reply.body
        if reply.status == 200 and isinstance(body, Mapping):
            if not body:
                return Answer({}, 0)
            if body.get("id") == task_ids[0]:
                return Answer({task_ids[0]: Task.read(body)}, 1)
        error = self._error(reply)
        if isinstance(error, NotFound) and error.code in _UNKNOWN_TASK:
            return Answer({}, 0)
        raise error

    def _read_batch(self, task_ids: Sequence[str], reply: Reply) -> Answer:
        items = as_object(reply.body).get("items")
        if reply.status != 200 or not isinstance(items, list):
            raise self._error(reply)
        wanted = set(task_ids)
        count = as_number(reply.body.get("count"))
        tasks = {
            item["id"]: Task.read(item)
            for item in as_objects(items)
            if isinstance(item.get("id"), str) and item["id"] in wanted
        }
        return Answer(tasks, None if count is None else int(count))

    def _error(self, reply: Reply) -> AceDataError:
        body = as_object(reply.body)
        if reply.status == 200 and not body.get("error") and body.get("success") is not False:
            return MalformedResponse(f"{self._path} answered 200 with something that is no record")
        return read_error(reply, now=self._clock.time())
