"""The record that a lookup shows of a task: sections 3.1 to 3.4 of the API contract.

Which shape it has follows from the task, its quirks and the time alone.
"""

from __future__ import annotations

from typing import Any

from acedata_async.sandbox.kinds import FISH
from acedata_async.sandbox.songs import iso, preview_item, with_base
from acedata_async.sandbox.task import Task

_INVISIBLE_SECONDS = 5.0
_ERROR_CODE = "api_error"
_ERROR_MESSAGE = "fetch failed"

ACCOUNT = {
    "api_id": "01d96900-9f8c-41d7-814c-95c7a885ba61",
    "application_id": "920ba772-867a-48ae-8efa-9b9f94136199",
    "credential_id": "eeae817d-d6ff-493e-8f88-6c62391da7c6",
    "user_id": "ad7afe47-cea9-4cda-980f-2ad8810e51cf",
}
"""Whose tasks they all are: the account of the documents' examples."""

_FISH_API_ID = "8e6f8083-4683-45fe-a993-3e1d993fc999"
_COST = 8

_FINISHED_FAILURES = frozenset({"fail-F1", "fail-F2", "fail-F3", "fail-F4", "fail-F7"})
_ERRORS_WITHOUT_END = frozenset({"fail-F5", "fail-F6"})


def record(task: Task, now: float, base: str) -> dict[str, Any]:
    """Return a task's record as a lookup shows it, if the task is `visible`.

    Args:
        task: The task.
        now: The time, in Unix seconds.
        base: What comes before the paths of media.
    """
    shown: dict[str, Any] = {
        "_id": task.record_id,
        "id": task.id,
        **ACCOUNT,
        "created_at": task.created_at,
        "request": task.request,
        "trace_id": task.trace_id,
        "type": task.type,
    }
    if task.kind.service == FISH:
        shown["api_id"] = _FISH_API_ID
    if now < task.finished_at:
        return shown | _unfinished(task, now, base)
    return shown | _finished(task, now, base)


def visible(task: Task, now: float) -> bool:
    """Return whether lookups and lists can see the task at all."""
    if "late-visible" in task.quirks and now < task.created_at + _INVISIBLE_SECONDS:
        return False
    return not ("vanish" in task.quirks and task.seen)


def failed(task: Task) -> bool:
    """Return whether the task ends, or seems to end, in a failure."""
    return not task.quirks.isdisjoint(_FINISHED_FAILURES | _ERRORS_WITHOUT_END)


def trained(task: Task, now: float) -> bool:
    """Return whether the voice that a task makes can speak, if it does not fail."""
    late = task.finished_at - task.created_at if "trained-late" in task.quirks else 0.0
    return now >= task.finished_at + late


def result(task: Task, now: float, base: str) -> dict[str, Any]:
    """Return the fields with what the task results in, with URLs below `base`.

    Args:
        task: The task.
        now: The time, in Unix seconds; a voice shows by it whether it can speak yet.
        base: What comes before the paths of media.
    """
    if "no-result" in task.quirks:
        return {} if task.kind.bare else {"data": []}
    data = _linked(task, now, base)
    if task.kind.bare:
        return dict(data)
    if task.type == "voices" and not trained(task, now):
        return {"data": data | {"state": "training"}}
    return {"data": data}


def _unfinished(task: Task, now: float, base: str) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if now >= task.started_at:
        fields["started_at"] = _started_at(task)
    if "null-keys" in task.quirks:
        fields |= {"finished_at": None, "response": None}
    if now >= task.started_at and (response := _early_response(task, now, base)) is not None:
        fields["response"] = response
    return fields


def _early_response(task: Task, now: float, base: str) -> dict[str, Any] | None:
    """Return the `response` of a running task, which only odd tasks have."""
    if "recovers" in task.quirks:
        return _failure_response(task, "fail-F6", now, base)
    if "ack-stored" in task.quirks:
        return {"success": True, "task_id": task.id}
    if "preview" in task.quirks:
        return _preview(task, now, base)
    return None


def _preview(task: Task, now: float, base: str) -> dict[str, Any] | None:
    if task.type == "voices":
        return {"task_id": task.id, **result(task, now, base)}
    if isinstance(task.data, list):
        items = [preview_item(item) for item in _linked(task, now, base)]
        return {"task_id": task.id, "data": items}
    return None


def _finished(task: Task, now: float, base: str) -> dict[str, Any]:
    for shape in sorted(task.quirks & _ERRORS_WITHOUT_END):
        return {
            "started_at": _started_at(task),
            "response": _failure_response(task, shape, now, base),
        }
    timing: dict[str, Any] = {"finished_at": task.finished_at}
    if "iso-started-at" in task.quirks:
        timing["started_at"] = _started_at(task)
    for shape in sorted(task.quirks & _FINISHED_FAILURES):
        timing["elapsed"] = _elapsed(task)
        return {"response": _failure_response(task, shape, now, base), **timing}
    if "elapsed" in task.quirks:
        timing |= {"started_at": _started_at(task), "elapsed": _elapsed(task)}
    else:
        timing["duration"] = task.finished_at - task.created_at
    return {"response": _success_response(task, now, base), **timing}


def _success_response(task: Task, now: float, base: str) -> dict[str, Any]:
    fish = task.kind.service == FISH
    told = fish or not task.quirks.isdisjoint({"with-success", "no-result"})
    return {
        **({"success": True} if told else {}),
        "task_id": task.id,
        **({"trace_id": task.trace_id} if fish else {}),
        **({"cost": {"amount": _COST}} if "with-cost" in task.quirks else {}),
        **result(task, now, base),
    }


def _failure_response(task: Task, shape: str, now: float, base: str) -> dict[str, Any]:
    error = {"code": _ERROR_CODE, "message": _ERROR_MESSAGE}
    ids = {"task_id": task.id, "trace_id": task.trace_id}
    shapes: dict[str, dict[str, Any]] = {
        "fail-F1": {"success": False, "error": error, **ids, "data": []},
        "fail-F2": {"error": _ERROR_MESSAGE},
        "fail-F3": {"error": {"message": _ERROR_MESSAGE}},
        "fail-F4": {"success": False, "error": error, **ids, **result(task, now, base)},
        "fail-F5": {"success": False, "error": error},
        "fail-F6": {"success": False, "error": _ERROR_MESSAGE},
        "fail-F7": {"status": 400, "message": _ERROR_MESSAGE, **ids},
    }
    return shapes[shape]


def _linked(task: Task, now: float, base: str) -> Any:
    lifetime = task.link_lifetime
    return with_base(task.data, base, expires=None if lifetime is None else now + lifetime)


def _started_at(task: Task) -> float | str:
    return iso(task.started_at) if "iso-started-at" in task.quirks else task.started_at


def _elapsed(task: Task) -> float:
    return round(task.finished_at - task.started_at, 3)
