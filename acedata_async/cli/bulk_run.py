"""A bulk run of the command line, from the directory to the exit code."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from acedata_async import AceDataError, BulkItem, BulkOutcome, BulkRun, InvalidRequest, LedgerError
from acedata_async.cli import ledger_file
from acedata_async.cli.account import Account
from acedata_async.cli.board import Board
from acedata_async.cli.bulk_options import BulkOptions, service_of
from acedata_async.cli.ctrl_c import CtrlC
from acedata_async.cli.delivery import prepare_directory
from acedata_async.cli.exits import Exit, code_of
from acedata_async.cli.output import Output, as_json
from acedata_async.cli.session import Connection
from acedata_async.cli.song import Song
from acedata_async.cli.spending import Spending, spending_of
from acedata_async.cli.survey import take_survey
from acedata_async.ledger import Ledger

_GO_ON = "run the same command again to go on; nothing is paid twice"
_LONGEST_LINE = 1_000_000
_OF_A_LEDGER = ("", "-wal", "-shm", ".lock")
"""What the files of a ledger have behind its name."""

_BROKEN_OFF = "the run was broken off"


async def carry_out(
    connection: Connection, output: Output, items: list[BulkItem], options: BulkOptions
) -> Exit:
    """Make all songs of a form; return the exit code.

    Raises:
        InvalidRequest: The directory, the report or a key cannot be used; nothing was sent.
        LedgerError: The ledger cannot be used, or could not be written.
    """
    check_ledger_place(options)
    prepare_directory(options.output)
    check_report(options)
    clock = connection.clock
    # The report is opened when the ledger is held: the run that holds it may be writing its own.
    async with ledger_file.to_write(options.path, now=clock.time) as ledger:
        with Report(options.report, output) as report:
            survey = await take_survey(
                items, ledger, options.output, retry_failed=options.retry_failed
            )
            survey.check()
            if survey.turns_to_the_api:
                await connection.ace.check_token(service_of(items))
            output.how_to_go_on = _GO_ON
            output.service = service_of(items)
            run = options.begin(connection, items, ledger)
            ctrl_c = CtrlC(run, output)
            total = len(items) + survey.others.total()
            board = Board(run, output, clock, total=total)
            account = Account(items, options)
            follower = _Follower(
                run,
                output,
                ledger=ledger,
                before=survey.sent,
                board=board,
                report=report,
                account=account,
                ctrl_c=ctrl_c,
            )
            return await follower.follow()


def check_ledger_place(options: BulkOptions) -> None:
    """Make sure that the ledger's directory is there: a mistyped one would be a second ledger.

    Raises:
        InvalidRequest: It is neither there nor that of the files, which is made.
    """
    directory = options.path.parent
    if not options.will_be_there(directory):
        words = f"{directory} is no directory: correct --ledger, or make the directory"
        raise InvalidRequest(None, None, words)


def check_report(options: BulkOptions) -> None:
    """Make sure that a report takes the place of nothing but a report.

    Raises:
        InvalidRequest: The file is something else.
    """
    report = options.report
    if report is None:
        return
    ledger = [options.path.resolve().with_name(options.path.name + one) for one in _OF_A_LEDGER]
    if report.resolve() in ledger:
        raise InvalidRequest(None, None, f"{report} is the ledger's; choose another for --report")
    if not report.is_file():  # nothing is lost, or opening it says what is wrong
        return
    try:
        with report.open("rb") as file:
            first = file.readline(_LONGEST_LINE)
    except OSError as error:
        reason = error.strerror or error
        raise InvalidRequest(None, None, f"{report} cannot be read: {reason}") from error
    if first and not _is_of_a_report(first):
        raise InvalidRequest(
            None, None, f"{report} exists and is no report; choose another name for --report"
        )


def _is_of_a_report(line: bytes) -> bool:
    try:
        entry = json.loads(line)
    except ValueError:
        return False
    return isinstance(entry, dict) and {"key", "state", "resumed"} <= entry.keys()


class Report:
    """The file that gets a line as each song ends.

    Args:
        path: The file, which is written anew; None for no report.
        output: Where to say that it could not be written.

    Raises:
        InvalidRequest: It cannot be opened.
    """

    def __init__(self, path: Path | None, output: Output) -> None:
        self._output = output
        self._file = None
        try:
            if path is not None:
                self._file = path.open("w", encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            reason = error.strerror or error
            raise InvalidRequest(None, None, f"{path} cannot be written: {reason}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            with suppress(OSError):  # a disk that is full was told of already
                self._file.close()

    def write(self, song: Song) -> None:
        """Write a line; if that fails it is said once, and the songs go on."""
        if self._file is None:
            return
        try:
            self._file.write(as_json(song.document()) + "\n")
            self._file.flush()
        except OSError as error:
            self._output.warn(f"the report ends here, it cannot be written: {error}")
            with suppress(OSError):
                self._file.close()
            self._file = None


class _Follower:
    """Follows a run to its end, or to where it is left."""

    def __init__(
        self,
        run: BulkRun,
        output: Output,
        *,
        ledger: Ledger,
        before: Mapping[str, float],
        board: Board,
        report: Report,
        account: Account,
        ctrl_c: CtrlC,
    ) -> None:
        self._run = run
        self._output = output
        self._ledger = ledger
        self._before = before
        self._board = board
        self._report = report
        self._account = account
        self._ctrl_c = ctrl_c

    async def follow(self) -> Exit:
        """Follow it, write what came of it, and return the exit code."""
        try:
            with self._ctrl_c.heard():
                async with self._run, self._board:
                    async for outcome in self._run:
                        self._take(outcome)
        except asyncio.CancelledError:
            pressed = self._ctrl_c.pressed
            await self._see_what_is_left()
            code = Exit.INTERRUPTED if pressed else Exit.TERMINATED
            await self._tell(code, stopped=_BROKEN_OFF)
            if pressed:
                raise KeyboardInterrupt from None
            raise
        except AceDataError as error:
            if self._account.songs:
                await self._see_what_is_left()
                await self._tell(code_of(error), stopped=str(error))
            raise
        code = Exit.INTERRUPTED if self._ctrl_c.pressed else self._account.code
        await self._tell(code, stopped=self._run.stats.stopped)
        return self._output.interrupted(code) if self._ctrl_c.pressed else code

    async def _tell(self, code: Exit, *, stopped: str | None) -> None:
        spending: Spending | None = None
        with suppress(LedgerError):  # it may be what the run ended with
            spending = await spending_of(self._ledger, self._before)
        self._account.write(self._output, code, stopped=stopped, spending=spending)

    def _take(self, outcome: BulkOutcome) -> None:
        song = Song.of(outcome)
        self._account.add(song)
        self._report.write(song)
        self._board.hear(song)

    async def _see_what_is_left(self) -> None:
        """Take in what came while the run was left, and how the other songs stand now."""
        with suppress(AceDataError):  # it may be what the run ended with
            async for outcome in self._run:
                self._take(outcome)
        open_keys = self._account.open_keys()
        entries = {}
        with suppress(LedgerError):
            async for entry in self._ledger.entries():
                if entry.key in open_keys:
                    entries[entry.key] = entry
        self._account.leave(entries)
