"""Whom to ask about next: the poller's mind, without its hands.

Every method is a plain call that changes the state and returns what to do. Time is passed in, in
seconds of a monotonic clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from random import Random
from typing import Generic

from acedata_async._rules.agenda import Agenda
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.deadlines import Deadlines
from acedata_async._rules.governor import Budget
from acedata_async._rules.hints import Hints
from acedata_async._rules.seats import NOT_DUE, Look, Plan, RecordT, Seat, Waiter
from acedata_async._rules.timetable import Timetable

_GRACE = 30.0
"""Seconds after which an id that the user gave, and that has no record, counts as missing."""
_OLD = 60.0
"""Seconds after which a task that is missing from shared lookups gets one of its own."""
MOST_LOOKS = 8
"""Lookups under way at once."""
_SPURNED_GAP = 15.0
"""Seconds between two looks at an id that the API answers with an error of its own."""
_FAULTS = 2
"""Failed lookups of a task by itself after which it is asked about apart from others."""


class Roster(Generic[RecordT]):
    """The seats of all watched tasks of one service.

    Args:
        budget: What the token may ask.
        timetable: When a task is due.
        rng: Where jitter comes from.
    """

    def __init__(self, *, budget: Budget, timetable: Timetable, rng: Random) -> None:
        self._budget = budget
        self._governor = budget.lookups
        self._timetable = timetable
        self._rng = rng
        self._seats: dict[str, Seat[RecordT]] = {}
        self._agenda: Agenda[RecordT] = Agenda(least=timetable.least)
        self._deadlines: Deadlines[RecordT] = Deadlines()
        self._hints = Hints()
        self._relied = False
        self._waiting = 0
        self._under_way: set[Look[RecordT]] = set()
        self._failures = 0
        self._failed_at = -math.inf
        self._paused_until = -math.inf
        self._trouble: Exception | None = None

    def __len__(self) -> int:
        return len(self._seats)

    def lacks_hints(self, now: float) -> bool:
        """Say whether callbacks that were due have not come."""
        return self._timetable.trust.fails(now)

    def close(self) -> list[Waiter[RecordT]]:
        """End every wait, since the client closes, and return the waiters to wake."""
        ended = [waiter for seat in self._seats.values() for waiter in seat.end("closed")]
        self._agenda.clear()
        return ended

    def join(
        self, seat: Seat[RecordT], *, now: float, deadline: float, wake: Callable[[], object]
    ) -> Waiter[RecordT]:
        """Begin a wait for the seat's task; who waits for it already is joined."""
        shared = self._seats.setdefault(seat.task_id, seat)
        if shared is not seat:
            shared.merge(seat)
        self._timetable.came(shared)
        waiter = Waiter(shared, now, deadline, wake, ending="final" if shared.final else None)
        shared.admit(waiter)
        self._waiting += 1
        self._deadlines.add(waiter)
        if shared.final:
            return waiter
        if self._hints.take(shared.task_id, shared.marker, now):
            self._hurry(shared, now)
        elif shared.asking:
            return waiter
        elif shared.turn == NOT_DUE:
            wait = self._timetable.first_look(shared, self._seats, self._agenda.batch.size, now)
            self._schedule(shared, now + wait, now)
        elif self._timetable.is_patient(shared, now):
            chance = waiter.last_chance(now)
            if chance < shared.due:
                self._agenda.add(shared, chance, now)
        return waiter

    def leave(self, waiter: Waiter[RecordT]) -> None:
        """End a wait; nobody else notices. The last one to leave a task ends its lookups."""
        seat = waiter.seat
        if not seat.dismiss(waiter):
            return
        self._waiting -= 1
        self._vacate(seat)
        self._deadlines.tidy(self._waiting)

    def hint(
        self,
        task_id: str,
        now: float,
        marker: str | None = None,
        *,
        known: Seat[RecordT] | None = None,
    ) -> bool:
        """Make a task due now, since something hints that it changed; its first hint counts.

        Args:
            task_id: The task.
            now: The time.
            marker: What the hint shows; None for one that shows nothing. One that shows another
                task's marker is forged, and counts for nothing.
            known: Its seat, where nobody waits for it at present.

        Returns:
            Whether anybody waits for it. If not, the hint is kept for whoever comes.
        """
        seat = self._seats.get(task_id, known)
        wanted = seat is not None and seat.wanted
        if not self._hints.note(task_id, marker, now, used=wanted):
            return wanted
        if seat is None:
            self._timetable.trust.came_late(task_id)
        elif not seat.hinted and seat.fits(marker):
            if wanted:
                self._hurry(seat, now)
            else:
                self._timetable.hinted(seat)
        return wanted

    def plan(self, now: float) -> Plan[RecordT]:
        """Decide what to ask now, who has waited long enough, and when to decide again."""
        expired = self._expire(now)
        looks: list[Look[RecordT]] = []
        ready_at = self._ready_at(now)
        self._agenda.begin()
        while ready_at <= now and self._free:
            seats = self._agenda.pick(now, others_asked=self._asks_others)
            if not seats:
                break
            looks.append(self._send(seats, now))
            ready_at = self._ready_at(now)
        return Plan(looks, expired, self._wake_at(ready_at, now))

    def answered(
        self,
        look: Look[RecordT],
        records: Mapping[str, RecordT],
        *,
        count: int | None,
        now: float,
        server_now: float,
    ) -> list[Waiter[RecordT]]:
        """Take in an answer and return the waiters to wake.

        Only the tasks that were asked for are judged: what the answer holds beside them is
        somebody else's, and who joined meanwhile was not asked about.

        Args:
            look: What was asked.
            records: What the answer holds, by id.
            count: The number of matches that the answer claims, or None.
            now: The time.
            server_now: The time in Unix seconds by the server's clock.
        """
        self._land(look)
        self._governor.answered(now)
        self._failures, self._trouble = 0, None
        missing = [seat for seat in look.seats if seat.task_id not in records]
        cut_short = self._agenda.batch.answered(
            asked=len(look.seats),
            items=len(look.seats) - len(missing),
            count=count,
            lost=any(seat.looks for seat in missing),
        )
        doubted = all(seat.alone for seat in look.seats)
        news: list[Waiter[RecordT]] = []
        still_running: list[Seat[RecordT]] = []
        known_now: set[str | None] = set()
        for seat in look.seats:
            seat.faults = 0
            record = records.get(seat.task_id)
            if record is not None:
                if self._timetable.seen(seat, record, now, server_now):
                    known_now.add(seat.kind)
                if not seat.hinted and self._hints.take(seat.task_id, seat.marker, now):
                    self._timetable.hinted(seat)  # so far it was not known whose hint it is
                news += self._found(seat, record)
                still_running += [seat] if seat.waiters and not seat.final else []
            elif cut_short:
                self._schedule(seat, now, now)
            elif seat.waiters:
                news += self._missed(seat, now, lone=len(look.seats) == 1)
        for seat in still_running:  # after all durations of this answer have been learned
            self._schedule(seat, max(now, look.sent + self._gap(seat, now)), now)
        if known_now:
            self._call_up(known_now, now)
        self._check_trust(now)
        if doubted and not missing:
            self._trust_again(now)
        return news

    def refused(
        self, look: Look[RecordT], error: Exception, *, retry_after: float | None, now: float
    ) -> None:
        """Take in a 429: everybody slows down once, and the same tasks are due again."""
        self._budget.lookup_refused(
            now, sent=look.sent, retry_after=retry_after, chance=self._rng.random()
        )
        self._again(look, now, error)

    def too_large(self, look: Look[RecordT], error: Exception, now: float) -> None:
        """Take in a refusal of the number of ids: ask again with fewer."""
        self._agenda.batch.refused(asked=len(look.seats))
        self._again(look, now, error)

    def failed(self, look: Look[RecordT], error: Exception, now: float) -> None:
        """Take in a lookup that failed: the schedule pauses, and no wait ends."""
        if look.sent > self._failed_at:  # of several under way, one tells of all
            self._failed_at = now
            self._failures += 1
            pause = error_pause(self._failures, chance=self._rng.random())
            self._paused_until = max(self._paused_until, now + pause)
        for seat in look.seats:
            seat.faults += 1
        if len(look.seats) == 1 and (look.seats[0].alone or look.seats[0].faults > _FAULTS):
            self._put_off(look, error, now)  # it is not to stand in the way of others
        else:
            self._again(look, now, error)

    def spurned(self, look: Look[RecordT], error: Exception, now: float) -> None:
        """Take in that the API will not look at one id: its own trouble, and nobody else's."""
        self._agenda.batch.restore()
        self._put_off(look, error, now)

    def barred(self, look: Look[RecordT], error: Exception) -> list[Waiter[RecordT]]:
        """Take in an answer that cannot heal: every wait of the lookup ends."""
        self._land(look)
        return [waiter for seat in look.seats for waiter in seat.end("barred", error)]

    def noted(self, seat: Seat[RecordT], record: RecordT) -> list[Waiter[RecordT]]:
        """Take in a record that came by another way, such as a look of the user's own."""
        return self._seats.get(seat.task_id, seat).note(record)

    def _hurry(self, seat: Seat[RecordT], now: float) -> None:
        """Look at a task now, or again if it is being looked at: the answer may be older."""
        self._timetable.hinted(seat)
        seat.hurried = seat.asking
        if not seat.asking:
            self._schedule(seat, now, now)

    def _found(self, seat: Seat[RecordT], record: RecordT) -> list[Waiter[RecordT]]:
        seat.missing_since, seat.alone = None, False
        seat.looks += 1
        return seat.note(record)

    def _trust_again(self, now: float) -> None:
        """Let those share lookups again that answers lacked: a look by itself has found one.

        So it was the answers that were wrong, not the ids.
        """
        if self._agenda.has_alone:
            for seat in self._seats.values():
                if seat.alone and seat.missing_since is not None and seat.turn != NOT_DUE:
                    seat.alone, seat.missing_since = False, None
                    self._schedule(seat, now, now)

    def _call_up(self, kinds: set[str | None], now: float) -> None:
        """Look at everybody whose kind has just become known: so far they waited for that."""
        for seat in self._seats.values():
            waits_long = seat.turn != NOT_DUE and seat.due - now > self._timetable.least
            if waits_long and seat.looked is not None and seat.kind in kinds:
                self._schedule(seat, max(now, seat.looked + self._timetable.least), now)

    def _check_trust(self, now: float) -> None:
        """Look at all at the usual pace again once callbacks have failed to come."""
        relied, self._relied = self._relied, self._timetable.trust.holds(now)
        if relied and not self._relied:
            for seat in self._seats.values():
                if seat.marker is not None and seat.turn != NOT_DUE:
                    wait = self._timetable.first_look(
                        seat, self._seats, self._agenda.batch.size, now
                    )
                    self._schedule(seat, min(seat.due, now + wait), now)

    def _missed(self, seat: Seat[RecordT], now: float, *, lone: bool) -> list[Waiter[RecordT]]:
        if seat.missing_since is None:
            seat.missing_since = now
        missing_for = now - seat.missing_since
        if lone and not seat.acknowledged and missing_for >= _GRACE:
            return seat.end("missing")
        # A record may take a moment to become visible, and a shared answer that lacks it may
        # have been cut short: only a look of its own can tell.
        patience = _OLD if seat.acknowledged else _GRACE
        seat.alone = seat.looks > 0 or missing_for >= patience
        self._schedule(seat, now + self._gap(seat, now), now)
        return []

    def _gap(self, seat: Seat[RecordT], now: float) -> float:
        if seat.hurried:  # the hint came while the answer was on its way
            seat.hurried = False
            return self._timetable.least
        return self._timetable.gap(
            seat, self._seats, self._agenda.batch.size, now, chance=self._rng.random()
        )

    def _again(self, look: Look[RecordT], now: float, trouble: Exception) -> None:
        self._land(look)
        self._trouble = trouble
        for seat in look.seats:
            self._schedule(seat, now, now)

    def _put_off(self, look: Look[RecordT], error: Exception, now: float) -> None:
        self._land(look)
        self._trouble = error
        for seat in look.seats:
            seat.alone = True
            self._schedule(seat, now + _SPURNED_GAP, now)

    def _land(self, look: Look[RecordT]) -> None:
        if look in self._under_way:
            self._under_way.remove(look)
            for seat in look.seats:
                seat.asking, seat.looked = False, look.sent
                self._vacate(seat)

    def _vacate(self, seat: Seat[RecordT]) -> None:
        """Forget a seat that nobody waits at; one that is being asked about keeps its place."""
        if seat.waiters or seat.asking:
            return
        if self._seats.get(seat.task_id) is seat:
            del self._seats[seat.task_id]
            seat.turn = NOT_DUE
            self._timetable.left(seat)
        if not self._seats:
            self._agenda.clear()
            self._deadlines.clear()
            self._trouble = None
            self._governor.claimed = False

    def _schedule(self, seat: Seat[RecordT], due: float, now: float) -> None:
        if self._seats.get(seat.task_id) is seat and seat.wanted:
            if self._timetable.is_patient(seat, now):
                waiters = (waiter for waiter in seat.waiters if waiter.ending is None)
                due = min([due, *(waiter.last_chance(now) for waiter in waiters)])
            self._agenda.add(seat, due, now)

    def _expire(self, now: float) -> list[Waiter[RecordT]]:
        expired = self._deadlines.passed(now)
        for waiter in expired:
            waiter.ending, waiter.cause = "deadline", self._trouble
            if not waiter.seat.wanted:
                waiter.seat.turn = NOT_DUE  # nobody is left who wants to know
        return expired

    @property
    def _free(self) -> bool:
        """Whether one more lookup may be under way; after failures it takes one to find out."""
        return len(self._under_way) < (1 if self._failures else MOST_LOOKS)

    @property
    def _asks_others(self) -> bool:
        """Whether lookups for tasks that share one are under way."""
        return not all(seat.alone for look in self._under_way for seat in look.seats)

    def _ready_at(self, now: float) -> float:
        return max(self._paused_until, now + self._governor.wait(now))

    def _wake_at(self, ready_at: float, now: float) -> float | None:
        due = math.inf
        if self._free:
            due = self._agenda.next_due(now, others_asked=self._asks_others)
        if due <= now < ready_at:
            self._governor.claimed = True  # whoever else asks is not to take each turn as it comes
        due = max(ready_at, due)
        moment = min(due, self._deadlines.next())
        return moment if math.isfinite(moment) else None

    def _send(self, seats: list[Seat[RecordT]], now: float) -> Look[RecordT]:
        self._governor.take(now)
        self._governor.claimed = False
        for seat in seats:
            seat.asking, seat.turn = True, NOT_DUE
        look = Look(tuple(seats), now)
        self._under_way.add(look)
        return look
