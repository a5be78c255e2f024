"""How the vendor answers a submission of whatever kind."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from acedata_async.sandbox.fault_replies import stand_in, truncated
from acedata_async.sandbox.faults import Fault, Stage, marked
from acedata_async.sandbox.kinds import Kind
from acedata_async.sandbox.outcomes import failure, success
from acedata_async.sandbox.records import failed
from acedata_async.sandbox.refusing import malformed, refusal_of
from acedata_async.sandbox.replies import Answer, Reply, Silence, json_reply
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.vendor import Vendor
from acedata_async.sandbox.voices import model_entity

_AT_ONCE = frozenset({"sync", "ack-with-success", "task-id-in-error"})
"""Faults that need a task's id or its result."""

_ACCEPTING = _AT_ONCE | {"sync-training"}


def submit(
    vendor: Vendor, kind: Kind, body: dict[str, Any], now: float, base: str, *, engine: str = ""
) -> Answer:
    """Take a submission, or refuse it, and return the answer.

    Args:
        vendor: Who takes it.
        kind: What is asked for.
        body: The parsed body.
        now: The time, in Unix seconds.
        base: What comes before the paths of media.
        engine: The header `model`, empty if there was none.
    """
    refused = refusal_of(vendor, kind, body, now, engine=engine)
    if refused is not None:
        return refused
    try:
        marks = list(marked(body))
    except ValueError as error:
        return malformed(kind, str(error), vendor.trace_id())
    fault = _submission_fault(vendor, kind, kind.action or body["action"], marks)
    name = fault.name if fault else ""
    refusal = _refusal(vendor, name, now)
    if refusal is not None:
        return refusal
    if not kind.type:
        voice = vendor.create_model(body, str(kind.action), now)
        return _struck(vendor, name, _reply(model_entity(voice, "trained", base, uses=0)), now)
    if not vendor.limits.task_fits(now):
        return vendor.throttle("rate_limited", "too many tasks in flight")
    task = vendor.accept(kind, body, marks, now)
    if task.owed:
        vendor.owed.append((task, base))
    return _acknowledge(vendor, task, name, now, base)


def _submission_fault(
    vendor: Vendor, kind: Kind, action: str, marks: Sequence[Fault]
) -> Fault | None:
    unfit = frozenset[str]() if kind.type else _AT_ONCE
    if kind.type != "voices":
        unfit |= {"sync-training"}
    for fault in marks:
        if fault.stage is Stage.SUBMISSION and fault.name not in unfit:
            return fault
    return vendor.rules.draw(Stage.SUBMISSION, action=action, unfit=unfit)


def _refusal(vendor: Vendor, name: str, now: float) -> Answer | None:
    """Return the answer of a fault that creates nothing, or None if there is none."""
    if not name or name in _ACCEPTING or name.endswith("-after-accept"):
        return None
    return stand_in(name, vendor.trace_id(), now)


def _acknowledge(vendor: Vendor, task: Task, name: str, now: float, base: str) -> Answer:
    match name:
        case "sync":
            return _result(task, now, base)
        case "sync-training":
            return _reply(success(task, now, base))
        case "ack-with-success":
            return _reply({"success": True, **_acknowledgement(task)})
        case "task-id-in-error":
            return json_reply(500, failure(task) | {"task_id": task.id})
        case _:
            asked = any(task.request.get(field) for field in task.kind.background)
            right = _reply(_acknowledgement(task)) if asked else _result(task, now, base)
            return _struck(vendor, name, right, now)


def _struck(vendor: Vendor, name: str, right: Answer, now: float) -> Answer:
    """Return what becomes of the right answer under a fault of its way back."""
    if name == "truncated-after-accept":
        return truncated(right) if isinstance(right, Reply) else right
    return (stand_in(name, vendor.trace_id(), now) if name else None) or right


def _acknowledgement(task: Task) -> dict[str, Any]:
    start = {"started_at": task.started_at} if task.kind.start_told else {}
    return {"task_id": task.id, **start}


def _result(task: Task, now: float, base: str) -> Answer:
    """Return the whole result, once the task is over."""
    if math.isinf(task.finished_at):
        return Silence.HANG
    delay = task.finished_at - now
    if failed(task):
        return json_reply(500, failure(task), delay=delay)
    return json_reply(200, success(task, task.finished_at, base), delay=delay)


def _reply(payload: Mapping[str, Any]) -> Reply:
    return json_reply(200, payload)
