"""The command `run`: many jobs from one file."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from acedata_async import InvalidRequest
from acedata_async.cli.exits import Exit, code_of_job, worst
from acedata_async.cli.options import Common, command
from acedata_async.cli.output import Output, minutes, plain
from acedata_async.cli.progress import Board, state_text
from acedata_async.cli.session import Connection, perform
from acedata_async.jobs import Job, JobOutcome, read_jobs, run_jobs, unsettled

JobFile = Annotated[
    str, typer.Argument(help="A file of JSON lines, a job each; - for stdin.", metavar="FILE")
]
JobDirectory = Annotated[
    Path,
    typer.Option("--output", "-o", help="The directory for files and records.", file_okay=False),
]


def add_run(app: typer.Typer) -> None:
    """Add the command that runs jobs."""

    @command(
        app,
        "run",
        "acedata run songs.jsonl -o out/",
        "acedata run songs.jsonl -o trial/ --sandbox",
        "cat songs.jsonl | acedata run - -o out/ --json",
    )
    def run(
        context: typer.Context, file: JobFile, common: Common, output: JobDirectory = Path()
    ) -> None:
        """Make everything that a file of jobs asks for.

        Run it again to go on: what is saved is kept, what was sent is waited for, and nothing
        is paid twice. Each job has a record, KEY.json, beside its file.
        """
        directory = output

        async def work(connection: Connection, output: Output) -> Exit:
            return await _run(connection, output, _read(file), directory)

        perform(context, common, work)


def _read(file: str) -> list[Job]:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        jobs = read_jobs(content.decode("utf-8"))
    except FileNotFoundError:
        raise InvalidRequest(None, None, f"{file}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest("file", file, f"a file of JSON lines in UTF-8 ({error})") from error
    if not jobs:
        raise InvalidRequest(None, None, f"no jobs in {'stdin' if file == '-' else file}")
    return jobs


async def _run(connection: Connection, output: Output, jobs: list[Job], directory: Path) -> Exit:
    ace, origin = connection.ace, connection.origin
    if unsettled(jobs, directory, origin=origin):
        await ace.check_token()
    output.how_to_go_on = "run the same command again to go on; nothing is paid twice"
    board = Board(jobs, output)
    try:
        with board:
            await run_jobs(ace, jobs, directory, on_change=board.hear, origin=origin)
    except asyncio.CancelledError:
        _write(output, board.outcomes.values(), directory)
        raise
    _write(output, board.outcomes.values(), directory)
    return worst(map(code_of_job, board.outcomes.values()))


def _write(output: Output, outcomes: Iterable[JobOutcome], directory: Path) -> None:
    known = list(outcomes)
    if output.as_json:
        document = {"directory": str(directory), "jobs": [_document(one) for one in known]}
        output.result(document, [])
        return
    table = Table("Title", "Action", "Duration", box=None, pad_edge=False)
    table.add_column("File", overflow="fold")
    for outcome in known:
        title = outcome.title or f"({outcome.job.key})"
        place = Text(plain(outcome.path)) if outcome.path else state_text(outcome)
        length = minutes(outcome.duration)
        table.add_row(Text(plain(title)), Text(outcome.job.action), Text(length), place)
    output.table_console().print(table)


def _document(outcome: JobOutcome) -> dict[str, Any]:
    error = outcome.error
    return {
        "key": outcome.job.key,
        "action": outcome.job.action,
        "state": outcome.state,
        "task_id": outcome.task_id,
        "audio_id": outcome.audio_id,
        "title": outcome.title,
        "duration": outcome.duration,
        "file": None if outcome.path is None else str(outcome.path),
        "reason": outcome.reason or None,
        "error": error and {"type": type(error).__name__, "message": str(error)},
    }
