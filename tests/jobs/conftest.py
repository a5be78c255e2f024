"""A sandbox whose clock jumps, and jobs to run against it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from acedata_async.jobs import Job, JobOutcome, read_jobs, run_jobs
from acedata_async.sandbox import Sandbox

COVER = {"key": "b", "action": "cover", "source": "a"}
UPLOAD = {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"}
UPLOAD_COVER = {"key": "x", "action": "upload_cover", "source": "mine"}


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox in memory whose songs take 40 s of its own time."""
    async with Sandbox(durations=40.0) as sandbox:
        yield sandbox


def jobs_of(*entries: dict[str, Any]) -> list[Job]:
    """Return the jobs that some entries make."""
    return read_jobs(json.dumps(entry) for entry in entries)


def song(key: str = "a", **fields: Any) -> dict[str, Any]:
    """Return an entry for a song."""
    return {"key": key, "action": "generate", "prompt": "A song", **fields}


def record_of(directory: Path, key: str) -> dict[str, Any]:
    """Return the record of a job as it is in its file."""
    record: dict[str, Any] = json.loads((directory / f"{key}.json").read_text(encoding="utf-8"))
    return record


def rewrite(directory: Path, key: str, **facts: Any) -> None:
    """Change facts in the record of a job."""
    changed = {**record_of(directory, key), **facts}
    (directory / f"{key}.json").write_text(json.dumps(changed), encoding="utf-8")


async def run(
    sandbox: Sandbox, directory: Path, *entries: dict[str, Any], **options: Any
) -> list[JobOutcome]:
    """Run entries with a fresh client of the sandbox."""
    async with sandbox.client(**options) as ace:
        return await run_jobs(ace, jobs_of(*entries), directory)


def file_of(directory: Path, key: str) -> Path:
    """Return the file of a job that is not its record."""
    return next(path for path in directory.glob(f"{key}.*") if path.suffix != ".json")


def states(outcomes: list[JobOutcome]) -> list[str]:
    """Return how jobs ended."""
    return [outcome.state for outcome in outcomes]


def names_in(directory: Path) -> list[str]:
    """Return the names of all files in a directory."""
    return sorted(path.name for path in directory.iterdir())
