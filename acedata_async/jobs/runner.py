"""Running jobs: all at once, each as soon as its source is ready."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from acedata_async import AceData, InvalidRequest
from acedata_async.config import DEFAULT_BASE_URL
from acedata_async.jobs.gate import Gate
from acedata_async.jobs.job import Job
from acedata_async.jobs.lock import only_run_in
from acedata_async.jobs.outcome import JobOutcome
from acedata_async.jobs.progression import Progression, Surroundings
from acedata_async.jobs.record import JobRecord, next_step, read_record, remove_drafts

Observer = Callable[[JobOutcome], object]

_log = logging.getLogger("acedata_async")


async def run_jobs(
    ace: AceData,
    jobs: Iterable[Job],
    directory: str | os.PathLike[str],
    *,
    on_change: Observer | None = None,
    origin: str = DEFAULT_BASE_URL,
) -> list[JobOutcome]:
    """Make what the jobs ask for, with the files and a record of each job in a directory.

    Run the same jobs over the same directory again, and only what is missing is done: what was
    sent is never sent again, unless it is known to have failed without a charge. A second run
    in the directory is refused while one is at work. Cancelling the call waits for the answers to
    paid calls under way, ten seconds at most, and leaves records from which the next run goes on.

    Args:
        ace: The client.
        jobs: From `read_jobs`.
        directory: Where to; it is made if needed.
        on_change: Called with a job's outcome each time that it changes.
        origin: Where songs are made, in words; a directory belongs to one. It keeps what a
            sandbox made from passing for the real thing.

    Returns:
        How each job ended, in the order of the jobs. A job's own trouble is its outcome.

    Raises:
        InvalidRequest: A record is damaged or is that of another request, or another process is
            at work in the directory. Nothing was sent.
    """
    jobs, place = list(jobs), Path(directory)
    with only_run_in(place):
        records = _read_records(jobs, place, origin)
        remove_drafts(place, records)
        shared = Surroundings(ace, place, origin, Gate(), _guarded(on_change))
        progressions: dict[str, Progression] = {}
        for job in jobs:
            source = None if job.source is None else progressions[job.source]
            progressions[job.key] = Progression(job, records[job.key], source, shared)
        async with asyncio.TaskGroup() as group:
            for progression in progressions.values():
                group.create_task(progression.run())
        return [progression.outcome for progression in progressions.values()]


def unsettled(
    jobs: Iterable[Job],
    directory: str | os.PathLike[str],
    *,
    origin: str = DEFAULT_BASE_URL,
) -> list[Job]:
    """Return the jobs for which a run would turn to the API.

    Raises:
        InvalidRequest: As for `run_jobs`.
    """
    jobs, place = list(jobs), Path(directory)
    records = _read_records(jobs, place, origin)
    return [job for job in jobs if next_step(records[job.key], place) in {"submit", "watch"}]


def _read_records(jobs: Iterable[Job], directory: Path, origin: str) -> dict[str, JobRecord | None]:
    records: dict[str, JobRecord | None] = {}
    problems: list[str] = []
    for job in jobs:
        try:
            records[job.key] = read_record(job, directory, origin)
        except InvalidRequest as error:
            problems += error.problems
    if problems:
        # What is said of the directory is the same for each of its records: once is enough.
        raise InvalidRequest(None, None, problems[0], problems=list(dict.fromkeys(problems)))
    return records


def _guarded(on_change: Observer | None) -> Callable[[JobOutcome], None]:
    """Return an observer whose own errors break nothing."""

    def tell(outcome: JobOutcome) -> None:
        if on_change is None:
            return
        try:
            on_change(outcome)
        except Exception:  # noqa: BLE001 - an observer never breaks a generation
            _log.exception("on_change raised an error for job %s", outcome.job.key)

    return tell
