"""What Producer can be asked for: one class for each action.

The fields and their ranges are those of the vendor's Producer Audios document; `cover_strength`
and the `upload_*` actions are in that document and not in its OpenAPI file.
"""

from dataclasses import replace
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from acedata_async._rules.exchange import Call
from acedata_async.errors import InvalidRequest, MalformedResponse
from acedata_async.models.request import Allowed, Filled, Seconds
from acedata_async.models.results import Audio, Stems
from acedata_async.models.task import Task
from acedata_async.models.task_request import ResultT, TaskRequest

MODELS = (
    "FUZZ-2.0 Pro",
    "FUZZ-2.0",
    "FUZZ-2.0 Raw",
    "FUZZ-1.1 Pro",
    "FUZZ-1.0 Pro",
    "FUZZ-1.0",
    "FUZZ-1.1",
    "FUZZ-0.8",
)
"""The models that the vendor documents."""

DEFAULT_MODEL = "FUZZ-2.0 Pro"
"""The model of the vendor's own examples."""

_LONG_PROMPT = 200
_BACKSLASH_N = "\\n"


def _lyric_lines(value: str) -> str:
    if _BACKSLASH_N in value:
        raise ValueError("backslash-n")
    return value


def _digits(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Strength = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), Allowed("a number from 0 to 1")]
UpperStrength = Annotated[
    float, Field(ge=0.2, le=1, allow_inf_nan=False), Allowed("a number from 0.2 to 1")
]
Lyric = Annotated[
    Filled,
    AfterValidator(_lyric_lines),
    Allowed("a text with real line breaks, not a backslash followed by n"),
]
Seed = Annotated[
    str,
    BeforeValidator(_digits),
    Field(pattern=r"^[0-9]{1,20}$"),
    Allowed("a whole number, 0 or more"),
]
AudioId = Annotated[Filled, Allowed("the id of a song, such as Audio.id")]


class ProducerRequest(TaskRequest[ResultT]):
    """A paid request to Producer; generic in what comes out of it."""

    path: ClassVar[str] = "/producer/audios"
    record_type: ClassVar[str | None] = "audios"

    def to_call(self, callback_url: str | None = None) -> Call:
        """Return what is sent: with the action, and the wish to be acknowledged at once."""
        call = super().to_call(callback_url)
        return replace(call, body={"action": self.action, **call.body, "async": True})


def read_audios(task: Task) -> list[Audio]:
    """Return the songs of a task that succeeded.

    Raises:
        MalformedResponse: The record says that the task succeeded and holds no song.
    """
    if not task.audios:
        made = "made stems: watch it with result=Stems" if task.stems else "holds no song"
        raise MalformedResponse(f"task {task.id} succeeded, but its record {made}")
    return task.audios


def read_stems(task: Task) -> Stems:
    """Return the stems of a task that succeeded.

    Raises:
        MalformedResponse: The record says that the task succeeded and holds no stems.
    """
    if task.stems is None:
        raise MalformedResponse(f"task {task.id} succeeded, but its record holds no stems_url")
    return task.stems


class SongRequest(ProducerRequest[list[Audio]]):
    """A request for a song: the fields that all such actions share.

    Attributes:
        prompt: What the song is to be, in words; the vendor reads up to 200 characters.
        lyric: The words to sing, with real line breaks and section tags such as `[Verse]`.
        custom: Whether to use `lyric` rather than `prompt`; set by itself when lyrics are given.
        instrumental: Whether to leave the voice out.
        title: The song's title.
        model: One of `MODELS`; a newer name is sent with a warning.
        seed: A whole number that repeats a choice of sound.
        lyrics_strength: How closely to follow the lyrics, 0 to 1. The vendor's default is 0.7.
        sound_strength: How closely to follow the sound, 0.2 to 1. The vendor's default is 0.7.
        weirdness: How unusual to be, 0 to 1. The vendor's default is 0.5.
    """

    prompt: Filled | None = None
    lyric: Lyric | None = Field(None, repr=False)
    custom: bool | None = None
    instrumental: bool | None = None
    title: Filled | None = None
    model: Filled = DEFAULT_MODEL
    seed: Seed | None = None
    lyrics_strength: Strength | None = None
    sound_strength: UpperStrength | None = None
    weirdness: Strength | None = None

    def result_of(self, task: Task) -> list[Audio]:
        """Read the songs from the record of a task that succeeded."""
        return read_audios(task)

    def oddities(self) -> list[str]:
        """Return what is allowed and yet looks like a mistake, in words."""
        found = []
        if self.model not in MODELS:
            found.append(f"model: {self.model!r} is none of the documented {', '.join(MODELS)}")
        if self.prompt is not None and len(self.prompt) > _LONG_PROMPT:
            found.append(
                f"prompt: {len(self.prompt)} characters; the vendor documents up to {_LONG_PROMPT}"
            )
        return found

    @model_validator(mode="after")
    def _choose_lyrics(self) -> Self:
        if self.custom and self.lyric is None:
            raise InvalidRequest("lyric", None, "a text, since custom is true")
        if self.lyric is not None and self.custom is None:
            # Without it the API would make up a song from the prompt and ignore the lyrics.
            self.__dict__["custom"] = True
        return self


