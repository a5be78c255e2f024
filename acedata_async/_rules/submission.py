"""What became of a paid submission: one table, in one function.

| What came back | Outcome |
|---|---|
| a `task_id` anywhere in the body, whatever the status | accepted |
| 2xx with the whole result, and no `task_id` | accepted: there is no task to look up |
| 200 that reports a status of 400 or more in its body, as Fish does | as that status says |
| 429 | throttled: refused for now, sent again at its pace |
| 400, 401, 402, 403, 404, 413, 422; 200 with `success: false` | refused: nothing created |
| anything else: 408, 409, 425, 5xx, redirects, an empty or unreadable 2xx | unclear |

What never came back is sorted where it is caught: a request that cannot have reached the API is
sent again, any other broken exchange is unclear. Unclear is never sent again by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acedata_async._rules.exchange import Reply
from acedata_async._rules.refusals import read_error, status_of
from acedata_async._rules.verdict import REFUSALS, complete, has_result, judge
from acedata_async._rules.wire import as_object, as_text
from acedata_async.errors import APIError

_MOST_NODES = 10_000
"""How much of a body is searched for a task id."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The API has the task.

    Attributes:
        task_id: Its id; None where the answer is the result, and names no task.
        record: The record that the answer amounts to, where it shows a result or a failure; else
            None. It need not be final: a voice may still be trained.
    """

    task_id: str | None
    record: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Throttled:
    """Refused for now by a rate limit; nothing was created."""

    error: APIError


@dataclass(frozen=True, slots=True)
class Refused:
    """Refused for good; nothing was created."""

    error: APIError


@dataclass(frozen=True, slots=True)
class Unclear:
    """Nobody can tell whether a task was created."""

    error: APIError


def sort_answer(
    reply: Reply, *, now: float, bare: str | None = None
) -> Accepted | Throttled | Refused | Unclear:
    """Sort the answer to a paid submission.

    Args:
        reply: The answer.
        now: The wall-clock time in Unix seconds.
        bare: What the result is called where it may stand alone; see `complete`.
    """
    task_id = find_task_id(reply.body)
    if task_id is not None:
        return Accepted(task_id, _record_in(reply, task_id, bare=bare))
    body = as_object(reply.body)
    if _is_success(reply) and complete(body, bare=bare):
        return Accepted(None, _record("", {**body, "success": True}))
    error = read_error(reply, now=now)
    status = status_of(reply)
    if status == 429:
        return Throttled(error)
    unsuccessful = body.get("success") is False
    if status in REFUSALS or (status == 200 and unsuccessful):
        return Refused(error)
    return Unclear(error)


def find_task_id(body: Any) -> str | None:
    """Find the `task_id` nearest to the top of a parsed body.

    A voice's samples have ids of their own, which are no tasks of this API.
    """
    queue = deque([body])
    for _ in range(_MOST_NODES):
        if not queue:
            break
        node = queue.popleft()
        if isinstance(node, Mapping):
            task_id = as_text(node.get("task_id"))
            if task_id:
                return task_id
            queue.extend(value for name, value in node.items() if name != "samples")
        elif isinstance(node, list):
            queue.extend(node)
    return None


def _record_in(reply: Reply, task_id: str, *, bare: str | None) -> Mapping[str, Any] | None:
    """Return the record that an answer with a task amounts to, if it tells more than the id.

    Whether what was answered at once can be looked up, no source says: what the answer holds may
    be all that there ever is.
    """
    body = as_object(reply.body)
    record = _record(task_id, body)
    if _is_success(reply):
        if complete(body, bare=bare):
            return _record(task_id, {**body, "success": True})
        return record if has_result(body) or judge(record).final else None
    # A 5xx may name a task that is running all the same: only a lookup can tell.
    return record if reply.status in REFUSALS and judge(record).final else None


def _is_success(reply: Reply) -> bool:
    return 200 <= reply.status < 300


def _record(task_id: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"id": task_id, "trace_id": body.get("trace_id"), "response": body}
