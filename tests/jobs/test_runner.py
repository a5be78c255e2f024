"""Jobs run together, and running them again never pays twice."""

from __future__ import annotations

import asyncio
import warnings
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, ClientClosed, InvalidRequest, PollPolicy, RequestWarning
from acedata_async.jobs import ACTIONS, JobOutcome, read_jobs, run_jobs, unsettled
from acedata_async.sandbox import Sandbox
from tests.jobs.conftest import jobs_of, record_of, rewrite, song

EXAMPLE = Path(__file__).parents[2] / "examples" / "songs.jsonl"
COVER = {"key": "b", "action": "cover", "source": "a"}
UPLOAD = {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"}
UPLOAD_COVER = {"key": "x", "action": "upload_cover", "source": "mine"}
SECRET = "https://me.example/hook/s3cret"


async def run(
    sandbox: Sandbox, directory: Path, *entries: dict[str, Any], **options: Any
) -> list[JobOutcome]:
    """Run entries with a fresh client of the sandbox."""
    async with sandbox.client(**options) as ace:
        return await run_jobs(ace, jobs_of(*entries), directory)


def _file_of(directory: Path, key: str) -> Path:
    return next(path for path in directory.glob(f"{key}.*") if path.suffix != ".json")


def states(outcomes: list[JobOutcome]) -> list[str]:
    """Return how jobs ended."""
    return [outcome.state for outcome in outcomes]


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
        record = record_of(directory, outcome.job.key)
        assert (record["state"], record["task_id"]) == ("saved", outcome.task_id)
        if outcome.job.action == "upload":
            assert outcome.path is None
        else:
            assert outcome.path is not None
            assert outcome.path.name == record["file"]
            assert outcome.path.stem == outcome.job.key
            assert record["task"]["id"] == outcome.task_id
            assert record["duration"] == outcome.duration
            assert record["title"] == outcome.title
    assert [one.state for one in heard if one.job.key == "harbour-lights"] == [
        "submitted",
        "running",
        "running",
        "saved",
    ]
    assert not list(directory.glob(".*"))

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


async def test_a_failed_job_is_sent_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """A failed task is not charged, so that the next run sends it again."""
    sandbox.inject("fail-F1", times=1)
    (failed,) = await run(sandbox, tmp_path, song())
    record = record_of(tmp_path, "a")
    assert (failed.state, record["state"], record["error"]["type"]) == (
        "failed",
        "failed",
        "TaskFailed",
    )
    assert failed.reason == str(failed.error)
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]
    assert sandbox.stats.submissions == 2
    assert record_of(tmp_path, "a")["error"] is None


async def test_a_refused_job_is_sent_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """A refusal created nothing; it stops no other job, and the next run sends it again."""
    sandbox.inject("moderation", times=1)
    outcomes = await run(sandbox, tmp_path, song(), song("other"))
    assert sorted(states(outcomes)) == ["failed", "saved"]
    assert sandbox.stats.submissions == 1
    assert states(await run(sandbox, tmp_path, song(), song("other"))) == ["saved", "saved"]
    assert sandbox.stats.submissions == 2


@pytest.mark.parametrize("entry", [song(), UPLOAD])
async def test_an_unknown_outcome_is_not_sent_again(
    sandbox: Sandbox, tmp_path: Path, entry: dict[str, Any]
) -> None:
    """What may be paid is left alone until the user deletes its record."""
    sandbox.inject("cut-after-accept", times=1)
    (unknown,) = await run(sandbox, tmp_path, entry)
    path = tmp_path / f"{entry['key']}.json"
    assert unknown.state == "unknown"
    assert unknown.reason.endswith(f"to send it again delete {path}")
    assert record_of(tmp_path, entry["key"])["state"] == "unknown"
    requests = sandbox.stats.submission_requests

    (still,) = await run(sandbox, tmp_path, entry)
    assert still.state == "unknown"
    assert still.error is None
    assert still.reason.endswith(f"to send it again delete {path}")
    assert unsettled(jobs_of(entry), tmp_path) == []
    assert sandbox.stats.submission_requests == requests

    path.unlink()
    assert states(await run(sandbox, tmp_path, entry)) == ["saved"]


