"""Whom to ask about next: the poller's mind, without its hands.

Every method is a plain call that changes the state and returns what to do. Time is passed in, in
seconds of a monotonic clock.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from typing import Generic

from acedata_async._rules.batch import BatchSize
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.deadlines import Deadlines
from acedata_async._rules.governor import Budget
from acedata_async._rules.queue import Queue
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
_LONE_SHARE = 5
"""At most one in so many lookups is for a single missing task while there are others…"""
_LONE_PAUSE = 15.0
"""…or one in so many seconds."""


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
        self._batch = BatchSize()
        self._order = count()
        self._seats: dict[str, Seat[RecordT]] = {}
        self._due: Queue[RecordT] = Queue(self._order)
        self._due_alone: Queue[RecordT] = Queue(self._order)
        self._deadlines: Deadlines[RecordT] = Deadlines()
        self._waiting = 0
        self._under_way: set[Look[RecordT]] = set()
        self._failures = 0
        self._failed_at = -math.inf
        self._paused_until = -math.inf
        self._trouble: Exception | None = None
        self._shared_looks = _LONE_SHARE
        self._lone_at = -math.inf
        self._beat = -math.inf
        self._held = False

    def __len__(self) -> int:
        return len(self._seats)

    def close(self) -> list[Waiter[RecordT]]:
        """End every wait, since the client closes, and return the waiters to wake."""
        ended = [waiter for seat in self._seats.values() for waiter in seat.end("closed")]
        self._due.clear()
        self._due_alone.clear()
        return ended

    def join(
        self, seat: Seat[RecordT], *, now: float, deadline: float, wake: Callable[[], object]
    ) -> Waiter[RecordT]:
        """Begin a wait for the seat's task; who waits for it already is joined."""
        shared = self._seats.setdefault(seat.task_id, seat)
        if shared is not seat:
            shared.merge(seat)
        self._timetable.came(shared)
        waiter = Waiter(shared, deadline, wake, ending="final" if shared.final else None)
        shared.admit(waiter)
        self._waiting += 1
        if not (shared.final or shared.asking) and shared.turn == NOT_DUE:
            wait = self._timetable.first_look(shared, self._seats, self._batch.size, now)
            self._schedule(shared, now + wait, now)
        self._deadlines.add(waiter)
        return waiter

    def leave(self, waiter: Waiter[RecordT]) -> None:
        """End a wait; nobody else notices. The last one to leave a task ends its lookups."""
        seat = waiter.seat
        if not seat.dismiss(waiter):
            return
        self._waiting -= 1
        self._vacate(seat)
        self._deadlines.tidy(self._waiting)

    def hurry(self, task_id: str, now: float) -> None:
        """Make a watched task due now: something hints that it changed."""
        seat = self._seats.get(task_id)
        if seat is not None:
            seat.hurried = seat.asking
            if not seat.asking:
                self._schedule(seat, now, now)

    def plan(self, now: float) -> Plan[RecordT]:
        """Decide what to ask now, who has waited long enough, and when to decide again."""
        expired = self._expire(now)
        looks: list[Look[RecordT]] = []
        ready_at = self._ready_at(now)
        self._held = False
        while ready_at <= now and self._free:
            seats = self._pick(now)
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
        cut_short = self._batch.answered(
            asked=len(look.seats),
            items=len(look.seats) - len(missing),
            count=count,
            lost=any(seat.record is not None for seat in missing),
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
        self._batch.refused(asked=len(look.seats))
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
        self._batch.restore()
        self._put_off(look, error, now)

    def barred(self, look: Look[RecordT], error: Exception) -> list[Waiter[RecordT]]:
        """Take in an answer that cannot heal: every wait of the lookup ends."""
        self._land(look)
        return [waiter for seat in look.seats for waiter in seat.end("barred", error)]

    def noted(self, seat: Seat[RecordT], record: RecordT) -> list[Waiter[RecordT]]:
        """Take in a record that came by another way, such as a look of the user's own."""
        return self._seats.get(seat.task_id, seat).note(record)

    def _found(self, seat: Seat[RecordT], record: RecordT) -> list[Waiter[RecordT]]:
        seat.missing_since, seat.alone = None, False
        seat.looks += 1
        return seat.note(record)

    def _trust_again(self, now: float) -> None:
        """Let those share lookups again that answers lacked: a look by itself has found one.

        So it was the answers that were wrong, not the ids.
        """
        if self._due_alone:
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

    def _missed(self, seat: Seat[RecordT], now: float, *, lone: bool) -> list[Waiter[RecordT]]:
        if seat.missing_since is None:
            seat.missing_since = now
        missing_for = now - seat.missing_since
        if lone and not seat.acknowledged and missing_for >= _GRACE:
            return seat.end("missing")
        # A record may take a moment to become visible, and a shared answer that lacks it may
        # have been cut short: only a look of its own can tell.
        patience = _OLD if seat.acknowledged else _GRACE
        seat.alone = seat.record is not None or missing_for >= patience
        self._schedule(seat, now + self._gap(seat, now), now)
        return []

    def _gap(self, seat: Seat[RecordT], now: float) -> float:
        if seat.hurried:  # the hint came while the answer was on its way
            seat.hurried = False
            return self._timetable.least
        return self._timetable.gap(
            seat, self._seats, self._batch.size, now, chance=self._rng.random()
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
            self._due.clear()
            self._due_alone.clear()
            self._deadlines.clear()
            self._trouble = None
            self._governor.claimed = False

    def _schedule(self, seat: Seat[RecordT], due: float, now: float) -> None:
        if self._seats.get(seat.task_id) is seat and seat.wanted:
            (self._due_alone if seat.alone else self._due).push(seat, due, now)

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

    def _ready_at(self, now: float) -> float:
        return max(self._paused_until, now + self._governor.wait(now))

    def _wake_at(self, ready_at: float, now: float) -> float | None:
        due = self._beat if self._held else self._due.next_due()
        due = min(due, self._next_due_alone(now)) if self._free else math.inf
        if due <= now < ready_at:
            self._governor.claimed = True  # whoever else asks is not to take each turn as it comes
        due = max(ready_at, due)
        moment = min(due, self._deadlines.next())
        return moment if math.isfinite(moment) else None

    def _pick(self, now: float) -> list[Seat[RecordT]]:
        """Take what is due, and what would be due before these are again.

        A request that has room left goes no sooner than a least interval after the last such: so
        tasks that are looked at in turns find into the same requests. What is due at once, such as
        the first look at a task from elsewhere, does not wait for that.
        """
        if self._next_due_alone(now) <= now:
            self._shared_looks, self._lone_at = 0, now
            return self._due_alone.take(now, 1, lambda _: now)
        least = self._timetable.least
        seats = self._due.take(
            now,
            self._batch.size,
            lambda first: now + max(0.0, first.due - first.since),
            least=least,
        )
        if any(seat.faults > 1 for seat in seats):
            seats = self._divided(seats)
        elif 0 < len(seats) < self._batch.size:
            if now < self._beat and not any(seat.urgent for seat in seats):
                self._held = True
                self._due.put_back(seats)
                return []
            self._beat = now + least
        self._shared_looks += bool(seats)
        return seats

    def _divided(self, seats: list[Seat[RecordT]]) -> list[Seat[RecordT]]:
        """Take those with the fewest faults, and of those with many ever fewer at a time.

        One id may spoil each answer that it shares: so it is found out, and the others get theirs.
        """
        seats.sort(key=lambda seat: seat.faults)
        faults = max(1, seats[0].faults)
        room = max(1, self._batch.size >> (faults - 1))
        chosen = [seat for seat in seats if seat.faults <= faults][:room]
        self._due.put_back([seat for seat in seats if seat not in chosen])
        return chosen

    def _next_due_alone(self, now: float) -> float:
        """Return when the next look for a single task is due.

        While there are others it is one lookup in five at most, or one in a quarter of a minute
        where theirs are rare. An id that was given by the user and has no record needs just one,
        its last: there it takes turns with others that are due.
        """
        first = self._due_alone.first()
        if first is None:
            return math.inf
        if first.last_look:
            waits = self._due.next_due() <= now and self._shared_looks == 0
            return math.inf if waits else first.due
        asked = (seat for look in self._under_way for seat in look.seats)
        others = bool(self._due) or not all(seat.alone for seat in asked)
        if not others or self._shared_looks >= _LONE_SHARE - 1:
            return first.due
        return max(first.due, self._lone_at + _LONE_PAUSE)

    def _send(self, seats: list[Seat[RecordT]], now: float) -> Look[RecordT]:
        self._governor.take(now)
        self._governor.claimed = False
        for seat in seats:
            seat.asking, seat.turn = True, NOT_DUE
        look = Look(tuple(seats), now)
        self._under_way.add(look)
        return look
