"""What a command writes: results on stdout, all else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from acedata_async import InvalidRequest
from acedata_async.cli.exits import Exit, advice_for, code_of

_WIDE = 200
"""Columns where the output is no terminal: wide enough not to break paths."""


def plain(text: object) -> str:
    """Return a text of the API's as one line that cannot steer a terminal."""
    return "".join(char if char.isprintable() else " " for char in str(text))


def minutes(seconds: float | None) -> str:
    """Return a duration as `3:01`; nothing for None."""
    if seconds is None:
        return ""
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02}"


class Output:
    """Where a command writes to.

    Args:
        as_json: One JSON document on stdout, and nothing else there.
        quiet: No progress on stderr; errors and warnings only.

    Attributes:
        as_json: As given.
        quiet: As given.
        progress: The console on stderr.
        accepted: The ids of the tasks that were accepted.
        how_to_go_on: What to do after an interruption; empty for watching those tasks.
    """

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        self.progress = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self.accepted: list[str] = []
        self.how_to_go_on = ""
        self._documents = 0

    @property
    def live(self) -> bool:
        """Whether stderr is a terminal that can show a moving display."""
        return self.progress.is_terminal and not self.quiet

    def result(self, document: Mapping[str, Any], lines: Sequence[str]) -> None:
        """Write the result: the document with `--json`, else the lines."""
        if self.as_json:
            self._documents += 1
            text = json.dumps(document, indent=2, ensure_ascii=False, default=str)
            sys.stdout.write(text.encode(errors="replace").decode() + "\n")
        else:
            for line in lines:
                sys.stdout.write(plain(line) + "\n")
        sys.stdout.flush()

    def table_console(self) -> Console:
        """Return a console on stdout for a table."""
        width = None if sys.stdout.isatty() else _WIDE
        return Console(file=sys.stdout, width=width, highlight=False, markup=False)

    def note(self, text: str) -> None:
        """Write a line of progress, unless told to be quiet."""
        if not self.quiet:
            self.progress.print(plain(text))

    def warn(self, text: object) -> None:
        """Write a warning."""
        self.progress.print(plain(f"acedata: warning: {text}"))

    def task_accepted(self, task_id: str, of: str = "") -> None:
        """Write down the id of a task that is now being made, and paid for."""
        if task_id not in self.accepted:
            self.accepted.append(task_id)
            self.note(f"{of}: task {task_id}" if of else f"task {task_id}")

    def complain(self, error: Exception) -> None:
        """Write an error to stderr, on one line but for a list of problems."""
        problems = error.problems if isinstance(error, InvalidRequest) else ()
        many = len(problems) > 1
        message = f"{len(problems)} problems; nothing was sent" if many else str(error)
        advice = advice_for(error)
        line = f"acedata: {type(error).__name__}: {message}" + (f"; {advice}" if advice else "")
        self.progress.print(plain(line))
        for problem in problems if many else ():
            self.progress.print(plain(f"  {problem}"))

    def error(self, error: Exception) -> Exit:
        """Write the error that ends a command; return its exit code."""
        self.complain(error)
        code = code_of(error)
        problems = error.problems if isinstance(error, InvalidRequest) else ()
        self._document_of_error(type(error).__name__, str(error), code, problems)
        return code

    def interrupted(self, advice: str) -> Exit:
        """Say that the user broke it off, and what lives on."""
        message = f"interrupted; {advice}" if advice else "interrupted"
        self.progress.print(plain(f"acedata: {message}"))
        self._document_of_error("Interrupted", message, Exit.INTERRUPTED, ())
        return Exit.INTERRUPTED

    def _document_of_error(
        self, kind: str, message: str, code: Exit, problems: Sequence[str]
    ) -> None:
        if not self.as_json or self._documents:
            return
        facts: dict[str, Any] = {"type": kind, "message": message, "exit_code": int(code)}
        if problems:
            facts["problems"] = list(problems)
        if self.accepted:
            facts["task_ids"] = self.accepted
        self.result({"error": facts}, ())
