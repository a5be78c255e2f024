"""Producer: songs."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Callable, Iterable
from typing import Any, TypedDict, TypeVar, Unpack, overload

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call, Reply
from acedata_async._rules.wire import as_object, as_objects
from acedata_async.errors import InvalidRequest, TaskNotFound
from acedata_async.models.producer import (
    CoverRequest,
    ExtendRequest,
    GenerateRequest,
    LyricsRequest,
    ProducerRequest,
    ReplaceSectionRequest,
    StemsRequest,
    SwapInstrumentalsRequest,
    SwapVocalsRequest,
    UploadCoverRequest,
    UploadExtendRequest,
    UploadReplaceSectionRequest,
    UploadRequest,
    VariationRequest,
    VideoRequest,
    WavRequest,
    read_audios,
    read_stems,
)
from acedata_async.models.reply import ReplyModel
from acedata_async.models.request import ApiRequest, RequestWarning
from acedata_async.models.results import Audio, Lyrics, Stems, UploadedAudio, VideoFile, WavFile
from acedata_async.models.task import Task
from acedata_async.tasks.crew import Crew
from acedata_async.tasks.poller import Poller
from acedata_async.tasks.submitter import Submitter, accepted
from acedata_async.tasks.watcher import TaskWatcher
from acedata_async.tasks.watchset import WatchSet

T = TypeVar("T")
ReplyT = TypeVar("ReplyT", bound=ReplyModel)

_log = logging.getLogger("acedata_async")


class SongOptions(TypedDict, total=False):
    """What every song can be told; see `SongRequest` for what each field means."""

    lyric: str | None
    custom: bool | None
    instrumental: bool | None
    title: str | None
    model: str | None
    seed: int | str | None
    lyrics_strength: float | None
    sound_strength: float | None
    weirdness: float | None
    callback_url: str | None


class EditOptions(SongOptions, total=False):
    """What a song made from another one can be told: a prompt as well."""

    prompt: str | None


class Producer:
    """Songs: made, edited, taken apart; and looked up. Reached as `ace.producer`.

    Every method that makes a song sends one paid request and returns as soon as the API has
    acknowledged it, with a watcher to await. They raise:

    - InvalidRequest: before anything is sent.
    - APIError and its kinds: the API refused; nothing was created.
    - ConnectionFailed: it could not be sent; nothing was created.
    - SubmissionUnknown: it was sent and the outcome is not known; it is not sent again.
    - ClientClosed: the client is closed.

    Cancelling such a call leaves the request running to its end, so that the id of a paid song
    is not lost; `claim` returns the watcher.
    """

    def __init__(self, submitter: Submitter, poller: Poller, crew: Crew, clock: Clock) -> None:
        self._submitter = submitter
        self._poller = poller
        self._crew = crew
        self._clock = clock
        self._unclaimed: list[TaskWatcher[Any]] = []

    async def generate(
        self, prompt: str | None = None, **options: Unpack[SongOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Make a song from a prompt, or from lyrics.

        Args:
            prompt: What the song is to be, in up to 200 characters.
            **options: See `SongRequest`. With `lyric`, `custom` is set unless you set it.
        """
        return await self._make(GenerateRequest, prompt=prompt, **options)

    async def cover(
        self,
        audio: Audio | str,
        *,
        cover_strength: float | None = None,
        **options: Unpack[EditOptions],
    ) -> TaskWatcher[list[Audio]]:
        """Make the same song in another sound.

        Args:
            audio: The song, or its id.
            cover_strength: How far to go, 0.2 to 1; the vendor's default is 1.
            **options: See `SongRequest`.
        """
        return await self._make(
            CoverRequest, audio_id=_id_of(audio), cover_strength=cover_strength, **options
        )

    async def upload_cover(
        self,
        audio: UploadedAudio | str,
        *,
        cover_strength: float | None = None,
        **options: Unpack[EditOptions],
    ) -> TaskWatcher[list[Audio]]:
        """Make an uploaded song in another sound; as `cover`, after `upload`."""
        return await self._make(
            UploadCoverRequest, audio_id=_id_of(audio), cover_strength=cover_strength, **options
        )

    async def extend(
        self, audio: Audio | str, *, continue_at: float, **options: Unpack[EditOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Continue a song.

        Args:
            audio: The song, or its id.
            continue_at: Where to go on from, in seconds from its start.
            **options: See `SongRequest`.
        """
        return await self._make(
            ExtendRequest, audio_id=_id_of(audio), continue_at=continue_at, **options
        )

    async def upload_extend(
        self, audio: UploadedAudio | str, *, continue_at: float, **options: Unpack[EditOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Continue an uploaded song; as `extend`, after `upload`."""
        return await self._make(
            UploadExtendRequest, audio_id=_id_of(audio), continue_at=continue_at, **options
        )

    async def variation(
        self, audio: Audio | str, **options: Unpack[EditOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Make another version of a song.

        Args:
            audio: The song, or its id.
            **options: See `SongRequest`.
        """
        return await self._make(VariationRequest, audio_id=_id_of(audio), **options)

    async def replace_section(
        self, audio: Audio | str, *, start: float, end: float, **options: Unpack[EditOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Make one part of a song anew.

        Args:
            audio: The song, or its id.
            start: Where the part begins, in seconds.
            end: Where it ends, in seconds.
            **options: See `SongRequest`.
        """
        return await self._make(
            ReplaceSectionRequest,
            audio_id=_id_of(audio),
            replace_section_start=start,
            replace_section_end=end,
            **options,
        )

    async def upload_replace_section(
        self,
        audio: UploadedAudio | str,
        *,
        start: float,
        end: float,
        **options: Unpack[EditOptions],
    ) -> TaskWatcher[list[Audio]]:
        """Make one part of an uploaded song anew; as `replace_section`, after `upload`."""
        return await self._make(
            UploadReplaceSectionRequest,
            audio_id=_id_of(audio),
            replace_section_start=start,
            replace_section_end=end,
            **options,
        )

    async def swap_vocals(
        self, audio: Audio | str, **options: Unpack[EditOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Give a song another voice.

        Args:
            audio: The song, or its id.
            **options: See `SongRequest`.
        """
        return await self._make(SwapVocalsRequest, audio_id=_id_of(audio), **options)

    async def swap_instrumentals(
        self, audio: Audio | str, **options: Unpack[EditOptions]
    ) -> TaskWatcher[list[Audio]]:
        """Give a song other instruments.

        Args:
            audio: The song, or its id.
            **options: See `SongRequest`.
        """
        return await self._make(SwapInstrumentalsRequest, audio_id=_id_of(audio), **options)

    async def stems(
        self, audio: Audio | str, *, callback_url: str | None = None
    ) -> TaskWatcher[Stems]:
        """Take a song apart into its tracks, as one zip.

        Args:
            audio: The song, or its id.
            callback_url: An address that the vendor calls when it is over.
        """
        fields = {"audio_id": _id_of(audio), "callback_url": callback_url}
        return await self.submit(StemsRequest.model_validate(fields))

    async def submit(self, request: ProducerRequest[T]) -> TaskWatcher[T]:
        """Send any request that becomes a task; the watcher's result has the request's type."""
        if not isinstance(request, ProducerRequest):
            raise InvalidRequest("request", request, "a ProducerRequest, such as GenerateRequest")
        body = {"action": request.action, **request.fields_to_send(), "async": True}
        for oddity in request.oddities():
            warnings.warn(oddity, RequestWarning, stacklevel=3)
        return await self._crew.run(
            self._submit(request, Call(request.path, body, "submit")),
            name=request.action,
            paid=True,
            unclaimed=self._keep,
        )

    def claim(self) -> list[TaskWatcher[Any]]:
        """Return the watchers of submissions whose caller was cancelled, each once.

        Such a song was accepted, and is paid, while nobody waited for its id any more.
        """
        claimed, self._unclaimed = self._unclaimed, []
        return claimed

    async def lyrics(self, prompt: str) -> Lyrics:
        """Write lyrics about `prompt`; paid, and answered at once."""
        return await self._ask(LyricsRequest.model_validate({"prompt": prompt}), Lyrics, "lyrics")

    async def upload(self, audio_url: str) -> UploadedAudio:
        """Make a song of your own known to the API; paid, and answered at once.

        Args:
            audio_url: A public address of an mp3.
        """
        request = UploadRequest.model_validate({"audio_url": audio_url})
        return await self._ask(request, UploadedAudio, "audio_id")

    async def wav(self, audio: Audio | str) -> WavFile:
        """Turn a song into a wav file; the answer holds its address."""
        request = WavRequest.model_validate({"audio_id": _id_of(audio)})
        return await self._ask(request, WavFile, "file_url")

    async def video(self, audio: Audio | str) -> VideoFile:
        """Turn a song into a video; the answer holds its address."""
        request = VideoRequest.model_validate({"audio_id": _id_of(audio)})
        return await self._ask(request, VideoFile, "video_url")

    async def retrieve(self, task_id: str) -> Task:
        """Look one task up, now. Free.

        Raises:
            TaskNotFound: No record has this id.
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
        """
        task = (await self._poller.retrieve([_task_id(task_id)])).get(task_id)
        if task is None:
            raise TaskNotFound(task_id)
        return task

    async def retrieve_batch(self, task_ids: Iterable[str]) -> dict[str, Task]:
        """Look many tasks up, now, in as few requests as possible. Free.

        Returns:
            The records by id; ids without a record are absent.

        Raises:
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
        """
        return await self._poller.retrieve([_task_id(task_id) for task_id in _many(task_ids)])

    @overload
    def watch(self, task_id: str) -> TaskWatcher[list[Audio]]: ...
    @overload
    def watch(self, task_id: str, *, result: type[Audio]) -> TaskWatcher[list[Audio]]: ...
    @overload
    def watch(self, task_id: str, *, result: type[Stems]) -> TaskWatcher[Stems]: ...
    def watch(self, task_id: str, *, result: type[Audio | Stems] = Audio) -> TaskWatcher[Any]:
        """Return a watcher for a task that was submitted elsewhere or earlier.

        The call itself makes no request.

        Args:
            task_id: The task's id.
            result: `Stems` for a task that makes stems.
        """
        return self._watcher(_task_id(task_id), read_stems if result is Stems else read_audios)

    def watch_many(self, task_ids: Iterable[str]) -> WatchSet[list[Audio]]:
        """Return a set of watchers for songs that were submitted elsewhere or earlier.

        The call itself makes no request. An id that is given twice is watched once.
        """
        wanted = dict.fromkeys(_task_id(task_id) for task_id in _many(task_ids))
        watchers = [self._watcher(task_id, read_audios) for task_id in wanted]
        return WatchSet(self._poller, watchers)

    async def _make(
        self, kind: type[ProducerRequest[list[Audio]]], **fields: object
    ) -> TaskWatcher[list[Audio]]:
        return await self.submit(kind.model_validate(fields))

    async def _submit(self, request: ProducerRequest[T], call: Call) -> TaskWatcher[T]:
        def accept(reply: Reply) -> TaskWatcher[T] | None:
            outcome = accepted(reply, now=self._clock.time())
            if outcome is None:
                return None
            record = None if outcome.record is None else Task.read(outcome.record)
            seat = self._poller.seat(outcome.task_id, acknowledged=True, record=record)
            return TaskWatcher(self._poller, seat, request.result_of)

        return await self._submitter.post(call, request, accept)

    async def _ask(self, request: ApiRequest, kind: type[ReplyT], needed: str) -> ReplyT:
        """Send a paid request that is answered with its result."""

        def accept(reply: Reply) -> ReplyT | None:
            body = as_object(reply.body)
            if reply.status != 200 or body.get("success") is False:
                return None
            for item in as_objects(body.get("data"))[:1]:
                result = kind.read(item, task_id=body.get("task_id"))
                return result if getattr(result, needed) else None
            return None

        return await self._crew.run(
            self._submitter.post(
                Call(request.path, request.fields_to_send(), "hold"), request, accept
            ),
            name=request.path,
            paid=True,
        )

    def _watcher(self, task_id: str, read: Callable[[Task], T]) -> TaskWatcher[T]:
        return TaskWatcher(self._poller, self._poller.seat(task_id, acknowledged=False), read)

    def _keep(self, submission: asyncio.Task[TaskWatcher[Any]]) -> None:
        if submission.cancelled() or (error := submission.exception()) is not None:
            _log.warning("a submission whose caller was cancelled did not end well: %s", error)
            return
        watcher = submission.result()
        _log.warning("task %s was accepted after its caller was cancelled; claim() it", watcher.id)
        self._unclaimed.append(watcher)


def _id_of(audio: Audio | UploadedAudio | str) -> str:
    audio_id = getattr(audio, "audio_id", None) or getattr(audio, "id", None) or audio
    if not isinstance(audio_id, str) or not audio_id:
        raise InvalidRequest("audio", audio, "a song that has an id, or the id itself")
    return audio_id


def _task_id(task_id: object) -> str:
    if not isinstance(task_id, str) or not task_id.strip():
        raise InvalidRequest("task_id", task_id, "the id of a task, a text that is not empty")
    return task_id


def _many(task_ids: Iterable[str]) -> list[str]:
    if isinstance(task_ids, str):
        raise InvalidRequest("task_ids", task_ids, "a list of ids, not one id")
    return list(task_ids)