class GenerateRequest(SongRequest):
    """A new song from a prompt or from lyrics; one of the two is needed."""

    action: ClassVar[str] = "generate"

    @model_validator(mode="after")
    def _need_something_to_sing(self) -> Self:
        if self.prompt is None and self.lyric is None:
            raise InvalidRequest("prompt", None, "a text, or lyric in its place")
        return self


class _FromSongRequest(SongRequest):
    audio_id: AudioId


class CoverRequest(_FromSongRequest):
    """The same song in another sound.

    Attributes:
        audio_id: The song.
        cover_strength: How far to go, 0.2 to 1. The vendor's default is 1.
    """

    action: ClassVar[str] = "cover"

    cover_strength: UpperStrength | None = None


class UploadCoverRequest(CoverRequest):
    """A cover of an uploaded song; `audio_id` comes from `upload`."""

    action: ClassVar[str] = "upload_cover"


class ExtendRequest(_FromSongRequest):
    """A song continued.

    Attributes:
        audio_id: The song.
        continue_at: Where to go on from, in seconds from its start.
    """

    action: ClassVar[str] = "extend"

    continue_at: Seconds


class UploadExtendRequest(ExtendRequest):
    """An uploaded song continued; `audio_id` comes from `upload`."""

    action: ClassVar[str] = "upload_extend"


class VariationRequest(_FromSongRequest):
    """Another version of a song."""

    action: ClassVar[str] = "variation"


class ReplaceSectionRequest(_FromSongRequest):
    """A song with one part made anew.

    Attributes:
        audio_id: The song.
        replace_section_start: Where the part begins, in seconds.
        replace_section_end: Where it ends, in seconds; after its beginning.
    """

    action: ClassVar[str] = "replace_section"

    replace_section_start: Seconds
    replace_section_end: Seconds

    @model_validator(mode="after")
    def _start_before_end(self) -> Self:
        if self.replace_section_end <= self.replace_section_start:
            raise InvalidRequest(
                "replace_section_end",
                self.replace_section_end,
                f"a number of seconds above replace_section_start ({self.replace_section_start})",
            )
        return self


class UploadReplaceSectionRequest(ReplaceSectionRequest):
    """An uploaded song with one part made anew; `audio_id` comes from `upload`."""

    action: ClassVar[str] = "upload_replace_section"


class SwapVocalsRequest(_FromSongRequest):
    """A song with another voice."""

    action: ClassVar[str] = "swap_vocals"


class SwapInstrumentalsRequest(_FromSongRequest):
    """A song with other instruments."""

    action: ClassVar[str] = "swap_instrumentals"


class StemsRequest(ProducerRequest[Stems]):
    """A song taken apart into its tracks.

    Attributes:
        audio_id: The song.
    """

    action: ClassVar[str] = "stems"

    audio_id: AudioId

    def result_of(self, task: Task) -> Stems:
        """Read the stems from the record of a task that succeeded."""
        return read_stems(task)


SUBMISSIONS: tuple[type[ProducerRequest[list[Audio]] | StemsRequest], ...] = (
    GenerateRequest,
    CoverRequest,
    UploadCoverRequest,
    ExtendRequest,
    UploadExtendRequest,
    VariationRequest,
    ReplaceSectionRequest,
    UploadReplaceSectionRequest,
    SwapVocalsRequest,
    SwapInstrumentalsRequest,
    StemsRequest,
)
"""Every request that becomes a task, one class for each action."""
