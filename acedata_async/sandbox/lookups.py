"""How a service answers about its tasks: `retrieve`, `retrieve_batch`, and lists."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from acedata_async.sandbox.fault_replies import broken, stand_in, truncated
from acedata_async.sandbox.faults import FAULTS, Stage
from acedata_async.sandbox.kinds import FISH, PRODUCER
from acedata_async.sandbox.listing import Wish, page, read_wish
from acedata_async.sandbox.records import record, visible
from acedata_async.sandbox.replies import Answer, Reply, Silence, failure, json_reply
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.vendor import Vendor

_SIZE_FAULTS = frozenset({"batch-too-many-400", "batch-too-large-413"})
BATCH_FAULTS = frozenset(name for name, fault in FAULTS.items() if fault.stage is Stage.BATCH)
"""What can only happen to a lookup of many."""

_FOREIGN_TYPES = {PRODUCER: "audios", FISH: "fish_tts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where one service is asked about its tasks.

    Attributes:
        vendor: Who answers.
        service: Whose tasks can be seen here.
        now: The time, in Unix seconds.
        base: What comes before the paths of media.
    """

    vendor: Vendor
    service: str
    now: float
    base: str

    def known(self, ids: Sequence[str]) -> list[Task]:
        """Return the tasks that exist among those asked for, each once."""
        tasks = self.vendor.tasks
        return [
            tasks[one]
            for one in dict.fromkeys(ids)
            if one in tasks and tasks[one].kind.service == self.service
        ]

    def all(self) -> Iterator[Task]:
        """Yield the service's tasks."""
        return (task for task in self.vendor.tasks.values() if task.kind.service == self.service)

    def records(self, tasks: Sequence[Task]) -> list[dict[str, Any]]:
        """Return what is to be seen of tasks."""
        seen = [task for task in tasks if visible(task, self.now)]
        records = [record(task, self.now, self.base) for task in seen]
        self.vendor.show(seen)
        return records

    def refuse(self, code: str, message: str) -> Reply:
        """Return the refusal of what is no lookup."""
        return failure(400, code, message, self.vendor.trace_id())


def look_up(desk: Desk, body: dict[str, Any]) -> Answer:
    """Return the answer to a lookup with this body."""
    if not desk.vendor.limits.lookup_fits(desk.now):
        return desk.vendor.throttle("too_many_requests", "too many lookups")
    action = body.get("action", "retrieve")
    if action == "retrieve":
        return _retrieve(desk, body.get("id"))
    if action == "retrieve_batch":
        return _retrieve_batch(desk, body)
    return desk.refuse("api_not_implemented", "action is not known")


def lookup_fault(
    vendor: Vendor, asked: Sequence[Task], action: str, *, unfit: frozenset[str] = BATCH_FAULTS
) -> str:
    """Return the fault that strikes this lookup, or an empty string.

    Args:
        vendor: Who is asked.
        asked: The tasks asked for, which may be marked with faults.
        action: What faults call this lookup.
        unfit: Faults that cannot happen to it.
    """
    fault = vendor.rules.draw(Stage.LOOKUP, Stage.BATCH, action=action, unfit=unfit)
    if fault:
        return fault.name
    for task in asked:
        for name, left in task.marked.items():
            if left and name not in unfit:
                vendor.use_up(task, name)
                return name
    return ""


def damaged(reply: Reply, name: str) -> Reply:
    """Return the right answer as it arrives under a fault of the connection, if that is one."""
    match name:
        case "lookup-truncated":
            return truncated(reply)
        case "lookup-cut-body":
            return broken(reply, Silence.CUT)
        case _:
            return reply


def _retrieve(desk: Desk, task_id: object) -> Answer:
    if not isinstance(task_id, str) or not task_id:
        return desk.refuse("bad_request", "id must be a string")
    desk.vendor.counters.lookups_single += 1
    asked = desk.known([task_id])
    name = lookup_fault(desk.vendor, asked, "retrieve")
    refusal = stand_in(name, desk.vendor.trace_id(), desk.now)
    if refusal is not None:
        return refusal
    records = desk.records(asked)
    return damaged(json_reply(200, records[0] if records else {}), name)


def _retrieve_batch(desk: Desk, body: dict[str, Any]) -> Answer:
    try:
        wish = read_wish(body)
    except ValueError as error:
        return desk.refuse("bad_request", str(error))
    ids = body.get("ids")
    if "ids" not in body and wish.user_id is not None:
        return _list(desk, wish)
    if not _are_ids(ids):
        return desk.refuse("bad_request", "ids must be a list of strings")
    return _batch(desk, ids, wish)


def _are_ids(ids: object) -> TypeGuard[list[str]]:
    return isinstance(ids, list) and all(isinstance(one, str) for one in ids)


def _list(desk: Desk, wish: Wish) -> Answer:
    vendor = desk.vendor
    vendor.counters.lookups_listing += 1
    # For no task in particular: what tasks are marked with is for whoever looks at them.
    name = lookup_fault(vendor, [], "list")
    refusal = stand_in(name, vendor.trace_id(), desk.now)
    if refusal is not None:
        return refusal
    faults = {fault.name for fault in vendor.rules.draw_all(Stage.LIST, action="list")}
    if "list-refused" in faults:
        return desk.refuse("bad_request", "ids is required")
    if "list-empty" in faults:
        return damaged(json_reply(200, {"items": [], "count": 0}), name)
    tasks, count = page(
        desk.all(),
        wish,
        desk.now,
        size=vendor.list_page,
        delay=vendor.list_delay,
        faults=faults,
    )
    payload = {"items": desk.records(tasks), "count": count}
    return damaged(json_reply(200, payload), name)


def _batch(desk: Desk, ids: list[str], wish: Wish) -> Answer:
    vendor = desk.vendor
    vendor.counters.ids_per_batch.append(len(ids))
    asked = [task for task in desk.known(ids) if wish.admits(task)]
    unfit = frozenset[str]() if len(ids) > vendor.batch_limit else _SIZE_FAULTS
    name = lookup_fault(vendor, asked, "retrieve_batch", unfit=unfit)
    refusal = stand_in(name, vendor.trace_id(), desk.now)
    if refusal is not None:
        return refusal
    records = desk.records(asked)
    vendor.lookup_rng.shuffle(records)
    payload = {"items": records[: vendor.page_size], "count": len(records)}
    return damaged(json_reply(200, _with_batch_fault(desk, name, payload)), name)


def _with_batch_fault(desk: Desk, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    items = payload["items"]
    match name:
        case "batch-empty-count":
            return payload | {"items": []}
        case "batch-duplicates":
            return {"items": [*items, *items], "count": 2 * len(items)}
        case "batch-foreign":
            items = [*items, _foreign_record(desk)]
            return {"items": items, "count": len(items)}
        case _:
            return payload


def _foreign_record(desk: Desk) -> dict[str, Any]:
    """Return the finished record of a task that nobody here has submitted."""
    vendor, now = desk.vendor, desk.now
    return {
        "id": vendor.trace_id(),
        "type": _FOREIGN_TYPES[desk.service],
        "trace_id": vendor.trace_id(),
        "request": {"action": "generate", "prompt": "somebody else's song"},
        "response": {"success": True, "data": []},
        "created_at": now - 60.0,
        "finished_at": now - 1.0,
        "user_id": vendor.trace_id(),
    }
