"""What is read of a callback: the id of its task, and nothing else."""

from __future__ import annotations

import json
from typing import Any

from acedata_async._rules.wire import is_task_id

LARGEST_BODY = 1_000_000
"""Bytes; the longest callback that any document of the vendor shows has four thousand."""


def is_json(content_type: str | None) -> bool:
    """Say whether a body of this type may be JSON; one that names no type may."""
    if content_type is None or not content_type.strip():
        return True
    media = content_type.partition(";")[0].strip().lower()
    return media == "application/json" or (
        media.startswith("application/") and media.endswith("+json")
    )


def find_task_id(body: bytes) -> str | None:
    """Find the id of the task that a body names; None where the body makes no sense."""
    try:
        # Numbers are not looked at, and converting long ones costs time.
        told = json.loads(body, parse_int=_unread, parse_float=_unread, parse_constant=_unread)
    except (ValueError, RecursionError):
        return None
    task_id = told.get("task_id") if isinstance(told, dict) else None
    return task_id if is_task_id(task_id) else None


def _unread(_digits: str) -> Any:
    return None
