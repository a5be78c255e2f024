"""What a task comes to, told in one piece: as a synchronous answer tells it, and a callback."""

from __future__ import annotations

from typing import Any

from acedata_async.sandbox.records import result
from acedata_async.sandbox.task import Task

_ERROR = {"code": "api_error", "message": "fetch failed"}


def success(task: Task, now: float, base: str) -> dict[str, Any]:
    """Return the body that tells what was made.

    Args:
        task: The task.
        now: The time, in Unix seconds; a voice shows by it whether it can speak yet.
        base: What comes before the paths of media.
    """
    made = result(task, now, base)
    if task.kind.bare:
        made.pop("cost", None)
        return made
    trace = {"trace_id": task.trace_id} if task.kind.traced else {}
    return {"success": True, "task_id": task.id, **trace, **made}


def failure(task: Task) -> dict[str, Any]:
    """Return the body that tells of a task that has failed."""
    return {"success": False, "error": dict(_ERROR), "trace_id": task.trace_id}
