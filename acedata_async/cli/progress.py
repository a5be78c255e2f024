"""What is waited for and fetched, on stderr: a moving display on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from acedata_async import Progress, Task, TaskWatcher
from acedata_async.cli.output import Output, plain

_SHORT_ID = 8
"""Characters of a task's id that tell it from others on a display."""


def percent(share: float | None) -> str:
    """Return a share as `40 %`; nothing for None."""
    return "" if share is None else f"{share:.0%}".replace("%", " %")


async def follow(watcher: TaskWatcher[Any], output: Output) -> Task:
    """Wait for a task and show how it goes; return its final record.

    Raises what `TaskWatcher.wait` raises.
    """
    name = plain((watcher.id or "")[:_SHORT_ID])
    shown: AbstractContextManager[Callable[[Task], object]] = (
        output.display.task(name) if output.live else nullcontext(lambda task: _note(task, output))
    )
    with shown as show:
        async for task in watcher:
            show(task)
    return await watcher.wait()


def _note(task: Task, output: Output) -> None:
    output.note(f"task {task.id}: {' '.join(filter(None, [task.state, percent(task.progress)]))}")


def shown_download(
    output: Output, item: object
) -> AbstractContextManager[Callable[[Progress], object] | None]:
    """Show a download on a terminal, as long as it lasts; elsewhere nothing is said of it.

    Returns:
        What yields its `on_progress`.
    """
    if not output.live:
        return nullcontext()
    return output.display.file(plain(getattr(item, "title", None) or "file"))
