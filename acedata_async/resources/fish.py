"""Fish: voices, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar, Literal, TypedDict, Unpack, overload

from acedata_async._rules.leads import is_voice_id
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import InvalidRequest
from acedata_async.models.fish import (
    Latency,
    Prosody,
    Reference,
    Sort,
    SpeechFormat,
    SpeechRequest,
    Visibility,
    VoiceModelRequest,
    VoiceQuery,
    VoiceRequest,
    read_speech,
    read_voice,
)
from acedata_async.models.task import Task
from acedata_async.models.voices import Speech, Voice
from acedata_async.resources.service import Service
from acedata_async.tasks.catalogue import Catalogue, VoiceListing
from acedata_async.tasks.watcher import TaskWatcher
from acedata_async.tasks.watchset import WatchSet


class SpeechOptions(TypedDict, total=False):
    """How a text is spoken; see `SpeechRequest` for what each field means."""

    references: list[Reference | Mapping[str, Any]] | list[Reference] | None
    model: str
    format: SpeechFormat
    sample_rate: int | None
    mp3_bitrate: Literal[64, 128, 192] | None
    latency: Latency | None
    prosody: Prosody | Mapping[str, Any] | None
    chunk_length: int | None
    min_chunk_length: int | None
    max_new_tokens: int | None
    temperature: float | None
    top_p: float | None
    repetition_penalty: float | None
    normalize: bool | None
    callback_url: str | None


class ModelOptions(TypedDict, total=False):
    """What a voice can be given; see `VoiceModelRequest` for what each field means."""

    description: str | None
    cover_image: str | None
    tags: list[str] | None
    texts: list[str] | None
    visibility: Visibility
    enhance_audio_quality: bool | None
    generate_sample: bool | None
    train_mode: Literal["fast"] | None
    type: Literal["tts"] | None


class ListOptions(TypedDict, total=False):
    """What voices to look for; see `VoiceQuery` for what each field means."""

    page_size: int
    page_number: int
    title: str | None
    tag: str | None
    mine: bool | None
    author_id: str | None
    language: str | None
    title_language: str | None
    sort_by: Sort | None


class Fish(Service):
    """Voices, and what they say. Reached as `ace.fish`.

    `create_voice` and `speak` send one paid request each, and give a watcher to await. They, and
    `create_model`, raise:

    - InvalidRequest: before anything is sent.
    - APIError and its kinds: the API refused; nothing was created.
    - ConnectionFailed: it could not be sent; nothing was created.
    - SubmissionUnknown: it was sent and the outcome is not known; it is not sent again.
    - ClientClosed: the client is closed.

    Cancelling such a call leaves the request running to its end, so that what is paid for is not
    lost: `claim` returns the watcher, and the log names the voice of a `create_model`.
    """

    name: ClassVar[str] = "fish"
    _readers: ClassVar[Mapping[type, Callable[[Task], Any]]] = MappingProxyType(
        {Speech: read_speech, Voice: read_voice}
    )

    def __init__(self, workshop: Workshop, catalogue: Catalogue) -> None:
        super().__init__(workshop)
        self._catalogue = catalogue

    async def create_voice(
        self,
        voice_url: str,
        *,
        title: str | None = None,
        image_urls: list[str] | None = None,
        description: str | None = None,
        callback_url: str | None = None,
    ) -> TaskWatcher[Voice]:
        """Make a voice from a recording. Paid.

        Without a `callback_url` the API answers once the voice is trained: the call takes a
        minute or two, and the watcher is done. With one it is acknowledged at once, so that the
        task's id is known should your program end meanwhile; whoever has no receiver may give
        the address that the vendor names for that, `https://api.acedata.cloud/health`.

        Args:
            voice_url: Where the API can fetch the recording, a public address.
            title: The voice's name.
            image_urls: Pictures of it.
            description: What is to be said of it.
            callback_url: An address that the vendor calls when it is over.
        """
        fields = {
            "voice_url": voice_url,
            "title": title,
            "image_urls": image_urls,
            "description": description,
            "callback_url": callback_url,
        }
        return await self.submit(VoiceRequest.model_validate(fields))

    async def speak(
        self,
        text: str,
        *,
        reference_id: Voice | str | Sequence[Voice | str] | None = None,
        **options: Unpack[SpeechOptions],
    ) -> TaskWatcher[Speech]:
        """Let a voice say something. Paid by the text's bytes in UTF-8.

        Download what comes of it at once: its address may lead nowhere after an hour.

        Args:
            text: What to say.
            reference_id: The voice, or its id; several for a dialogue.
            **options: See `SpeechRequest`.
        """
        voices = _voice_ids(reference_id, "reference_id")
        fields = {"text": text, "reference_id": voices, **options}
        return await self.submit(SpeechRequest.model_validate(fields))

    async def create_model(
        self, voices: str, *, title: str, **options: Unpack[ModelOptions]
    ) -> Voice:
        """Make a voice from a recording, by the newer address, which the vendor does not charge.

        It is answered at once; a voice that is still `training` can be asked for with `model`.

        Args:
            voices: Where the API can fetch the recording: one public address.
            title: The voice's name.
            **options: See `VoiceModelRequest`. Only the account sees it, unless you say so.
        """
        fields = {"voices": voices, "title": title, **options}
        return await self._orders.ask(VoiceModelRequest.model_validate(fields), Voice, "id")

    def models(self, **options: Unpack[ListOptions]) -> VoiceListing:
        """Look for voices. Free.

        The call itself asks nothing. Awaiting what it returns gives one page, the first unless
        `page_number` says another; `async for` goes through the voices of that page and all
        later ones; `pages()` through the pages.

        Args:
            **options: See `VoiceQuery`.

        Raises:
            InvalidRequest: An option is not allowed.
        """
        return VoiceListing(self._catalogue, VoiceQuery.model_validate(dict(options)))

    async def model(self, voice_id: Voice | str) -> Voice:
        """Return one voice as it is now. Free.

        Args:
            voice_id: The voice, or its id.

        Raises:
            NotFound: There is no such voice, or it is not yours to see.
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
        """
        wanted = _voice_ids(voice_id, "voice_id")
        if not isinstance(wanted, str) or not is_voice_id(wanted):
            raise InvalidRequest("voice_id", voice_id, "the id of a voice: letters and digits")
        return await self._catalogue.voice(wanted)

    @overload
    def watch(self, task_id: str) -> TaskWatcher[Speech]: ...
    @overload
    def watch(self, task_id: str, *, result: type[Speech]) -> TaskWatcher[Speech]: ...
    @overload
    def watch(self, task_id: str, *, result: type[Voice]) -> TaskWatcher[Voice]: ...
    def watch(self, task_id: str, *, result: type[Speech | Voice] = Speech) -> TaskWatcher[Any]:
        """Return a watcher for a task that was submitted elsewhere or earlier.

        The call itself makes no request.

        Args:
            task_id: The task's id.
            result: `Voice` for a task that makes a voice.

        Raises:
            InvalidRequest: It can be no task's id, or `result` is another type.
        """
        return self._watcher(task_id, self._reader_of(result))

    def watch_many(self, task_ids: Iterable[str]) -> WatchSet[Speech | Voice]:
        """Return a set of watchers for what was submitted elsewhere or earlier.

        The call itself makes no request. An id that is given twice is watched once.
        """
        return self._watch_set(task_ids, _read_either)


def _read_either(task: Task) -> Speech | Voice:
    return read_speech(task) if task.voice is None else task.voice


def _voice_ids(given: object, field_name: str) -> object:
    """Return the ids of voices; what is none is left for the request to refuse.

    Raises:
        InvalidRequest: A voice has no id. Left out, another voice would speak, and be paid.
    """
    if isinstance(given, Voice):
        if not given.id:
            raise InvalidRequest(field_name, given, "a voice that has an id, or the id itself")
        return given.id
    if isinstance(given, Sequence) and not isinstance(given, str | bytes | bytearray):
        # A list within the list is none of the ids that may be there.
        return [_voice_ids(one, field_name) if isinstance(one, Voice) else one for one in given]
    return given
