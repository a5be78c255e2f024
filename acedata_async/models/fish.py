"""What Fish can be asked for.

Fields and ranges are those of the vendor's Fish guides. Where those contradict one another, what
all of them take is allowed.
"""

import unicodedata
from dataclasses import replace
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field

from acedata_async._rules.exchange import Call
from acedata_async.errors import InvalidRequest, MalformedResponse
from acedata_async.models.request import (
    CALLBACK_FIELD,
    Allowed,
    ApiRequest,
    Checked,
    Filled,
    PublicAddress,
    part_of,
)
from acedata_async.models.task import Task
from acedata_async.models.task_request import TaskRequest
from acedata_async.models.voices import Speech, Voice

ENGINES = ("s1", "s2-pro", "s2.1-pro")
"""The speech engines that the vendor documents."""

DEFAULT_ENGINE = "s2-pro"


def _header_value(value: str) -> str:
    if not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("no header value")
    return value


_BLANKS = "\t\n\v\f\r\x85"
"""Tabs, and breaks of lines and pages, which many texts have."""


def _speakable(value: str) -> str:
    for place, char in enumerate(value):
        if unicodedata.category(char) == "Cc" and char not in _BLANKS:
            line = value.count("\n", 0, place) + 1
            column = place - value.rfind("\n", 0, place)
            words = (
                f"a control character, U+{ord(char):04X}, in line {line} at character {column};"
                " allowed: tabs, and breaks of lines and pages"
            )
            raise InvalidRequest(None, None, words)
    return value


Speakable = Annotated[Filled, AfterValidator(_speakable)]
Engine = Annotated[Filled, AfterValidator(_header_value), Allowed(f"one of {', '.join(ENGINES)}")]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Allowed("a number from 0 to 1")]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False), Allowed("a number above 0")]
Count = Annotated[int, Field(ge=1, le=10**9), Allowed("a whole number from 1 on")]
Sought = Annotated[
    Filled, Field(max_length=200), Allowed("a text that is not empty, of 200 characters at most")
]
Decibels = Annotated[float, Field(allow_inf_nan=False), Allowed("a number of decibels")]
VoiceId = Annotated[
    Filled | Annotated[list[Filled], Field(min_length=1)],
    Allowed("the id of a voice, such as Voice.id, or a list of such ids"),
]
SpeechFormat = Literal["mp3", "wav", "pcm"]
Latency = Literal["normal", "balanced"]
Visibility = Literal["public", "private", "unlist"]
Sort = Literal["created_at", "task_count"]
Addresses = Annotated[
    list[PublicAddress],
    Field(min_length=1),
    Allowed("a list of addresses that begin with http:// or https:// and that the API can reach"),
]
Words = Annotated[list[Filled], Field(min_length=1), Allowed("a list of texts that are not empty")]


class Prosody(Checked):
    """How something is said.

    Attributes:
        speed: How fast; 1.0 is normal.
        volume: How loud, in decibels more or less than normal.
        normalize_loudness: Whether to bring it to a usual loudness.
    """

    speed: Positive | None = None
    volume: Decibels | None = None
    normalize_loudness: bool | None = None


class Reference(Checked):
    """A recording to speak like, in place of a voice.

    Attributes:
        audio: The recording.
        text: What is said in it.
    """

    audio: Filled
    text: Filled


def read_speech(task: Task) -> Speech:
    """Return what a task that succeeded has said.

    Raises:
        MalformedResponse: The record says that the task succeeded and holds no speech.
    """
    if task.speech is None:
        made = "made a voice: watch it with result=Voice" if task.voice else "holds no audio_url"
        raise MalformedResponse(f"task {task.id} succeeded, but its record {made}")
    return task.speech


def read_voice(task: Task) -> Voice:
    """Return the voice of a task that succeeded.

    Raises:
        MalformedResponse: The record says that the task succeeded and holds no voice.
    """
    if task.voice is None:
        raise MalformedResponse(f"task {task.id} succeeded, but its record holds no voice")
    return task.voice


