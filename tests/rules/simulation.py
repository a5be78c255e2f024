"""A vendor and a poller in a loop without any waiting, to count lookups and lateness."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from statistics import mean

from acedata_async._rules.durations import Durations
from acedata_async._rules.governor import Budget
from acedata_async._rules.roster import Roster
from acedata_async._rules.seats import Look, Seat
from acedata_async._rules.timetable import Timetable
from acedata_async.config import PollPolicy

from .watching import EPOCH, START, Note

LEAST = PollPolicy().min_interval
"""Least seconds between two looks at one task, as the default policy has it."""
TRIP = 0.02
"""Seconds from a lookup to its answer; the record is read half way."""
KIND = "song"


@dataclass
class Course:
    """What happened.

    Attributes:
        durations: How long each song took, in seconds; all began at the start.
        sent: When each lookup was sent, in seconds from the start.
        lags: How late the news of each end was, in seconds.
    """

    durations: list[float]
    sent: list[float] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)

    @property
    def looks_each(self) -> float:
        """Lookups for each song."""
        return len(self.sent) / len(self.durations)

    @property
    def lag(self) -> float:
        """Mean lateness in seconds."""
        return mean(self.lags)

    @property
    def before_the_first(self) -> int:
        """How many lookups were sent before any song had ended."""
        return sum(moment < min(self.durations) for moment in self.sent)


def songs(number: int, *, median: float, sigma: float, seed: int) -> list[float]:
    """Return the durations of so many songs, in seconds."""
    rng = Random(seed)
    return [median * math.exp(rng.gauss(0.0, sigma)) for _ in range(number)]


def learned(seconds: list[float]) -> Durations:
    """Return durations that have seen such songs."""
    durations = Durations()
    for took in seconds:
        durations.note(KIND, took, 0.0)
    return durations


def watch(durations: list[float], *, known: Durations | None = None, seed: int = 0) -> Course:
    """Watch songs that all begin now until the last one's end is known."""
    course = Course(durations)
    roster: Roster[Note] = Roster(
        budget=Budget(),
        timetable=Timetable(known or Durations(), least=LEAST, pace=1.0),
        rng=Random(seed),
    )
    for number in range(len(durations)):
        seat: Seat[Note] = Seat(str(number), True, START, KIND)
        roster.join(seat, now=START, deadline=math.inf, wake=lambda: None)
    answers: list[tuple[float, int, Look[Note]]] = []
    order, now = count(), START
    while len(roster):
        while answers and answers[0][0] <= now:
            _take_in(course, roster, heapq.heappop(answers)[2], now)
        plan = roster.plan(now)
        for look in plan.looks:
            course.sent.append(now - START)
            heapq.heappush(answers, (now + TRIP, next(order), look))
        moments = [answers[0][0]] if answers else []
        if plan.wake_at is not None:
            moments.append(plan.wake_at)
        now = max(now + 1e-6, min(moments, default=0.0))
    return course


def averages(runs: int, make: Callable[[int], Course]) -> tuple[float, float]:
    """Return lookups for each song and mean lateness, on average over runs of seeds of theirs."""
    courses = [make(seed) for seed in range(runs)]
    return mean(course.looks_each for course in courses), mean(course.lag for course in courses)


def _take_in(course: Course, roster: Roster[Note], look: Look[Note], now: float) -> None:
    records = {id_: _record(course, id_, look.sent + TRIP / 2) for id_ in look.task_ids}
    news = roster.answered(look, records, count=len(records), now=now, server_now=EPOCH + now)
    for waiter in news:
        if waiter.over:
            course.lags.append(now - START - course.durations[int(waiter.seat.task_id)])
            roster.leave(waiter)


def _record(course: Course, task_id: str, moment: float) -> Note:
    took = course.durations[int(task_id)]
    if moment - START < took:
        return Note(kind=KIND, begun=EPOCH + START)
    return Note(final=True, news="done", kind=KIND, begun=EPOCH + START, took=took)
