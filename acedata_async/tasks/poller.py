"""One poller for a service: carries out what the roster decides."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from random import Random
from typing import Any

from acedata_async._clock import Clock, Timer
from acedata_async._rules.durations import Durations, kind_of
from acedata_async._rules.exchange import Call
from acedata_async._rules.governor import Budget
from acedata_async._rules.roster import Roster
from acedata_async._rules.seats import Look, Seat, Waiter
from acedata_async._rules.submission import Accepted
from acedata_async._rules.timetable import Timetable
from acedata_async.config import PollPolicy
from acedata_async.errors import (
    AceDataError,
    InvalidRequest,
    RateLimited,
)
from acedata_async.events import Event
from acedata_async.models.request import CALLBACK_FIELD
from acedata_async.models.sighting import Sighting
from acedata_async.models.task import Task
from acedata_async.tasks.crew import Crew
from acedata_async.tasks.endpoint import Answer, TaskEndpoint
from acedata_async.tasks.lookups import Lookups, cannot_heal, is_about_one_id, is_too_large
from acedata_async.tasks.patience import Patience
from acedata_async.tasks.reporter import Reporter
from acedata_async.tasks.training import Training

_log = logging.getLogger("acedata_async")

_LONGEST_SLEEP = 3600.0
_LONGEST_SPAN = 10**12
"""Seconds; a whole number beyond cannot be added to a clock."""
_SHORTEST_SLEEP = 0.001
_MOST_RECENT = 10_000
"""How many submissions are remembered whose tasks may be over."""
_AFTER_A_BUG = 5.0
"""Seconds after which a plan that failed is tried again."""


class Poller:
    """Watches every task of one service that somebody waits for.

    It lives from the first waiter to the last: it has no task of its own, only a timer, and its
    requests are the crew's.

    Args:
        endpoint: Where tasks are looked up.
        crew: Runs the lookups.
        clock: The time.
        policy: How to watch.
        durations: What is known of how long tasks take; it is added to.
        budget: What the token may ask.
        emit: Told what happens to tasks.
        rng: Where jitter comes from.
        marker_of: Returns the marker of a `callback_url` that leads to our receiver, else None.
        training: Asks elsewhere about what lookups leave open; None where nobody knows more.
    """

    def __init__(
        self,
        endpoint: TaskEndpoint,
        crew: Crew,
        clock: Clock,
        policy: PollPolicy,
        *,
        durations: Durations,
        budget: Budget,
        emit: Callable[[Event], object],
        rng: Random,
        marker_of: Callable[[object], str | None],
        training: Training | None = None,
    ) -> None:
        self._training = training
        self._endpoint = endpoint
        self._marker_of = marker_of
        self._crew = crew
        self._clock = clock
        self._policy = policy
        self._reporter = Reporter(emit, clock)
        self._lookups = Lookups(endpoint, Patience(crew, clock, budget, rng))
        self._roster: Roster[Sighting] = Roster(
            budget=budget,
            timetable=Timetable(
                durations, least=policy.min_interval, pace=policy.pace, marker_of=marker_of
            ),
            rng=rng,
        )
        self._lacked = False
        self._recent: OrderedDict[str, Seat[Sighting]] = OrderedDict()
        self._timer: Timer | None = None
        self._turn_due = False
        self._closed = False

    def seat(self, task_id: str, record: Mapping[str, Any] | None = None) -> Seat[Sighting]:
        """Return a place for what is known of a task that the user named.

        It is watched once somebody joins. Of what this client submitted it is known when.

        Args:
            task_id: The task's id.
            record: What an earlier process has seen of it.
        """
        recent = self._recent.get(task_id)
        if recent is not None and not recent.final:
            return recent
        seat: Seat[Sighting] = Seat(task_id, acknowledged=False, born=self._clock.monotonic())
        if record is not None:
            seat.note(Sighting(record, self._endpoint.service))
        return seat

    def seat_of_submission(
        self, accepted: Accepted, call: Call, record_type: str | None, *, sent: float
    ) -> Seat[Sighting]:
        """Return a place for what is known of a task that the API named in its acknowledgement.

        Args:
            accepted: What the API answered.
            call: What was sent.
            record_type: What the API calls such a task.
            sent: When it was sent, by the monotonic clock.
        """
        kind = kind_of(self._endpoint.service, call.body, record_type)
        seat: Seat[Sighting] = Seat(accepted.task_id or "", acknowledged=True, born=sent, kind=kind)
        seat.marker = self._marker_of(call.body.get(CALLBACK_FIELD))
        if accepted.record is not None:
            record = {"type": record_type, "request": call.body, **accepted.record}
            seat.note(Sighting(record, self._endpoint.service))
            if seat.task_id:  # else there is no task to tell of
                self._reporter.tell(seat)
        if seat.task_id and not seat.final:
            self._recent[seat.task_id] = seat
            while len(self._recent) > _MOST_RECENT:
                self._recent.popitem(last=False)
        return seat

    def join(
        self, seat: Seat[Sighting], *, timeout: float | None, wake: Callable[[], object]
    ) -> Waiter[Sighting]:
        """Begin to wait for a task; `wake` is called when there is news or the wait is over.

        Raises:
            InvalidRequest: The timeout is not a number of seconds.
            ClientClosed: The client was closed.
            ConfigurationError: The client belongs to another event loop.
        """
        self._crew.check()
        now = self._clock.monotonic()
        deadline = now + self.patience(timeout)
        waiter = self._roster.join(seat, now=now, deadline=deadline, wake=wake)
        self._turn_soon()
        return waiter

    def patience(self, timeout: float | None) -> float:
        """Return how long a wait lasts at most, in seconds.

        Raises:
            InvalidRequest: The timeout is not a number of seconds.
        """
        seconds = self._policy.deadline if timeout is None else timeout
        if not _is_span(seconds):
            raise InvalidRequest("timeout", timeout, "a number of seconds, 0 or more, or None")
        return seconds

    def leave(self, waiter: Waiter[Sighting]) -> None:
        """End a wait; nobody else notices."""
        self._roster.leave(waiter)
        if not len(self._roster):
            self._stop_timer()

    def hint(self, task_id: str, marker: str | None) -> bool:
        """Look at a task now if somebody waits for it, since something hints that it changed.

        Args:
            task_id: The task.
            marker: What the hint shows, or None.

        Returns:
            Whether somebody does. If not, the hint is kept for a while.
        """
        now, known = self._clock.monotonic(), self._recent.get(task_id)
        wanted = not self._closed and self._roster.hint(task_id, now, marker, known=known)
        if wanted:
            self._turn_soon()
        return wanted

    def close(self) -> None:
        """End every wait: the client closes."""
        self._closed = True
        self._stop_timer()
        _wake_all(self._roster.close())

    async def refresh(self, seat: Seat[Sighting]) -> Task | None:
        """Look at one task now, and tell everybody who waits for it."""
        seen = (await self._lookups.retrieve([seat.task_id])).get(seat.task_id)
        if seen is None:
            return None
        self._note(seat, seen)
        return seen.task

    async def retrieve(self, task_ids: Iterable[str]) -> dict[str, Task]:
        """Look tasks up now, as many as there are; those without a record are left out."""
        found = await self._lookups.retrieve(task_ids)
        return {task_id: seen.task for task_id, seen in found.items()}

    async def list_page(self, filters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return a page of the account's records; see `TaskEndpoint.list_page`."""
        return await self._lookups.list_page(filters)

    def _turn_soon(self) -> None:
        """Take a turn on the next round of the event loop; many calls make one turn."""
        if not (self._turn_due or self._closed):
            self._turn_due = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        self._turn_due = False
        if self._closed:
            return
        self._stop_timer()
        now = self._clock.monotonic()
        try:
            plan = self._roster.plan(now)
        except Exception:  # noqa: BLE001 - it is logged, and nobody is to wait for ever
            _log.exception("planning lookups failed in an unforeseen way; it is tried again")
            self._timer = self._clock.call_later(_AFTER_A_BUG, self._turn)
            return
        _wake_all(plan.expired)
        for look in plan.looks:
            _ = self._crew.start(self._look(look), name="lookup", paid=False)
        if plan.wake_at is not None:
            pause = min(_LONGEST_SLEEP, max(_SHORTEST_SLEEP, plan.wake_at - now))
            self._timer = self._clock.call_later(pause, self._turn)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _look(self, look: Look[Sighting]) -> None:
        known = {seat.task_id: seat.record for seat in look.seats if seat.record is not None}
        try:
            answer = await self._endpoint.look(look.task_ids, known)
            self._take_in(look, answer)
            self._ask_elsewhere(look)
        except AceDataError as error:
            _log.debug("lookup of %d task(s) failed: %s", len(look.seats), error)
            self._take_in_error(look, error)
        except Exception as error:  # noqa: BLE001 - a bug must not leave everybody waiting
            _log.exception("lookup of %d task(s) failed in an unforeseen way", len(look.seats))
            self._roster.failed(look, error, self._clock.monotonic())
        except BaseException as ending:  # somebody cancelled it: the roster must not wait for it
            self._roster.failed(look, RuntimeError(repr(ending)), self._clock.monotonic())
            self._turn_soon()
            raise
        self._turn_soon()

    def _take_in(self, look: Look[Sighting], answer: Answer) -> None:
        versions = [seat.version for seat in look.seats]
        self._reporter.compare_clocks(look, answer)
        woken = self._roster.answered(
            look,
            answer.records,
            count=answer.count,
            now=self._clock.monotonic(),
            server_now=self._reporter.server_now(),
        )
        _wake_all(woken)
        for seat, version in zip(look.seats, versions, strict=True):
            if seat.version != version:
                self._tell(seat)
        lacked, self._lacked = self._lacked, self._roster.lacks_hints(self._clock.monotonic())
        if self._lacked and not lacked:
            _log.warning(
                "tasks of %s ended whose callbacks did not come; they are looked up at the usual"
                " pace (is the receiver reached from outside, by this process, and with the"
                " secrets that the addresses were signed with?)",
                self._endpoint.service,
            )

    def _ask_elsewhere(self, look: Look[Sighting]) -> None:
        """Ask the voice itself where a task's record does not say that it is trained."""
        if self._training is not None and (seats := self._training.take(look.seats)):
            _ = self._crew.start(self._ask_about(self._training, seats), name="voice", paid=False)

    async def _ask_about(self, training: Training, seats: list[Seat[Sighting]]) -> None:
        async for seat, seen in training.ask(seats):
            self._note(seat, seen)

    def _note(self, seat: Seat[Sighting], seen: Sighting) -> None:
        """Take in what was seen beside the roster's own lookups."""
        version = seat.version
        _wake_all(self._roster.noted(seat, seen))
        seat.note(seen)
        if seat.version != version:
            self._tell(seat)

    def _tell(self, seat: Seat[Sighting]) -> None:
        """Report a change, and forget a task that is over."""
        if seat.final:
            self._recent.pop(seat.task_id, None)
        self._reporter.tell(seat)

    def _take_in_error(self, look: Look[Sighting], error: AceDataError) -> None:
        now = self._clock.monotonic()
        if isinstance(error, RateLimited):
            self._roster.refused(look, error, retry_after=error.retry_after, now=now)
        elif cannot_heal(error):
            _wake_all(self._roster.barred(look, error))
        elif is_too_large(error, len(look.seats)):
            self._roster.too_large(look, error, now)
        elif is_about_one_id(error, len(look.seats)):
            self._roster.spurned(look, error, now)
        else:
            self._roster.failed(look, error, now)


def _is_span(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= (math.inf if isinstance(value, float) else _LONGEST_SPAN)


def _wake_all(waiters: Iterable[Waiter[Sighting]]) -> None:
    for waiter in waiters:
        waiter.wake()
