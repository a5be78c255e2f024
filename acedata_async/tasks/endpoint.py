"""Looking tasks up: one request, one answer, nothing decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call, Reply
from acedata_async._rules.refusals import read_error, status_of
from acedata_async._rules.wire import as_number, as_object, as_objects, read_date
from acedata_async._transport.seam import Interrupted, NotDelivered, Transport
from acedata_async.errors import AceDataError, ConnectionFailed, MalformedResponse, NotFound
from acedata_async.models.sighting import Sighting, slimmed

_Found = Mapping[str, Mapping[str, Any]]

_UNKNOWN_TASK = frozenset({"task_not_found", "not_found"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a lookup brought.

    Attributes:
        records: The records of the tasks that were asked for, by id.
        count: How many matches the API claims, or None.
        date: The server's clock as the answer's head gives it, in whole Unix seconds, or None.
    """

    records: Mapping[str, Sighting]
    count: int | None
    date: float | None


class TaskEndpoint:
    """The lookup address of one service, such as `/producer/tasks`. Lookups are free.

    Args:
        transport: The network.
        clock: For a `Retry-After` given as a date.
        service: The service's name, such as `producer`.
        timeout: Seconds for a whole answer.
    """

    def __init__(self, transport: Transport, clock: Clock, *, service: str, timeout: float) -> None:
        self.service = service
        self._transport = transport
        self._clock = clock
        self._path = f"/{service}/tasks"
        self._timeout = timeout

    async def look(
        self, task_ids: Sequence[str], known: Mapping[str, Sighting] | None = None
    ) -> Answer:
        """Ask for the records of one task or of many, in one request.

        Args:
            task_ids: Whom to ask about.
            known: What was seen of them before. A record that tells the same comes back as the
                same object; one of a task that runs is then kept without its request.

        Raises:
            APIError: The API refused or failed.
            ConnectionFailed: The exchange did not end in an answer.
            MalformedResponse: The answer is not what the API documents.
        """
        if len(task_ids) == 1:
            body: dict[str, Any] = {"action": "retrieve", "id": task_ids[0]}
        else:
            body = {"action": "retrieve_batch", "ids": list(task_ids)}
        reply = await self._ask(body)
        found, count = (
            self._read_batch(task_ids, reply) if len(task_ids) > 1 else self._read(task_ids, reply)
        )
        records = {task_id: self._sighting(record, known) for task_id, record in found.items()}
        return Answer(records, count, read_date(reply.headers.get("date")))

    async def list_page(self, filters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return one page of the account's records, in the order in which the API sends them.

        It is a mode that no document describes; the vendor's own pages use it.

        Args:
            filters: `user_id`, `type`, `created_at_min` and `created_at_max`, as they are sent.

        Raises:
            APIError: The API refused or failed.
            ConnectionFailed: The exchange did not end in an answer.
            MalformedResponse: The answer is no list.
        """
        reply = await self._ask({"action": "retrieve_batch", **filters})
        items = as_object(reply.body).get("items")
        readable = isinstance(items, list) and all(isinstance(one, Mapping) for one in items)
        if reply.status != 200 or not readable:
            raise self._error(reply)
        return as_objects(items)

    async def _ask(self, body: Mapping[str, Any]) -> Reply:
        try:
            call = Call(self._path, body, "lookup")
            return await self._transport.send(call, timeout=self._timeout)
        except (NotDelivered, Interrupted) as fault:
            raise ConnectionFailed(f"lookup at {self._path}: {fault}") from fault

    def _read(self, task_ids: Sequence[str], reply: Reply) -> tuple[_Found, int | None]:
        body = reply.body
        if reply.status == 200 and isinstance(body, Mapping):
            if not body:
                return {}, 0
            if body.get("id") == task_ids[0]:
                return {task_ids[0]: body}, 1
        error = self._error(reply)
        if isinstance(error, NotFound) and error.code in _UNKNOWN_TASK:
            return {}, 0
        raise error

    def _read_batch(self, task_ids: Sequence[str], reply: Reply) -> tuple[_Found, int | None]:
        items = as_object(reply.body).get("items")
        if reply.status != 200 or not isinstance(items, list):
            raise self._error(reply)
        wanted = set(task_ids)
        count = as_number(reply.body.get("count"))
        found: dict[str, Mapping[str, Any]] = {}
        for item in as_objects(items):
            task_id = item.get("id")
            if isinstance(task_id, str) and task_id in wanted:
                found.setdefault(task_id, item)  # of two copies, one is as good as the other
        return found, None if count is None else int(count)

    def _sighting(
        self, record: Mapping[str, Any], known: Mapping[str, Sighting] | None
    ) -> Sighting:
        if known is None:
            return Sighting(record, self.service)
        slim = slimmed(record)
        before = known.get(record["id"])
        if before is not None and before.raw == slim:
            return before
        seen = Sighting(slim, self.service)
        if seen.final:
            seen.raw = record
        return seen

    def _error(self, reply: Reply) -> AceDataError:
        body = as_object(reply.body)
        failed = body.get("error") or body.get("success") is False
        if status_of(reply) == 200 and not failed:
            return MalformedResponse(f"{self._path} answered 200 with something that is no record")
        return read_error(reply, now=self._clock.time())
