"""Cancelled, closed or cut off in the middle, a run loses nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, ClientClosed
from acedata_async.jobs import (
    JobOutcome,
    progression,
    record,
    run_jobs,
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


@pytest.mark.parametrize("after", ["submission", "acknowledgement"])
async def test_cancelling_loses_nothing(tmp_path: Path, after: str) -> None:
    """Cancelled in the middle, each job that was sent has its id in its record."""
    heard: dict[str, JobOutcome] = {}
    begun = asyncio.Event()

    def hear(outcome: JobOutcome) -> None:
        heard[outcome.job.key] = outcome
        begun.set()

    entries = [song(), COVER, song("c")]
    async with Sandbox(durations=40.0, latency=1.0) as vendor, vendor.client() as ace:
        running = asyncio.create_task(run_jobs(ace, jobs_of(*entries), tmp_path, on_change=hear))
        if after == "submission":
            while not (tmp_path / "c.json").exists():  # noqa: ASYNC110 - no event for it
                await asyncio.sleep(0)
        else:
            await begun.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        ids = {record_of(tmp_path, key)["task_id"] for key in ("a", "c")}
        assert ids == set(vendor.tasks)
        assert {key: one.state for key, one in heard.items()} == {
            "a": "unfinished",
            "c": "unfinished",
        }
        outcomes = await run_jobs(ace, jobs_of(*entries), tmp_path)
        assert states(outcomes) == ["saved"] * 3
        assert vendor.stats.submissions == 3


async def test_cancelling_does_not_wait_for_ever(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that does not come within the grace leaves the job unknown."""
    monkeypatch.setattr("acedata_async.jobs.progression._GRACE", 0.01)
    heard: list[JobOutcome] = []
    async with sandbox.client() as ace:
        never = asyncio.create_task(
            run_jobs(_Silent(ace), jobs_of(song()), tmp_path, on_change=heard.append)  # type: ignore[arg-type]  # as far as it goes
        )
        while not (tmp_path / "a.json").exists():  # noqa: ASYNC110 - no event for it
            await asyncio.sleep(0)
        never.cancel()
        with pytest.raises(asyncio.CancelledError):
            await never
    assert [one.state for one in heard] == ["unknown"]
    assert record_of(tmp_path, "a")["state"] == "submitting"


class _Silent:
    """A client whose paid calls never end."""

    def __init__(self, ace: AceData) -> None:
        self.producer = self
        self._ace = ace

    async def submit(self, _: object) -> None:
        """Never answer."""
        await asyncio.Event().wait()


async def test_a_client_closed_during_the_download(sandbox: Sandbox, tmp_path: Path) -> None:
    """The song is there, and the next run fetches it."""
    ace = sandbox.client()
    closing: list[asyncio.Task[None]] = []

    def close(outcome: JobOutcome) -> None:
        if outcome.audio and not closing:
            closing.append(asyncio.create_task(ace.aclose()))
            ace._crew._closed = True

    (outcome,) = await run_jobs(ace, jobs_of(song()), tmp_path, on_change=close)
    await asyncio.gather(*closing)
    assert outcome.state == "unfinished"
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]
    assert sandbox.stats.submissions == 1


async def test_cancelling_during_the_download(sandbox: Sandbox, tmp_path: Path) -> None:
    """A song whose file was on its way is fetched by the next run."""
    heard: list[JobOutcome] = []

    def cancel(outcome: JobOutcome) -> None:
        heard.append(outcome)
        if outcome.audio:
            running.cancel()

    async with sandbox.client() as ace:
        running = asyncio.create_task(run_jobs(ace, jobs_of(song()), tmp_path, on_change=cancel))
        with pytest.raises(asyncio.CancelledError):
            await running
    assert heard[-1].state == "unfinished"
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]
    assert sandbox.stats.submissions == 1


async def test_a_client_closed_meanwhile_leaves_jobs_unfinished(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Closing the client ends the wait and nothing else."""
    ace = sandbox.client()

    def close(outcome: JobOutcome) -> None:
        if outcome.state == "submitted":
            closing.append(asyncio.create_task(ace.aclose()))

    closing: list[asyncio.Task[None]] = []
    (outcome,) = await run_jobs(ace, jobs_of(song()), tmp_path, on_change=close)
    await asyncio.gather(*closing)
    assert outcome.state == "unfinished"
    assert isinstance(outcome.error, ClientClosed)
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]


async def test_a_disk_that_fails_later_loses_no_id(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that could not be written down is in the outcome, and the job counts as unknown."""
    write = record.write_record

    def full(directory: Path, written: Any) -> None:
        if written.state != "submitting":
            raise OSError(28, "No space left on device")
        write(directory, written)

    monkeypatch.setattr(progression, "write_record", full)
    (outcome,) = await run(sandbox, tmp_path, song())
    assert (outcome.state, outcome.task_id) == ("unknown", sandbox.tasks[0])
    assert isinstance(outcome.error, OSError)


async def test_a_disk_that_fails_first_costs_nothing(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose record cannot be written is not sent; the others are."""
    write = record.write_record

    def picky(directory: Path, written: Any) -> None:
        if written.key == "a":
            raise OSError(28, "No space left on device")
        write(directory, written)

    monkeypatch.setattr(progression, "write_record", picky)
    assert states(await run(sandbox, tmp_path, song(), song("b"))) == ["failed", "saved"]
    assert sandbox.stats.submission_requests == 1
