"""The observer that writes to the log."""

from __future__ import annotations

import logging
import math

import pytest

from acedata_async import (
    CallAnswered,
    CallSent,
    Event,
    RateChanged,
    TaskFinal,
    TaskSeen,
    log_events,
)
from acedata_async.sandbox import Sandbox

SENT = CallSent(path="/producer/tasks", purpose="lookup", size=70)


def answered(status: int | None, error: str | None = None) -> CallAnswered:
    """Return the end of a call."""
    return CallAnswered(
        path="/producer/audios", purpose="submit", status=status, seconds=0.25, size=40, error=error
    )


def final(seconds: float | None, lag: float | None) -> TaskFinal:
    """Return the end of a task."""
    return TaskFinal(
        task_id="id-1", kind="generate", state="succeeded", seconds=seconds, lag=lag, lookups=3
    )


@pytest.mark.parametrize(
    ("event", "level", "line"),
    [
        (SENT, "DEBUG", "lookup /producer/tasks: sent 70 bytes"),
        (
            answered(200),
            "DEBUG",
            "submit /producer/audios: answered 200 after 0.250 s with 40 bytes",
        ),
        (
            answered(429),
            "INFO",
            "submit /producer/audios: answered 429 after 0.250 s with 40 bytes",
        ),
        (
            answered(None, "ReadTimeout"),
            "INFO",
            "submit /producer/audios: no answer after 0.250 s: ReadTimeout",
        ),
        (
            RateChanged(purpose="lookup", rate=2.5, reason="refused"),
            "INFO",
            "lookup: 2.5 a second from now on (refused)",
        ),
        (
            RateChanged(purpose="submit", rate=math.inf, reason="clean"),
            "DEBUG",
            "submit: without limit from now on (clean)",
        ),
        (
            TaskSeen(task_id="id-1", kind="generate", state="running", progress=0.5),
            "DEBUG",
            "task id-1 (generate): running, 50%",
        ),
        (
            TaskSeen(task_id="id-1", kind=None, state="pending", progress=None),
            "DEBUG",
            "task id-1: pending",
        ),
        (
            final(41.25, 0.5),
            "INFO",
            "task id-1 (generate): succeeded after 41.2 s, noticed 0.5 s later; lookups: 3",
        ),
        (final(None, None), "INFO", "task id-1 (generate): succeeded; lookups: 3"),
    ],
)
def test_each_event_is_one_line(
    event: Event, level: str, line: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What users want to see has the level INFO, the rest DEBUG."""
    caplog.set_level("DEBUG", logger="acedata_async")
    log_events(event)
    assert [(one.levelname, one.getMessage()) for one in caplog.records] == [(level, line)]


def test_level_of_the_logger_is_kept(caplog: pytest.LogCaptureFixture) -> None:
    """At INFO nothing is written about calls that went well."""
    caplog.set_level("INFO", logger="acedata_async")
    log_events(SENT)
    log_events(answered(429))
    assert len(caplog.records) == 1


async def test_client_logs_by_itself(sandbox: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    """A client that was told nothing about observers writes to the logger `acedata_async`."""
    caplog.set_level(logging.DEBUG, logger="acedata_async")
    await (await sandbox.client().producer.generate("A song"))
    lines = [one.getMessage() for one in caplog.records]
    assert any(line.startswith("submit /producer/audios: sent ") for line in lines)
    assert any(line.startswith("lookup /producer/tasks: answered 200 ") for line in lines)
