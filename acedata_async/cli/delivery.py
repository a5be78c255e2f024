"""From a result to files, and to what is written about it."""

from __future__ import annotations

import asyncio
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
from acedata_async._files import try_directory
from acedata_async._rules.filenames import ENDINGS
from acedata_async._rules.templates import check_template
from acedata_async.audio.items import Renewable
from acedata_async.audio.naming import known_facts
from acedata_async.audio.tags import can_tag
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import Delivery
from acedata_async.cli.output import Output, minutes, shortened
from acedata_async.cli.progress import shown_download

_OF_FILES = frozenset(ENDINGS)
"""Endings of files: a directory that is called so and is not there is a mistake."""

_AT_ONCE = 8
"""Of how many tasks the results are fetched at once."""

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
        facts = _facts_of(self.item)
        facts["file"] = None if self.path is None else str(self.path)
        if self.error is not None:
            facts["error"] = {"type": type(self.error).__name__, "message": str(self.error)}
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


def document_of_voice(voice: Voice) -> dict[str, Any]:
    """Return a voice for `--json`: as the API has it, and with whole addresses beside its paths."""
    facts = voice.model_dump(mode="json") | {"cover_url": voice.cover_url}
    for sample, told in zip(voice.samples, facts["samples"], strict=True):
        told["audio_url"] = sample.audio_url
    return facts


def _facts_of(item: Item) -> dict[str, Any]:
    return document_of_voice(item) if isinstance(item, Voice) else item.model_dump(mode="json")


def is_directory(path: Path) -> bool:
    """Say whether there is such a directory; what can be no name is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def check_directory(directory: Path | None) -> None:
    """Make sure that the directory for files is not called as a file is.

    Raises:
        InvalidRequest: It is, and there is no such directory.
    """
    if directory is None or is_directory(directory):
        return
    if directory == Path("-") or directory.suffix.lower() in _OF_FILES:
        words = f"{directory} is called as no directory is; -o is a directory, such as songs/"
        raise InvalidRequest(None, None, words)


def prepare_directory(directory: Path | None) -> None:
    """Make the directory for files, and try it, before anything is paid.

    Raises:
        InvalidRequest: It cannot be used.
    """
    check_directory(directory)
    if directory is None:
        return
    try:
        try_directory(directory, "acedata")
    except OSError as error:
        reason = error.strerror or error
        raise InvalidRequest(None, None, f"{directory} cannot be used: {reason}") from error


def prepare(delivery: Delivery) -> None:
    """Try, before anything is paid, what becomes of a result.

    Raises:
        InvalidRequest: The directory, or the template of names, cannot be used.
    """
    if delivery.template is not None:
        check_template(delivery.template, known_facts(Audio()))
    prepare_directory(delivery.directory)


@dataclass(frozen=True, slots=True)
class Batch:
    """Results of one task.

    Attributes:
        items: The results.
        task: The record of the task that made them.
        name: What a file is to be called, without its ending; None leaves it to the options.
    """

    items: Sequence[Item]
    task: Task | None = None
    name: str | None = None


async def deliver(
    ace: AceData,
    output: Output,
    items: Sequence[Item],
    delivery: Delivery,
    *,
    name: str | None = None,
    task: Task | None = None,
    unpack: bool = False,
) -> list[Delivered]:
    """Fetch results, each as the options say; or only take note of them.

    Args:
        ace: The client.
        output: Where it is told what cannot be fetched.
        items: The results.
        delivery: What becomes of them.
        name: What the file is to be called, without its ending; None leaves it to the options.
        task: The record of the task that made them.
        unpack: Whether to unpack stems.
    """
    batch = Batch(items, task, name)
    [delivered] = await deliver_all(ace, output, [batch], delivery, unpack=unpack)
    return delivered


async def deliver_all(
    ace: AceData,
    output: Output,
    batches: Sequence[Batch],
    delivery: Delivery,
    *,
    unpack: bool = False,
) -> list[list[Delivered]]:
    """Fetch the results of many tasks, so many tasks at once; those of one after the other.

    Returns:
        What became of them, in the order of `batches`.
    """
    places = asyncio.Semaphore(_AT_ONCE)

    async def of_one(batch: Batch) -> list[Delivered]:
        async with places:
            return [
                await _deliver(ace, output, item, batch, delivery, unpack=unpack)
                for item in batch.items
            ]

    return await asyncio.gather(*map(of_one, batches))


async def _deliver(
    ace: AceData,
    output: Output,
    item: Item,
    batch: Batch,
    delivery: Delivery,
    *,
    unpack: bool,
) -> Delivered:
    if delivery.directory is None or isinstance(item, Voice):
        return Delivered(item, None, None)
    try:
        with shown_download(output, item) as on_progress:
            path = await ace.download(
                item,
                delivery.directory,
                name=batch.name,
                template=None if batch.name else delivery.template,
                overwrite=delivery.overwrite,
                tags=can_tag() and not delivery.no_tags,
                unpack=unpack,
                task=batch.task,
                on_progress=on_progress,
            )
        return Delivered(item, path, None)
    except DownloadError as error:
        output.complain(error, _way_to_the_file(output, item, batch.task))
        return Delivered(item, None, error)


def _way_to_the_file(output: Output, item: Item, task: Task | None) -> str:
    """Return how to fetch later what is paid for; nothing where no task leads to it."""
    task_id = item.task_id or (task.id if task else None)
    if not task_id or not isinstance(item, Renewable):
        return ""
    return output.way_on([task_id], by="download")


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
        return shortened(item.text or "") or "Speech"
    return item.title or "Untitled"


def _address(item: Item) -> str | None:
    names = ("audio_url", "stems_url", "file_url", "video_url")
    return next((url for name in names if (url := getattr(item, name, None))), None)
