"""Whom to ask about next: what holds in every history of waits, answers and trouble."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from acedata_async._rules.durations import Durations
from acedata_async._rules.governor import Budget
from acedata_async._rules.roster import MOST_LOOKS, Roster
from acedata_async._rules.seats import Look, Plan, Seat, Waiter
from acedata_async._rules.timetable import Timetable
from tests.examples import examples

from .watching import DONE, EPOCH, LEAST, Note, Trouble

IDS = [f"task {number}" for number in range(14)]
KINDS = ["song", "stems", None]
LONG = 1e6
"""Seconds of a wait whose deadline must not be what ends it."""
PATIENCE = 600.0
"""Seconds within which a healthy API ends every wait, whatever happened before."""


class Histories(RuleBasedStateMachine):
    """A poller that does just what the roster says, and an API that does anything."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 5000.0
        self.roster: Roster[Note] = Roster(
            budget=Budget(),
            timetable=Timetable(Durations(), least=LEAST, pace=1.0),
            rng=Random(1),
        )
        self.ahead = 0.0
        self.seats: dict[str, Seat[Note]] = {}
        self.waiters: list[Waiter[Note]] = []
        self.under_way: list[Look[Note]] = []
        self.clean: dict[str, float] = {}
        self.told = 0
        self.plan: Plan[Note] = Plan([], [], None)

    def turn(self) -> None:
        """Plan as the poller does after every event, and check what was planned."""
        self.plan = self.roster.plan(self.now)
        for waiter in self.plan.expired:
            assert waiter.ending == "deadline"
            assert waiter.deadline <= self.now
        self.depart(self.plan.expired)
        for look in self.plan.looks:
            self.check(look)
            self.under_way.append(look)

    def check(self, look: Look[Note]) -> None:
        """Check one look that is to be sent."""
        ids = look.task_ids
        assert 1 <= len(ids) <= 50
        assert len(set(ids)) == len(ids)
        asked = {task_id for other in self.under_way for task_id in other.task_ids}
        assert not asked & set(ids), "asked twice at the same time"
        for task_id in ids:
            expired = any(waiter.seat.task_id == task_id for waiter in self.plan.expired)
            assert self.seats[task_id].waiters or expired, "nobody waits for it"
        # Riders may have been looked at just now; somebody must have waited for the least gap.
        latest = [self.clean.pop(task_id, -math.inf) for task_id in ids]
        assert self.now - min(latest) >= LEAST - 1e-9, "asked again too soon"

    def depart(self, waiters: list[Waiter[Note]]) -> None:
        """Let those whose wait has ended leave, as their tasks do once woken."""
        for waiter in waiters:
            if waiter.over:
                self.roster.leave(waiter)
                self.waiters.remove(waiter)

    def endings(self) -> list[Any]:
        """Return how everybody's wait stands."""
        return [(id(waiter), waiter.ending) for waiter in self.waiters]

    @rule(
        task_id=st.sampled_from(IDS),
        acknowledged=st.booleans(),
        kind=st.sampled_from(KINDS),
        timeout=st.sampled_from([0.0, 0.3, 5.0, 40.0, LONG, LONG, LONG]),
    )
    def join(
        self,
        task_id: str,
        acknowledged: bool,  # noqa: FBT001 - drawn
        kind: str | None,
        timeout: float,
    ) -> None:
        """Somebody waits for a task that is not known to be final."""
        seat = self.seats.get(task_id)
        if seat is None or seat.final:
            seat = Seat(task_id, acknowledged, self.now, kind)
            self.clean.pop(task_id, None)
        before = self.endings()
        waiter = self.roster.join(
            seat, now=self.now, deadline=self.now + timeout, wake=lambda: None
        )
        assert self.endings() == before
        self.seats[task_id] = waiter.seat
        self.waiters.append(waiter)
        self.depart([waiter])
        self.turn()

    @precondition(lambda self: self.waiters)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """Somebody is cancelled; nobody else notices."""
        waiter = data.draw(st.sampled_from(self.waiters))
        self.waiters.remove(waiter)
        before = self.endings()
        self.roster.leave(waiter)
        assert self.endings() == before
        self.turn()

    @rule(share=st.floats(0.01, 1))
    def advance(self, share: float) -> None:
        """Time passes, up to the moment at which the plan wants to be woken."""
        wake_at = self.plan.wake_at
        if wake_at is None:
            self.now += 30 * share
        elif wake_at > self.now:
            pause = min(wake_at - self.now, 60.0)
            self.now = wake_at if share > 0.7 and pause < 60 else self.now + pause * share
        self.turn()

    @rule(task_id=st.sampled_from(IDS))
    def hint(self, task_id: str) -> None:
        """A hint comes in."""
        self.roster.hint(task_id, self.now)
        self.clean.pop(task_id, None)
        self.turn()

    def land(self, data: st.DataObject) -> Look[Note]:
        """Choose a look under way that comes back."""
        return self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))

    @precondition(lambda self: self.under_way)
    @rule(
        data=st.data(),
        known=st.integers(0, 2 ** len(IDS) - 1),
        final=st.integers(0, 2 ** len(IDS) - 1),
        count=st.sampled_from([None, 0, 12, 14]),
        facts=st.fixed_dictionaries(
            {
                "kind": st.sampled_from(KINDS),
                "begun": st.none() | st.floats(-1e4, 1e4).map(lambda after: EPOCH + 5e3 + after),
                "took": st.sampled_from([None, 0.0, 0.5, 12.0, 40.0, 3000.0, 1e9]),
            }
        ),
    )
    def answer(
        self,
        data: st.DataObject,
        *,
        known: int,
        final: int,
        count: int | None,
        facts: dict[str, Any],
    ) -> None:
        """An answer with any of the tasks, also with some that were not asked for."""
        look = self.land(data)
        self.told += 1
        server_now = EPOCH + self.now + self.ahead
        done = Note(final=True, news="done", **facts)
        running = Note(news=f"news {self.told}", **{**facts, "took": None})
        records = {
            task_id: done if final >> place & 1 else running
            for place, task_id in enumerate(IDS)
            if known >> place & 1
        }
        others = [seat for seat in self.seats.values() if seat not in look.seats]
        before = [(seat.record, seat.version) for seat in others]
        sure = [waiter for waiter in self.waiters if waiter.seat.acknowledged]
        news = self.roster.answered(look, records, count=count, now=self.now, server_now=server_now)
        assert [(seat.record, seat.version) for seat in others] == before, "judged unasked"
        assert not any(waiter.ending == "missing" for waiter in sure)
        self.clean |= {id_: look.sent for id_ in look.task_ids if id_ in records}
        self.depart(news)
        self.turn()

    @rule(ahead=st.sampled_from([0.0, -3600.0, 0.3, 1e6]))
    def set_clock(self, ahead: float) -> None:
        """The server's clock is set."""
        self.ahead = ahead

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def spurned(self, data: st.DataObject) -> None:
        """One id is answered with an error of its own; no wait ends by it."""
        places = [place for place, look in enumerate(self.under_way) if len(look.seats) == 1]
        if places:
            look = self.under_way.pop(data.draw(st.sampled_from(places)))
            before = self.endings()
            self.roster.spurned(look, Trouble(), self.now)
            assert self.endings() == before
            self.turn()

    @precondition(lambda self: self.under_way)
    @rule(
        data=st.data(),
        how=st.sampled_from(["failed", "refused", "too large"]),
        retry_after=st.none() | st.floats(0, 30),
    )
    def trouble(self, data: st.DataObject, how: str, retry_after: float | None) -> None:
        """A look goes wrong in a way that can heal; no wait ends by it."""
        look, before = self.land(data), self.endings()
        if how == "failed":
            self.roster.failed(look, Trouble(), self.now)
        elif how == "refused":
            self.roster.refused(look, Trouble(), retry_after=retry_after, now=self.now)
        else:
            self.roster.too_large(look, Trouble(), self.now)
        assert self.endings() == before
        self.turn()

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def barred(self, data: st.DataObject) -> None:
        """A look comes back with what cannot heal: its waits end, all others go on."""
        look = self.land(data)
        mine = {waiter for waiter in self.waiters if waiter.seat in look.seats}
        ended = self.roster.barred(look, Trouble())
        assert set(ended) == mine
        assert {waiter for waiter in self.waiters if waiter.over} == mine
        self.depart(ended)
        self.turn()

    @invariant()
    def deadlines_hold(self) -> None:
        """Nobody waits beyond the deadline, and the plan is to wake for the next one."""
        assert not [waiter for waiter in self.waiters if waiter.deadline <= self.now]
        assert not [waiter for waiter in self.waiters if waiter.over]
        if self.waiters:
            assert self.plan.wake_at is not None
            assert self.plan.wake_at <= min(waiter.deadline for waiter in self.waiters)

    @invariant()
    def few_under_way(self) -> None:
        """Few requests are under way, and the roster holds what is waited for or asked."""
        assert len(self.under_way) <= MOST_LOOKS
        waited = {waiter.seat.task_id for waiter in self.waiters}
        asked = {task_id for look in self.under_way for task_id in look.task_ids}
        assert len(waited) <= len(self.roster) <= len(waited | asked)

    def teardown(self) -> None:
        """From any state, an API that answers again ends every wait soon; then nothing is held."""
        end = self.now + PATIENCE
        while self.waiters and self.now < end:
            while self.under_way:
                look = self.under_way.pop()
                records = dict.fromkeys(look.task_ids, DONE)
                news = self.roster.answered(
                    look, records, count=None, now=self.now, server_now=EPOCH + self.now
                )
                self.depart(news)
            self.turn()
            if self.waiters and not self.under_way:
                assert self.plan.wake_at is not None
                self.now = max(self.plan.wake_at, self.now + 0.001)
                self.turn()
        assert not self.waiters, "a wait was lost"
        for look in self.under_way:
            self.roster.failed(look, Trouble(), self.now)
        assert len(self.roster) == 0
        assert self.roster.plan(self.now) == Plan([], [], None)
        roster = self.roster
        held = (roster._agenda._due._heap, roster._agenda._due_alone._heap, roster._deadlines)
        assert not any(held)


TestHistories = Histories.TestCase
TestHistories.settings = examples(120, stateful_step_count=60)
