"""The command `run`."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

EXAMPLE = Path(__file__).parents[2] / "examples" / "songs.jsonl"


def write(directory: Path, *entries: dict[str, Any]) -> Path:
    """Write a file of jobs."""
    path = directory / "jobs.jsonl"
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return path


def song(key: str, **fields: Any) -> dict[str, Any]:
    """Return an entry for a song."""
    return {"key": key, "action": "generate", "prompt": "A song", **fields}


def test_the_example_ends_with_a_table(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each job is followed on stderr and listed on stdout; a second run pays nothing."""
    result = acedata("run", EXAMPLE, "-o", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split()[:4] == ["Title", "Action", "Duration", "File"]
    assert "Harbour Lights" in result.stdout
    assert str(tmp_path / "harbour-lights.m4a") in result.stdout
    assert f"harbour-lights: task {sandbox.tasks[0]}" in result.stderr
    before = sandbox.stats
    again = acedata("run", EXAMPLE, "-o", tmp_path)
    assert (again.exit_code, again.stdout) == (0, result.stdout)
    assert sandbox.stats == before


def test_jobs_come_from_stdin_too(acedata: Acedata, tmp_path: Path) -> None:
    """`run -` reads stdin, and --json tells all of each job."""
    result = acedata("run", "-", "-o", tmp_path, "--json", "-q", stdin=json.dumps(song("a")))
    (job,) = document(result)["jobs"]
    assert (result.exit_code, result.stderr) == (0, "")
    assert (job["key"], job["state"], job["error"]) == ("a", "saved", None)
    assert Path(job["file"]).is_file()


def test_an_empty_file_is_no_work(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """No jobs, no requests, and an error that says so."""
    path = write(tmp_path)
    result = acedata("run", path, "--json")
    assert result.exit_code == 2
    assert document(result)["error"]["message"] == f"no jobs in {path}"
    assert acedata("run", "-", stdin="# none\n").stderr.endswith("no jobs in stdin\n")
    assert sandbox.stats.lookups == 0


def test_a_missing_file_is_told_plainly(acedata: Acedata) -> None:
    """There is no more to say of a file that is not there."""
    result = acedata("run", "nowhere.jsonl")
    assert result.stderr == "acedata: InvalidRequest: nowhere.jsonl: no such file\n"


def test_the_token_is_checked_first(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A token that is refused is found out by a free lookup."""
    sandbox.inject("lookup-401")
    result = acedata("run", write(tmp_path, song("a")), "-o", tmp_path)
    assert result.exit_code == 3
    assert sandbox.stats.submission_requests == 0
    assert not (tmp_path / "a.json").exists()


@pytest.mark.parametrize("content", [None, b"\xff", b"{"])
def test_a_file_that_cannot_be_used_ends_with_2(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, content: bytes | None
) -> None:
    """A missing, binary or wrong file is told before anything is sent."""
    path = tmp_path / "jobs.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert acedata("run", path).exit_code == 2
    assert sandbox.stats.lookups == 0


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (["fail-F1"], 1),
        (["media-404"], 1),
        (["moderation"], 3),
        (["used-up"], 4),
        (["cut-after-accept", "fail-F1"], 5),
        (["never"], 6),
        (["refuse-connection"], 7),
        (["bad-request"], 1),
    ],
)
def test_the_most_serious_job_decides(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, faults: list[str], code: int
) -> None:
    """The exit code is that of the worst job, and its reason is on stderr."""
    for fault in faults:
        sandbox.inject(fault, times=None if fault == "refuse-connection" else 1)
    jobs = write(tmp_path, song("a"), song("b"))
    result = acedata("run", jobs, "-o", tmp_path, "--timeout", 300)
    assert result.exit_code == code
    reasons = [line for line in result.stderr.splitlines() if ": " in line]
    assert any(line.startswith(("a: ", "b: ")) for line in reasons)


def test_an_unknown_job_stays_5(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The next run reports it again, and sends nothing."""
    sandbox.inject("cut-after-accept", times=1)
    jobs = write(tmp_path, song("a"))
    assert acedata("run", jobs, "-o", tmp_path).exit_code == 5
    result = acedata("run", jobs, "-o", tmp_path)
    assert result.exit_code == 5
    assert f"delete {tmp_path / 'a.json'}" in result.stderr
    assert sandbox.stats.submissions == 1


def test_a_terminal_sees_a_board(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the moving jobs and the counts are shown; ids stay above them."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = acedata("run", EXAMPLE, "-o", tmp_path)
    assert result.exit_code == 0
    assert "harbour-lights: task " in result.stderr
    assert "17 waiting" in result.stderr
    assert "17 saved" in result.stderr


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, 130),
        pytest.param(
            signal.SIGTERM,
            143,
            marks=pytest.mark.skipif(sys.platform == "win32", reason="asyncio cannot hear it"),
        ),
    ],
)
def test_an_interrupted_run_goes_on(
    acedata: Acedata,
    sandbox: Sandbox,
    tmp_path: Path,
    watched: list[Callable[[], object]],
    *,
    number: signal.Signals,
    code: int,
) -> None:
    """Ctrl-C, or SIGTERM, leaves a full account; the next run finishes and pays nothing twice."""
    interruptions: list[asyncio.Task[None]] = []

    async def interrupt() -> None:
        while not sandbox.stats.lookups > 3:  # noqa: ASYNC110 - the sandbox has no event for it
            await asyncio.sleep(0)
        signal.raise_signal(number)

    watched.append(lambda: interruptions.append(asyncio.ensure_future(interrupt())))
    cover = {"key": "b", "action": "cover", "source": "a"}
    jobs = write(tmp_path, song("a"), cover)
    result = acedata("run", jobs, "-o", tmp_path, "--json")
    assert result.exit_code == code
    assert [job["state"] for job in document(result)["jobs"]] == ["unfinished", "waiting"]
    assert result.stderr.splitlines()[-1].startswith(
        "acedata: interrupted; run the same command again"
    )
    watched.clear()
    assert acedata("run", jobs, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == 2