class SpeechRequest(TaskRequest[Speech]):
    """A text to be spoken. It is billed by its bytes in UTF-8.

    Attributes:
        text: What to say.
        reference_id: The voice that says it, by its id; several for a dialogue. Without it, and
            without `references`, the API chooses.
        references: Recordings to speak like, in place of a voice.
        model: The engine, one of `ENGINES`; a newer name is sent with a warning.
        format: `mp3`, `wav` or `pcm`. The vendor lists `opus` in one place, and refuses it.
        sample_rate: Samples a second, such as 16000, 22050 or 44100.
        mp3_bitrate: Kilobits a second of an mp3: 64, 128 or 192.
        latency: `normal`, or `balanced` for an earlier answer.
        prosody: How it is said.
        chunk_length: How much of the text is spoken at a time.
        min_chunk_length: The least of it.
        max_new_tokens: How much the engine may say for a piece of text.
        temperature: How freely it is said, from 0 to 1.
        top_p: Out of how many ways to say it is chosen, from 0 to 1.
        repetition_penalty: How much saying something again is avoided.
        normalize: Whether numbers and signs are put into words first.
    """

    path: ClassVar[str] = "/fish/tts"
    action: ClassVar[str] = "speak"
    record_type: ClassVar[str | None] = "fish_tts"
    bare: ClassVar[str | None] = "audio_url"

    text: Speakable
    reference_id: VoiceId | None = None
    references: (
        Annotated[
            list[Annotated[Reference, part_of(Reference)]],
            Field(min_length=1),
            Allowed("a list of objects with audio and text"),
        ]
        | None
    ) = None
    model: Engine = DEFAULT_ENGINE
    format: Annotated[SpeechFormat, Allowed("mp3, wav or pcm")] = "mp3"
    sample_rate: Count | None = None
    mp3_bitrate: Annotated[Literal[64, 128, 192], Allowed("64, 128 or 192")] | None = None
    latency: Annotated[Latency, Allowed("normal or balanced")] | None = None
    prosody: (
        Annotated[
            Prosody,
            part_of(Prosody),
            Allowed("an object with speed, volume or normalize_loudness"),
        ]
        | None
    ) = None
    chunk_length: Count | None = None
    min_chunk_length: Count | None = None
    max_new_tokens: Count | None = None
    temperature: Share | None = None
    top_p: Share | None = None
    repetition_penalty: Positive | None = None
    normalize: bool | None = None

    def oddities(self) -> list[str]:
        """Return what is allowed and yet looks like a mistake, in words."""
        found = []
        if self.model not in ENGINES:
            found.append(f"model: {self.model!r} is none of the documented {', '.join(ENGINES)}")
        if self.mp3_bitrate is not None and self.format != "mp3":
            found.append(f"mp3_bitrate: has no effect with format {self.format}")
        return found

    def to_call(self, callback_url: str | None = None) -> Call:
        """Return what is sent: the engine as a header, and the wish to be acknowledged at once."""
        call = super().to_call(callback_url)
        body = {name: value for name, value in call.body.items() if name != "model"}
        return replace(call, body={**body, "async": True}, headers={"model": self.model})

    def result_of(self, task: Task) -> Speech:
        """Read the speech from the record of a task that succeeded."""
        return read_speech(task)


class VoiceRequest(TaskRequest[Voice]):
    """A voice made from a recording, by the older of the two addresses.

    Without a `callback_url` the API answers once the voice is trained, after a minute or two.

    Attributes:
        voice_url: Where the API can fetch the recording, a public address.
        title: The voice's name.
        description: What is to be said of it.
        image_urls: Pictures of it.
    """

    path: ClassVar[str] = "/fish/voices"
    action: ClassVar[str] = "create_voice"
    record_type: ClassVar[str | None] = None
    bare: ClassVar[str | None] = "_id"

    voice_url: PublicAddress
    title: Filled | None = None
    description: Filled | None = None
    image_urls: Addresses | None = None

    def to_call(self, callback_url: str | None = None) -> Call:
        """Return what is sent; it holds its connection where nobody is to be called back."""
        call = super().to_call(callback_url)
        return call if CALLBACK_FIELD in call.body else replace(call, lane="hold")

    def result_of(self, task: Task) -> Voice:
        """Read the voice from the record of a task that succeeded."""
        return read_voice(task)


class VoiceModelRequest(ApiRequest):
    """A voice made from a recording, by the newer address, which the vendor does not charge for.

    Attributes:
        title: The voice's name.
        voices: Where the API can fetch the recording: one public address.
        description: What is to be said of it.
        cover_image: Where a picture of it is.
        tags: Words to find it by.
        texts: What is said in the recording.
        visibility: Who is to see it: `public`, `private` or `unlist`. Unless you say so, nobody
            else: a voice is a person's.
        enhance_audio_quality: Whether to clean the recording first.
        generate_sample: Whether to make a sample of the voice.
        train_mode: `fast`.
        type: `tts`.
    """

    path: ClassVar[str] = "/fish/model"
    way_to_watch: ClassVar[str] = "; ace.fish.watch({!r}, result=Voice) may tell what came of it"
    action: ClassVar[str] = "create_model"

    title: Filled
    voices: PublicAddress
    description: Filled | None = None
    cover_image: PublicAddress | None = None
    tags: Words | None = None
    texts: Words | None = None
    visibility: Annotated[Visibility, Allowed("public, private or unlist")] = "private"
    enhance_audio_quality: bool | None = None
    generate_sample: bool | None = None
    train_mode: Annotated[Literal["fast"], Allowed("fast")] | None = None
    type: Annotated[Literal["tts"], Allowed("tts")] | None = None

    def to_call(self) -> Call:
        """Return what is sent; it is answered at once."""
        return replace(super().to_call(), lane="submit")


class VoiceQuery(Checked):
    """What voices to look for.

    Attributes:
        page_size: How many a page has.
        page_number: Which page, from 1 on.
        title: A part of the title.
        tag: A tag.
        mine: Only the account's own.
        author_id: Only those of an author.
        language: Only those that speak a language, such as `en`.
        title_language: Only those with a title in a language.
        sort_by: The order: `created_at` or `task_count`.
    """

    page_size: Annotated[int, Field(ge=1, le=100), Allowed("a whole number from 1 to 100")] = 10
    page_number: Count = 1
    title: Sought | None = None
    tag: Sought | None = None
    mine: bool | None = None
    author_id: Sought | None = None
    language: Sought | None = None
    title_language: Sought | None = None
    sort_by: Annotated[Sort, Allowed("created_at or task_count")] | None = None

    def to_query(self, page_number: int) -> dict[str, str]:
        """Return what is asked for a page, as a query has it."""
        asked = {**self.fields_to_send(), "page_number": page_number}
        names = {"mine": "self"}
        return {
            names.get(name, name): str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in asked.items()
        }


SUBMISSIONS: tuple[type[SpeechRequest | VoiceRequest], ...] = (SpeechRequest, VoiceRequest)
"""Every request that becomes a task, one class for each action."""
