"""What a command writes: results on stdout, all else on stderr."""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from acedata_async import APIError, InvalidRequest, WatchTimeout
from acedata_async.cli.display import Display
from acedata_async.cli.exits import Exit, advice_for, code_of

_WIDE = 200
"""Columns where the output is no terminal: wide enough not to break paths."""
_MOST_PROBLEMS = 50
"""Lines about what is wrong with a form; with `--json` all of them are in the document."""
_LONGEST_TITLE = 60
"""Characters of a text in the place of a title."""
_BAD_REQUEST = 400
_IN_DOUBT = (
    "a paid call was under way, and nobody knows what became of it: it may have been created and"
    " paid; look for it at https://platform.acedata.cloud before you send it again"
)
_UNLISTED = re.compile(r"… and ([\d,]+) more")


def plain(text: object) -> str:
    """Return a text of the API's as one line that cannot steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in str(text))


def as_json(document: object, *, indent: int | None = None, encoding: str = "utf-8") -> str:
    """Return a document as JSON that cannot steer a terminal.

    Letters stay readable where the encoding has them all; what is invisible or changes the
    direction of a text is escaped.
    """
    text = json.dumps(document, indent=indent, ensure_ascii=False, default=str)
    text = text.encode(errors="replace").decode()
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return json.dumps(document, indent=indent, default=str)
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def json_to_stdout(document: object, *, indent: int | None = None, before: str = "") -> None:
    """Write a document to stdout as JSON, in the letters that it has; see `to_stdout`."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    to_stdout(before + as_json(document, indent=indent, encoding=encoding))


def to_stdout(text: str) -> None:
    """Write a text to stdout, now.

    Raises:
        BrokenPipeError: Whoever read it has enough.
        OSError: It is closed, or cannot be written.
    """
    stream = sys.stdout
    if stream is None:
        raise OSError("stdout is closed: the result could not be written")
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        _forget(stream)
        reason = error.strerror or error
        raise OSError(f"the result could not be written to stdout: {reason}") from error


def _forget(stream: TextIO) -> None:
    """Let nothing wait in a stream any more: the interpreter would fail with it at its end."""
    with suppress(OSError), Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), stream.fileno())
        stream.flush()


def minutes(seconds: float | None) -> str:
    """Return a duration as `3:01`; nothing for None."""
    if seconds is None:
        return ""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


