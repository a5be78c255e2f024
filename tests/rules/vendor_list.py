"""A model of the vendor's list of tasks, with the many manners that it may have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any

from acedata_async._rules.listing import MOST_PAGES, Doubt, Listing, Own, window

START = 1_767_119_745.524
"""The Unix time at which the first task of a list is begun."""

_ROUNDINGS: Mapping[str, Callable[[float], float]] = {
    "exact": float,
    "down": math.floor,
    "up": math.ceil,
    "nearest": round,
    "minute": lambda bound: bound // 60 * 60,
    "milliseconds": lambda bound: bound / 1000,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a vendor lists tasks; what it leaves out is how a well-behaved one does it.

    Attributes:
        page: How many tasks a page has.
        exclusive: Whether what lies on a bound is left out.
        rounding: What becomes of bounds.
        digits: With how many decimals a creation is shown.
        ignores: Which bounds are ignored, `min` and `max`.
        order: `newest` or `oldest` first, or `shuffled` within a page.
        ties: Which of those created at once comes first: `newest`, `oldest`, or `any`.
        filters_late: Whether tasks of other types take up room in a page before they are left out.
        duplicates: Whether each page has one of its tasks twice.
        lacking: What the record of every third task lacks: a key, or nothing.
        hides: What every record lacks: `request`, `callback_url`, the callback's `query`, nothing.
        empty: Which page is empty by mistake, counted from 0; None for none.
        cut: Which page has its first task only.
        ahead: Seconds by which its clock is ahead of ours.
    """

    page: int = 12
    exclusive: bool = False
    rounding: str = "exact"
    digits: int = 3
    ignores: frozenset[str] = frozenset()
    order: str = "newest"
    ties: str = "newest"
    filters_late: bool = False
    duplicates: bool = False
    lacking: str = ""
    hides: str = ""
    empty: int | None = None
    cut: int | None = None
    ahead: float = 0.0


def named(manner: Manner) -> str:
    """Return what is odd about a manner, the same in every process."""
    odd = {
        one.name: value
        for one in fields(manner)
        if (value := getattr(manner, one.name)) != one.default
    }
    shown = {
        name: "+".join(sorted(value)) if isinstance(value, frozenset) else value
        for name, value in odd.items()
    }
    return ",".join(f"{name}={value}" for name, value in shown.items()) or "plain"


@dataclass(frozen=True, slots=True)
class Listed:
    """A task of the vendor's.

    Attributes:
        number: How many were created before it.
        created: When, in seconds from the start, by our clock.
        marker: What its call was sent with; None for a task of somebody else's.
        visible: When it appears in the list, in seconds from the start.
        other: Whether it is of another type.
    """

    number: int
    created: float
    marker: str | None
    visible: float
    other: bool = False

    @property
    def id(self) -> str:
        """Its id."""
        return f"task-{self.number}"


@dataclass(slots=True)
class Vendor:
    """A vendor with tasks and manners.

    Args:
        tasks: All of its tasks.
        manner: How it lists them.
        rng: Where chance comes from.
    """

    tasks: Sequence[Listed]
    manner: Manner
    rng: Random = field(default_factory=lambda: Random(0))
    _asked: int = 0

    def list_page(self, lower: float, upper: float | None, now: float) -> list[dict[str, Any]]:
        """Return a page.

        Args:
            lower: The lower bound, in Unix seconds.
            upper: The upper one; None for none.
            now: The time, in seconds from the start.
        """
        manner, asked = self.manner, self._asked
        self._asked += 1
        shown = [
            one for one in self.tasks if one.visible <= now and self._admits(one, lower, upper)
        ]
        if not manner.filters_late:
            shown = [one for one in shown if not one.other]
        shown.sort(key=self._place, reverse=manner.order != "oldest")
        page = [one for one in shown[: manner.page] if not one.other]
        if manner.order == "shuffled":
            self.rng.shuffle(page)
        if manner.duplicates:
            page += page[-1:]
        if asked in {manner.empty, manner.cut}:
            page = page[: int(asked == manner.cut)]
        return [self._record(one) for one in page]

    def _place(self, task: Listed) -> tuple[float, float]:
        tie = {"newest": 1, "oldest": -1, "any": self.rng.random()}[self.manner.ties]
        return round(task.created, 3), tie * task.number

    def _admits(self, task: Listed, lower: float, upper: float | None) -> bool:
        manner, moment = self.manner, self._moment(task)
        rounded = _ROUNDINGS[manner.rounding]
        least = -math.inf if "min" in manner.ignores else rounded(lower)
        most = math.inf if "max" in manner.ignores or upper is None else rounded(upper)
        return least < moment < most if manner.exclusive else least <= moment <= most

    def _moment(self, task: Listed) -> float:
        return round(START + self.manner.ahead + task.created, 3)

    def _record(self, task: Listed) -> dict[str, Any]:
        address = "https://api.acedata.cloud/health"
        if task.marker is not None and self.manner.hides != "query":
            address += f"?acedata_marker={task.marker}"
        request = {"action": "generate", "callback_url": address}
        if self.manner.hides == "callback_url":
            del request["callback_url"]
        moment = math.floor(self._moment(task) * 10**self.manner.digits) / 10**self.manner.digits
        record = {"id": task.id, "type": "audios", "created_at": moment, "request": request}
        lacking = {self.manner.lacking if task.number % 3 == 0 else "", self.manner.hides}
        return {name: value for name, value in record.items() if name not in lacking}


def marker_of(number: int) -> str:
    """Return the marker of a call."""
    return f"{number:032x}"


def read(
    vendor: Vendor, doubts: Sequence[Doubt], begun: float, *, pace: float = 0.2
) -> tuple[Listing, float]:
    """Read a list as a run does it; return it, and when it was read, in seconds from the start.

    Args:
        vendor: Whose list.
        doubts: What is looked for.
        begun: When reading it is begun, in seconds from the start.
        pace: Seconds that a page takes.
    """
    listing, now = Listing(*window(doubts, START + begun)), begun
    markers = {doubt.marker for doubt in doubts}
    for _ in range(MOST_PAGES):
        page = vendor.list_page(listing.lower, listing.upper, now)
        now += pace
        if not listing.take(page, markers):
            return listing, now
    raise AssertionError("it did not end")


def own_of(
    vendor: Vendor, listing: Listing, answered: Mapping[str, tuple[float, float]]
) -> list[Own]:
    """Return those of our own tasks that a listing shows.

    Args:
        vendor: Whose list it is.
        listing: What was read.
        answered: When each of our calls was begun and accepted, by its marker, in seconds from
            the start.
    """
    times = (answered.get(one.marker or "") for one in vendor.tasks if one.id in listing.task_ids)
    return [Own(START + time[0], START + time[1]) for time in times if time is not None]