async def test_a_job_killed_during_its_submission_is_unknown(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """The record stands before the submission, so that a kill in between leaves a trace."""
    await run(sandbox, tmp_path, song())
    rewrite(tmp_path, "a", state="submitting", task_id=None, task=None, file=None)
    (outcome,) = await run(sandbox, tmp_path, song())
    assert outcome.state == "unknown"
    assert sandbox.stats.submissions == 1


@pytest.mark.parametrize("entries", [[song()], [song(), {**COVER, "action": "stems"}]])
async def test_a_submitted_job_is_watched(
    sandbox: Sandbox, tmp_path: Path, entries: list[dict[str, Any]]
) -> None:
    """A job that was killed after its submission is waited for, not sent again."""
    await run(sandbox, tmp_path, *entries)
    for entry in entries:
        key = entry["key"]
        rewrite(tmp_path, key, state="submitted", task=None, file=None, name=None)
        _file_of(tmp_path, key).unlink()
    assert len(unsettled(jobs_of(*entries), tmp_path)) == len(entries)
    outcomes = await run(sandbox, tmp_path, *entries)
    assert states(outcomes) == ["saved"] * len(entries)
    assert [one.path for one in outcomes] == [_file_of(tmp_path, one["key"]) for one in entries]
    assert sandbox.stats.submissions == len(entries)


async def test_a_file_that_is_gone_is_fetched_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """A saved job whose file was deleted costs a lookup and a download, and no money."""
    (first,) = await run(sandbox, tmp_path, song())
    assert first.path is not None
    first.path.unlink()
    (again,) = await run(sandbox, tmp_path, song())
    assert (again.state, again.path) == ("saved", _file_of(tmp_path, "a"))
    assert sandbox.stats.submissions == 1


async def test_a_file_that_was_whole_before_the_kill_is_kept(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Killed between the file and its record, a job takes the file that is there."""
    (first,) = await run(sandbox, tmp_path, song())
    rewrite(tmp_path, "a", state="finished", file=None)
    downloads = sandbox.stats.media_requests
    (again,) = await run(sandbox, tmp_path, song())
    assert (again.state, again.path) == ("saved", first.path)
    assert sandbox.stats.media_requests == downloads
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "a.m4a"]


async def test_a_file_of_the_users_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that has the name already keeps it, and the song gets a number."""
    (tmp_path / "a.m4a").write_text("mine")
    (outcome,) = await run(sandbox, tmp_path, song())
    assert outcome.path == tmp_path / "a (2).m4a"
    assert (tmp_path / "a.m4a").read_text() == "mine"
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]


async def test_a_download_that_failed_is_made_up_for(sandbox: Sandbox, tmp_path: Path) -> None:
    """The song is paid, so that only its download is repeated; its cover goes on at once."""
    sandbox.inject("media-404", times=1)
    outcomes = await run(sandbox, tmp_path, song(), COVER)
    assert states(outcomes) == ["failed", "saved"]
    assert record_of(tmp_path, "a")["state"] == "finished"
    assert record_of(tmp_path, "a")["error"]["type"] == "DownloadError"
    assert states(await run(sandbox, tmp_path, song(), COVER)) == ["saved", "saved"]
    assert sandbox.stats.submissions == 2


async def test_a_wait_that_ended_is_taken_up_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """A job that outlasts the wait is unfinished, has its id, and is waited for next time."""
    (outcome,) = await run(sandbox, tmp_path, song(), poll=PollPolicy(deadline=10))
    assert outcome.state == "unfinished"
    assert outcome.task_id == sandbox.tasks[0]
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]
    assert sandbox.stats.submissions == 1


async def test_a_record_that_makes_no_sense_is_not_paid_again(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """A task that is over without result or failure may be charged: it is not sent again."""
    sandbox.inject("no-result", times=1)
    assert states(await run(sandbox, tmp_path, song())) == ["failed"]
    assert states(await run(sandbox, tmp_path, song())) == ["failed"]
    assert sandbox.stats.submissions == 1


async def test_a_task_that_the_api_forgot_is_unknown(sandbox: Sandbox, tmp_path: Path) -> None:
    """Records may be removed after a day; such a job is not sent again, and watched each time."""
    await run(sandbox, tmp_path, song())
    rewrite(tmp_path, "a", state="submitted", task_id="gone", task=None, file=None)
    for _ in range(2):
        (outcome,) = await run(sandbox, tmp_path, song())
        assert outcome.state == "unknown"
        assert "gone was not found" in outcome.reason
    assert sandbox.stats.submissions == 1


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


async def test_a_lookup_that_is_refused_leaves_the_job_unfinished(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """A token that expires meanwhile loses nothing."""
    sandbox.inject("lookup-401")
    (outcome,) = await run(sandbox, tmp_path, song())
    assert outcome.state == "unfinished"
    sandbox.clear_faults()
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]
    assert sandbox.stats.submissions == 1


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"form": "acedata-job", "version": 2}', b"null"]
)
async def test_a_damaged_record_is_named(sandbox: Sandbox, tmp_path: Path, content: bytes) -> None:
    """Nothing is sent while a record cannot be read."""
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        await run(sandbox, tmp_path, song(), song("b"))
    assert str(tmp_path / "b.json") in str(caught.value)
    assert sandbox.stats.submission_requests == 0


