"""Seats and waiters: who waits for which task, as plain values."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol, TypeVar


class Record(Protocol):
    """What the roster must know of a task's record."""

    @property
    def final(self) -> bool:
        """Whether the task will not change any more."""

    @property
    def news(self) -> Hashable:
        """What a watcher would call a change: equal for two records that tell the same."""

    @property
    def kind(self) -> str | None:
        """What tasks take about as long as this one, or None where the record does not tell."""

    @property
    def begun(self) -> float | None:
        """When the task began, in Unix seconds of the server."""

    @property
    def took(self) -> float | None:
        """How long the task took in seconds, once it has succeeded."""

    @property
    def callback_url(self) -> str | None:
        """Where the vendor calls when the task is over, or None."""

    @property
    def leads(self) -> tuple[str, ...]:
        """What it shows of a result: ids, and addresses."""


_LAST_CHANCE = 2.0
"""Seconds before a deadline at which a task is looked at whose callback has not come…"""
_LEAST_CHANCE = 10.0
"""…if the wait lasts longer than that."""

RecordT = TypeVar("RecordT", bound=Record)

NOT_DUE = -1
"""The turn of a seat that stands in no queue."""

Ending = Literal["final", "deadline", "missing", "barred", "closed"]
"""Why a wait is over: the task is `final`; the waiter's `deadline` has passed; the record is
`missing`; lookups are `barred` by something that cannot heal, such as a refused token; the
client was `closed`."""


@dataclass(eq=False, slots=True)
class Seat(Generic[RecordT]):
    """What this client knows of one task; every waiter of the id shares it.

    Attributes:
        task_id: The task's id.
        acknowledged: Whether the API named this id in answer to our own submission.
        born: When the task began, as far as known.
        kind: What it has its duration in common with; None while unknown.
        record: The last record seen, or what the submission was answered with; or None.
        shown: The last of them that showed something of a result, or None.
        version: Grows with each record that tells something new.
        looks: How many answers have shown it.
        due: When it is to be looked at next…
        since: …and since when that is so.
        looked: When it was last asked about.
        missing_since: When answers began to lack it, or None.
        alone: Whether it is asked about apart from others.
        asking: Whether it is being asked about.
        hurried: Whether a hint came meanwhile.
        hinted: Whether a hint has come: it is the only one that counts.
        marker: What the vendor is to show when it calls our receiver; None if it is not to call.
        faults: How many lookups for it have failed in a row.
        turn: Its turn in the queue, or `NOT_DUE`.
        waiters: Who waits.
    """

    task_id: str
    acknowledged: bool
    born: float
    kind: str | None = None
    record: RecordT | None = None
    shown: RecordT | None = field(default=None, repr=False)
    version: int = 0
    looks: int = 0
    due: float = field(default=0.0, repr=False)
    since: float = field(default=0.0, repr=False)
    looked: float | None = field(default=None, repr=False)
    missing_since: float | None = field(default=None, repr=False)
    alone: bool = field(default=False, repr=False)
    asking: bool = field(default=False, repr=False)
    hurried: bool = field(default=False, repr=False)
    hinted: bool = field(default=False, repr=False)
    marker: str | None = field(default=None, repr=False)
    faults: int = field(default=0, repr=False)
    turn: int = field(default=NOT_DUE, repr=False)
    waiters: AbstractSet[Waiter[RecordT]] = field(default=frozenset(), repr=False)

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits."""
        return any(waiter.ending is None for waiter in self.waiters)

    @property
    def urgent(self) -> bool:
        """Whether it was to be looked at as soon as it was put into the queue."""
        return self.due <= self.since

    @property
    def last_look(self) -> bool:
        """Whether one more look settles that there is no such task."""
        return self.alone and not self.acknowledged and self.record is None

    @property
    def leads(self) -> tuple[str, ...]:
        """What was shown of a result: ids, and addresses; no proof that it is one."""
        return () if self.shown is None else self.shown.leads

    @property
    def final(self) -> bool:
        """Whether the task is known to be over."""
        return self.record is not None and self.record.final

    def fits(self, marker: str | None) -> bool:
        """Say whether a hint that shows a marker can be about this task."""
        return marker is None or self.marker is None or marker == self.marker

    def merge(self, other: Seat[RecordT]) -> None:
        """Take over what another place for the same task knows."""
        self.acknowledged |= other.acknowledged
        self.kind = self.kind or other.kind
        self.born = min(self.born, other.born)
        self.marker = self.marker or other.marker
        if self.record is None and other.record is not None:
            self.note(other.record)
        self.shown = self.shown or other.shown

    def admit(self, waiter: Waiter[RecordT]) -> None:
        """Let somebody wait here."""
        if isinstance(self.waiters, set):
            self.waiters.add(waiter)
        else:  # thousands of seats are made before anybody waits
            self.waiters = {waiter}

    def dismiss(self, waiter: Waiter[RecordT]) -> bool:
        """Let somebody go, and say whether he was here."""
        here = waiter in self.waiters
        if here and isinstance(self.waiters, set):
            self.waiters.remove(waiter)
        return here

    def note(self, record: RecordT) -> list[Waiter[RecordT]]:
        """Take in a record and return the waiters for whom it is news."""
        before = self.record
        if before is record or (before is not None and before.final):
            return []
        if before is not None and not record.final and before.news == record.news:
            return []
        self.record = record
        if record.leads:
            self.shown = record
        self.version += 1
        if record.final:
            return self.end("final")
        return [waiter for waiter in self.waiters if waiter.ending is None]

    def end(self, ending: Ending, cause: Exception | None = None) -> list[Waiter[RecordT]]:
        """End every wait for this task and return the waiters to wake."""
        ended = [waiter for waiter in self.waiters if waiter.ending is None]
        for waiter in ended:
            waiter.ending, waiter.cause = ending, cause
        return ended


@dataclass(eq=False, slots=True)
class Waiter(Generic[RecordT]):
    """One wait for one task.

    Attributes:
        seat: The task waited for.
        begun: When the wait began.
        deadline: When it ends whatever happens.
        wake: Called when there is news, or when the wait has ended.
        ending: Why the wait is over, or None while it lasts.
        cause: The error that barred it, or the last trouble with lookups before its deadline.
    """

    seat: Seat[RecordT]
    begun: float
    deadline: float
    wake: Callable[[], object] = field(repr=False)
    ending: Ending | None = None
    cause: Exception | None = None

    @property
    def over(self) -> bool:
        """Whether the wait has ended, by its task, its deadline or its owner."""
        return self.ending is not None or self not in self.seat.waiters

    def last_chance(self, now: float) -> float:
        """Return when to look although no callback has come, since the wait is nearly over."""
        chance = self.deadline - _LAST_CHANCE
        lasts = self.deadline - self.begun > _LEAST_CHANCE
        return chance if lasts and chance > now else math.inf


@dataclass(frozen=True, eq=False, slots=True)
class Look(Generic[RecordT]):
    """One lookup to send, for one task or for many."""

    seats: tuple[Seat[RecordT], ...]
    sent: float

    @property
    def task_ids(self) -> list[str]:
        """The ids to ask for."""
        return [seat.task_id for seat in self.seats]


@dataclass(frozen=True, slots=True)
class Plan(Generic[RecordT]):
    """What to do now, and when to plan again."""

    looks: list[Look[RecordT]]
    expired: list[Waiter[RecordT]]
    wake_at: float | None
