"""What comes out of Fish: voices, and what they say."""

from collections.abc import Iterable
from typing import Annotated, Any
from urllib.parse import urljoin

from pydantic import AliasChoices, BeforeValidator, Field

from acedata_async._rules.wire import as_objects, as_text
from acedata_async.models.reply import Flag, Moment, ReplyModel, Text, Whole

MEDIA_BASE = "https://platform.r2.fish.audio/"
"""Where paths such as `task/4ae9.mp3` lead: the host of the recordings in the vendor's documents.
No document says so of covers and pictures; it is the only host that any of them names."""


def _texts(value: Any) -> list[str]:
    return [text for text in map(as_text, value) if text] if isinstance(value, list) else []


Texts = Annotated[list[str], BeforeValidator(_texts), Field(default_factory=list)]


def _absolute(path: str | None) -> str | None:
    try:
        return urljoin(MEDIA_BASE, path) if path else None
    except ValueError:
        return None


class VoiceSample(ReplyModel):
    """What a voice sounds like.

    Attributes:
        title: Its title, such as `Default Sample`.
        text: What is said.
        audio: Where it is, as it was sent: an address, or a path.
        task_id: Fish's own id of it, which is no task of this API.
    """

    title: Text = None
    text: Text = None
    audio: Text = None
    task_id: Text = None

    @property
    def audio_url(self) -> str | None:
        """Where it is, as an address."""
        return _absolute(self.audio)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "title", self.title
        yield "audio_url", self.audio_url


class VoiceAuthor(ReplyModel):
    """Who made a voice.

    Attributes:
        id: The author's id.
        nickname: The author's name.
        avatar: Where the author's picture is, as it was sent: an address, or a path.
    """

    id: Text = Field(None, validation_alias=AliasChoices("_id", "id"))
    nickname: Text = None
    avatar: Text = None

    @property
    def avatar_url(self) -> str | None:
        """Where the author's picture is, as an address."""
        return _absolute(self.avatar)


class Voice(ReplyModel):
    """A voice that can speak, made from a recording. The API calls it a model.

    Attributes:
        id: What `speak` takes as `reference_id`; 32 hexadecimal digits.
        title: Its name.
        description: What its maker says of it.
        state: `trained` where it can speak, `training` where it cannot yet.
        type: What it is for: `tts`.
        train_mode: How it was trained: `fast`.
        cover_image: Where its picture is, as it was sent: an address, or a path.
        languages: What it was recognised to speak, such as `zh`.
        tags: What it was tagged with.
        samples: What it sounds like.
        default_text: A text that it is shown with.
        visibility: Who sees it: `public`, `private` or `unlist`.
        lock_visibility: Whether that is fixed.
        created_at: When it came to be.
        updated_at: When it was last changed; it may precede `created_at` by less than 1 ms.
        author: Who made it.
        like_count: How many like it.
        mark_count: How many have marked it.
        shared_count: How often it was shared.
        task_count: How often it has spoken.
        liked: Whether the account likes it.
        unliked: Whether the account dislikes it.
        marked: Whether the account has marked it.
        task_id: The task that made it, where there was one.
    """

    id: Text = Field(None, validation_alias=AliasChoices("_id", "id"))
    title: Text = None
    description: Text = None
    state: Text = None
    type: Text = None
    train_mode: Text = None
    cover_image: Text = None
    languages: Texts
    tags: Texts
    samples: Annotated[
        list[VoiceSample],
        BeforeValidator(lambda value: [VoiceSample.read(one) for one in as_objects(value)]),
    ] = Field(default_factory=list)
    default_text: Text = None
    visibility: Text = None
    lock_visibility: Flag = None
    created_at: Moment = None
    updated_at: Moment = None
    author: Annotated[
        VoiceAuthor | None,
        BeforeValidator(lambda value: next(map(VoiceAuthor.read, as_objects(value)), None)),
    ] = None
    like_count: Whole = None
    mark_count: Whole = None
    shared_count: Whole = None
    task_count: Whole = None
    liked: Flag = None
    unliked: Flag = None
    marked: Flag = None
    task_id: Text = None

    @property
    def trained(self) -> bool:
        """Whether it can speak."""
        return self.state == "trained"

    @property
    def cover_url(self) -> str | None:
        """Where its picture is, as an address."""
        return _absolute(self.cover_image)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "id", self.id
        yield "title", self.title
        yield "state", self.state


class VoicePage(ReplyModel):
    """A page of the voices that there are.

    Attributes:
        total: How many voices match in all.
        items: Those of this page. Some may lack most of their fields.
        has_more: Whether there are more pages, where the API says so; it usually does not.
    """

    total: Whole = None
    items: Annotated[
        list[Voice], BeforeValidator(lambda value: [Voice.read(one) for one in as_objects(value)])
    ] = Field(default_factory=list)
    has_more: Flag = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "total", self.total
        yield "items", self.items


class Speech(ReplyModel):
    """Something said.

    Attributes:
        audio_url: Where it is. It may lead nowhere after an hour: download it at once. Its ending
            is `.mp3` whatever the format.
        text: What was said, where the record tells it.
        format: What was asked for: `mp3`, `wav` or `pcm`. The API answers `pcm` with a wav file.
        task_id: The task that made it, where there was one.
    """

    audio_url: Text = None
    text: Text = None
    format: Text = None
    task_id: Text = None

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        yield "audio_url", self.audio_url
