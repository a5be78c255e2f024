"""A watcher's news as server-sent events."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import datetime
from typing import Any, cast

from sse_starlette import ServerSentEvent

from acedata_async.errors import AceDataError, ClientClosed, TaskFailed, WatchTimeout
from acedata_async.integrations.answers import answer_to
from acedata_async.integrations.streams import OVER, EventStream
from acedata_async.models.reply import ReplyModel
from acedata_async.models.request import CALLBACK_FIELD, hidden
from acedata_async.models.results import Stems
from acedata_async.models.task import Task
from acedata_async.models.voices import Speech, Voice
from acedata_async.tasks.watcher import TaskWatcher

_RECONNECT = 2_000
"""Milliseconds after which a browser comes back if the connection broke."""
_RESULTS: dict[type, str] = {list: "audios", Stems: "stems", Speech: "speech", Voice: "voice"}
_SHOWN = ("id", "title", "audio_url", "image_url", "duration")


def news(watcher: TaskWatcher[Any], *, heartbeat: float = 15.0) -> EventStream:
    """Return a response that tells a task's news while it runs, and ends with its result.

    The events, each with a JSON object:

    | Event | When | Holds |
    |---|---|---|
    | `task` | at once, and on each change | `id`, `state`, `progress`, `audios` |
    | `result` | it succeeded | `id`, and `audios`, `stems`, `speech` or `voice` |
    | `failed` | it failed | `error`, `detail`, `code`, `message`, `task_ids` |
    | `timeout` | it runs for longer than is waited for | `error`, `detail`, `task_ids` |
    | `gone` | it cannot be watched: there is no such task, or no access | `error`, `detail` |

    The last four are the last one, and a page closes its `EventSource` then; one that does not,
    and comes back, is answered 204, which stops it. Without one of them the connection broke, or
    the server is restarting: an `EventSource` comes back by itself after 2 s, and the first event
    tells how things are by then. A browser that goes away ends its own wait and nothing else.

    Args:
        watcher: The task.
        heartbeat: Seconds between comments that keep proxies from closing a silent connection.
    """
    return EventStream(_events(watcher), heartbeat=heartbeat)


async def _events(watcher: TaskWatcher[Any]) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=_RECONNECT, sep="\n")
    if watcher.task is None:  # else it comes first by itself
        yield _event("task", {"id": watcher.id, "state": "pending", "progress": None, "audios": []})
    try:
        async with aclosing(cast("AsyncGenerator[Task]", aiter(watcher))) as changes:
            async for task in changes:
                yield _event("task", _summary(task))
        result = await watcher
    except ClientClosed:
        return  # the server is restarting: the page is to come back
    except AceDataError as error:
        yield _event(_ending(error), answer_to(error).body, last=True)
        return
    yield _event("result", _result(watcher, result), last=True)


def _ending(error: AceDataError) -> str:
    if isinstance(error, WatchTimeout):
        return "timeout"
    return "failed" if isinstance(error, TaskFailed) else "gone"


def _event(name: str, facts: Mapping[str, Any], *, last: bool = False) -> ServerSentEvent:
    data = json.dumps(facts, separators=(",", ":"))
    return ServerSentEvent(data, event=name, id=OVER if last else None, sep="\n")


def _summary(task: Task) -> dict[str, Any]:
    return _masked(
        task,
        {
            "id": task.id,
            "state": task.state,
            "progress": task.progress,
            "audios": [{name: getattr(one, name) for name in _SHOWN} for one in task.audios],
        },
    )


def _result(watcher: TaskWatcher[Any], result: Any) -> dict[str, Any]:
    name = next(name for kind, name in _RESULTS.items() if isinstance(result, kind))
    facts = {"id": watcher.id, name: _plain(result)}
    return facts if watcher.task is None else _masked(watcher.task, facts)


def _plain(value: Any) -> Any:
    """Return the documented fields of a reply as JSON has them."""
    if isinstance(value, ReplyModel):
        shown = {name: getattr(value, name) for name in type(value).model_fields}
        return {name: _plain(one) for name, one in shown.items() if one is not None}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _masked(task: Task, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts without the task's `callback_url`, wherever the vendor repeats it."""
    masked: dict[str, Any] = hidden(facts, task.request.get(CALLBACK_FIELD))
    return masked
