"""The command `bulk`: all songs of a form, each paid for once."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from acedata_async import BulkItem, InvalidRequest
from acedata_async.bulk import read_form
from acedata_async.cli.bulk_options import BulkOptions, service_of
from acedata_async.cli.bulk_run import carry_out
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import Common, command
from acedata_async.cli.output import Output
from acedata_async.cli.rehearsal import rehearsed
from acedata_async.cli.session import Connection, conclude, connected, output_of

Form = Annotated[
    str,
    typer.Argument(
        help="A file of JSON lines, a song, voice or speech each; - for stdin.", metavar="FILE"
    ),
]


def add_bulk(app: typer.Typer) -> None:
    """Add the command that makes many songs."""

    @command(
        app,
        "bulk",
        "acedata bulk songs.jsonl -o songs/",
        "acedata bulk songs.jsonl -o songs/ --dry-run",
        "acedata bulk songs.jsonl -o trial/ --sandbox",
        "acedata bulk chapters.jsonl -o book/",
        "cat songs.jsonl | acedata bulk - -o songs/ --json",
    )
    def bulk(context: typer.Context, file: Form, options: BulkOptions, common: Common) -> None:
        """Make all songs of a form, or all voices and speeches, each paid for once. Paid.

        A form is for one service: songs in one, voices and what they say in another.

        With --dry-run nothing is sent, paid or made: it says how many songs would be paid, and
        how the others stand. It needs no token, and ends with the same code as a run that ends
        before it sends anything.

        Run it again to go on: what is saved is kept, what was sent is waited for, and nothing
        is paid twice. The ledger beside the files remembers what was sent, paid, made and saved.
        """
        output = output_of(common)
        _ = options.limit  # wrong usage is told before the form is read

        def begin() -> Coroutine[Any, Any, Exit]:
            items = _read(file)
            service_of(items)  # it says what is wrong with a form for several
            if options.dry_run:
                return rehearsed(context, common, output, items, options)

            async def work(connection: Connection, output: Output) -> Exit:
                return await carry_out(connection, output, items, options)

            return connected(context, common, work, output)

        conclude(output, begin)


def _read(file: str) -> list[BulkItem]:
    name = "stdin" if file == "-" else file
    try:
        if file == "-":
            return read_form(sys.stdin.buffer, name=name)
        with Path(file).open("rb") as source:
            return read_form(source, name=name)
    except FileNotFoundError:
        raise InvalidRequest(None, None, f"{file}: no such file") from None
    except OSError as error:
        reason = error.strerror or error
        raise InvalidRequest(None, None, f"{name} cannot be read: {reason}") from error
