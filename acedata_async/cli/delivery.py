"""From a result to files, and to what is written about it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acedata_async import (
    AceData,
    Audio,
    DownloadError,
    InvalidRequest,
    Speech,
    Stems,
    Task,
    VideoFile,
    Voice,
    WavFile,
)
from acedata_async.cli.exits import Exit
from acedata_async.cli.output import Output, minutes

Item = Audio | Stems | WavFile | VideoFile | Speech | Voice


@dataclass(frozen=True, slots=True)
class Delivered:
    """One result, with its file or the reason why there is none.

    Attributes:
        item: The result.
        path: Its file; None where it was not wanted or could not be fetched.
        error: Why it could not be fetched, or None.
    """

    item: Item
    path: Path | None
    error: DownloadError | None

    def document(self) -> dict[str, Any]:
        """Return it for `--json`."""
        facts = self.item.model_dump(mode="json")
        facts["file"] = None if self.path is None else str(self.path)
        if self.error is not None:
            facts["error"] = {"type": "DownloadError", "message": str(self.error)}
        return facts

    def lines(self) -> list[str]:
        """Return it for people."""
        if isinstance(self.item, Voice):
            return lines_of_voice(self.item)
        title = _title(self.item)
        length = minutes(getattr(self.item, "duration", None))
        place = ("file", str(self.path)) if self.path else ("address", _address(self.item))
        item_id = getattr(self.item, "id", None)
        facts = [place, ("audio id", item_id), ("task id", self.item.task_id)]
        head = f"{title} ({length})" if length else title
        return [head, *(f"  {name:<9} {value}" for name, value in facts if value)]


def prepare_directory(directory: Path | None) -> None:
    """Make the directory for files, and try it, before anything is paid.

    Raises:
        InvalidRequest: It cannot be used.
    """
    if directory is None:
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise InvalidRequest(None, None, f"{directory} cannot be used: {reason}") from error


async def deliver(
    ace: AceData,
    output: Output,
    items: Sequence[Item],
    directory: Path | None,
    *,
    name: str | None = None,
) -> list[Delivered]:
    """Fetch results into a directory; without one, only take note of them.

    Args:
        ace: The client.
        output: Where it is told what cannot be fetched.
        items: The results.
        directory: Where they go.
        name: What the file is to be called, without its ending; None leaves it to the client.
    """
    return [await _deliver(ace, output, item, directory, name) for item in items]


async def _deliver(
    ace: AceData, output: Output, item: Item, directory: Path | None, name: str | None
) -> Delivered:
    if directory is None or isinstance(item, Voice):
        return Delivered(item, None, None)
    try:
        return Delivered(item, await ace.download(item, directory, name=name), None)
    except DownloadError as error:
        output.complain(error)
        return Delivered(item, None, error)


def results_of(task: Task) -> list[Item]:
    """Return what a task made."""
    others = (task.stems, task.voice, None if task.audios else task.speech)
    return [*task.audios, *(one for one in others if one is not None)]


def task_document(task_id: str, state: str, delivered: Sequence[Delivered]) -> dict[str, Any]:
    """Return a task and its results for `--json`."""
    made = {type(one.item).__name__.lower(): one.document() for one in delivered}
    said: dict[str, Any] = {name: made[name] for name in ("speech", "voice") if name in made}
    return {
        "task_id": task_id or None,
        "state": state,
        "audios": [one.document() for one in delivered if isinstance(one.item, Audio)],
        "stems": made.get("stems"),
        **said,
    }


def lines_of(delivered: Sequence[Delivered]) -> list[str]:
    """Return results for people."""
    return [line for one in delivered for line in one.lines()]


def lines_of_voice(voice: Voice) -> list[str]:
    """Return a voice for people."""
    facts = [
        ("voice id", voice.id),
        ("state", voice.state),
        ("languages", ", ".join(voice.languages)),
        ("seen by", voice.visibility),
        ("about", voice.description),
        ("author", voice.author and voice.author.nickname),
        *(("sample", sample.audio_url) for sample in voice.samples),
        ("task id", voice.task_id),
    ]
    return [voice.title or "Untitled", *(f"  {name:<9} {value}" for name, value in facts if value)]


def code_of_delivery(delivered: Sequence[Delivered]) -> Exit:
    """Return the exit code for results, all of which were to be fetched."""
    return Exit.FAILED if any(one.error for one in delivered) else Exit.GOOD


def _title(item: Item) -> str:
    if isinstance(item, Speech):
        return item.text or "Speech"
    return item.title or "Untitled"


def _address(item: Item) -> str | None:
    names = ("audio_url", "stems_url", "file_url", "video_url")
    return next((url for name in names if (url := getattr(item, name, None))), None)
