"""A record is read with care, and holds no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from acedata_async import InvalidRequest
from acedata_async.jobs import (
    run_jobs,
)
from acedata_async.sandbox import Sandbox
from tests.jobs.conftest import (
    jobs_of,
    rewrite,
    run,
    song,
    states,
)

SECRET = "https://me.example/hook/s3cret"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff", b'{"form": "acedata-job", "version": 2}', b"null"]
)
async def test_a_damaged_record_is_named(sandbox: Sandbox, tmp_path: Path, content: bytes) -> None:
    """Nothing is sent while a record cannot be read."""
    (tmp_path / "b.json").write_bytes(content)
    with pytest.raises(InvalidRequest) as caught:
        await run(sandbox, tmp_path, song(), song("b"))
    assert str(tmp_path / "b.json") in str(caught.value)
    assert "sent again, and paid again" in str(caught.value)
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
    """What a sandbox made never passes for the real thing; it is said once for all its jobs."""
    async with sandbox.client() as ace:
        await run_jobs(ace, jobs_of(song(), song("b")), tmp_path, origin="the sandbox")
        changed = jobs_of(song(), song("b", prompt="Another"))
        with pytest.raises(InvalidRequest, match="made at the sandbox") as caught:
            await run_jobs(ace, changed, tmp_path)
    assert len(caught.value.problems) == 1


async def test_no_secret_reaches_a_record(sandbox: Sandbox, tmp_path: Path) -> None:
    """A callback address is masked in the file, and a new secret is no other request."""
    entries = [song(callback_url=SECRET)]
    await run(sandbox, tmp_path, *entries)
    assert sandbox.submissions[0]["callback_url"] == SECRET
    assert "s3cret" not in (tmp_path / "a.json").read_text(encoding="utf-8")
    again = await run(sandbox, tmp_path, song(callback_url="https://me.example/hook/other"))
    assert states(again) == ["saved"]
    assert sandbox.stats.submissions == 1


async def test_a_directory_that_cannot_be_written_costs_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Without a record nothing is sent."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(InvalidRequest):
        await run(sandbox, blocked, song())
    assert sandbox.stats.submission_requests == 0


def names_in(directory: Path) -> set[str]:
    """Return the names in a directory, hidden ones as well."""
    return {path.name for path in directory.iterdir()}


async def test_drafts_of_a_killed_run_are_removed(sandbox: Sandbox, tmp_path: Path) -> None:
    """What a run that was killed left half written goes; what is somebody else's stays."""
    ours = [".a.m4a.0123abcd.part", ".a (2).m4a.0123abcd.part", ".a.json.0123abcd.tmp"]
    others = [".b.m4a.0123abcd.part", ".a.m4a.part", "a.m4a.0123abcd.part", ".ab.m4a.0123abcd.part"]
    for name in (*ours, *others):
        (tmp_path / name).write_text("half")
    await run(sandbox, tmp_path, song(key="a"))
    left = names_in(tmp_path)
    assert not left & set(ours)
    assert left >= set(others)