async def test_a_record_that_points_elsewhere_is_damaged(sandbox: Sandbox, tmp_path: Path) -> None:
    """A record names a file beside it, never a path."""
    await run(sandbox, tmp_path, song())
    rewrite(tmp_path, "a", file="../a.m4a")
    with pytest.raises(InvalidRequest, match="no file name"):
        await run(sandbox, tmp_path, song())


async def test_a_record_that_cannot_be_opened_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    """A directory in the place of a record is told, and nothing is sent."""
    (tmp_path / "a.json").mkdir()
    with pytest.raises(InvalidRequest, match="cannot be read"):
        await run(sandbox, tmp_path, song())


async def test_another_request_under_a_key_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    """A changed line under a known key is a mistake, told before anything is sent."""
    await run(sandbox, tmp_path, song())
    with pytest.raises(InvalidRequest) as caught:
        await run(sandbox, tmp_path, song(prompt="Another"), song("b"))
    assert "line 1: " in str(caught.value)
    assert "another request" in str(caught.value)
    assert sandbox.stats.submissions == 1


async def test_a_directory_belongs_to_one_origin(sandbox: Sandbox, tmp_path: Path) -> None:
    """What a sandbox made never passes for the real thing."""
    jobs = jobs_of(song())
    async with sandbox.client() as ace:
        await run_jobs(ace, jobs, tmp_path, origin="the sandbox")
        with pytest.raises(InvalidRequest, match="made at the sandbox"):
            await run_jobs(ace, jobs, tmp_path)


async def test_no_secret_reaches_a_record(sandbox: Sandbox, tmp_path: Path) -> None:
    """A callback address is masked in the file, and a new secret is no other request."""
    entries = [song(callback_url=SECRET)]
    await run(sandbox, tmp_path, *entries)
    assert sandbox.submissions[0]["callback_url"] == SECRET
    assert "s3cret" not in (tmp_path / "a.json").read_text(encoding="utf-8")
    again = await run(sandbox, tmp_path, song(callback_url="https://me.example/hook/other"))
    assert states(again) == ["saved"]
    assert sandbox.stats.submissions == 1


async def test_an_upload_is_paid_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """Its answer is kept, and what starts from it can do so in a later run."""
    (upload,) = await run(sandbox, tmp_path, UPLOAD)
    outcomes = await run(sandbox, tmp_path, UPLOAD, UPLOAD_COVER)
    assert states(outcomes) == ["saved", "saved"]
    assert sandbox.submissions[-1]["audio_id"] == upload.audio_id
    assert sandbox.stats.submissions_by_action == {"upload": 1, "upload_cover": 1}


async def test_a_song_without_an_id_is_no_source(sandbox: Sandbox, tmp_path: Path) -> None:
    """What came without an id is saved, and what was to start from it is skipped."""
    await run(sandbox, tmp_path, song())
    record = record_of(tmp_path, "a")
    del record["task"]["response"]["data"][0]["id"]
    rewrite(tmp_path, "a", task=record["task"])
    outcomes = await run(sandbox, tmp_path, song(), COVER)
    assert states(outcomes) == ["saved", "skipped"]
    assert outcomes[1].reason == "its source a came without an audio id"


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


async def test_a_directory_that_cannot_be_written_costs_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Without a record nothing is sent."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InvalidRequest):
        await run(sandbox, blocked, song())
    assert sandbox.stats.submission_requests == 0


async def test_a_disk_that_fails_later_loses_no_id(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id that could not be written down is in the outcome, and the job counts as unknown."""
    from acedata_async.jobs import progression  # noqa: PLC0415 - beside its use

    write = progression.write_record

    def full(directory: Path, record: Any) -> None:
        if record.state != "submitting":
            raise OSError(28, "No space left on device")
        write(directory, record)

    monkeypatch.setattr(progression, "write_record", full)
    (outcome,) = await run(sandbox, tmp_path, song())
    assert (outcome.state, outcome.task_id) == ("unknown", sandbox.tasks[0])
    assert isinstance(outcome.error, OSError)


async def test_a_disk_that_fails_first_costs_nothing(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job whose record cannot be written is not sent; the others are."""
    from acedata_async.jobs import progression  # noqa: PLC0415 - beside its use

    write = progression.write_record

    def picky(directory: Path, record: Any) -> None:
        if record.key == "a":
            raise OSError(28, "No space left on device")
        write(directory, record)

    monkeypatch.setattr(progression, "write_record", picky)
    assert states(await run(sandbox, tmp_path, song(), song("b"))) == ["failed", "saved"]
    assert sandbox.stats.submission_requests == 1


async def test_a_warning_made_an_error_is_no_submission(sandbox: Sandbox, tmp_path: Path) -> None:
    """With warnings as errors an odd request is not sent, and its job is only failed."""
    odd = song(model="FUZZ-9")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RequestWarning)
        assert states(await run(sandbox, tmp_path, odd)) == ["failed"]
    assert sandbox.stats.submission_requests == 0
