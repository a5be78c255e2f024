"""One job, from its line to its file."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acedata_async.client import AceData
from acedata_async.errors import (
    AceDataError,
    APIError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InvalidRequest,
    SubmissionUnknown,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.jobs.gate import Gate
from acedata_async.jobs.job import STEMS, UPLOAD, Job
from acedata_async.jobs.outcome import JobOutcome
from acedata_async.jobs.record import (
    JobRecord,
    RecordedError,
    files_named,
    free_name,
    next_step,
    record_path,
    write_record,
)
from acedata_async.models.results import Audio, Stems, UploadedAudio
from acedata_async.models.task import Task
from acedata_async.tasks.watcher import TaskWatcher

_GRACE = 10.0
"""Seconds that an interrupted run waits for the answers to paid calls under way."""

_NOT_CREATED = (APIError, ConnectionFailed, ClientClosed, InvalidRequest, ConfigurationError)
"""What a submission raises when nothing was created."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the jobs of a run share.

    Attributes:
        ace: The client.
        directory: Where files and records go.
        origin: Where songs are made, for the records.
        gate: Paces the paid calls.
        tell: Called with each change.
    """

    ace: AceData
    directory: Path
    origin: str
    gate: Gate
    tell: Callable[[JobOutcome], None]


class Progression:
    """A job on its way.

    Attributes:
        outcome: How it stands.
        made: Set once its song exists, or once it is certain that none will.
    """

    def __init__(
        self,
        job: Job,
        record: JobRecord | None,
        source: Progression | None,
        surroundings: Surroundings,
    ) -> None:
        self.outcome = JobOutcome(job, "waiting")
        self.made = asyncio.Event()
        self._job = job
        self._record = record
        self._source = source
        self._shared = surroundings

    async def run(self) -> None:
        """Take the job as far as it goes; what goes wrong with it is its outcome.

        Cancelling the call leaves a record from which the next run goes on.
        """
        try:
            await self._advance()
        except asyncio.CancelledError:
            self._break_off()
            raise
        except Exception as error:  # noqa: BLE001 - one job's trouble never stops the others
            self._end_with(error)
        finally:
            self.made.set()

    async def _advance(self) -> None:
        step = next_step(self._record, self._shared.directory)
        if step == "keep":
            self._keep()
        elif step == "leave":
            self._change(state="unknown", reason=self._unknown_words())
        elif step == "watch":
            await self._resume()
        else:
            await self._begin()

    def _keep(self) -> None:
        record = self._known()
        if record.file is not None:
            self._learn(Task.read(record.task or {}))
            path = self._shared.directory / record.file
            self._change(state="saved", task_id=record.task_id, path=path)
        else:
            upload = UploadedAudio.read(record.upload or {})
            self._change(state="saved", task_id=record.task_id, upload=upload)

    async def _begin(self) -> None:
        audio_id = None
        if self._source is not None:
            await self._source.made.wait()
            audio_id = self._source.outcome.audio_id
            if audio_id is None:
                self._skip(f"its source {self._source.outcome.job.key} is "
                           f"{self._source.outcome.state}")
                return
        if self._job.action == UPLOAD:
            await self._submit(self._upload)
            return
        request = self._job.song_request(audio_id)
        watcher = await self._submit(lambda: self._shared.ace.producer.submit(request))
        if watcher is not None:
            await self._follow(watcher)

    def _skip(self, reason: str, error: Exception | None = None) -> None:
        self._change(state="skipped", reason=reason, error=error)
