"""What moves on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from acedata_async import Progress as DownloadProgress
from acedata_async import Task

_WORDS = TextColumn("{task.description}", markup=False)


class Display:
    """Rows on a terminal: tasks that are waited for, and files that come.

    All of them are in one display, since older versions of rich take no other beside it. It is
    there as long as it has a row.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._tasks = Progress(SpinnerColumn(), _WORDS, BarColumn(), TimeElapsedColumn())
        self._files = Progress(
            _WORDS, BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
        )
        self._live: Live | None = None

    @contextmanager
    def task(self, name: str) -> Iterator[Callable[[Task], object]]:
        """Show a task; yield what is to be told of its news."""
        with self._row(self._tasks, f"{name} pending") as row:
            yield lambda task: self._tasks.update(
                row,
                description=f"{name} {task.state}",
                completed=task.progress or 0,
                total=None if task.progress is None else 1,
            )

    @contextmanager
    def file(self, name: str) -> Iterator[Callable[[DownloadProgress], object]]:
        """Show a download, with its speed and the time that is left; yield its `on_progress`."""
        with self._row(self._files, name) as row:
            yield lambda heard: self._files.update(row, completed=heard.received, total=heard.total)

    @contextmanager
    def _row(self, rows: Progress, words: str) -> Iterator[TaskID]:
        row = rows.add_task(words, total=None)
        try:
            if self._live is None:
                group = Group(self._tasks, self._files)
                self._live = Live(group, console=self._console, transient=True)
                self._live.start()
            self._live.refresh()
            yield row
        finally:
            rows.remove_task(row)
            if self._live is not None and not (self._tasks.tasks or self._files.tasks):
                self._live.stop()
                self._live = None
