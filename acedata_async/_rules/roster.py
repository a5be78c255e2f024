"""Whom to ask about next: the poller's mind, without its hands.

Every method is a plain call that changes the state and returns what to do. Time is passed in, in
seconds of a monotonic clock.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from typing import Generic

from acedata_async._rules.batch import BatchSize
from acedata_async._rules.cadence import error_pause, first_look, next_gap
from acedata_async._rules.governor import Governor
from acedata_async._rules.seats import NOT_DUE, Look, Plan, RecordT, Seat, Waiter

_GRACE = 30.0
"""Seconds after which an id that the user gave, and that has no record, counts as missing."""
_OLD = 60.0
"""Seconds after which a task that is missing from shared lookups gets one of its own."""
_MOST_LOOKS = 4
"""Lookups under way at once."""
_SPURNED_GAP = 15.0
"""Seconds between two looks at an id that the API answers with an error of its own."""
_LONE_SHARE = 5
"""At most one in so many lookups is for a single missing task while others are due."""


class Roster(Generic[RecordT]):
    """The seats of all watched tasks of one service.

    Args:
        governor: The lookup budget of the token.
        least_gap: Least seconds between two looks at one task.
        rng: Where jitter comes from.
    """

    def __init__(self, *, governor: Governor, least_gap: float, rng: Random) -> None:
        self._governor = governor
        self._least_gap = least_gap
        self._rng = rng
        self._batch = BatchSize()
        self._order = count()
        self._seats: dict[str, Seat[RecordT]] = {}
        self._due: list[tuple[float, int, Seat[RecordT]]] = []
        self._due_alone: list[tuple[float, int, Seat[RecordT]]] = []
        self._deadlines: list[tuple[float, int, Waiter[RecordT]]] = []
        self._waiting = 0
        self._under_way = 0
        self._failures = 0
        self._paused_until = -math.inf
        self._trouble: Exception | None = None
        self._shared_looks = _LONE_SHARE

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
        shared.acknowledged |= seat.acknowledged
        waiter = Waiter(shared, deadline, wake, ending="final" if shared.final else None)
        shared.waiters.add(waiter)
        self._waiting += 1
        if not (shared.final or shared.asking) and shared.turn == NOT_DUE:
            wait = first_look(now - shared.born, acknowledged=shared.acknowledged)
            if shared.looked is not None:
                wait = max(wait, shared.looked + self._least_gap - now)
            self._schedule(shared, now + wait)
        heapq.heappush(self._deadlines, (deadline, next(self._order), waiter))
        return waiter

    def leave(self, waiter: Waiter[RecordT]) -> None:
        """End a wait; nobody else notices. The last one to leave a task ends its lookups."""
        seat = waiter.seat
        if waiter not in seat.waiters:
            return
        seat.waiters.discard(waiter)
        self._waiting -= 1
        self._vacate(seat)
        if self._seats and len(self._deadlines) > 64 + 2 * self._waiting:
            self._deadlines = [entry for entry in self._deadlines if not entry[2].over]
            heapq.heapify(self._deadlines)

    def hurry(self, task_id: str, now: float) -> None:
        """Make a watched task due now: something hints that it changed."""
        seat = self._seats.get(task_id)
        if seat is not None:
            seat.hurried = seat.asking
            if not seat.asking:
                self._schedule(seat, now)

    def plan(self, now: float) -> Plan[RecordT]:
        """Decide what to ask now, who has waited long enough, and when to decide again."""
        expired = self._expire(now)
        looks: list[Look[RecordT]] = []
        ready_at = self._ready_at(now)
        while ready_at <= now and self._under_way < _MOST_LOOKS:
            seats = self._pick(now)
            if not seats:
                break
            looks.append(self._send(seats, now))
            ready_at = self._ready_at(now)
        return Plan(looks, expired, self._wake_at(ready_at))

    def answered(
        self, look: Look[RecordT], records: Mapping[str, RecordT], *, count: int | None, now: float
    ) -> list[Waiter[RecordT]]:
        """Take in an answer and return the waiters to wake.

        Only the tasks that were asked for are judged: what the answer holds beside them is
        somebody else's, and who joined meanwhile was not asked about.

        Args:
            look: What was asked.
            records: What the answer holds, by id.
            count: The number of matches that the answer claims, or None.
            now: The time.
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
        news: list[Waiter[RecordT]] = []
        for seat in look.seats:
            seat.looked = look.sent
            record = records.get(seat.task_id)
            if record is not None:
                news += self._found(seat, record, now)
            elif cut_short:
                self._schedule(seat, now)
            else:
                news += self._missed(seat, now, lone=len(look.seats) == 1)
        return news

    def refused(
        self, look: Look[RecordT], error: Exception, *, retry_after: float | None, now: float
    ) -> None:
        """Take in a 429: everybody slows down once, and the same tasks are due again."""
        self._governor.refused(
            now, sent=look.sent, retry_after=retry_after, chance=self._rng.random()
        )
        self._again(look, now, error)

    def too_large(self, look: Look[RecordT], error: Exception, now: float) -> None:
        """Take in a refusal of the number of ids: ask again with fewer."""
        self._batch.refused(asked=len(look.seats))
        self._again(look, now, error)

    def failed(self, look: Look[RecordT], error: Exception, now: float) -> None:
        """Take in a lookup that failed: the schedule pauses, and no wait ends."""
        self._failures += 1
        pause = error_pause(self._failures, chance=self._rng.random())
        self._paused_until = max(self._paused_until, now + pause)
        self._again(look, now, error)

    def spurned(self, look: Look[RecordT], error: Exception, now: float) -> None:
        """Take in that the API will not look at one id: its own trouble, and nobody else's."""
        self._land(look)
        self._trouble = error
        self._batch.restore()
        for seat in look.seats:
            seat.alone = True
            self._schedule(seat, now + _SPURNED_GAP)

    def barred(self, look: Look[RecordT], error: Exception) -> list[Waiter[RecordT]]:
        """Take in an answer that cannot heal: every wait of the lookup ends."""
        self._land(look)
        return [waiter for seat in look.seats for waiter in seat.end("barred", error)]

    def noted(self, seat: Seat[RecordT], record: RecordT) -> list[Waiter[RecordT]]:
        """Take in a record that came by another way, such as a look of the user's own."""
        return self._seats.get(seat.task_id, seat).note(record)

    def _found(self, seat: Seat[RecordT], record: RecordT, now: float) -> list[Waiter[RecordT]]:
        seat.missing_since, seat.alone = None, False
        news = seat.note(record)
        if not seat.final:
            self._schedule(seat, now + self._gap(seat, now))
        return news

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
        self._schedule(seat, now + self._gap(seat, now))
        return []

    def _gap(self, seat: Seat[RecordT], now: float) -> float:
        if seat.hurried:  # the hint came while the answer was on its way
            seat.hurried = False
            return self._least_gap
        return self._usual_gap(seat, now)

    def _usual_gap(self, seat: Seat[RecordT], now: float) -> float:
        return next_gap(now - seat.born, watched=max(1, len(self._seats)), least=self._least_gap)

    def _again(self, look: Look[RecordT], now: float, trouble: Exception) -> None:
        self._land(look)
        self._trouble = trouble
        for seat in look.seats:
            self._schedule(seat, now)

    def _land(self, look: Look[RecordT]) -> None:
        self._under_way -= 1
        for seat in look.seats:
            seat.asking = False
            self._vacate(seat)

    def _vacate(self, seat: Seat[RecordT]) -> None:
        """Forget a seat that nobody waits at; one that is being asked about keeps its place."""
        if seat.waiters or seat.asking:
            return
        if self._seats.get(seat.task_id) is seat:
            del self._seats[seat.task_id]
            seat.turn = NOT_DUE
        if not self._seats:
            self._due.clear()
            self._due_alone.clear()
            self._deadlines.clear()
            self._trouble = None

    def _schedule(self, seat: Seat[RecordT], due: float) -> None:
        if self._seats.get(seat.task_id) is seat and seat.wanted:
            seat.turn = next(self._order)
            queue = self._due_alone if seat.alone else self._due
            heapq.heappush(queue, (due, seat.turn, seat))

    def _expire(self, now: float) -> list[Waiter[RecordT]]:
        expired = []
        while self._deadlines and (self._deadlines[0][0] <= now or self._deadlines[0][2].over):
            waiter = heapq.heappop(self._deadlines)[2]
            if not waiter.over:
                waiter.ending, waiter.cause = "deadline", self._trouble
                expired.append(waiter)
                if not waiter.seat.wanted:
                    waiter.seat.turn = NOT_DUE  # nobody is left who wants to know
        return expired

    def _ready_at(self, now: float) -> float:
        return max(self._paused_until, now + self._governor.wait(now))

    def _wake_at(self, ready_at: float) -> float | None:
        moments = [self._deadlines[0][0]] if self._deadlines else []
        due = min(_next_due(self._due), self._next_due_alone())
        if math.isfinite(due) and self._under_way < _MOST_LOOKS:
            moments.append(max(due, ready_at))
        return min(moments, default=None)

    def _pick(self, now: float) -> list[Seat[RecordT]]:
        """Take what is due, and what is nearly due while there is room."""
        if self._next_due_alone() <= now:
            self._shared_looks = 0
            return [heapq.heappop(self._due_alone)[2]]
        seats: list[Seat[RecordT]] = []
        horizon = now
        while len(seats) < self._batch.size and _next_due(self._due) <= horizon:
            seats.append(heapq.heappop(self._due)[2])
            horizon = now + self._usual_gap(seats[0], now) / 2
        self._shared_looks += bool(seats)
        return seats

    def _next_due_alone(self) -> float:
        """Return when the next look for a single missing task is due.

        It is one lookup in five at most while there are others. An id that was given by the user
        and has no record needs just one, its last, and does not count.
        """
        due = _next_due(self._due_alone)
        others = math.isfinite(_next_due(self._due)) or self._under_way > 0
        if not others or self._shared_looks >= _LONE_SHARE - 1:
            return due
        return due if math.isfinite(due) and self._due_alone[0][2].last_look else math.inf

    def _send(self, seats: list[Seat[RecordT]], now: float) -> Look[RecordT]:
        self._governor.take(now)
        self._under_way += 1
        for seat in seats:
            seat.asking = True
            seat.turn = NOT_DUE
        return Look(tuple(seats), now)


def _next_due(queue: list[tuple[float, int, Seat[RecordT]]]) -> float:
    """Return when the first of the queue is due; entries that were replaced are dropped."""
    while queue and queue[0][1] != queue[0][2].turn:
        heapq.heappop(queue)
    return queue[0][0] if queue else math.inf
