"""Voices: how their ids tell that a sandbox made them, and how the vendor shows them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Literal

from acedata_async.sandbox.songs import iso

State = Literal["training", "trained"]

_ID = re.compile("[0-9a-f]{32}")
_CHECK_DIGITS = 6
DRAWN_BITS = 4 * (32 - _CHECK_DIGITS)
"""How much of an id is chance."""

ACCOUNT_AUTHOR = "7ecad23df62a4174acd6a2a6cb5201ee"
"""Who makes the voices of the sandbox's one account; the author of the documents' example."""

_NICKNAMES = {
    ACCOUNT_AUTHOR: "You",
    "1b5c8d2f60a94e7fb1c3d5e7f9012345": "Harbour Studio",
    "2c6d9e3a71ba5f8ac2d4e6f8a0123456": "Reading Room",
    "3d7eaf4b82cb6a9bd3e5f7a9b1234567": "Night Radio",
}
"""What authors are called."""

AUTHORS = tuple(_NICKNAMES)[1:]
"""Who makes the voices of others."""

_TEXTS = {
    "en": "The tide comes in slowly, and the boats begin to turn.",
    "de": "Die Flut kommt langsam, und die Boote drehen sich.",
    "fr": "La marée monte lentement et les bateaux se tournent.",
    "es": "La marea sube despacio y los barcos empiezan a girar.",
    "zh": "潮水慢慢上涨，小船开始转向。",  # noqa: RUF001 - Chinese
    "ja": "潮がゆっくり満ちて、船が向きを変えはじめます。",
    "uk": "Приплив надходить повільно, і човни повертаються.",  # noqa: RUF001 - Cyrillic
    "ar": "يأتي المد ببطء وتبدأ القوارب في الدوران.",
}
"""What voices say in their samples."""

LANGUAGES = tuple(_TEXTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """A voice that can be spoken with.

    Attributes:
        sample_id: The id of its sample.
        text: What its sample says.
        created_at: In Unix seconds.
        author: The id of whose it is.
        task_id: The task that trains it; None if it was there at once.
        uses: How often others spoke with it.
    """

    id: str
    sample_id: str
    title: str
    description: str
    text: str
    created_at: float
    languages: tuple[str, ...] = ("en",)
    tags: tuple[str, ...] = ()
    visibility: str = "public"
    author: str = ACCOUNT_AUTHOR
    task_id: str | None = None
    uses: int = 0

    @property
    def own(self) -> bool:
        """Whether it is the account's."""
        return self.author == ACCOUNT_AUTHOR

    @property
    def sample_path(self) -> str:
        """The path of its sample, without the slash before it."""
        return f"task/{self.sample_id}.mp3"

    @property
    def cover_path(self) -> str:
        """The path of its picture, without the slash before it."""
        return f"coverimage/{self.id}"


def checked_id(drawn: str) -> str:
    """Return `drawn`, 26 hexadecimal digits, with a check behind it."""
    return drawn + hashlib.sha256(drawn.encode()).hexdigest()[:_CHECK_DIGITS]


def is_checked(voice_id: str) -> bool:
    """Return whether an id is one that a sandbox made."""
    if _ID.fullmatch(voice_id) is None:
        return False
    return checked_id(voice_id[:-_CHECK_DIGITS]) == voice_id


def avatar_path(author: str) -> str:
    """Return the path of an author's picture, without the slash before it."""
    return f"avatars/{author}.jpg"


def is_author(author: str) -> bool:
    """Return whether somebody of that id makes voices."""
    return author in _NICKNAMES


def sample_text(language: str) -> str:
    """Return what samples say in a language."""
    return _TEXTS[language]


def foreign_voice(voice_id: str) -> Voice:
    """Return what is known of a voice that another sandbox made."""
    return Voice(
        id=voice_id,
        sample_id=voice_id,
        title="A voice of another sandbox",
        description="",
        text=sample_text("en"),
        created_at=0.0,
    )


def entity(voice: Voice, state: State, *, uses: int = 0) -> dict[str, Any]:
    """Return a voice as `/fish/voices` shows it, with relative paths.

    Args:
        voice: The voice.
        state: Whether it can speak yet.
        uses: How often the account spoke with it.
    """
    sample = {
        "title": "Default Sample",
        "text": voice.text,
        "task_id": voice.sample_id,
        "audio": voice.sample_path,
    }
    return {
        "_id": voice.id,
        "type": "tts",
        "title": voice.title,
        "description": voice.description,
        "cover_image": voice.cover_path,
        "train_mode": "fast",
        "state": state,
        "tags": list(voice.tags),
        "samples": [sample],
        "created_at": iso(voice.created_at),
        "updated_at": iso(voice.created_at),
        "languages": list(voice.languages),
        "visibility": voice.visibility,
        "lock_visibility": False,
        "default_text": voice.text,
        "like_count": 0,
        "mark_count": 0,
        "shared_count": 0,
        "task_count": voice.uses + uses,
        "unliked": False,
        "liked": False,
        "marked": False,
        "author": {
            "_id": voice.author,
            "nickname": _NICKNAMES[voice.author],
            "avatar": avatar_path(voice.author),
        },
    }


def model_entity(voice: Voice, state: State, base: str, *, uses: int) -> dict[str, Any]:
    """Return a voice as `/fish/model` shows it: more fields, and samples below `base`."""
    shown = entity(voice, state, uses=uses)
    samples = [{**one, "audio": f"{base}/{one['audio']}"} for one in shown["samples"]]
    extra = {"dmca_taken_down": False, "default_mode": None, "quality": None}
    return {**shown, "samples": samples, **extra}
