"""One song of a run, from its entry in the ledger to its outcome."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from acedata_async._rules.marking import marked, placeholder_at
from acedata_async._rules.verdict import items_of
from acedata_async._rules.wire import as_number, as_object, as_text
from acedata_async.bulk.files import Files
from acedata_async.bulk.items import UPLOAD, BulkItem
from acedata_async.bulk.journal import SongJournal
from acedata_async.bulk.outcome import BulkOutcome, OutcomeState, recorded_error
from acedata_async.bulk.settings import BulkSettings
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import (
    AceDataError,
    DownloadError,
    InvalidRequest,
    MalformedResponse,
    SubmissionUnknown,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.ledger.entry import PAID, Entry, new_marker
from acedata_async.ledger.protocol import Ledger
from acedata_async.models.producer import ProducerRequest
from acedata_async.models.request import ApiRequest, RequestWarning
from acedata_async.models.results import Audio, Stems, UploadedAudio
from acedata_async.models.siblings import UploadRequest
from acedata_async.models.task import Task
from acedata_async.tasks.watcher import TaskWatcher

Phase = Literal["waiting", "submitting", "generating", "downloading", "looked_for", "ended"]

_WORTH_WAITING_FOR = (TaskNotFound, WatchTimeout)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the songs of a run share.

    Attributes:
        workshop: The parts of the client.
        settings: How the run is to be done.
        ledger: Where it is written down.
        files: Where files go; None where none are wanted.
        told: Called with what happens to a paid call; see `SongJournal`.
        moved: Called when a song comes into another phase.
        made: Called when it is known what a song is, before its file is here.
    """

    workshop: Workshop
    settings: BulkSettings
    ledger: Ledger
    files: Files | None
    told: Callable[[Passage, str, BaseException | None], object]
    moved: Callable[[Passage, Phase], object]
    made: Callable[[Passage], object]


