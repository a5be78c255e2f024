"""What a directory remembers of a job: one small file, always whole."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from acedata_async._files import sync_directory
from acedata_async.errors import InvalidRequest
from acedata_async.jobs.job import UPLOAD, Job

RecordState = Literal["submitting", "submitted", "finished", "saved", "failed", "unknown"]
"""`submitting`: the paid call was begun. `submitted`: it was accepted. `finished`: the task is
over and its file not yet here. `failed`: refused, or failed at the vendor; not charged."""

Step = Literal["submit", "watch", "keep", "leave"]
"""What a run does about a job: `leave` it alone, since nobody knows whether it was paid."""


class RecordedError(BaseModel):
    """Why a job failed, or why nobody knows how it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    type: str
    message: str

    @classmethod
    def of(cls, error: Exception) -> RecordedError:
        """Return what a record keeps of an error."""
        return cls(type=type(error).__name__, message=str(error))


class JobRecord(BaseModel):
    """The record of a job, `<key>.json` in the directory of its run.

    Attributes:
        form: What this file is.
        version: The version of its form.
        key: The job's key.
        action: What it asked for.
        request: What was asked for, as it was set; a `callback_url` is masked.
        origin: Where it is made, as `run_jobs` was told.
        state: How far it got.
        task_id: The task's id, once it is known.
        error: What went wrong last.
        task: The task's final record as the API sent it.
        upload: What an upload was answered with.
        name: The file's name without its ending, chosen before the file is fetched.
        file: The file's name, once it is whole.
        title: The song's title.
        duration: Its length in seconds.
        times: When each state was reached.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    form: Literal["acedata-job"] = "acedata-job"
    version: Literal[1] = 1
    key: str
    action: str
    request: dict[str, Any]
    origin: str
    state: RecordState
    task_id: str | None = None
    error: RecordedError | None = None
    task: dict[str, Any] | None = None
    upload: dict[str, Any] | None = None
    name: str | None = None
    file: str | None = None
    title: str | None = None
    duration: float | None = None
    times: dict[str, str] = {}

    @classmethod
    def begin(cls, job: Job, origin: str) -> JobRecord:
        """Return the record of a job about to be submitted."""
        record = cls(
            key=job.key,
            action=job.action,
            request=job.shown(),
            origin=origin,
            state="submitting",
        )
        return record.moved("submitting")

    def moved(self, state: RecordState, **facts: Any) -> JobRecord:
        """Return the record in another state, with what has been learned."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        times = {**self.times, state: now}
        return self.model_copy(update={"state": state, "times": times, "error": None, **facts})


def record_path(directory: Path, key: str) -> Path:
    """Return where the record of a job is."""
    return directory / f"{key}.json"


def next_step(record: JobRecord | None, directory: Path) -> Step:
    """Decide what to do about a job, so that nothing is paid for twice."""
    if record is None or record.state == "failed":
        return "submit"
    if record.state == "saved" and _is_complete(record, directory):
        return "keep"
    # An upload's id is of no use without its answer: it is a result or nothing.
    if record.task is not None or (record.task_id is not None and record.action != UPLOAD):
        return "watch"
    return "leave"


def _is_complete(record: JobRecord, directory: Path) -> bool:
    if record.action == UPLOAD:
        return record.upload is not None
    return (
        record.task is not None and record.file is not None and (directory / record.file).is_file()
    )


def read_record(job: Job, directory: Path, origin: str) -> JobRecord | None:
    """Read what is remembered of a job; None if nothing is.

    Raises:
        InvalidRequest: The file is damaged, or is that of another origin or request.
    """
    path = record_path(directory, job.key)
    try:
        record = JobRecord.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidRequest(None, None, f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        raise _damage(path, _first_finding(error)) from None
    if record.file is not None and Path(record.file).name != record.file:
        raise _damage(path, f"file: {record.file!r} is no file name")
    # Before the request: it is about the directory, so that all its records say the same.
    if record.origin != origin:
        raise InvalidRequest(
            None,
            None,
            f"the records in {directory} were made at {record.origin}, and this run is at"
            f" {origin}; use another directory",
        )
    if _lasting(record.request) != _lasting(job.shown()) or record.key != job.key:
        raise InvalidRequest(
            None,
            None,
            f"line {job.line}: {path} is the record of another request with the key {job.key!r};"
            " choose another key or another directory, or put the line back as it was",
        )
    return record


def _damage(path: Path, finding: str) -> InvalidRequest:
    return InvalidRequest(
        None,
        None,
        f"{path} is damaged, or no job record of this version ({finding}); repair it, or move it"
        " away: but then the job is sent again, and paid again",
    )


def _first_finding(error: ValidationError) -> str:
    finding = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in finding["loc"])
    return f"{place}: {finding['msg']}" if place else finding["msg"]


def _lasting(request: Mapping[str, Any]) -> dict[str, Any]:
    # Where the news is sent does not change what is made.
    return {name: value for name, value in request.items() if name != "callback_url"}


def write_record(directory: Path, record: JobRecord) -> None:
    """Put a record in place, whole and on the disk, before the caller takes its next step.

    It blocks on purpose: a step that costs money must not begin while its record is on the way.
    """
    directory.mkdir(parents=True, exist_ok=True)
    path = record_path(directory, record.key)
    draft = directory / f".{path.name}.{secrets.token_hex(4)}.tmp"
    try:
        with draft.open("xb") as file:
            file.write(record.model_dump_json(indent=2).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_directory(directory)


def remove_drafts(directory: Path, keys: Iterable[str]) -> None:
    """Remove what a run that was killed had not finished writing.

    Only the holder of the directory's lock may call it.
    """
    names = "|".join(re.escape(key) for key in keys)
    draft = re.compile(rf"\.({names})( \(\d+\))?\.\w+\.[0-9a-f]{{8}}\.(part|tmp)")
    for path in directory.iterdir():
        if draft.fullmatch(path.name):
            path.unlink(missing_ok=True)


def files_named(directory: Path, name: str) -> list[Path]:
    """Return the files of that name, whatever their ending, but for records."""
    return sorted(
        path for path in directory.iterdir() if path.stem == name and path.suffix != ".json"
    )


def free_name(directory: Path, key: str) -> str:
    """Return the name for a job's file: its key, or with a number if that is taken."""
    name, number = key, 1
    while files_named(directory, name):
        number += 1
        name = f"{key} ({number})"
    return name
