"""Producer: songs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, TypedDict, Unpack, overload

from acedata_async.errors import InvalidRequest
from acedata_async.models.producer import (
    CoverRequest,
    ExtendRequest,
    GenerateRequest,
    ProducerRequest,
    ReplaceSectionRequest,
    StemsRequest,
    SwapInstrumentalsRequest,
    SwapVocalsRequest,
    UploadCoverRequest,
    UploadExtendRequest,
    UploadReplaceSectionRequest,
    VariationRequest,
    read_audios,
    read_stems,
)
from acedata_async.models.results import Audio, Lyrics, Stems, UploadedAudio, VideoFile, WavFile
from acedata_async.models.siblings import (
    LyricsRequest,
    UploadRequest,
    VideoRequest,
    WavRequest,
)
from acedata_async.models.task import Task
from acedata_async.resources.service import Service
from acedata_async.tasks.watcher import TaskWatcher
from acedata_async.tasks.watchset import WatchSet


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


class Producer(Service):
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

    name: ClassVar[str] = "producer"
    _readers: ClassVar[Mapping[type, Callable[[Task], Any]]] = MappingProxyType(
        {Audio: read_audios, Stems: read_stems}
    )

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

    async def lyrics(self, prompt: str) -> Lyrics:
        """Write lyrics about `prompt`; paid, and answered at once."""
        return await self._orders.ask(
            LyricsRequest.model_validate({"prompt": prompt}), Lyrics, "lyrics"
        )

    async def upload(self, audio_url: str) -> UploadedAudio:
        """Make a song of your own known to the API; paid, and answered at once.

        Args:
            audio_url: A public address of an mp3.
        """
        request = UploadRequest.model_validate({"audio_url": audio_url})
        return await self._orders.ask(request, UploadedAudio, "audio_id")

    async def wav(self, audio: Audio | str) -> WavFile:
        """Turn a song into a wav file; the answer holds its address."""
        request = WavRequest.model_validate({"audio_id": _id_of(audio)})
        made = await self._orders.ask(request, WavFile, "file_url")
        title = audio.title if isinstance(audio, Audio) else None
        known = {"title": made.title or title, "audio_id": request.audio_id}
        return made.model_copy(update=known)

    async def video(self, audio: Audio | str) -> VideoFile:
        """Turn a song into a video; the answer holds its address."""
        request = VideoRequest.model_validate({"audio_id": _id_of(audio)})
        return await self._orders.ask(request, VideoFile, "video_url")

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

        Raises:
            InvalidRequest: It can be no task's id, or `result` is another type.
        """
        return self._watcher(task_id, self._reader_of(result))

    def watch_many(self, task_ids: Iterable[str]) -> WatchSet[list[Audio]]:
        """Return a set of watchers for songs that were submitted elsewhere or earlier.

        The call itself makes no request. An id that is given twice is watched once.
        """
        return self._watch_set(task_ids, read_audios)

    async def _make(
        self, kind: type[ProducerRequest[list[Audio]]], **fields: object
    ) -> TaskWatcher[list[Audio]]:
        return await self.submit(kind.model_validate(fields))


def _id_of(audio: Audio | UploadedAudio | str) -> str:
    audio_id = getattr(audio, "audio_id", None) or getattr(audio, "id", None) or audio
    if not isinstance(audio_id, str) or not audio_id:
        raise InvalidRequest("audio", audio, "a song that has an id, or the id itself")
    return audio_id
