"""What the vendor calls back: whom, when, and with what body (section 1.8 of the API contract)."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from acedata_async.config import is_loopback
from acedata_async.sandbox.kinds import Kind
from acedata_async.sandbox.outcomes import failure, success
from acedata_async.sandbox.records import failed
from acedata_async.sandbox.replies import json_body
from acedata_async.sandbox.task import Task

_FIELD = "callback_url"
_PLACEHOLDER_PATH = "/health"
"""Whoever has no receiver is told to give this address of the vendor's own."""

_LATE_SECONDS = 30.0
_ELSEWHERE = "https://audio.elsewhere.invalid"


@dataclass(frozen=True, slots=True)
class Callback:
    """One message to somebody's receiver."""

    url: str
    body: bytes
    content_type: str = "application/json"


def is_asked_for(kind: Kind, request: Mapping[str, Any]) -> bool:
    """Return whether a submission asks for a callback, and not for the placeholder."""
    address = request.get(_FIELD) if _FIELD in kind.background else None
    if not address:
        return False
    url = _parsed(str(address))
    return url is None or url.path != _PLACEHOLDER_PATH


def can_be_called(task: Task, *, anywhere: bool) -> bool:
    """Return whether a task's `callback_url` is an address that may be called.

    Args:
        task: The task.
        anywhere: Whether any host will do, and not just this machine.
    """
    url = _parsed(task.request[_FIELD])
    if url is None or url.scheme not in {"http", "https"} or not url.host:
        return False
    return anywhere or is_loopback(url.host)


def is_early(task: Task) -> bool:
    """Return whether a task's callback comes before its submission is answered."""
    return "callback-early" in task.quirks


def called_at(task: Task, delay: float) -> float:
    """Return when a callback is due, in Unix seconds; infinite for never.

    Args:
        task: The task.
        delay: Seconds from the moment that it tells of.
    """
    quirks = task.quirks
    if is_early(task):
        return -math.inf
    too_soon = "callback-while-running" in quirks or (
        "callback-lies" in quirks and not failed(task)
    )
    moment = task.started_at if too_soon else task.finished_at
    return moment + delay + (_LATE_SECONDS if "callback-late" in quirks else 0.0)


def callback(task: Task, base: str) -> Callback:
    """Return what is called back about a task.

    Args:
        task: The task.
        base: What comes before the paths of media.
    """
    quirks = task.quirks
    # As a synchronous answer has it, which comes when the task is over.
    if "callback-lies" in quirks:
        told = success(task, task.finished_at, _ELSEWHERE)
    elif failed(task):
        told = failure(task)
    else:
        told = success(task, task.finished_at, base)
    body = json_body(
        told | {"task_id": _stray_id(task) if "callback-wrong-id" in quirks else task.id}
    )
    if "callback-garbled" in quirks:
        body = body[: len(body) // 2]
    if "callback-wrong-type" in quirks:
        return Callback(task.request[_FIELD], body, "text/html; charset=utf-8")
    return Callback(task.request[_FIELD], body)


def _parsed(address: str) -> httpx.URL | None:
    """Return an address as the one who calls it will understand it, or None if it is none."""
    try:
        return httpx.URL(address)
    except (httpx.InvalidURL, ValueError):
        return None


def _stray_id(task: Task) -> str:
    """Return the id of no task, the same each time."""
    return str(uuid.uuid5(uuid.UUID(task.id), "stray"))
