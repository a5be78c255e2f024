"""Lists of tasks: which of them a request without ids wants, in which order, and how many.

The vendor's documents do not describe this mode; its own web pages use it. Section 2.2 of the
API contract has what is known of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any

from acedata_async.sandbox.records import ACCOUNT, visible
from acedata_async.sandbox.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a `retrieve_batch` asks for beside ids.

    Attributes:
        user_id: Whose tasks; None for anybody's.
        type: Of which type; None for any.
        created_at_min: The earliest creation that still counts, in Unix seconds.
        created_at_max: The latest one.
        limit: The most items wanted; None for as many as the vendor gives.
        offset: How many of the matching tasks to pass over.
    """

    user_id: str | None
    type: str | None
    created_at_min: float
    created_at_max: float
    limit: int | None
    offset: int

    def admits(self, task: Task) -> bool:
        """Return whether a task fits all that is asked for."""
        return (
            self.user_id in {None, ACCOUNT["user_id"]}
            and self.type in {None, task.type}
            and self.created_at_min <= task.created_at <= self.created_at_max
        )


def read_wish(body: Mapping[str, Any]) -> Wish:
    """Return what a body asks for.

    Raises:
        ValueError: A field has the wrong type or cannot be.
    """
    limit = _field(body, "limit", int, None)
    offset = _field(body, "offset", int, 0)
    if limit is not None and limit < 1:
        raise ValueError("limit must be at least 1")
    if offset < 0:
        raise ValueError("offset must be at least 0")
    return Wish(
        user_id=_field(body, "user_id", str, None),
        type=_field(body, "type", str, None),
        created_at_min=_field(body, "created_at_min", int | float, -math.inf),
        created_at_max=_field(body, "created_at_max", int | float, math.inf),
        limit=limit,
        offset=offset,
    )


def page(
    tasks: Iterable[Task],
    wish: Wish,
    now: float,
    *,
    size: int,
    delay: float,
    faults: Collection[str],
) -> tuple[list[Task], int]:
    """Return the tasks of the wished page, newest first, and how many match in all.

    Args:
        tasks: All tasks, in the order of their creation.
        wish: What is asked for.
        now: The time, in Unix seconds.
        size: The most tasks that a page has.
        delay: For how many seconds after its creation a task is in no list.
        faults: The names of the list faults that strike.
    """
    if "list-ignores-bounds" in faults:
        wish = replace(wish, created_at_min=-math.inf, created_at_max=math.inf)
    if "list-ignores-limit" in faults:
        wish = replace(wish, limit=None, offset=0)
    matching = [task for task in tasks if wish.admits(task) and _listed(task, now, delay)]
    # Reversed before it is sorted, so that of two created at once the later one is newer.
    matching.reverse()
    matching.sort(key=lambda task: task.created_at, reverse=True)
    if "list-oldest-first" in faults:
        matching.reverse()
    length = size if wish.limit is None else min(wish.limit, size)
    return matching[wish.offset : wish.offset + length], len(matching)


def _listed(task: Task, now: float, delay: float) -> bool:
    # A task's creation is rounded, and so can seem to be ahead of the time.
    return max(0.0, now - task.created_at) >= delay and visible(task, now)


def _field(body: Mapping[str, Any], name: str, kind: type | UnionType, default: object) -> Any:
    value = body.get(name, default)
    if name in body and (isinstance(value, bool) or not isinstance(value, kind)):
        raise ValueError(f"{name} has the wrong type")
    return value
