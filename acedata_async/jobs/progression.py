"""One job, from its line to its file."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from acedata_async import (
    AceData,
    APIError,
    Audio,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    InvalidRequest,
    RequestWarning,
    Stems,
    SubmissionUnknown,
    Task,
    TaskNotFound,
    TaskWatcher,
    UploadedAudio,
)
from acedata_async.jobs.gate import Gate
from acedata_async.jobs.job import STEMS, UPLOAD, Job
from acedata_async.jobs.outcome import STANDING, JobOutcome
from acedata_async.jobs.record import (
    JobRecord,
    RecordedError,
    RecordState,
    files_named,
    free_name,
    next_step,
    record_path,
    write_record,
)

T = TypeVar("T")

_GRACE = 10.0
"""Seconds that an interrupted run waits for the answers to paid calls under way."""

_NOT_CREATED = (
    APIError,
    ConnectionFailed,
    ClientClosed,
    InvalidRequest,
    ConfigurationError,
    RequestWarning,  # where warnings are errors, it is raised before anything is sent
)
"""What a submission raises when nothing was created."""


class Skipped(Exception):
    """The job is not begun, for the reason given."""


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
        shared: Surroundings,
    ) -> None:
        self.outcome = JobOutcome(job, "waiting")
        self.made = asyncio.Event()
        self._job = job
        self._found = record
        self._record = record
        self._source = source
        self._shared = shared

    async def run(self) -> None:
        """Take the job as far as it goes; what goes wrong with it is its outcome.

        Cancelling the call leaves a record from which the next run goes on.
        """
        try:
            await self._advance()
        except asyncio.CancelledError:
            self._break_off()
            raise
        except Skipped as skipped:
            self._change(state="skipped", reason=str(skipped), error=skipped.__cause__)
        except Exception as error:  # noqa: BLE001 - one job's trouble never stops the others
            self._end_with(error)
        finally:
            self.made.set()

    async def _advance(self) -> None:
        step = next_step(self._found, self._shared.directory)
        if self._found is None or step == "submit":
            await self._begin()
        elif step == "keep":
            self._keep(self._found)
        elif step == "watch":
            await self._resume(self._found)
        else:
            since = self._found.times.get(self._found.state, "an earlier run")
            self._change(
                state="unknown",
                task_id=self._found.task_id,
                reason=f"it was sent ({since}), and the answer is not known; {self._advice()}",
            )

    def _keep(self, record: JobRecord) -> None:
        facts: dict[str, Any] = {"state": "saved", "task_id": record.task_id}
        if record.upload is not None:
            facts["upload"] = UploadedAudio.read(record.upload)
        else:
            facts |= self._product(Task.read(record.task or {}))
            facts["path"] = self._shared.directory / (record.file or "")
        self._change(**facts)

    async def _begin(self) -> None:
        ace, audio_id = self._shared.ace, await self._source_id()
        if self._job.action == UPLOAD:
            audio_url = self._job.fields["audio_url"]
            await self._pay(lambda: ace.producer.upload(audio_url), self._note_upload)
        else:
            request = self._job.song_request(audio_id)
            watcher = await self._pay(lambda: ace.producer.submit(request), self._note_task)
            await self._follow(watcher)

    async def _source_id(self) -> str | None:
        if self._source is None:
            return None
        await self._source.made.wait()
        source = self._source.outcome
        if source.audio_id is None:
            made = source.audio is not None or source.upload is not None
            trouble = "came without an audio id" if made else f"is {source.state}"
            raise Skipped(f"its source {source.job.key} {trouble}")
        return source.audio_id

    async def _pay(self, send: Callable[[], Awaitable[T]], note: Callable[[T], None]) -> T:
        async with self._shared.gate.turn():
            if self._shared.gate.shut_by is not None:
                raise Skipped(
                    f"not sent, since another job was refused: {self._shared.gate.shut_by}"
                ) from self._shared.gate.shut_by
            # The paid call and its record are one step: whoever is cancelled meanwhile waits.
            sending = asyncio.create_task(self._send(send, note))
            try:
                return await asyncio.shield(sending)
            except asyncio.CancelledError:
                await asyncio.wait([sending], timeout=_GRACE)
                sending.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await sending
                raise

    async def _send(self, send: Callable[[], Awaitable[T]], note: Callable[[T], None]) -> T:
        self._save(JobRecord.begin(self._job, self._shared.origin))
        try:
            reply = await send()
        except Exception as error:
            self._move("failed" if isinstance(error, _NOT_CREATED) else "unknown", error=error)
            raise
        note(reply)
        return reply

    def _note_task(self, watcher: TaskWatcher[Any]) -> None:
        self._change(state="submitted", task_id=watcher.id)
        self._move("submitted", task_id=watcher.id)

    def _note_upload(self, upload: UploadedAudio) -> None:
        self._change(state="submitted", task_id=upload.task_id)
        self._move("saved", task_id=upload.task_id, upload=upload.model_dump(mode="json"))
        self._change(state="saved", upload=upload)

    async def _resume(self, record: JobRecord) -> None:
        self._change(state="submitted", task_id=record.task_id)
        producer, task_id = self._shared.ace.producer, record.task_id or ""
        if self._job.action == STEMS:
            await self._follow(producer.watch(task_id, result=Stems))
        else:
            await self._follow(producer.watch(task_id, result=Audio))

    async def _follow(self, watcher: TaskWatcher[Any]) -> None:
        async for task in watcher:
            if not task.final:
                self._change(state="running", progress=task.progress)
        task = await watcher.wait()
        name = self._record.name if self._record and self._record.name else None
        name = name or free_name(self._shared.directory, self._job.key)
        # A record that makes no sense is no proof that nothing was charged: not `failed`.
        state: RecordState = "failed" if task.state == "failed" else "finished"
        self._move(state, task=task.export(), name=name)
        await watcher  # raises where the task brought nothing
        self._learn(task)
        await self._fetch(name)

    def _learn(self, task: Task) -> None:
        """Take in what was made; those who start from it need not wait for the file."""
        self._change(state="running", progress=1.0, **self._product(task))
        self.made.set()

    def _product(self, task: Task) -> dict[str, Any]:
        if self._job.action == STEMS:
            return {"stems": task.stems}
        return {"audio": next(iter(task.audios), None)}

    async def _fetch(self, name: str) -> None:
        made = self.outcome.audio or self.outcome.stems
        assert made is not None  # noqa: S101 - the watcher has raised otherwise
        # Under this name there is nothing, or the whole file of a run that ended just then.
        directory = self._shared.directory
        found = files_named(directory, name)
        path = found[0] if found else await self._shared.ace.download(made, directory, name=name)
        self._move("saved", file=path.name, title=made.title, duration=self.outcome.duration)
        self._change(state="saved", progress=None, path=path)

    def _end_with(self, error: Exception) -> None:
        """Turn an error into the outcome, and leave it in the record."""
        state = "failed" if self._record is None else STANDING[self._record.state]
        if isinstance(error, ClientClosed) and state == "failed" and self.outcome.task_id:
            state = "unfinished"
        elif isinstance(error, TaskNotFound):
            state = "unknown"
        reason = str(error)
        if isinstance(error, DownloadError):
            state = "unfinished"
            reason = f"made, but not downloaded ({error}); run it again to fetch it"
        elif isinstance(error, SubmissionUnknown):  # says itself that it may be paid
            reason = f"{error}; {self._way_to_send_again()}"
        elif state == "unknown":
            reason = f"{error}; {self._advice()}"
        if self._record is not None and self._record.error is None:
            recorded = RecordedError.of(error)
            with suppress(OSError):  # the error itself is what the user must see
                self._save(self._record.model_copy(update={"error": recorded}))
        self._change(state=state, error=error, reason=reason)

    def _break_off(self) -> None:
        if self.outcome.state == "waiting" and self._record is self._found:
            return
        state = "failed" if self._record is None else STANDING[self._record.state]
        if self._record is not None and self._record.state == "finished":
            state = "unfinished"
        reason = "interrupted; run it again" if state == "unfinished" else "interrupted"
        if state == "unknown":
            reason = f"interrupted before the answer came; {self._advice()}"
        self._change(state=state, reason=reason)

    def _advice(self) -> str:
        return (
            "it may be paid, so it is not sent again: look at the vendor's console,"
            f" https://platform.acedata.cloud; {self._way_to_send_again()}"
        )

    def _way_to_send_again(self) -> str:
        return f"to send it again delete {record_path(self._shared.directory, self._job.key)}"

    def _move(self, state: RecordState, *, error: Exception | None = None, **facts: Any) -> None:
        assert self._record is not None  # noqa: S101 - a job has a record before it moves
        recorded = None if error is None else RecordedError.of(error)
        self._save(self._record.moved(state, error=recorded, **facts))

    def _save(self, record: JobRecord) -> None:
        write_record(self._shared.directory, record)
        self._record = record

    def _change(self, **facts: Any) -> None:
        changed = replace(self.outcome, **facts)
        if changed != self.outcome:
            self.outcome = changed
            self._shared.tell(changed)
