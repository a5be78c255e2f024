"""One run at a time in a directory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from acedata_async import AceData, InvalidRequest
from acedata_async.jobs import lock, read_jobs, run_jobs
from acedata_async.jobs.lock import only_run_in
from acedata_async.sandbox import Sandbox

HOLDER = """
import sys
from pathlib import Path
from acedata_async.jobs.lock import only_run_in

with only_run_in(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


async def test_second_run_is_refused_before_it_pays(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """While another process runs jobs in a directory, nothing is sent from it; then it is free."""
    jobs = read_jobs('{"key": "one", "action": "generate", "prompt": "A song"}')
    with subprocess.Popen(  # noqa: S603, ASYNC220 - our own code, and no event loop's matter
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        with pytest.raises(InvalidRequest, match="another run is at work"):
            await run_jobs(ace, jobs, tmp_path)
        holder.kill()
    assert sandbox.stats.submission_requests == 0
    [outcome] = await run_jobs(ace, jobs, tmp_path)
    assert outcome.state == "saved"


def test_lock_that_cannot_be_had_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks is an error that says so, not another run."""

    def no_locks(_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock, "_lock", no_locks)
    with pytest.raises(InvalidRequest, match=r"cannot be locked.*No locks"), only_run_in(tmp_path):
        pass


def test_lock_is_let_go(tmp_path: Path) -> None:
    """One after another is allowed, in a directory that is made for it."""
    for _ in range(2):
        with only_run_in(tmp_path / "new"):
            pass