def shortened(text: str) -> str:
    """Return a text on one line; if it is longer than 60 characters, its beginning and `…`."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST_TITLE else f"{flat[: _LONGEST_TITLE - 1].rstrip()}…"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 song`, `2,000 songs`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def thing_of(service: str) -> str:
    """Return what a service makes: a song, or an `item` where voices and speeches mix."""
    return "item" if service == "fish" else "song"


class Output:
    """Where a command writes to.

    Args:
        as_json: One JSON document on stdout, and nothing else there.
        quiet: No progress on stderr; errors and warnings only.
        embedded: The tasks are those of a sandbox that ends with the command.

    Attributes:
        as_json: As given.
        quiet: As given.
        progress: The console on stderr.
        display: What moves there, where it is a terminal.
        accepted: The ids of the tasks that were accepted.
        directory: Where files go; None where none are wanted.
        template: What they are called there; None where nobody has said so.
        service: The service whose tasks they are.
        how_to_go_on: What to do after an interruption; empty for watching those tasks.
        unanswered: How many paid calls were broken off, of which nobody knows what became.
    """

    def __init__(self, *, as_json: bool, quiet: bool, embedded: bool = False) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.progress = Console(
            stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True
        )
        self.display = Display(self.progress)
        self.accepted: list[str] = []
        self.unanswered = 0
        self.directory: Path | None = None
        self.template: str | None = None
        self.service = "producer"
        self.how_to_go_on = ""
        self._embedded = embedded
        self._documents = 0

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal that can show a moving display."""
        return self.progress.is_terminal and not self.quiet

    def result(self, document: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Write the result: the document with `--json`, else the lines.

        Raises:
            OSError: It could not be written.
        """
        if self.as_json:
            self._documents += 1
            json_to_stdout(document, indent=2)
            to_stdout("\n")
        else:
            to_stdout("".join(f"{plain(line)}\n" for line in lines))

    def table(self, table: Table) -> None:
        """Write a table to stdout.

        Raises:
            OSError: It could not be written.
        """
        on_terminal = sys.stdout is not None and sys.stdout.isatty()
        width = None if on_terminal else _WIDE
        console = Console(
            file=StringIO(),
            width=width,
            force_terminal=on_terminal or None,
            highlight=False,
            markup=False,
            emoji=False,
        )
        with console.capture() as captured:
            console.print(table)
        to_stdout(captured.get())

    def note(self, text: str) -> None:
        """Write a line of progress, unless told to be quiet."""
        if not self.quiet:
            self.progress.print(plain(text))

    def warn(self, text: object) -> None:
        """Write a warning."""
        self.progress.print(plain(f"acedata: warning: {text}"))

    def task_accepted(self, task_id: str, of: str = "", *, service: str = "producer") -> None:
        """Write down the id of a task that is now being made, and paid for."""
        self.service = service
        if task_id and task_id not in self.accepted:
            self.accepted.append(task_id)
            self.note(f"{of}: task {task_id}" if of else f"task {task_id}")

    def way_on(self, task_ids: Sequence[str], *, by: str = "watch") -> str:
        """Return what to do about tasks that live on; nothing where there are none.

        Args:
            task_ids: Their ids.
            by: The command that goes on with them.
        """
        if self._embedded and (task_ids or self.how_to_go_on):
            return "the sandbox inside this command is gone, and its tasks with it"
        if self.how_to_go_on or not task_ids:
            return self.how_to_go_on
        place = [] if self.directory is None else ["-o", str(self.directory)]
        if place and self.template is not None:
            place += ["--template", self.template]
        which = ["--fish"] if self.service == "fish" else []
        return f"go on with: {shlex.join(['acedata', by, *which, *task_ids, *place])}"

    def complain(self, error: Exception, advice: str = "") -> None:
        """Write an error to stderr, on one line but for a list of problems.

        Args:
            error: The error.
            advice: What to do about it; without it, what is to be done about such errors.
        """
        problems = error.problems if isinstance(error, InvalidRequest) else ()
        many = len(problems) > 1
        count = _number_of(problems)
        message = f"{count:,} problems; nothing was sent" if many else str(error)
        lasting = error.task_ids if isinstance(error, WatchTimeout) else ()
        advice = advice or self.way_on(lasting) or _hint_at(error) or advice_for(error)
        line = f"acedata: {type(error).__name__}: {message}" + (f"; {advice}" if advice else "")
        self.progress.print(plain(line))
        shown = problems[:_MOST_PROBLEMS] if many else ()
        for problem in shown:
            self.progress.print(plain(f"  {problem}"))
        if shown and count > len(shown):
            self.progress.print(f"  … and {count - len(shown):,} more")

    def error(self, error: Exception) -> Exit:
        """Write the error that ends a command; return its exit code."""
        self.complain(error)
        code = code_of(error)
        problems = error.problems if isinstance(error, InvalidRequest) else ()
        self._document_of_error(type(error).__name__, str(error), code, problems)
        return code

    def interrupted(self, code: Exit) -> Exit:
        """Say that the command was broken off, and how to go on; return the exit code."""
        in_doubt = _IN_DOUBT if self.unanswered and not self.how_to_go_on else ""
        message = "; ".join(filter(None, ["interrupted", in_doubt, self.way_on(self.accepted)]))
        self.progress.print(plain(f"acedata: {message}"))
        self._document_of_error("Interrupted", message, code, ())
        return code

    def usage_error(self, message: str) -> None:
        """Write the document of a command line that could not be read."""
        self._document_of_error("UsageError", message, Exit.USAGE, ())

    def _document_of_error(
        self, kind: str, message: str, code: Exit, problems: Sequence[str]
    ) -> None:
        if not self.as_json or self._documents:
            return
        facts: dict[str, Any] = {"type": kind, "message": message, "exit_code": int(code)}
        if kind == "Interrupted":
            facts["may_be_paid"] = self.unanswered > 0
        if problems:
            facts["problems"] = list(problems)
        if self.accepted:
            facts["task_ids"] = self.accepted
        with suppress(OSError):  # the error may be that nothing can be written there
            self.result({"error": facts}, ())


def _hint_at(error: Exception) -> str:
    """Return what a refusal means that does not say it itself; else nothing."""
    refused = isinstance(error, APIError) and error.status == _BAD_REQUEST
    # The vendor calls a voice so, and has no code for it: a voice that is not there is api_error.
    unknown = refused and "reference not found" in str(error).lower()
    return "no such voice; see `acedata voice list`" if unknown else ""


def _number_of(problems: Sequence[str]) -> int:
    """Return how many problems there are; the last line may stand for some that are not listed."""
    unlisted = _UNLISTED.fullmatch(problems[-1]) if problems else None
    if unlisted is None:
        return len(problems)
    return len(problems) - 1 + int(unlisted[1].replace(",", ""))
