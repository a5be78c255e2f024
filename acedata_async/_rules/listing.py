"""Finding a paid call whose answer was lost, in the list of the account's tasks.

The list is a mode of the lookup address that the vendor's own pages use and no document describes:
newest first, so many at a time, further back by `created_at_max`. What is found in it by its
marker is found. What is missing proves nothing by itself; it counts as absent only where the list
demonstrably shows such tasks: one of our own from before the call and one from after it, each with
its marker, in one listing that was read without a gap, begun ten minutes after the call or later.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any, Literal

from acedata_async._rules.marking import carries_marker
from acedata_async._rules.wire import as_number, as_object, as_text

ABSENT_AFTER = 600.0
"""Seconds after a call before it may count as absent."""

_LOOKS = (5.0, 30.0, 120.0, ABSENT_AFTER + 5.0)
"""Ages in seconds at which a call is looked for."""

FIRST_LOOK, LAST_LOOK = _LOOKS[0], _LOOKS[-1]

_SKEW = 600.0
"""Seconds by which our clock and the vendor's may differ, or by which a call may arrive late."""

_OVERLAP = 2.0
"""Seconds by which two pages overlap, whichever way the bounds are meant."""

_NARROW = 0.01
"""The same where so much lies within the overlap that it fills a page."""

_ROUNDING = 1.0
"""Seconds by which a bound may be missed, for it may be rounded."""

MOST_PAGES = 500
"""How many pages of a listing are read at most."""

CALLBACK_FIELD = "callback_url"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A paid call whose outcome is not known.

    Attributes:
        marker: What was sent along with it.
        sent: When, in Unix seconds by our clock.
        looks: How many of its looks are behind it.
    """

    marker: str
    sent: float
    looks: int = 0

    def next_look(self) -> float | None:
        """Return when to look for it next, in Unix seconds; None after the last time."""
        return self.sent + _LOOKS[self.looks] if self.looks < len(_LOOKS) else None

    def looked(self, now: float) -> Doubt:
        """Return it after a look."""
        return replace(self, looks=sum(age <= now - self.sent for age in _LOOKS))


@dataclass(frozen=True, slots=True)
class Own:
    """A task of ours whose paid call is known to be accepted.

    Attributes:
        begun: When its call was begun, in Unix seconds by our clock.
        accepted: When the answer was there.
    """

    begun: float
    accepted: float


def window(doubts: Collection[Doubt], now: float) -> tuple[float, float | None, float]:
    """Return what a listing that would show them begins with: its bounds, and the time.

    The upper bound is None where everything up to now belongs to it. All are Unix seconds.
    """
    lower = min(doubt.sent for doubt in doubts) - _SKEW
    upper = max(doubt.sent for doubt in doubts) + ABSENT_AFTER + _SKEW
    return lower, None if upper >= now else upper, now


@dataclass(slots=True)
class Listing:
    """A listing as it is read, page by page, newest first.

    Attributes:
        lower: Its lower bound, in Unix seconds.
        upper: The upper bound of the next page; None for none.
        begun: When reading it was begun, in Unix seconds: what became visible later may be
            missing from it, however long the reading took.
        whole: Whether it was read to its end, in order and without a gap.
        found: The id of the task that each marker was sent with; of several, the oldest.
        task_ids: The ids of the tasks in it that show a marker. Of others it is not known whether
            the list would show one.
    """

    lower: float
    upper: float | None
    begun: float
    whole: bool = False
    found: dict[str, str] = field(default_factory=dict)
    task_ids: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)
    _pages: int = 0
    _largest: int = 0
    _stale: int = 0  # pages in a row with nothing new
    _ends: int = 0  # how many of them had room for more
    _orderly: bool = True
    _last: tuple[str, float] | None = None  # the oldest task so far, and its creation

    def take(self, records: Sequence[Mapping[str, Any]], markers: Collection[str]) -> bool:
        """Take in a page and say whether another one is needed.

        Args:
            records: The records of the page.
            markers: What is looked for.
        """
        self._pages += 1
        full = len(records) >= self._largest
        self._largest = max(self._largest, len(records))
        tasks = [task for record in records if (task := _place(record)) is not None]
        self._orderly &= len(tasks) == len(records) and self._in_order(tasks)
        joined = self._last is None or any(task_id == self._last[0] for task_id, _ in tasks)
        fresh = self._learn(records, markers)
        if not tasks:  # a list that is asked for what it has shown has no reason to be empty
            return False
        if self._last is not None and not fresh:
            return self._ask_again(self._last[1], joined=joined, full=full)
        self._stale = self._ends = 0
        self._orderly &= joined
        # Of several created at once the last one is the oldest.
        self._last = min(reversed(tasks), key=lambda task: task[1])
        if self._last[1] < self.lower - _ROUNDING:
            self.whole = self._orderly and self._pages > 1
            return False
        self.upper = self._last[1] + _OVERLAP
        return self._pages < MOST_PAGES

    def _ask_again(self, oldest: float, *, joined: bool, full: bool) -> bool:
        """Take in a page with nothing new; say whether another one is needed.

        Only a page that had room for more shows the end of the list, and only when it does so
        twice: any answer may be cut short once.
        """
        self._stale += 1
        self._ends += joined and not full
        if self._ends == 2:
            self.whole = self._orderly
            return False
        if full or not joined:
            self.upper = oldest + _NARROW  # the overlap alone may have filled it
        return self._stale < 3 and self._pages < MOST_PAGES

    def _in_order(self, tasks: Sequence[tuple[str, float]]) -> bool:
        newest = math.inf if self.upper is None else self.upper + _ROUNDING
        moments = [newest, *(moment for _, moment in tasks)]
        return all(one <= before for before, one in pairwise(moments))

    def _learn(self, records: Sequence[Mapping[str, Any]], markers: Collection[str]) -> bool:
        """Take note of tasks; say whether one of them is new."""
        before = len(self._seen)
        for record in records:
            task_id = as_text(record.get("id"))
            if not task_id or task_id in self._seen:
                continue
            self._seen.add(task_id)
            address = as_text(as_object(record.get("request")).get(CALLBACK_FIELD)) or ""
            if carries_marker(address):
                self.task_ids.add(task_id)
            for marker in markers:
                if marker in address:
                    self.found[marker] = task_id  # a later one is older
        return len(self._seen) > before


def _place(record: Mapping[str, Any]) -> tuple[str, float] | None:
    """Return the id and the creation of a record; None if it lacks them, or what was asked for."""
    task_id, moment = as_text(record.get("id")), as_number(record.get("created_at"))
    if not task_id or moment is None or not as_object(record.get("request")):
        return None
    return task_id, moment


Finding = Literal["absent", "too_early", "no_control", "not_whole"]
"""What a listing says of a call that is not in it."""


def judge(doubt: Doubt, listing: Listing, own: Iterable[Own], now: float) -> Finding:
    """Say what a listing that does not show a call says about it.

    Args:
        doubt: The call.
        listing: The listing.
        own: Those of our own tasks that it does show, with their markers.
        now: The time, in Unix seconds.
    """
    if not listing.whole:
        return "not_whole"
    before = after = False
    for task in own:
        before = before or task.accepted < doubt.sent
        after = after or task.begun > doubt.sent
    if not (before and after):
        return "no_control"
    age = min(now, listing.begun) - doubt.sent
    return "absent" if age >= ABSENT_AFTER else "too_early"
