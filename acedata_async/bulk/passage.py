"""One song of a run, from its entry in the ledger to its outcome."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal

from acedata_async._rules.marking import marked, placeholder_at
from acedata_async._rules.purse import A_SONG, Size
from acedata_async._rules.wire import as_text
from acedata_async.audio.download import DownloadOptions
from acedata_async.bulk.files import Files
from acedata_async.bulk.items import BulkItem, makes_file, product_kind
from acedata_async.bulk.journal import SongJournal, cost_of
from acedata_async.bulk.outcome import BulkOutcome, OutcomeState, recorded_error
from acedata_async.bulk.settings import BulkSettings
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import (
    AceDataError,
    DownloadError,
    InvalidRequest,
    LinkExpired,
    MalformedResponse,
    SubmissionUnknown,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.ledger.entry import PAID, Entry, new_marker
from acedata_async.ledger.protocol import Ledger
from acedata_async.models.request import ApiRequest, RequestWarning
from acedata_async.models.results import Audio, Stems, UploadedAudio
from acedata_async.models.siblings import UploadRequest
from acedata_async.models.task import Task
from acedata_async.models.task_request import TaskRequest
from acedata_async.models.voices import Speech, Voice
from acedata_async.tasks.watcher import TaskWatcher

Product = Audio | Stems | Speech | Voice
"""What can come out of a request."""

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
    def size(self) -> Size:
        """What its price goes by."""
        match product_kind(self.item.action):
            case "a speech":
                text = str(self.item.fields.get("text"))
                return Size("bytes", float(len(text.encode(errors="replace"))))
            case "a voice":
                return Size("voices")
            case _:
                return A_SONG

    @property
    def product_id(self) -> str | None:
        """What one that starts from this one takes as its source's id; None while unknown."""
        return product_id_of(self.entry)

    def adopt(self, item: BulkItem, given: object) -> None:
        """Take in the request of what was only known from the ledger."""
        self.item, self.given, self.leftover = item, given, False

    async def submit(self, source_id: str | None) -> BulkOutcome:
        """Pay for it, wait for it, and fetch its file.

        Args:
            source_id: The id of what its source made; None where it has none.
        """
        self._move("submitting")
        try:
            request = self.item.request(source_id)
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
            if task is not None and task.state == "succeeded" and self._made(task):
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
            again = "run it again to fetch it"
            if isinstance(error, LinkExpired):
                again = f"`acedata ledger resolve {self.key} --resubmit` would pay for it anew"
            reason = f"made, but not downloaded ({error}); {again}"
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
        """Send the paid call; None for what is answered with its result, such as an upload."""
        marker = self.entry.marker or new_marker()
        address = self._address(request, marker)
        journal = SongJournal(
            self._ledger,
            self.entry,
            marker=None if address is None else marker,
            named=self._name_for,
            told=lambda what, error: self._told(journal, what, error),
        )
        orders = self._shared.workshop.orders
        if isinstance(request, UploadRequest):
            watcher = None
            await orders.ask(request, UploadedAudio, "audio_id", journal=journal)
        else:
            watcher = await orders.submit(request, callback_url=address, journal=journal)
        if journal.trouble is not None:
            raise journal.trouble
        if watcher is None or watcher.id is None:  # the journal has written down the result
            self.fresh = watcher is not None
            return None
        return watcher

    def _address(self, request: Any, marker: str) -> str | None:
        """Return the `callback_url` that carries the marker; None where none can be sent."""
        if not isinstance(request, TaskRequest):
            return None
        workshop, marking = self._shared.workshop, self._shared.settings.marking
        if workshop.callbacks is not None and request.callback_url is None and marking != "off":
            return workshop.callbacks.address(marker)
        return marked(
            marker,
            request.callback_url,
            marking=marking,
            placeholder=placeholder_at(workshop.base_url),
        )

    def _told(self, journal: SongJournal, what: str, error: BaseException | None) -> None:
        self.entry = journal.entry
        self.task_id = journal.task_id or self.task_id
        self._shared.told(self, what, error)

    def _watcher(self) -> TaskWatcher[Any]:
        poller = self._shared.workshop.poller
        seen = self.entry.result
        if seen is not None and seen.get("id") != self.task_id:
            seen = None  # of another task, which this one took the place of
        seat = poller.seat(self.task_id or "", seen)
        return TaskWatcher(poller, seat, lambda task: task)

    async def _follow(self, watcher: TaskWatcher[Any]) -> BulkOutcome:
        self._move("generating")
        try:
            task = await watcher.wait()
        except _WORTH_WAITING_FOR as error:
            self.entry = await self._ledger.lose(self.key, error)
            return self.ended(error)
        if task.state == "succeeded" and self._made(task):
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
        record, name = task.export(), self._name_for(task)
        self.entry = await self._ledger.finish(self.key, record, cost=cost_of(record), name=name)
        self.fresh = True

    def _name_for(self, task: Task) -> str | None:
        """Choose what the file of a finished task is called; None where none is wanted."""
        made, files = self._made(task), self._shared.files
        if files is None or made is None or not makes_file(self.item.action):
            return None
        return files.choose(self._title(made) if self.item.derived else None, self.key)

    def _made(self, task: Task) -> Product | None:
        return made_of(self.item.action, task)

    def _title(self, made: Product) -> str | None:
        """Return what tells people which one it is."""
        fields = self.item.fields
        title = None if isinstance(made, Speech) else made.title
        untitled = title in {None, "", "Untitled"}
        return as_text(fields.get("prompt") or fields.get("text")) if untitled else title

    async def _fetch(self) -> BulkOutcome:
        """Fetch the file, where one is wanted and not here yet."""
        self._shared.made(self)
        files, record = self._shared.files, self.entry.result or {}
        if files is None or not makes_file(self.item.action):
            return self._outcome(_settled(self.entry), None, "")
        self._move("downloading")
        task = Task.read(record)
        made = self._made(task)
        if made is None or isinstance(made, Voice):
            raise MalformedResponse(f"the record of {self.key} in the ledger holds no file")
        name = self.entry.name or files.choose(None, self.key)
        path = files.found(name, self.entry.path)
        if path is None or not path.is_file():
            options = DownloadOptions(name=name, tags=self._shared.settings.tags, task=task)
            downloader = self._shared.workshop.downloader
            path = await downloader.download(made, files.directory, options)
            files.keep(path)
        self.entry = await self._ledger.save(self.key, path.name)
        return self._outcome("saved", None, "")

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
    if files is None or not makes_file(entry.request.get("action")):
        return entry.state in {"succeeded", "saved"}
    return entry.state == "saved" and _is_there(entry, files)


def _is_there(entry: Entry, files: Files) -> bool:
    return entry.path is not None and files.has(entry.path)


def product_id_of(entry: Entry) -> str | None:
    """Return the id of the song, upload or voice that an entry brought, or None."""
    if entry.result is None or entry.state not in {"succeeded", "saved"}:
        return None
    uploaded = as_text(entry.result.get("audio_id"))
    if uploaded:
        return uploaded
    made = made_of(str(entry.request.get("action")), Task.read(entry.result))
    return made.id if isinstance(made, Audio | Voice) else None


def made_of(action: str, task: Task) -> Product | None:
    """Return what a task that an action began has made, or None."""
    match product_kind(action):
        case "a speech":
            return task.speech
        case "a voice":
            return task.voice
        case _:
            return next(iter(task.audios), None) or task.stems


def _empty(task: Task) -> MalformedResponse:
    return MalformedResponse(f"task {task.id} succeeded, but its record holds no result")


def _settled(entry: Entry) -> OutcomeState:
    return "saved" if entry.state == "saved" else "succeeded"
