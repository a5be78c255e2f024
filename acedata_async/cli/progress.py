"""A song that is waited for, on stderr: a moving display on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from acedata_async import Task, TaskWatcher
from acedata_async.cli.output import Output


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
