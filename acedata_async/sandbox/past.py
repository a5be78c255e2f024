"""What lines of a state file say: from a task to its line, and from all lines to what was."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from acedata_async.sandbox.media_files import Recipe
from acedata_async.sandbox.production import Product
from acedata_async.sandbox.songs import Song
from acedata_async.sandbox.stats import Counters
from acedata_async.sandbox.task import Task


@dataclass(slots=True)
class Past:
    """What earlier sandboxes did, as their state file tells it.

    Attributes:
        starts: How many there were.
        drawn: How far the chances of tasks got.
        accepted: The tasks and what they result in, by their id, in order.
        counters: What was counted, but for the tasks.
    """

    starts: int = 0
    drawn: int = 0
    accepted: dict[str, tuple[Task, Product]] = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)

    def take_in(self, line: Any) -> None:
        """Learn what a line says.

        Raises:
            ValueError: It says nothing that is known, or something that cannot be.
        """
        try:
            self._take_in(line)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from error

    def _take_in(self, line: Any) -> None:
        match line:
            case {"start": _}:
                self.starts += 1
            case {"task": task, "song": song, "media": media, "drawn": int(drawn), "counted": kept}:
                made = _task(task)
                product = Product(
                    data=made.data,
                    song=None if song is None else Song(**song),
                    media={path: Recipe(*recipe) for path, recipe in media.items()},
                )
                self.accepted[made.id] = made, product
                self.drawn = drawn
                self.counters.take_up(kept)
            case {"changed": changes}:
                for task_id, change in changes.items():
                    known, _ = self.accepted[task_id]
                    known.seen, known.marked = bool(change["seen"]), dict(change["marked"])
            case {"counted": kept}:
                self.counters.take_up(kept)
            case _:
                raise ValueError("nothing known")


def accepted_line(
    task: Task, product: Product, *, drawn: int, counted: dict[str, Any]
) -> dict[str, Any]:
    """Return the line about a new task.

    Args:
        task: The task.
        product: What it results in.
        drawn: How far the chances of tasks got with it.
        counted: What was counted up to now.
    """
    kept = {entry.name: getattr(task, entry.name) for entry in fields(task)}
    kept["quirks"] = sorted(task.quirks)
    for name in ("started_at", "finished_at"):
        kept[name] = None if math.isinf(kept[name]) else kept[name]
    return {
        "task": kept,
        "song": None if product.song is None else asdict(product.song),
        "media": product.media,
        "drawn": drawn,
        "counted": counted,
    }


def changed_line(tasks: Iterable[Task]) -> dict[str, Any]:
    """Return the line about tasks whose lookups have left a mark on them."""
    return {"changed": {task.id: {"seen": task.seen, "marked": task.marked} for task in tasks}}


def _task(kept: dict[str, Any]) -> Task:
    for name in ("started_at", "finished_at"):
        kept[name] = math.inf if kept[name] is None else float(kept[name])
    kept["quirks"] = frozenset(kept["quirks"])
    return Task(**kept)
