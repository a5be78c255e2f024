"""What lines of a state file say: from a task to its line, and from all lines to what was."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from acedata_async.sandbox.kinds import FISH, PRODUCER
from acedata_async.sandbox.media_files import Recipe
from acedata_async.sandbox.production import Product
from acedata_async.sandbox.songs import Song
from acedata_async.sandbox.stats import Counters
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.voices import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A submission that was taken.

    Attributes:
        action: What counts call it.
        request: The submitted body, as it was sent.
        task: Its task; None for a voice that was made at once.
        product: What it results in.
    """

    action: str
    request: dict[str, Any]
    task: Task | None
    product: Product

    @property
    def service(self) -> str:
        """Whose chances it has drawn from."""
        return FISH if self.task is None else self.task.kind.service


@dataclass(slots=True)
class Past:
    """What earlier sandboxes did, as their state file tells it.

    Attributes:
        starts: How many there were.
        drawn: How far the chances of each service got.
        accepted: The submissions taken, in order.
        counters: What was counted, but for the tasks.
    """

    starts: int = 0
    drawn: dict[str, int] = field(default_factory=lambda: {PRODUCER: 0, FISH: 0})
    accepted: list[Accepted] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    _tasks: dict[str, Task] = field(default_factory=dict)

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
                    voice=_voice(line.get("voice")),
                    media={path: Recipe(*recipe) for path, recipe in media.items()},
                )
                self._tasks[made.id] = made
                accepted = Accepted(
                    action=made.action, request=made.request, task=made, product=product
                )
                self._accept(accepted, drawn, kept)
            case {
                "made": action,
                "request": request,
                "voice": voice,
                "drawn": int(drawn),
                "counted": kept,
            }:
                product = Product(data=None, voice=_voice(voice))
                accepted = Accepted(action=action, request=request, task=None, product=product)
                self._accept(accepted, drawn, kept)
            case {"changed": changes}:
                for task_id, change in changes.items():
                    known = self._tasks[task_id]
                    known.seen, known.marked = bool(change["seen"]), dict(change["marked"])
                    known.owed = bool(change.get("owed", False))
            case {"counted": kept}:
                self.counters.take_up(kept)
            case _:
                raise ValueError("nothing known")

    def _accept(self, accepted: Accepted, drawn: int, counted: dict[str, Any]) -> None:
        self.accepted.append(accepted)
        self.drawn[accepted.service] = drawn
        self.counters.take_up(counted)


def accepted_line(accepted: Accepted, *, drawn: int, counted: dict[str, Any]) -> dict[str, Any]:
    """Return the line about a submission that is taken.

    Args:
        accepted: The submission.
        drawn: How far the chances of its service got with it.
        counted: What was counted up to now.
    """
    product = accepted.product
    voice = {} if product.voice is None else {"voice": asdict(product.voice)}
    ending = {"drawn": drawn, "counted": counted}
    if accepted.task is None:
        return {"made": accepted.action, "request": accepted.request, **voice, **ending}
    return {
        "task": _kept(accepted.task),
        "song": None if product.song is None else asdict(product.song),
        **voice,
        "media": product.media,
        **ending,
    }


def _kept(task: Task) -> dict[str, Any]:
    kept = {entry.name: getattr(task, entry.name) for entry in fields(task)}
    kept["quirks"] = sorted(task.quirks)
    for name in ("started_at", "finished_at"):
        kept[name] = None if math.isinf(kept[name]) else kept[name]
    return kept


def changed_line(tasks: Iterable[Task]) -> dict[str, Any]:
    """Return the line about tasks on which lookups or callbacks have left a mark."""
    return {
        "changed": {
            task.id: {"seen": task.seen, "marked": task.marked, "owed": task.owed} for task in tasks
        }
    }


def _task(kept: dict[str, Any]) -> Task:
    for name in ("started_at", "finished_at"):
        kept[name] = math.inf if kept[name] is None else float(kept[name])
    kept["quirks"] = frozenset(kept["quirks"])
    return Task(**kept)


def _voice(kept: dict[str, Any] | None) -> Voice | None:
    if kept is None:
        return None
    lists = {name: tuple(kept[name]) for name in ("languages", "tags")}
    return Voice(**kept | lists)
