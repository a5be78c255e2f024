"""Running again finishes what is missing, and never pays twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acedata_async import PollPolicy
from acedata_async.jobs import (
    unsettled,
)
from acedata_async.sandbox import Sandbox
from tests.jobs.conftest import (
    COVER,
    UPLOAD,
    UPLOAD_COVER,
    file_of,
    jobs_of,
    names_in,
    record_of,
    rewrite,
    run,
    song,
    states,
)


async def test_a_failed_job_is_sent_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """A failed task is not charged, so that the next run sends it again."""
    sandbox.inject("fail-F1", times=1)
    (failed,) = await run(sandbox, tmp_path, song())
    known = record_of(tmp_path, "a")
    assert (failed.state, known["state"], known["error"]["type"]) == (
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
    for words in ("may have been created and paid", "it was not sent again", "platform.acedata"):
        assert unknown.reason.count(words) == 1
    assert "it may be paid" not in unknown.reason
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
        file_of(tmp_path, key).unlink()
    assert len(unsettled(jobs_of(*entries), tmp_path)) == len(entries)
    outcomes = await run(sandbox, tmp_path, *entries)
    assert states(outcomes) == ["saved"] * len(entries)
    assert [one.path for one in outcomes] == [file_of(tmp_path, one["key"]) for one in entries]
    assert sandbox.stats.submissions == len(entries)


async def test_a_file_that_is_gone_is_fetched_again(sandbox: Sandbox, tmp_path: Path) -> None:
    """A saved job whose file was deleted costs a lookup and a download, and no money."""
    (first,) = await run(sandbox, tmp_path, song())
    file_of(tmp_path, "a").unlink()
    (again,) = await run(sandbox, tmp_path, song())
    assert (again.state, again.path) == ("saved", file_of(tmp_path, "a"))
    assert again.path == first.path
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
    assert names_in(tmp_path) == [".acedata-run.lock", "a.json", "a.m4a"]


async def test_a_file_of_the_users_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that has the name already keeps it, and the song gets a number."""
    users = tmp_path / "a.m4a"
    users.write_text("mine")
    (outcome,) = await run(sandbox, tmp_path, song())
    assert outcome.path == tmp_path / "a (2).m4a"
    assert users.stat().st_size == len("mine")
    assert states(await run(sandbox, tmp_path, song())) == ["saved"]


async def test_a_download_that_failed_is_made_up_for(sandbox: Sandbox, tmp_path: Path) -> None:
    """The song is paid, so that only its download is repeated; its cover goes on at once."""
    sandbox.inject("media-404", times=1)
    outcomes = await run(sandbox, tmp_path, song(), COVER)
    assert states(outcomes) == ["unfinished", "saved"]
    assert outcomes[0].reason.startswith("made, but not downloaded (HTTP 404 ")
    assert outcomes[0].reason.endswith("); run it again to fetch it")
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
    known = record_of(tmp_path, "a")
    del known["task"]["response"]["data"][0]["id"]
    rewrite(tmp_path, "a", task=known["task"])
    outcomes = await run(sandbox, tmp_path, song(), COVER)
    assert states(outcomes) == ["saved", "skipped"]
    assert outcomes[1].reason == "its source a came without an audio id"
