"""One poller for a service: carries out what the roster decides."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from random import Random

import anyio

from acedata_async._clock import Clock, Timer, sleep
from acedata_async._rules.batch import BatchSize
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.governor import Governor
from acedata_async._rules.roster import Roster
from acedata_async._rules.seats import Look, Seat, Waiter
from acedata_async.config import PollPolicy
from acedata_async.errors import (
    AceDataError,
    APIError,
    AuthenticationError,
    ClientClosed,
    ConfigurationError,
    InsufficientBalance,
    InvalidRequest,
    RateLimited,
)
from acedata_async.models.task import Task
from acedata_async.tasks.crew import Caller, Crew
from acedata_async.tasks.endpoint import Answer, TaskEndpoint

_log = logging.getLogger("acedata_async")

_TRIES = 4
_LONGEST_SLEEP = 3600.0
_SHORTEST_SLEEP = 0.001


class Poller:
    """Watches every task of one service that somebody waits for.

    It lives from the first waiter to the last: it has no task of its own, only a timer, and its
    requests are the crew's.

    Args:
        endpoint: Where tasks are looked up.
        crew: Runs the lookups.
        clock: The time.
        policy: How to watch.
        rng: Where jitter comes from.
    """

    def __init__(
        self, endpoint: TaskEndpoint, crew: Crew, clock: Clock, policy: PollPolicy, rng: Random
    ) -> None:
        self._endpoint = endpoint
        self._crew = crew
        self._clock = clock
        self._policy = policy
        self._rng = rng
        self._governor = Governor(rate=1, burst=5)
        self._roster: Roster[Task] = Roster(
            governor=self._governor, least_gap=policy.min_interval, rng=rng
        )
        self._timer: Timer | None = None
        self._turn_due = False
        self._closed = False
        self._lookups = anyio.CapacityLimiter(1)

    def seat(self, task_id: str, *, acknowledged: bool, record: Task | None = None) -> Seat[Task]:
        """Return a place for what is known of a task; it is watched once somebody joins."""
        return Seat(task_id, acknowledged, self._clock.monotonic(), record, int(record is not None))

    def join(
        self, seat: Seat[Task], *, timeout: float | None, wake: Callable[[], object]
    ) -> Waiter[Task]:
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

    def leave(self, waiter: Waiter[Task]) -> None:
        """End a wait; nobody else notices."""
        self._roster.leave(waiter)
        if not len(self._roster):
            self._stop_timer()

    def close(self) -> None:
        """End every wait: the client closes."""
        self._closed = True
        self._stop_timer()
        _wake_all(self._roster.close())

    async def refresh(self, seat: Seat[Task]) -> Task | None:
        """Look at one task now, and tell everybody who waits for it."""
        task = (await self.retrieve([seat.task_id])).get(seat.task_id)
        if task is not None:
            _wake_all(self._roster.noted(seat, task))
            seat.note(task)
        return task

    async def retrieve(self, task_ids: Iterable[str]) -> dict[str, Task]:
        """Look tasks up now, as many as there are; those without a record are left out."""
        found: dict[str, Task] = {}
        pending = list(dict.fromkeys(task_ids))
        batch = BatchSize()
        while pending:
            asked, rest = pending[: batch.size], pending[batch.size :]
            try:
                answer = await self._crew.run(partial(self._patiently, asked), name="lookup")
            except APIError as error:
                if not _is_too_large(error, len(asked)):
                    raise
                batch.refused(asked=len(asked))
                continue
            found.update(answer.tasks)
            short = batch.answered(
                asked=len(asked), items=len(answer.tasks), count=answer.count, lost=False
            )
            left = [task_id for task_id in asked if task_id not in found] if short else []
            pending = left + rest
        return found

    async def _patiently(self, task_ids: list[str], caller: Caller) -> Answer:
        """Look tasks up for a caller who asked for it, trying again what may heal."""
        for failures in count(1):
            await self._take_turn(caller)
            sent = self._clock.monotonic()
            try:
                answer = await self._endpoint.look(task_ids)
            except RateLimited as error:
                self._slow_down(error, sent)
                if failures == _TRIES:
                    raise
            except AceDataError as error:
                if failures == _TRIES or _is_refusal(error):
                    raise
                await sleep(self._clock, error_pause(failures, chance=self._rng.random()))
            else:
                break
        self._governor.answered(self._clock.monotonic())
        return answer

    async def _take_turn(self, caller: Caller) -> None:
        """Wait for the governor, one caller at a time: a crowd takes turns with the watchers."""
        async with self._lookups:
            while not (caller.gone or self._closed):
                pause = self._governor.wait(self._clock.monotonic())
                if pause <= 0:
                    self._governor.take(self._clock.monotonic())
                    return
                await sleep(self._clock, pause)
        raise ClientClosed("the client, or the caller, went away before the lookup")

    def _slow_down(self, error: RateLimited, sent: float) -> None:
        self._governor.refused(
            self._clock.monotonic(),
            sent=sent,
            retry_after=error.retry_after,
            chance=self._rng.random(),
        )

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
        plan = self._roster.plan(now)
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

    async def _look(self, look: Look[Task]) -> None:
        try:
            answer = await self._endpoint.look(look.task_ids)
        except AceDataError as error:
            _log.info("lookup of %d task(s) failed: %s", len(look.seats), error)
            self._take_in_error(look, error)
        except Exception as error:  # noqa: BLE001 - a bug must not leave everybody waiting
            _log.exception("lookup of %d task(s) failed in an unforeseen way", len(look.seats))
            self._roster.failed(look, error, self._clock.monotonic())
        except BaseException as ending:  # somebody cancelled it: the roster must not wait for it
            self._roster.failed(look, RuntimeError(repr(ending)), self._clock.monotonic())
            self._turn_soon()
            raise
        else:
            now = self._clock.monotonic()
            _wake_all(self._roster.answered(look, answer.tasks, count=answer.count, now=now))
        self._turn_soon()

    def _take_in_error(self, look: Look[Task], error: AceDataError) -> None:
        now = self._clock.monotonic()
        if isinstance(error, RateLimited):
            self._roster.refused(look, error, retry_after=error.retry_after, now=now)
        elif _cannot_heal(error):
            _wake_all(self._roster.barred(look, error))
        elif _is_too_large(error, len(look.seats)):
            self._roster.too_large(look, error, now)
        elif isinstance(error, APIError) and error.status in {400, 404}:
            self._roster.spurned(look, error, now)
        else:
            self._roster.failed(look, error, now)


def _is_span(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _cannot_heal(error: AceDataError) -> bool:
    """Say whether waiting is useless: the API itself, not a proxy, bars the token."""
    if isinstance(error, ConfigurationError):
        return True
    if not isinstance(error, APIError) or error.code is None:
        return False
    if isinstance(error, InsufficientBalance):
        return False
    return isinstance(error, AuthenticationError) or error.status in {401, 403}


def _is_too_large(error: AceDataError, asked: int) -> bool:
    return isinstance(error, APIError) and error.status in {400, 413} and asked > 1


def _is_refusal(error: AceDataError) -> bool:
    return isinstance(error, APIError) and 400 <= error.status < 500


def _wake_all(waiters: Iterable[Waiter[Task]]) -> None:
    for waiter in waiters:
        waiter.wake()
