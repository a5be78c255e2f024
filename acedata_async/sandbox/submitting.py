"""How the vendor answers a submission: to `/producer/audios` and its siblings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from acedata_async.sandbox.fault_replies import stand_in, truncated
from acedata_async.sandbox.faults import Fault, Stage, marked
from acedata_async.sandbox.records import failed, final_data
from acedata_async.sandbox.replies import Answer, Reply, Silence, failure, json_reply
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.validation import complaint
from acedata_async.sandbox.vendor import Vendor

_WITHOUT_TRACE_ID = ("lyrics", "upload")
"""Addresses whose documented answers carry no trace id."""

_ACCEPTING = frozenset({"sync", "ack-with-success", "task-id-in-error"})


def submit(
    vendor: Vendor, sibling: str | None, body: dict[str, Any], now: float, base: str
) -> Answer:
    """Take a submission, or refuse it, and return the answer.

    Args:
        vendor: Who takes it.
        sibling: The address other than `/producer/audios`, or None for that one.
        body: The parsed body.
        now: The time, in Unix seconds.
        base: What comes before the paths of media.
    """
    reason = complaint(sibling, body, vendor.songs)
    try:
        marks = list(marked(body))
    except ValueError as error:
        reason, marks = reason or str(error), []
    if reason:
        return failure(400, "bad_request", reason, vendor.trace_id())
    fault = _submission_fault(vendor, sibling or body["action"], marks)
    refusal = _refusal(vendor, fault, now) if fault else None
    if refusal is not None:
        return refusal
    if not vendor.limits.task_fits(now):
        return vendor.throttle("rate_limited", "too many tasks in flight")
    task = vendor.accept(sibling, body, marks, now)
    return _acknowledge(vendor, task, fault, now, base)


def _submission_fault(vendor: Vendor, action: str, marks: Sequence[Fault]) -> Fault | None:
    for fault in marks:
        if fault.stage is Stage.SUBMISSION:
            return fault
    return vendor.rules.draw(Stage.SUBMISSION, action=action)


def _refusal(vendor: Vendor, fault: Fault, now: float) -> Answer | None:
    """Return the answer of a fault that creates no task, or None if it creates one."""
    if fault.name in _ACCEPTING or fault.name.endswith("-after-accept"):
        return None
    return stand_in(fault.name, vendor.trace_id(), now)


def _acknowledge(vendor: Vendor, task: Task, fault: Fault | None, now: float, base: str) -> Answer:
    name = fault.name if fault else ""
    if name == "sync":
        return _result(task, now, base)
    right = _acknowledgement(task) if _is_asynchronous(task) else _result(task, now, base)
    match name:
        case "":
            return right
        case "ack-with-success":
            return json_reply(200, {"success": True, "task_id": task.id})
        case "task-id-in-error":
            error = {"code": "api_error", "message": "fetch failed"}
            ids = {"task_id": task.id, "trace_id": task.trace_id}
            return json_reply(500, {"success": False, "error": error, **ids})
        case "truncated-after-accept":
            return truncated(right) if isinstance(right, Reply) else right
        case _:
            return stand_in(name, vendor.trace_id(), now) or right


def _is_asynchronous(task: Task) -> bool:
    """Return whether the caller wants only the id; for siblings that is not documented."""
    request = task.request
    return task.type == "audios" and bool(request.get("async") or request.get("callback_url"))


def _acknowledgement(task: Task) -> Reply:
    return json_reply(200, {"task_id": task.id})


def _result(task: Task, now: float, base: str) -> Answer:
    """Return the whole result, once the task is over."""
    if math.isinf(task.finished_at):
        return Silence.HANG
    delay = task.finished_at - now
    if failed(task):
        error = {"code": "api_error", "message": "fetch failed"}
        failing = {"success": False, "error": error, "trace_id": task.trace_id}
        return json_reply(500, failing, delay=delay)
    payload: dict[str, Any] = {"success": True, "task_id": task.id}
    if task.type not in _WITHOUT_TRACE_ID:
        payload["trace_id"] = task.trace_id
    payload["data"] = final_data(task, base)
    return json_reply(200, payload, delay=delay)
