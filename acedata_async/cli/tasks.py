"""The commands on tasks that were submitted before."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from acedata_async import AceDataError, DownloadError, Task, TaskFailed, TaskNotFound
from acedata_async.cli.delivery import (
    Batch,
    Delivered,
    code_of_delivery,
    deliver,
    deliver_all,
    lines_of,
    prepare,
    results_of,
    task_document,
)
from acedata_async.cli.exits import Exit, code_of, worst
from acedata_async.cli.options import (
    Common,
    Delivery,
    NoTags,
    Overwrite,
    TaskIds,
    Template,
    Unpack,
    command,
)
from acedata_async.cli.output import Output
from acedata_async.cli.progress import follow, percent
from acedata_async.cli.session import Connection, perform
from acedata_async.resources.fish import Fish
from acedata_async.resources.producer import Producer

OptionalOutput = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Fetch the files into this directory.", file_okay=False),
]


OfFish = Annotated[
    bool, typer.Option("--fish", help="They are tasks of Fish: voices and what they say.")
]


def add_tasks(app: typer.Typer) -> None:
    """Add the commands on tasks."""

    @command(
        app,
        "task",
        "acedata task 1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad --json",
        "acedata task --fish TASK_ID",
    )
    def task(
        context: typer.Context,
        task_ids: TaskIds,
        common: Common,
        *,
        fish: OfFish = False,
    ) -> None:
        """Look tasks up, now. Free."""

        async def work(connection: Connection, output: Output) -> Exit:
            output.service = _name(of_fish=fish)
            service = connection.service(output.service)
            return await _look_up(service, output, list(dict.fromkeys(task_ids)))

        perform(context, common, work)

    _add_watch(app)
    _add_download(app)


def _add_watch(app: typer.Typer) -> None:
    @command(
        app,
        "watch",
        "acedata watch 1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad -o songs/",
        "acedata watch TASK_ID TASK_ID --timeout 120 --json",
        "acedata watch --fish TASK_ID -o speech/",
    )
    def watch(
        context: typer.Context,
        task_ids: TaskIds,
        common: Common,
        *,
        output: OptionalOutput = None,
        template: Template = None,
        no_tags: NoTags = False,
        overwrite: Overwrite = False,
        unpack: Unpack = False,
        fish: OfFish = False,
    ) -> None:
        """Wait for tasks that were submitted before, and fetch their files with -o. Free."""
        directory = output

        async def work(connection: Connection, output: Output) -> Exit:
            wanted = list(dict.fromkeys(task_ids))
            output.directory, output.service = directory, _name(of_fish=fish)
            delivery = Delivery(
                output=directory or Path(),
                no_download=directory is None,
                template=template,
                no_tags=no_tags,
                overwrite=overwrite,
            )
            prepare(delivery)
            return await _watch_all(connection, output, wanted, delivery, unpack=unpack)

        perform(context, common, work)


def _add_download(app: typer.Typer) -> None:
    @command(
        app,
        "download",
        "acedata download TASK_ID TASK_ID -o songs/",
        "acedata download --fish TASK_ID -o speech/",
        'acedata download TASK_ID -o songs/ --template "{created_at} {title}"',
    )
    def download(
        context: typer.Context,
        task_ids: TaskIds,
        *,
        delivery: Delivery,
        common: Common,
        fish: OfFish = False,
        unpack: Unpack = False,
    ) -> None:
        """Fetch the files of tasks that have ended. Free."""

        async def work(connection: Connection, output: Output) -> Exit:
            prepare(delivery)
            output.directory, output.service = delivery.directory, _name(of_fish=fish)
            wanted = list(dict.fromkeys(task_ids))
            found = await connection.service(output.service).retrieve_batch(wanted)
            ended = await _fetch_all(connection, output, wanted, found, delivery, unpack=unpack)
            documents = [document for document, _, _ in ended]
            output.result({"tasks": documents}, [line for _, lines, _ in ended for line in lines])
            return worst(code for _, _, code in ended)

        perform(context, common, work)


Ended = tuple[dict[str, Any], list[str], Exit]
"""What is told of a task: its document, its lines, its exit code."""


async def _fetch_all(
    connection: Connection,
    output: Output,
    task_ids: Sequence[str],
    found: Mapping[str, Task],
    delivery: Delivery,
    *,
    unpack: bool,
) -> list[Ended]:
    """Fetch what tasks made; what has not ended, or failed, is said."""
    troubles = {
        task_id: trouble
        for task_id in task_ids
        if (trouble := _unfit(output, task_id, found.get(task_id)))
    }
    good = [found[task_id] for task_id in task_ids if task_id not in troubles]
    batches = [Batch(results_of(task), task) for task in good]
    made = await deliver_all(connection.ace, output, batches, delivery, unpack=unpack)
    ended = {
        task_id: _ended(task_id, task, delivered)
        for task_id, task, delivered in zip(
            (one for one in task_ids if one not in troubles), good, made, strict=True
        )
    }
    return [(troubles | ended)[task_id] for task_id in task_ids]


def _unfit(output: Output, task_id: str, task: Task | None) -> Ended | None:
    """Say why nothing of a task can be fetched; None if it can."""
    if task is None:
        return _trouble(output, task_id, TaskNotFound(task_id))
    if not task.final:
        words = f"task {task_id} is {task.state}; `acedata watch` waits for it"
        return _trouble(output, task_id, DownloadError(words, url=""), state=task.state)
    return None if task.state == "succeeded" else _trouble(output, task_id, TaskFailed(task))


def _ended(task_id: str, task: Task, delivered: Sequence[Delivered]) -> Ended:
    document = task_document(task_id, task.state, delivered)
    return document, lines_of(delivered), code_of_delivery(delivered)


def _trouble(
    output: Output, task_id: str, error: AceDataError, *, state: str | None = None
) -> Ended:
    output.complain(error, _other_service(output) if isinstance(error, TaskNotFound) else "")
    facts = {"type": type(error).__name__, "message": str(error)}
    document = {**task_document(task_id, state or _state_after(error), []), "error": facts}
    return document, [], code_of(error)


def _other_service(output: Output) -> str:
    """Return where else a task may be that one service does not know."""
    if output.service == "fish":
        return "if it is a song, leave out --fish"
    return "if it is a voice or a speech, add --fish"


def _name(*, of_fish: bool) -> str:
    return "fish" if of_fish else "producer"


async def _look_up(service: Producer | Fish, output: Output, task_ids: list[str]) -> Exit:
    found = await service.retrieve_batch(task_ids)
    missing = [task_id for task_id in task_ids if task_id not in found]
    document = {
        "tasks": [
            {"task_id": task.id, "state": task.state, "record": task.export()}
            for task in found.values()
        ],
        "missing": missing,
    }
    lines = [line for task in found.values() for line in _lines_of(task)]
    output.result(document, lines)
    for task_id in missing:
        output.complain(TaskNotFound(task_id), _other_service(output))
    return Exit.FAILED if missing else Exit.GOOD


def _lines_of(task: Task) -> list[str]:
    failure = task.failure
    why = [failure.code, failure.message] if failure else []
    head = [task.id, task.state, percent(task.progress), *why]
    facts = [("title", audio.title) for audio in task.audios]
    facts += [("address", audio.audio_url) for audio in task.audios]
    if task.stems:
        facts.append(("address", task.stems.stems_url))
    if task.speech and not task.audios:
        facts.append(("address", task.speech.audio_url))
    if task.voice:
        facts += [("title", task.voice.title), ("voice id", task.voice.id)]
    return [
        "  ".join(filter(None, head)),
        *(f"  {name:<9} {value}" for name, value in facts if value),
    ]


async def _watch_all(
    connection: Connection,
    output: Output,
    task_ids: list[str],
    delivery: Delivery,
    *,
    unpack: bool,
) -> Exit:
    """Wait for all at once; one task's trouble does not hide the others."""
    ended = await asyncio.gather(
        *(_watch(connection, output, one, delivery, unpack=unpack) for one in task_ids)
    )
    documents = [document for document, _, _ in ended]
    output.result({"tasks": documents}, [line for _, lines, _ in ended for line in lines])
    return worst(code for _, _, code in ended)


async def _watch(
    connection: Connection, output: Output, task_id: str, delivery: Delivery, *, unpack: bool
) -> Ended:
    try:
        task = await follow(connection.service(output.service).watch(task_id), output)
        if task.state != "succeeded":
            raise TaskFailed(task)
    except AceDataError as error:
        return _trouble(output, task_id, error)
    results = results_of(task)
    delivered = await deliver(connection.ace, output, results, delivery, task=task, unpack=unpack)
    return _ended(task_id, task, delivered)


def _state_after(error: AceDataError) -> str:
    if isinstance(error, TaskFailed):
        return error.task.state
    return "missing" if isinstance(error, TaskNotFound) else "unknown"
