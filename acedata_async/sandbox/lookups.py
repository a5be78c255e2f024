"""How the vendor answers `/producer/tasks`: `retrieve`, `retrieve_batch`, and lists of tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from acedata_async.sandbox.fault_replies import broken, stand_in, truncated
from acedata_async.sandbox.faults import FAULTS, Stage
from acedata_async.sandbox.listing import Wish, page, read_wish
from acedata_async.sandbox.records import record, visible
from acedata_async.sandbox.replies import Answer, Reply, Silence, failure, json_reply
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.vendor import Vendor

_SIZE_FAULTS = frozenset({"batch-too-many-400", "batch-too-large-413"})
_BATCH_FAULTS = frozenset(name for name, fault in FAULTS.items() if fault.stage is Stage.BATCH)


def look_up(vendor: Vendor, body: dict[str, Any], now: float, base: str) -> Answer:
    """Return the answer to a lookup.

    Args:
        vendor: Who is asked.
        body: The parsed body.
        now: The time, in Unix seconds.
        base: What comes before the paths of media.
    """
    if not vendor.limits.lookup_fits(now):
        return vendor.throttle("too_many_requests", "too many lookups")
    action = body.get("action", "retrieve")
    if action == "retrieve":
        return _retrieve(vendor, body.get("id"), now, base)
    if action == "retrieve_batch":
        return _retrieve_batch(vendor, body, now, base)
    return failure(400, "api_not_implemented", "action is not known", vendor.trace_id())


def _retrieve(vendor: Vendor, task_id: object, now: float, base: str) -> Answer:
    if not isinstance(task_id, str) or not task_id:
        return failure(400, "bad_request", "id must be a string", vendor.trace_id())
    vendor.counters.lookups_single += 1
    asked = _known(vendor, [task_id])
    name = _lookup_fault(vendor, asked, "retrieve", unfit=_BATCH_FAULTS)
    refusal = stand_in(name, vendor.trace_id(), now)
    if refusal is not None:
        return refusal
    records = _records(vendor, asked, now, base)
    return _damaged(json_reply(200, records[0] if records else {}), name)


def _retrieve_batch(vendor: Vendor, body: dict[str, Any], now: float, base: str) -> Answer:
    try:
        wish = read_wish(body)
    except ValueError as error:
        return failure(400, "bad_request", str(error), vendor.trace_id())
    ids = body.get("ids")
    if "ids" not in body and wish.user_id is not None:
        return _list(vendor, wish, now, base)
    if not _are_ids(ids):
        return failure(400, "bad_request", "ids must be a list of strings", vendor.trace_id())
    return _batch(vendor, ids, wish, now, base)


def _are_ids(ids: object) -> TypeGuard[list[str]]:
    return isinstance(ids, list) and all(isinstance(one, str) for one in ids)


def _list(vendor: Vendor, wish: Wish, now: float, base: str) -> Answer:
    vendor.counters.lookups_listing += 1
    # For no task in particular: what tasks are marked with is for whoever looks at them.
    name = _lookup_fault(vendor, [], "list", unfit=_BATCH_FAULTS)
    refusal = stand_in(name, vendor.trace_id(), now)
    if refusal is not None:
        return refusal
    faults = {fault.name for fault in vendor.rules.draw_all(Stage.LIST, action="list")}
    if "list-refused" in faults:
        return failure(400, "bad_request", "ids is required", vendor.trace_id())
    if "list-empty" in faults:
        return _damaged(json_reply(200, {"items": [], "count": 0}), name)
    tasks, count = page(
        vendor.tasks.values(),
        wish,
        now,
        size=vendor.list_page,
        delay=vendor.list_delay,
        faults=faults,
    )
    payload = {"items": _records(vendor, tasks, now, base), "count": count}
    return _damaged(json_reply(200, payload), name)


def _batch(vendor: Vendor, ids: list[str], wish: Wish, now: float, base: str) -> Answer:
    vendor.counters.ids_per_batch.append(len(ids))
    asked = [task for task in _known(vendor, ids) if wish.admits(task)]
    unfit = frozenset[str]() if len(ids) > vendor.batch_limit else _SIZE_FAULTS
    name = _lookup_fault(vendor, asked, "retrieve_batch", unfit=unfit)
    refusal = stand_in(name, vendor.trace_id(), now)
    if refusal is not None:
        return refusal
    records = _records(vendor, asked, now, base)
    vendor.lookup_rng.shuffle(records)
    payload = {"items": records[: vendor.page_size], "count": len(records)}
    return _damaged(json_reply(200, _with_batch_fault(vendor, name, payload, now)), name)


def _known(vendor: Vendor, ids: Sequence[str]) -> list[Task]:
    """Return the tasks that exist among those asked for, each once."""
    return [vendor.tasks[one] for one in dict.fromkeys(ids) if one in vendor.tasks]


def _records(vendor: Vendor, tasks: Sequence[Task], now: float, base: str) -> list[dict[str, Any]]:
    seen = [task for task in tasks if visible(task, now)]
    records = [record(task, now, base) for task in seen]
    vendor.show(seen)
    return records


def _lookup_fault(
    vendor: Vendor, asked: Sequence[Task], action: str, *, unfit: frozenset[str]
) -> str:
    """Return the fault that strikes this lookup, or an empty string."""
    fault = vendor.rules.draw(Stage.LOOKUP, Stage.BATCH, action=action, unfit=unfit)
    if fault:
        return fault.name
    for task in asked:
        for name, left in task.marked.items():
            if left and name not in unfit:
                vendor.use_up(task, name)
                return name
    return ""


def _with_batch_fault(
    vendor: Vendor, name: str, payload: dict[str, Any], now: float
) -> dict[str, Any]:
    items = payload["items"]
    match name:
        case "batch-empty-count":
            return payload | {"items": []}
        case "batch-duplicates":
            return {"items": [*items, *items], "count": 2 * len(items)}
        case "batch-foreign":
            items = [*items, _foreign_record(vendor, now)]
            return {"items": items, "count": len(items)}
        case _:
            return payload


def _foreign_record(vendor: Vendor, now: float) -> dict[str, Any]:
    """Return the finished record of a task that nobody here has submitted."""
    return {
        "id": vendor.trace_id(),
        "type": "audios",
        "trace_id": vendor.trace_id(),
        "request": {"action": "generate", "prompt": "somebody else's song"},
        "response": {"success": True, "data": []},
        "created_at": now - 60.0,
        "finished_at": now - 1.0,
        "user_id": vendor.trace_id(),
    }


def _damaged(reply: Reply, name: str) -> Reply:
    """Return the right answer as it arrives under a fault of the connection, if that is one."""
    match name:
        case "lookup-truncated":
            return truncated(reply)
        case "lookup-cut-body":
            return broken(reply, Silence.CUT)
        case _:
            return reply
