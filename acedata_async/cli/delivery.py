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
    Stems,
    Task,
    VideoFile,
    WavFile,
)
from acedata_async.cli.exits import Exit
from acedata_async.cli.output import Output, minutes

Item = Audio | Stems | WavFile | VideoFile


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
        title = self.item.title or "Untitled"
        length = minutes(getattr(self.item, "duration", None))
        place = ("file", str(self.path)) if self.path else ("address", _address(self.item))
        audio_id = getattr(self.item, "id", None)
        facts = [place, ("audio id", audio_id), ("task id", self.item.task_id)]
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
    ace: AceData, output: Output, items: Sequence[Item], directory: Path | None
) -> list[Delivered]:
    """Fetch results into a directory; without one, only take note of them."""
    return [await _deliver(ace, output, item, directory) for item in items]


async def _deliver(ace: AceData, output: Output, item: Item, directory: Path | None) -> Delivered:
    if directory is None:
        return Delivered(item, None, None)
    try:
        return Delivered(item, await ace.download(item, directory), None)
    except DownloadError as error:
        output.complain(error)
        return Delivered(item, None, error)


def results_of(task: Task) -> list[Item]:
    """Return what a task made."""
    return [*task.audios, *([task.stems] if task.stems else [])]


def task_document(task_id: str, state: str, delivered: Sequence[Delivered]) -> dict[str, Any]:
    """Return a task and its results for `--json`."""
    stems = [one.document() for one in delivered if isinstance(one.item, Stems)]
    return {
        "task_id": task_id,
        "state": state,
        "audios": [one.document() for one in delivered if isinstance(one.item, Audio)],
        "stems": stems[0] if stems else None,
    }


def lines_of(delivered: Sequence[Delivered]) -> list[str]:
    """Return results for people."""
    return [line for one in delivered for line in one.lines()]


def code_of_delivery(delivered: Sequence[Delivered]) -> Exit:
    """Return the exit code for results, all of which were to be fetched."""
    return Exit.FAILED if any(one.error for one in delivered) else Exit.GOOD


def _address(item: Item) -> str | None:
    names = ("audio_url", "stems_url", "file_url", "video_url")
    return next((url for name in names if (url := getattr(item, name, None))), None)
