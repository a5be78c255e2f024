"""From the options of a command to a song, a voice or a speech."""

from __future__ import annotations

from typing import Any

import typer

from acedata_async import TaskRequest
from acedata_async._rules.templates import as_template
from acedata_async.cli.delivery import (
    check_directory,
    code_of_delivery,
    deliver,
    lines_of,
    prepare,
    results_of,
    task_document,
)
from acedata_async.cli.exits import Exit
from acedata_async.cli.info import id_within
from acedata_async.cli.options import Common, SongDelivery, SongOptions
from acedata_async.cli.output import Output
from acedata_async.cli.progress import follow
from acedata_async.cli.session import Connection, perform


def make_song(
    context: typer.Context,
    kind: type[TaskRequest[Any]],
    fields: dict[str, Any],
    *,
    song: SongOptions | None,
    delivery: SongDelivery,
    common: Common,
    unpack: bool = False,
) -> None:
    """Make what a command asks for: check it, send it, wait for it, fetch it.

    Args:
        context: The command's context.
        kind: The request.
        fields: Those of its fields that are the command's own; None for unset.
        song: The other fields, where it has more.
        delivery: What becomes of the result.
        common: What every command can be told.
        unpack: Whether to unpack stems.
    """

    async def work(connection: Connection, output: Output) -> Exit:
        given = {**fields, **(song.request_fields() if song else {})}
        given["audio_id"] = await id_within(given.get("audio_id"))
        set_ones = {name: value for name, value in given.items() if value is not None}
        request = kind.model_validate(set_ones)
        return await make(connection, output, request, delivery, unpack=unpack)

    perform(context, common, work)


async def make(
    connection: Connection,
    output: Output,
    request: TaskRequest[Any],
    delivery: SongDelivery,
    *,
    name: str | None = None,
    unpack: bool = False,
) -> Exit:
    """Send a request, wait for what comes of it, and fetch it.

    Args:
        connection: Where it is sent.
        output: Where the command writes to.
        request: What is asked for.
        delivery: What becomes of the result.
        name: What the file is to be called, without its ending; None leaves it to the options.
        unpack: Whether to unpack stems.
    """
    ace, output.directory = connection.ace, delivery.directory
    output.template = delivery.template if name is None else as_template(name)
    if delivery.no_wait:
        check_directory(delivery.directory)
    else:
        prepare(delivery)
    watcher = await connection.service(request.service()).submit(request)
    task_id = watcher.id or ""
    output.task_accepted(task_id, service=request.service())
    if delivery.no_wait and task_id:
        output.result(task_document(task_id, watcher.state, []), [task_id])
        output.note(output.way_on([task_id]))
        return Exit.GOOD
    task = await follow(watcher, output)
    await watcher  # raises where the task brought nothing
    results = results_of(task)
    delivered = await deliver(ace, output, results, delivery, name=name, task=task, unpack=unpack)
    output.result(task_document(task_id, task.state, delivered), lines_of(delivered))
    return code_of_delivery(delivered)
