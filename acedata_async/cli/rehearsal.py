"""What `bulk --dry-run` does: all that a run does before it sends anything, and nothing else."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import typer

from acedata_async import AceData, BulkItem, InvalidRequest
from acedata_async._clock import SystemClock
from acedata_async.bulk.origin import check_origin
from acedata_async.cli import ledger_file
from acedata_async.cli.bulk_options import BulkOptions, service_of
from acedata_async.cli.bulk_run import check_ledger_place, check_report
from acedata_async.cli.delivery import prepare_directory
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import Common
from acedata_async.cli.output import Output, thing_of
from acedata_async.cli.session import Connection, connected
from acedata_async.cli.survey import Survey, room_words, take_survey
from acedata_async.ledger import MemoryLedger
from acedata_async.ledger.opening import check_free_to_hold, is_blank

_ANY_TOKEN = "not-used"  # noqa: S105 - it stands for one, and is never sent


async def rehearsed(
    context: typer.Context,
    common: Common,
    output: Output,
    items: list[BulkItem],
    options: BulkOptions,
) -> Exit:
    """Say what a run would do, with a client that sends nothing; return the exit code."""

    async def work(connection: Connection, output: Output) -> Exit:
        return await rehearse(connection, output, items, options)

    if context.obj is not None or common.sandbox:
        return await connected(context, common, work, output)
    async with _unsent() as connection:
        return await work(connection, output)


@asynccontextmanager
async def _unsent() -> AsyncIterator[Connection]:
    """Open a client of the API; it needs no token, for it sends nothing."""
    async with AceData(_ANY_TOKEN) as ace:
        yield Connection(ace, SystemClock())


async def rehearse(
    connection: Connection, output: Output, items: list[BulkItem], options: BulkOptions
) -> Exit:
    """Say what a run would do, and end as it would if it ends before it sends anything.

    Raises:
        InvalidRequest: The directory, the report, the ledger's place or a key cannot be used.
        LedgerError: The ledger cannot be used, or is of another API.
        ConfigurationError: An option has a value that no run can have.
    """
    check_ledger_place(options)
    _check_directory(options)
    check_report(options)
    path = str(options.path)
    await asyncio.to_thread(check_free_to_hold, path, ledger_file.PATIENCE)
    _check_report_place(options)
    options.begin(connection, items, MemoryLedger())  # it checks the options, and begins nothing
    survey = await _survey(connection, items, options)
    room = survey.room(options.budget, options.budget_credits)
    document = {
        "directory": str(options.output),
        "ledger": path,
        **survey.document(room),
        "exit_code": int(Exit.GOOD),
    }
    thing = thing_of(service_of(items))
    words = room_words(survey, options.budget, options.budget_credits, thing=thing)
    output.result(document, [*survey.lines(), *words])
    return Exit.GOOD


async def _survey(connection: Connection, items: list[BulkItem], options: BulkOptions) -> Survey:
    retry = options.retry_failed
    if not options.path.exists() or is_blank(str(options.path)):
        return await take_survey(items, None, options.output, retry_failed=retry)
    async with ledger_file.to_read(options.path) as ledger:
        survey = await take_survey(items, ledger, options.output, retry_failed=retry)
        survey.check()
        await check_origin(ledger, connection.ace.base_url)
    return survey


def _check_directory(options: BulkOptions) -> None:
    """Try the directory for files, or that in which it would be made."""
    places = (options.output, *options.output.absolute().parents)
    prepare_directory(next(place for place in places if place.exists()))


def _check_report_place(options: BulkOptions) -> None:
    """Find out whether the report could be written, without making it."""
    report = options.report
    if report is None:
        return
    parent = report.parent
    if report.exists():
        usable = os.access(report, os.W_OK) and not report.is_dir()
    elif parent.is_dir():
        usable = os.access(parent, os.W_OK)
    else:
        usable = options.will_be_there(parent)
    if usable:
        return
    try:
        with report.open("ab"):  # it fails, and says why
            pass
    except OSError as error:
        reason = error.strerror or error
        raise InvalidRequest(None, None, f"{report} cannot be written: {reason}") from error
