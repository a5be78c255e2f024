"""Jobs run together: all at once, each as soon as its source is ready."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from acedata_async import PollPolicy, RequestWarning
from acedata_async.jobs import (
    ACTIONS,
    JobOutcome,
    read_jobs,
    run_jobs,
    unsettled,
)
from acedata_async.sandbox import Sandbox
from tests.jobs.conftest import (
    COVER,
    jobs_of,
    record_of,
    run,
    song,
    states,
)

EXAMPLE = Path(__file__).parents[2] / "examples" / "songs.jsonl"


async def test_every_action_and_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """All actions end in files and records; the same run again asks the API for nothing."""
    jobs = read_jobs(EXAMPLE.read_text(encoding="utf-8"))
    directory = tmp_path / "new" / "out"
    heard: list[JobOutcome] = []
    async with sandbox.client() as ace:
        outcomes = await run_jobs(ace, jobs, directory, on_change=heard.append)
    assert states(outcomes) == ["saved"] * len(jobs)
    assert set(sandbox.stats.submissions_by_action) == set(ACTIONS)
    assert [outcome.job for outcome in outcomes] == jobs
    for outcome in outcomes:
        known = record_of(directory, outcome.job.key)
        assert (known["state"], known["task_id"]) == ("saved", outcome.task_id)
        if outcome.job.action == "upload":
            assert outcome.path is None
        else:
            assert outcome.path is not None
            assert outcome.path.name == known["file"]
            assert outcome.path.stem == outcome.job.key
            assert known["task"]["id"] == outcome.task_id
            assert known["duration"] == outcome.duration
            assert known["title"] == outcome.title
    assert [one.state for one in heard if one.job.key == "harbour-lights"] == [
        "submitted",
        "running",
        "running",
        "saved",
    ]
    assert not list(directory.glob(".*.tmp"))

    before = sandbox.stats
    assert unsettled(jobs, directory) == []
    async with sandbox.client() as ace:
        again = await run_jobs(ace, jobs, directory)
    assert sandbox.stats == before
    assert [one.path for one in again] == [one.path for one in outcomes]
    assert [one.audio_id for one in again] == [one.audio_id for one in outcomes]


async def test_jobs_go_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """Forty songs of forty seconds take about as long as one."""
    entries = [song(f"s{number}") for number in range(40)]
    outcomes = await run(sandbox, tmp_path, *entries)
    assert states(outcomes) == ["saved"] * 40
    assert sandbox.stats.max_tasks_in_flight == 40


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("fail-F1", "is failed"),
        ("cut-after-accept", "is unknown"),
        ("never", "is unfinished"),
    ],
)
async def test_a_job_without_its_source_is_skipped(
    sandbox: Sandbox, tmp_path: Path, fault: str, reason: str
) -> None:
    """What starts from a job that did not make it is not sent; other jobs go on."""
    sandbox.inject(fault, times=1)
    entries = [song(), COVER, {"key": "c", "action": "stems", "source": "b"}]
    first = await run(sandbox, tmp_path, *entries, poll=PollPolicy(deadline=100))
    assert [one.reason for one in first[1:]] == [
        f"its source a {reason}",
        "its source b is skipped",
    ]
    assert states(first)[1:] == ["skipped", "skipped"]
    assert sandbox.stats.submission_requests == 1
    assert not (tmp_path / "b.json").exists()
    assert states(await run(sandbox, tmp_path, song("other"))) == ["saved"]


@pytest.mark.parametrize("fault", ["used-up", "insufficient-balance", "invalid-token"])
async def test_a_fatal_refusal_stops_the_rest(sandbox: Sandbox, tmp_path: Path, fault: str) -> None:
    """An account that cannot pay learns it from a few refusals, not from hundreds."""
    sandbox.inject(fault)
    outcomes = await run(sandbox, tmp_path, *(song(f"s{number}") for number in range(50)))
    assert states(outcomes) == ["failed"] * 4 + ["skipped"] * 46
    assert sandbox.stats.submission_requests == 4
    assert outcomes[-1].reason.startswith("not sent, since another job was refused: ")
    assert type(outcomes[-1].error) is type(outcomes[0].error)
    sandbox.clear_faults()
    again = await run(sandbox, tmp_path, *(song(f"s{number}") for number in range(50)))
    assert states(again) == ["saved"] * 50


async def test_an_observers_error_breaks_nothing(
    sandbox: Sandbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What goes wrong in a progress display is logged, and the songs are made."""

    def broken(outcome: JobOutcome) -> None:
        raise ZeroDivisionError

    async with sandbox.client() as ace:
        outcomes = await run_jobs(ace, jobs_of(song()), tmp_path, on_change=broken)
    assert states(outcomes) == ["saved"]
    assert "on_change raised an error for job a" in caplog.text


async def test_a_warning_made_an_error_is_no_submission(sandbox: Sandbox, tmp_path: Path) -> None:
    """With warnings as errors an odd request is not sent, and its job is only failed."""
    odd = song(model="FUZZ-9")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RequestWarning)
        assert states(await run(sandbox, tmp_path, odd)) == ["failed"]
    assert sandbox.stats.submission_requests == 0
