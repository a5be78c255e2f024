"""What the tests of the roster share: records, a roster with known chance, shorthands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from acedata_async._rules.durations import Durations
from acedata_async._rules.governor import Budget, Governor
from acedata_async._rules.roster import Roster
from acedata_async._rules.seats import Look, Seat, Waiter
from acedata_async._rules.timetable import Timetable

MARKER = "0123456789"
OWN = f"https://songs.example.org/callbacks/{MARKER}/signature"
"""The `callback_url` of a task whose end a callback is to tell."""
START = 1024.0
"""When the tests begin; like `LEAST` a number that binary floats hold exactly."""
LEAST = 0.875
"""Least seconds between two looks at one task."""
EPOCH = 1_767_000_000.0
"""What is added to the tests' time to have the server's, in Unix seconds."""


@dataclass(frozen=True)
class Note:
    """A record as plain as can be."""

    final: bool = False
    news: str = "running"
    kind: str | None = None
    begun: float | None = None
    took: float | None = None
    callback_url: str | None = None
    leads: tuple[str, ...] = ()


DONE = Note(final=True, news="done")
RUNNING = Note()


class Trouble(Exception):
    """What went wrong with a lookup."""


class Room:
    """A roster with shorthands for what a poller does with it."""

    def __init__(self, *, rate: float = math.inf, pace: float = 1.0) -> None:
        self.now = START
        self.budget = Budget()
        self.governor = self.budget.lookups = Governor(rate=rate, burst=5.0)
        self.durations = Durations()
        self.roster: Roster[Note] = Roster(
            budget=self.budget,
            timetable=Timetable(
                self.durations,
                least=LEAST,
                pace=pace,
                marker_of=lambda url: MARKER if url == OWN else None,
            ),
            rng=Random(7),
        )
        self.woken: list[str] = []

    def seat(
        self,
        task_id: str,
        *,
        acknowledged: bool = True,
        kind: str | None = None,
        marker: str | None = None,
    ) -> Seat[Note]:
        """Return a seat of a task that began now."""
        return Seat(task_id, acknowledged, self.now, kind, marker=marker)

    def wait(
        self,
        task: str | Seat[Note],
        *,
        acknowledged: bool = True,
        kind: str | None = None,
        timeout: float = 900.0,
    ) -> Waiter[Note]:
        """Begin to wait for a task."""
        if isinstance(task, str):
            seat = self.seat(task, acknowledged=acknowledged, kind=kind)
        else:
            seat = task
        return self.roster.join(
            seat,
            now=self.now,
            deadline=self.now + timeout,
            wake=lambda: self.woken.append(seat.task_id),
        )

    def looks(self, at: float | None = None) -> list[Look[Note]]:
        """Plan at a moment, counted from the start, and return the looks to send."""
        if at is not None:
            self.now = START + at
        return self.roster.plan(self.now).looks

    def look(self, at: float | None = None) -> Look[Note]:
        """Plan at a moment and return its only look."""
        looks = self.looks(at)
        assert len(looks) == 1, looks
        return looks[0]

    def wake_at(self) -> float | None:
        """Plan now and return when to plan again, counted from the start."""
        moment = self.roster.plan(self.now).wake_at
        return None if moment is None else moment - START

    def answer(
        self, look: Look[Note], records: dict[str, Note], count: int | None = None
    ) -> list[Waiter[Note]]:
        """Take in an answer now."""
        return self.roster.answered(
            look, records, count=count, now=self.now, server_now=EPOCH + self.now
        )

    def run_until_final(self, limit: float) -> None:
        """Answer every look at once with a final record, for a while, as a poller would."""
        end = self.now + limit
        while True:
            plan = self.roster.plan(self.now)
            for waiter in plan.expired:
                self.roster.leave(waiter)
            for look in plan.looks:
                records = dict.fromkeys(look.task_ids, DONE)
                for waiter in self.answer(look, records):
                    self.roster.leave(waiter)
            if plan.looks:
                continue
            if plan.wake_at is None or plan.wake_at > end:
                self.now = end
                return
            self.now = max(plan.wake_at, self.now + 0.001)


def follow(
    room: Room, until: float, records: dict[str, Note], *, grow: bool = True
) -> list[Look[Note]]:
    """Do as a poller does, with every look answered at once, and return the looks sent."""
    sent = []
    while True:
        plan = room.roster.plan(room.now)
        for look in plan.looks:
            sent.append(look)
            found = {id_: records[id_] for id_ in look.task_ids if id_ in records}
            if not grow:
                room.governor._grown = room.now
            ended = room.answer(look, found, len(found))
            for waiter in ended:
                if waiter.over:
                    room.roster.leave(waiter)
        if plan.looks:
            continue
        if plan.wake_at is None or plan.wake_at > START + until:
            room.now = START + until
            return sent
        room.now = max(plan.wake_at, room.now + 0.001)
