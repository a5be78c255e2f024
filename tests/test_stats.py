"""What a client counts."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from acedata_async import (
    AceData,
    CallAnswered,
    CallSent,
    Event,
    RateChanged,
    RateLimited,
    Stats,
    TaskFinal,
    TaskSeen,
    Timeouts,
)
from acedata_async.events import Purpose
from acedata_async.sandbox import Sandbox
from acedata_async.stats import Tally


def sent(purpose: Purpose, size: int) -> CallSent:
    """Return the beginning of a call."""
    return CallSent(path="/p", purpose=purpose, size=size)


def answered(status: int | None, size: int = 0) -> CallAnswered:
    """Return the end of a call."""
    error = None if status else "cut"
    return CallAnswered(
        path="/p", purpose="lookup", status=status, seconds=1.0, size=size, error=error
    )


def final(lag: float | None) -> TaskFinal:
    """Return the end of a task."""
    return TaskFinal(task_id="a", kind=None, state="failed", seconds=2.0, lag=lag, lookups=1)


def counted(*events: Event) -> Stats:
    """Return the figures after these events."""
    tally = Tally()
    for event in events:
        tally(event)
    return tally.snapshot()


def test_nothing_is_known_at_the_start() -> None:
    """Without a task there is no lag, and no number of lookups a task."""
    stats = counted()
    assert stats == Stats()
    assert (stats.lookups_per_task, stats.mean_lag, stats.max_lag) == (None, None, None)


def test_everything_is_summed() -> None:
    """Requests by purpose, bytes both ways, 429s, faults, tasks and their lag."""
    stats = counted(
        sent("submit", 100),
        answered(429, 30),
        sent("submit", 100),
        answered(200, 50),
        sent("hold", 10),
        answered(None),
        *(event for _ in range(3) for event in (sent("lookup", 20), answered(200, 500))),
        TaskSeen(task_id="a", kind=None, state="running", progress=None),
        RateChanged(purpose="lookup", rate=1.0, reason="refused"),
        final(0.5),
        final(1.5),
        final(None),
    )
    assert stats == Stats(
        requests=6,
        submissions=3,
        submissions_under_way=3,
        lookups=3,
        bytes_sent=270,
        bytes_received=1580,
        rate_limited=1,
        faults=1,
        tasks=3,
        mean_lag=1.0,
        max_lag=1.5,
    )
    assert stats.lookups_per_task == 1.0


def test_lag_below_zero_is_kept() -> None:
    """Clocks that differ may make a task end in the future; the figures do not hide it."""
    assert counted(final(-0.25)).max_lag == -0.25


def test_figures_are_readable() -> None:
    """`str` gives one line; what is unknown is left out."""
    assert str(Stats()) == (
        "requests: 0 (submissions: 0, lookups: 0); bytes sent: 0, received: 0;"
        " answered 429: 0, not answered: 0; tasks: 0"
    )
    known = Stats(requests=3, lookups=2, bytes_sent=1234, tasks=4, mean_lag=0.5, max_lag=2.0)
    assert "bytes sent: 1,234," in str(known)
    assert str(known).endswith(
        "tasks: 4, lookups for each: 0.50, noticed after 0.50 s, at most 2.00 s"
    )
    assert "tasks=4" in repr(known)


def test_figures_are_a_snapshot() -> None:
    """What was asked for once does not change any more."""
    tally = Tally()
    before = tally.snapshot()
    tally(sent("lookup", 1))
    assert before == Stats()
    with pytest.raises(FrozenInstanceError):
        before.requests = 1  # type: ignore[misc]  # on purpose


async def test_client_counts_what_the_server_counts(ace: AceData, sandbox: Sandbox) -> None:
    """Submissions, lookups and bytes are those that arrived and were answered."""
    watchers = [await ace.producer.generate(f"Song {n}") for n in range(5)]
    for watcher in watchers:
        await watcher
    await ace.producer.lyrics("love")
    stats, server = ace.stats(), sandbox.stats
    assert stats.submissions == server.submission_requests == 6
    assert stats.lookups == server.lookups
    assert stats.requests == sum(server.statuses.values())
    assert stats.bytes_received == server.bytes_sent
    assert (stats.rate_limited, stats.faults) == (0, 0)


async def test_what_goes_wrong_is_counted(ace: AceData, sandbox: Sandbox) -> None:
    """A 429 and a call without an answer are told apart."""
    sandbox.inject("throttle", times=2)
    sandbox.inject("lookup-cut", times=1)
    watcher = await ace.producer.generate("A song")
    await watcher
    stats = ace.stats()
    assert (stats.rate_limited, stats.faults, stats.submissions) == (2, 1, 3)


async def test_figures_outlive_the_client(sandbox: Sandbox) -> None:
    """A closed client still says what it did."""
    ace = sandbox.client(timeouts=Timeouts(throttled=1.0))
    sandbox.inject("throttle")
    with pytest.raises(RateLimited):
        await ace.producer.generate("A song")
    await ace.aclose()
    assert ace.stats().rate_limited == ace.stats().submissions == sandbox.stats.submission_requests


def test_paid_calls_that_are_not_answered() -> None:
    """A paid call is under way until its answer, and unanswered where that is not whole."""

    def ended(purpose: Purpose, status: int | None) -> CallAnswered:
        return CallAnswered(
            path="/p", purpose=purpose, status=status, seconds=1.0, size=0, error=None
        )

    begun = [sent("submit", 1), sent("hold", 1), sent("submit", 1), sent("lookup", 1)]
    assert counted(*begun).submissions_under_way == 3
    stats = counted(*begun, ended("submit", 200), ended("hold", None), ended("lookup", None))
    assert (stats.submissions_under_way, stats.submissions_unanswered) == (1, 1)
    stats = counted(*begun, replace(ended("submit", None), delivered=False))
    assert (stats.submissions_under_way, stats.submissions_unanswered) == (2, 0)
