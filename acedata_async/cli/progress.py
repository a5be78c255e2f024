"""What is being waited for, on stderr: a moving display on a terminal, lines elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from acedata_async import Task, TaskWatcher
from acedata_async.cli.output import Output, plain
from acedata_async.jobs import Job, JobOutcome

_MOST_ROWS = 12
_STYLES = {
    "saved": "green",
    "running": "cyan",
    "submitted": "cyan",
    "failed": "red",
    "unknown": "bold red",
    "skipped": "yellow",
    "unfinished": "yellow",
}


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


class Board:
    """How all jobs of a run stand.

    Args:
        jobs: The jobs.
        output: Where to show it.

    Attributes:
        outcomes: The outcome of each job by its key, as last heard.
    """

    def __init__(self, jobs: list[Job], output: Output) -> None:
        self.outcomes = {job.key: JobOutcome(job, "waiting") for job in jobs}
        self._output = output
        self._live = Live(
            get_renderable=self._render, console=output.progress, transient=True, auto_refresh=True
        )

    def __enter__(self) -> Self:
        if self._output.live:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def hear(self, outcome: JobOutcome) -> None:
        """Take in a change of a job."""
        key, before = outcome.job.key, self.outcomes[outcome.job.key]
        self.outcomes[key] = outcome
        if outcome.task_id and outcome.state == "submitted":
            self._output.task_accepted(outcome.task_id, of=key)
        elif outcome.state != before.state and not (self._output.live and outcome.state in _MOVING):
            where = f" {outcome.path}" if outcome.path else ""
            reason = f": {outcome.reason}" if outcome.reason else ""
            self._output.note(f"{key}: {outcome.state}{where}{reason}")

    def _render(self) -> RenderableType:
        moving = [one for one in self.outcomes.values() if one.state in _MOVING]
        table = Table.grid(padding=(0, 2))
        for outcome in moving[:_MOST_ROWS]:
            table.add_row(
                Text(plain(outcome.job.key)),
                Text(outcome.job.action),
                state_text(outcome),
                Text(percent(outcome.progress)),
            )
        counts = Counter(one.state for one in self.outcomes.values())
        summary = ", ".join(f"{count} {state}" for state, count in counts.items())
        return Group(table, Text(summary, style="dim"))


_MOVING = frozenset({"submitted", "running"})


def state_text(outcome: JobOutcome) -> Text:
    """Return a job's state in its colour."""
    return Text(outcome.state, style=_STYLES.get(outcome.state, ""))