class Passage:
    """A song on its way.

    Args:
        item: What is asked for.
        given: The same as the user gave it.
        entry: Its entry in the ledger.
        shared: What the songs of a run share.

    Attributes:
        key: Its key.
        item: As given.
        given: As given.
        entry: Its entry as it stands.
        phase: What is being done about it.
        task_id: The task's id, once it is known.
        counted: Whether the budget counts it as paid.
        fresh: Whether it was made in this run.
        leftover: Whether it comes from the ledger, and no request has named it yet.
        held: Its outcome, while it is unknown and still looked for.
    """

    def __init__(self, item: BulkItem, given: object, entry: Entry, shared: Surroundings) -> None:
        self.key = entry.key
        self.item = item
        self.given = given
        self.entry = entry
        self.phase: Phase = "waiting"
        self.task_id = entry.task_id
        self.counted = entry.state in PAID
        self.fresh = False
        self.leftover = False
        self.held: BulkOutcome | None = None
        self._shared = shared
        self._ledger = shared.ledger

    @property
    def audio_id(self) -> str | None:
        """What a song that starts from this one takes as its audio id; None while unknown."""
        return audio_id_of(self.entry)

    def adopt(self, item: BulkItem, given: object) -> None:
        """Take in the request of what was only known from the ledger."""
        self.item, self.given, self.leftover = item, given, False

    async def submit(self, audio_id: str | None) -> BulkOutcome:
        """Pay for it, wait for it, and fetch its file.

        Args:
            audio_id: That of its source; None where it has none.
        """
        self._move("submitting")
        try:
            request = self.item.request(audio_id)
            watcher = await self._pay(request)
            return await (self._fetch() if watcher is None else self._follow(watcher))
        except (AceDataError, RequestWarning) as error:
            return self.ended(error)

    async def resume(self) -> BulkOutcome:
        """Go on with what an earlier run paid for."""
        try:
            if self.entry.state in {"submitted", "lost"}:
                return await self._follow(self._watcher())
            return await self._fetch()
        except AceDataError as error:
            return self.ended(error)

    async def recheck(self) -> BulkOutcome | None:
        """Look at the task of a failed one again; None if it may be sent anew."""
        if self.task_id is None:
            return None
        self._move("generating")
        try:
            task = (await self._shared.workshop.poller.retrieve([self.task_id])).get(self.task_id)
            if task is not None and task.state == "succeeded" and _made(task):
                await self._finish(task)
                return await self._fetch()
        except AceDataError as error:
            return self.ended(error)
        if task is None or task.state == "failed":
            return None
        # The vendor has taken it up again: a second one might be charged beside it.
        return self.ended(AceDataError(f"task {task.id} failed once, and is {task.state} again"))

    def ended(self, error: AceDataError | RequestWarning | None = None) -> BulkOutcome:
        """Return the outcome of what is not going on any more, by what the ledger says."""
        entry, reason = self.entry, "" if error is None else str(error)
        state: OutcomeState
        match entry.state:
            case "pending" | "submitting" if isinstance(error, SubmissionUnknown):
                state = "unknown"
            case "pending":
                state = "skipped"
            case "submitting":
                state = "submitted" if self.task_id else "unknown"
            case known:
                state = known
        if isinstance(error, RequestWarning):
            error = AceDataError(reason)
        if isinstance(error, DownloadError):
            reason = f"made, but not downloaded ({error}); run it again to fetch it"
        return self._outcome(state, error, reason)

    def reported(self) -> BulkOutcome:
        """Return the outcome of what had ended before this run."""
        error = recorded_error(self.entry, self._asked())
        return self._outcome(self.ended().state, error, str(error or ""), resumed=True)

    def _asked(self) -> ApiRequest | None:
        """Return what was asked for, for an error; None for what an old release allowed."""
        source = self.item.source
        with suppress(InvalidRequest):
            return self.item.request(None if source is None else f"(that of {source})")
        return None

    def skipped(self, reason: str) -> BulkOutcome:
        """Return the outcome of what is not sent in this run."""
        return self._outcome("skipped", None, reason)

    async def _pay(self, request: Any) -> TaskWatcher[Any] | None:
        """Send the paid call; None for an upload, which is answered with its result."""
        marker = self.entry.marker or new_marker()
        address = self._address(request, marker)
        journal = SongJournal(
            self._ledger,
            self.entry,
            marker=None if address is None else marker,
            told=lambda what, error: self._told(journal, what, error),
        )
        orders = self._shared.workshop.orders
        if isinstance(request, UploadRequest):
            await orders.ask(request, UploadedAudio, "audio_id", journal=journal)
        else:
            watcher = await orders.submit(request, callback_url=address, journal=journal)
        if journal.trouble is not None:
            raise journal.trouble
        return None if isinstance(request, UploadRequest) else watcher

    def _address(self, request: Any, marker: str) -> str | None:
        """Return the `callback_url` that carries the marker; None where none can be sent."""
        if not isinstance(request, ProducerRequest):
            return None
        return marked(
            marker,
            request.callback_url,
            marking=self._shared.settings.marking,
            placeholder=placeholder_at(self._shared.workshop.base_url),
        )

    def _told(self, journal: SongJournal, what: str, error: BaseException | None) -> None:
        self.entry = journal.entry
        self.task_id = journal.task_id or self.task_id
        self._shared.told(self, what, error)

    def _watcher(self) -> TaskWatcher[Any]:
        poller = self._shared.workshop.poller
        return TaskWatcher(poller, poller.seat(self.task_id or ""), lambda task: task)

    async def _follow(self, watcher: TaskWatcher[Any]) -> BulkOutcome:
        self._move("generating")
        try:
            task = await watcher.wait()
        except _WORTH_WAITING_FOR as error:
            self.entry = await self._ledger.lose(self.key, error)
            return self.ended(error)
        if task.state == "succeeded" and _made(task):
            await self._finish(task)
            return await self._fetch()
        failure = TaskFailed(task)
        if task.state == "failed":
            self.entry = await self._ledger.fail(self.key, failure, task.export())
            return self.ended(failure)
        # A record that makes no sense is no proof that nothing was charged.
        odd = failure if task.state != "succeeded" else _empty(task)
        self.entry = await self._ledger.lose(self.key, odd)
        return self.ended(odd)

    async def _finish(self, task: Task) -> None:
        made, files = _made(task), self._shared.files
        name = None
        if files is not None and made is not None:
            name = files.choose(self._title(made) if self.item.derived else None, self.key)
        record = task.export()
        cost = as_number(as_object(as_object(record.get("response")).get("cost")).get("amount"))
        self.entry = await self._ledger.finish(self.key, record, cost=cost, name=name)
        self.fresh = True

    def _title(self, made: Audio | Stems) -> str | None:
        """Return what tells people which song it is."""
        untitled = made.title in {None, "", "Untitled"}
        return as_text(self.item.fields.get("prompt")) if untitled else made.title

    async def _fetch(self) -> BulkOutcome:
        """Fetch the file, where one is wanted and not here yet."""
        self._shared.made(self)
        files, record = self._shared.files, self.entry.result or {}
        if files is None or self.item.action == UPLOAD:
            return self._outcome(_settled(self.entry), None, "")
        self._move("downloading")
        made = _made(Task.read(record))
        if made is None:
            raise MalformedResponse(f"the record of {self.key} in the ledger holds no song")
        name = self.entry.name or files.choose(None, self.key)
        path = files.found(name, self.entry.path)
        if path is None or not path.is_file():
            path = await self._download(made, files.directory, name)
            files.keep(path)
        self.entry = await self._ledger.save(self.key, path.name)
        return self._outcome("saved", None, "")

    async def _download(self, made: Audio | Stems, directory: Path, name: str) -> Path:
        workshop = self._shared.workshop
        try:
            return await workshop.downloader.download(made, directory, name=name)
        except DownloadError:
            if self.fresh or self.task_id is None:
                raise
            # The address may have expired since an earlier run: the record may have a new one.
            task = (await workshop.poller.retrieve([self.task_id])).get(self.task_id)
            renewed = None if task is None else _made(task)
            if renewed is None or renewed == made:
                raise
            return await workshop.downloader.download(renewed, directory, name=name)

    def _outcome(
        self,
        state: OutcomeState,
        error: AceDataError | None,
        reason: str,
        *,
        resumed: bool = False,
    ) -> BulkOutcome:
        files, path = self._shared.files, self.entry.path
        return BulkOutcome(
            key=self.key,
            request=self.given,
            state=state,
            error=error,
            reason=reason,
            path=files.directory / path if files is not None and path else None,
            task_id=self.task_id,
            record=self.entry.result,
            resumed=resumed,
        )

    def _move(self, phase: Phase) -> None:
        self._shared.moved(self, phase)


def is_complete(entry: Entry, files: Files | None) -> bool:
    """Say whether there is nothing left to do about an entry that succeeded."""
    if files is None or entry.request.get("action") == UPLOAD:
        return entry.state in {"succeeded", "saved"}
    return entry.state == "saved" and _is_there(entry, files)


def _is_there(entry: Entry, files: Files) -> bool:
    return entry.path is not None and files.has(entry.path)


def audio_id_of(entry: Entry) -> str | None:
    """Return the id of the song or upload that an entry brought, or None."""
    if entry.result is None or entry.state not in {"succeeded", "saved"}:
        return None
    uploaded = as_text(entry.result.get("audio_id"))
    if uploaded:
        return uploaded
    items: list[Mapping[str, Any]] = items_of(entry.result)
    return next((as_text(item.get("id")) for item in items if item.get("audio_url")), None)


def _made(task: Task) -> Audio | Stems | None:
    return next(iter(task.audios), None) or task.stems


def _empty(task: Task) -> MalformedResponse:
    return MalformedResponse(f"task {task.id} succeeded, but its record holds no song and no stems")


def _settled(entry: Entry) -> OutcomeState:
    return "saved" if entry.state == "saved" else "succeeded"
