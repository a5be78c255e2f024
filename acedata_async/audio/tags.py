"""Tags in a file of sound: what a song is called, and what it was made from.

They are written and read by mutagen, which the extra `tags` brings; without it everything else
works.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from acedata_async._files import part_path, whole_name
from acedata_async._rules.wire import as_text
from acedata_async.audio.bounds import OutOfBounds, check_bounds
from acedata_async.audio.payload import audio_digest
from acedata_async.audio.tag_forms import TEXTS, Content, picture_type, read, write
from acedata_async.errors import AceDataError, ConfigurationError, InvalidRequest
from acedata_async.models.results import Audio, WavFile
from acedata_async.models.task import Task
from acedata_async.models.voices import Speech

LONGEST_TEXT = 100_000
"""Characters of a text that are written; what is longer is cut."""
LARGEST_COVER = 10 * 1024 * 1024
"""Bytes of a cover that is written; a flac file could not hold one of more than 16 MiB."""

_LONGEST_TITLE = 60
_LINES = frozenset({"lyric", "prompt"})
"""What may have more than one line."""
_UNFIT = re.compile("[\0\ud800-\udfff]")
_YEAR_OR_MONTH = re.compile(r"\d{4}(-\d\d)?")


class TagError(AceDataError):
    """A file could not be tagged. It is as it was before, untagged and whole.

    Attributes:
        path: The file.
    """

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class _Unfit(Exception):
    """A file whose copy did not take the tags as it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What the tags of a file tell; None for what they do not.

    Attributes:
        title: The title.
        lyric: The lyrics, or what is said.
        prompt: What the song was made from, in the file's comment.
        model: The model that made it.
        seed: The seed, as digits.
        date: When it was made. One without a time zone is taken as UTC.
        task_id: The task that made it.
        audio_id: The song's id.
        cover: The front cover, a JPEG or PNG.
    """

    title: str | None = None
    lyric: str | None = None
    prompt: str | None = None
    model: str | None = None
    seed: str | None = None
    date: datetime | None = None
    task_id: str | None = None
    audio_id: str | None = None
    cover: bytes | None = field(default=None, repr=False)

    @property
    def cover_type(self) -> Literal["jpeg", "png"] | None:
        """What the cover is, by its first bytes; None for none, and for any other picture."""
        return picture_type(self.cover or b"")


def can_tag() -> bool:
    """Tell whether tags can be written and read: whether mutagen is installed."""
    return find_spec("mutagen") is not None


def tags_of(item: Audio | Speech | WavFile, task: Task | None = None) -> Tags:
    """Gather what there is to tell of a song, or of something said.

    Args:
        item: The song; of a wav file that was made of one no more is known than title and ids.
        task: The task that made it. What the song itself does not tell comes from what was asked
            for. Another task is not looked at.
    """
    if task is not None and item.task_id and task.id and item.task_id != task.id:
        task = None
    asked: Mapping[str, Any] = task.request if task else {}
    made_at = (task.finished_at or task.created_at) if task else None
    task_id = item.task_id or (task.id if task else None) or None
    model = as_text(asked.get("model")) or None
    if isinstance(item, Speech):
        said = item.text or as_text(asked.get("text"))
        title = " ".join((said or "").split())[:_LONGEST_TITLE].strip()
        return Tags(
            title=title or None, lyric=said or None, model=model, date=made_at, task_id=task_id
        )
    if isinstance(item, WavFile):
        audio_id = item.audio_id or as_text(asked.get("audio_id"))
        return Tags(
            title=item.title or None, date=made_at, task_id=task_id, audio_id=audio_id or None
        )
    return Tags(
        title=item.title or as_text(asked.get("title")) or None,
        lyric=item.lyric or as_text(asked.get("lyric")) or None,
        prompt=item.prompt or item.sound or as_text(asked.get("prompt")) or None,
        model=item.model or model,
        seed=item.seed or as_text(asked.get("seed")) or None,
        date=item.created_at or made_at,
        task_id=task_id,
        audio_id=item.id or None,
    )


def write_tags(path: str | os.PathLike[str], tags: Tags) -> None:
    """Write tags into an m4a, mp3, wav or flac file; its bytes tell which, not its name.

    What is None leaves the file's own tag as it is, and so does every tag that is not one of
    ours. Text is made fit for a file: half characters and NULs become `�`, a title is one line,
    and what is longer than 100,000 characters is cut. A cover that is neither JPEG nor PNG, or
    larger than 10 MiB, is left out.

    The file is replaced as a whole, and only by one that has the same sound. This blocks.

    Raises:
        ConfigurationError: mutagen is not installed.
        TagError: The file could not be tagged, and is as it was.
    """
    _check_installed()
    try:
        _replace(Path(path).resolve(), _content_of(tags))
    except Exception as error:  # mutagen's readers of foreign bytes fail in many ways
        raise TagError(
            f"{path!s} stays untagged: {_reason(error)}", path=os.fspath(path)
        ) from error


def read_tags(path: str | os.PathLike[str]) -> Tags:
    """Read the tags of an m4a, mp3, wav or flac file, ours or another program's. This blocks.

    Of a wav only ID3 tags are read, as they are written; of other programs' comments one is taken
    for the prompt.

    Raises:
        ConfigurationError: mutagen is not installed.
        InvalidRequest: There is no such file, it is none of these, or it cannot be read; also
            where it is made so that to read it would cost minutes, or all memory.
    """
    _check_installed()
    try:
        return _tags_in(read(Path(path)))
    except InvalidRequest:
        raise
    except Exception as error:  # as above
        raise InvalidRequest(
            None, str(path), f"{path}: its tags cannot be read: {_reason(error)}"
        ) from error


def _content_of(tags: Tags) -> Content:
    found = {name: getattr(tags, name) for name in TEXTS if name != "date"}
    texts = {name: _fit(text, lines=name in _LINES) for name, text in found.items() if text}
    if date := _written(tags.date):
        texts["date"] = date
    fits = tags.cover_type and len(tags.cover or b"") <= LARGEST_COVER
    return Content({key: text for key, text in texts.items() if text}, tags.cover if fits else None)


def _tags_in(content: Content) -> Tags:
    texts = {name: text or None for name, text in content.texts.items() if name != "date"}
    return Tags(**texts, date=_moment(content.texts.get("date", "")), cover=content.cover)


def _check_installed() -> None:
    if not can_tag():
        raise ConfigurationError(
            "tags need mutagen: pip install '.[tags]' in a clone of the project"
        )


def _fit(text: str, *, lines: bool) -> str:
    """Make a text fit for every container."""
    text = _UNFIT.sub("\ufffd", text[:LONGEST_TEXT])
    return re.sub("\r\n?", "\n", text) if lines else " ".join(text.splitlines())


def _written(date: datetime | None) -> str | None:
    if date is None:
        return None
    try:
        moment = date.astimezone(UTC) if date.tzinfo else date
    except OverflowError:  # within a day of the first or the last year
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _moment(text: str) -> datetime | None:
    text = text.strip()
    if _YEAR_OR_MONTH.fullmatch(text):
        text = f"{text}-01-01"[:10]
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(error: Exception) -> str:
    if isinstance(error, InvalidRequest):
        return str(error).removeprefix(f"{error.value}: ")
    if isinstance(error, _Unfit | OutOfBounds):
        return str(error)
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{told[:200] or 'it is damaged'} ({type(error).__name__})"


def _replace(path: Path, content: Content) -> None:
    """Tag a copy, and give it the file's name if it is as good."""
    # Called like other half finished files, so that what a killed program leaves is swept.
    copy = part_path(path.parent, whole_name(path))
    try:
        check_bounds(path)
        digest = audio_digest(path)
        shutil.copyfile(path, copy)
        write(copy, content)
        if audio_digest(copy) != digest:
            raise _Unfit("tags would change its sound")
        kept = read(copy)
        lost = {name for name, text in content.texts.items() if kept.texts.get(name) != text}
        if lost - {"date"} or (content.cover and kept.cover != content.cover):
            raise _Unfit("it cannot hold tags")  # ID3 writes dates its own way
        shutil.copymode(path, copy)
        with copy.open("rb+") as file:
            os.fsync(file.fileno())
        copy.replace(path)
    finally:
        with suppress(OSError):
            copy.unlink(missing_ok=True)
