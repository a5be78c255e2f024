"""The observer that writes to the log."""

from __future__ import annotations

import logging
import math

from acedata_async.events import CallAnswered, CallSent, Event, RateChanged, TaskFinal, TaskSeen

_log = logging.getLogger("acedata_async")


def log_events(event: Event) -> None:
    """Write an event to the logger `acedata_async`; an `AceData` does so unless told otherwise.

    Tasks that are over, calls that were answered 429 or not at all, and rates that were lowered
    have the level INFO, everything else DEBUG.
    """
    level = logging.INFO if _is_notable(event) else logging.DEBUG
    if _log.isEnabledFor(level):
        message, *facts = _words(event)
        _log.log(level, message, *facts)


def _is_notable(event: Event) -> bool:
    match event:
        case CallAnswered():
            return event.status is None or event.status == 429
        case RateChanged():
            return event.reason == "refused"
        case _:
            return isinstance(event, TaskFinal)


def _words(event: Event) -> tuple[str, *tuple[object, ...]]:
    """Return a message and what to put into it."""
    match event:
        case CallSent():
            return "%s %s: sent %d bytes", event.purpose, event.path, event.size
        case CallAnswered(error=None):
            message = "%s %s: answered %s after %.3f s with %d bytes"
            return message, event.purpose, event.path, event.status, event.seconds, event.size
        case CallAnswered():
            message = "%s %s: no answer after %.3f s: %s"
            return message, event.purpose, event.path, event.seconds, event.error
        case RateChanged():
            rate = "without limit" if math.isinf(event.rate) else f"{event.rate:.3g} a second"
            return "%s: %s from now on (%s)", event.purpose, rate, event.reason
        case TaskSeen():
            progress = "" if event.progress is None else f", {event.progress:.0%}"
            return "task %s%s: %s%s", event.task_id, _kind(event), event.state, progress
        case _:
            took = "" if event.seconds is None else f" after {event.seconds:.1f} s"
            lag = "" if event.lag is None else f", noticed {event.lag:.1f} s later"
            message = "task %s%s: %s%s%s; lookups: %d"
            task, kind = event.task_id, _kind(event)
            return message, task, kind, event.state, took, lag, event.lookups


def _kind(event: TaskSeen | TaskFinal) -> str:
    return "" if event.kind is None else f" ({event.kind})"
