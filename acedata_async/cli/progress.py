"""What is waited for and fetched, on stderr: a moving display on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from acedata_async import Progress as DownloadProgress
from acedata_async import Task, TaskWatcher
from acedata_async.cli.output import Output, plain


def percent(share: float | None) -> str:
    """Return a share as `40 %`; nothing for None."""
    return "" if share is None else f"{share:.0%}".replace("%", " %")


async def follow(watcher: TaskWatcher[Any], output: Output) -> Task:
    """Wait for a task and show how it goes; return its final record.

    Raises what `TaskWatcher.wait` raises.
    """
    with _song_display(output) as show:
        async for task in watcher:
            show(task)
    return await watcher.wait()


OnProgress = Callable[[DownloadProgress], object] | None
ShowDownload = Callable[[object], AbstractContextManager[OnProgress]]
"""Shows how one download goes, as long as it lasts."""


@contextmanager
def download_display(output: Output) -> Iterator[ShowDownload]:
    """Show how downloads go, with their speed and the time that is left; on a terminal only."""
    if not output.live:
        yield lambda _: nullcontext()
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    # One display for all of them: a terminal takes no more.
    with Progress(*columns, console=output.progress, transient=True) as display:

        @contextmanager
        def shown(item: object) -> Iterator[OnProgress]:
            row = display.add_task(plain(getattr(item, "title", None) or "file"), total=None)
            try:
                yield lambda heard: display.update(row, completed=heard.received, total=heard.total)
            finally:
                display.remove_task(row)

        yield shown


@contextmanager
def _song_display(output: Output) -> Iterator[Any]:
    if not output.live:
        yield lambda task: output.note(
            f"task {task.id}: {' '.join(filter(None, [task.state, percent(task.progress)]))}"
        )
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.progress, transient=True) as display:
        row = display.add_task("pending", total=None)
        yield lambda task: display.update(
            row,
            description=task.state,
            completed=task.progress or 0,
            total=None if task.progress is None else 1,
        )
