"""Sending what is paid for: once."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any, Protocol, TypeVar

from acedata_async._clock import Clock, sleep
from acedata_async._rules.exchange import Call, Reply, without_callback
from acedata_async._rules.governor import Governor
from acedata_async._rules.leads import leads_in
from acedata_async._rules.submission import Accepted, Refused, Throttled, sort_answer
from acedata_async._rules.wire import as_object
from acedata_async._transport.seam import Interrupted, NotDelivered, Transport
from acedata_async.config import Timeouts
from acedata_async.errors import (
    APIError,
    ClientClosed,
    ConnectionFailed,
    SubmissionUnknown,
    in_words,
)
from acedata_async.models.request import ApiRequest
from acedata_async.tasks.crew import Caller
from acedata_async.tasks.turns import Turns

T = TypeVar("T")
Accept = Callable[[Reply, float], T | None]
Unknown = Callable[..., SubmissionUnknown]

_TRIES = 4
"""How often a request is sent that cannot have reached the API."""


class Journal(Protocol):
    """Writes down how a paid call goes, before it takes its next step."""

    @property
    def marker(self) -> str | None:
        """What the call carries to be found by in the vendor's records, or None."""

    async def begin(self) -> None:
        """Note that the call goes out now; what this raises keeps it from going."""

    async def release(self, error: Exception) -> None:
        """Note that nothing was created: not delivered, or refused by a rate limit."""

    async def accepted(self, outcome: Any) -> None:
        """Note what the call brought: a `TaskWatcher`, or the result itself."""

    async def ended(self, error: BaseException) -> None:
        """Note that the call ended in an error. It may never have begun."""


class _NoJournal:
    """For calls of which nothing is written down."""

    marker = None

    async def begin(self) -> None:
        pass

    async def release(self, error: Exception) -> None:
        pass

    async def accepted(self, outcome: Any) -> None:
        pass

    async def ended(self, error: BaseException) -> None:
        pass


NO_JOURNAL: Journal = _NoJournal()


class Submitter:
    """Sends paid calls. What may have arrived is never sent again.

    Args:
        transport: The network.
        clock: The time.
        timeouts: How long to wait for what.
        rng: Where jitter comes from.
        governor: How fast the token may submit.
        closed: Whether the client is closing.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        *,
        timeouts: Timeouts,
        rng: Random,
        governor: Governor,
        closed: Callable[[], bool],
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._timeouts = timeouts
        self._rng = rng
        self._closed = closed
        self._governor = governor
        self._turns = Turns(governor, clock)
        self._refusal: APIError | None = None

    async def post(
        self,
        call: Call,
        request: ApiRequest,
        caller: Caller,
        accept: Accept[T],
        journal: Journal = NO_JOURNAL,
    ) -> T:
        """Send a paid call until it is accepted, refused, or its outcome is unknown.

        Args:
            call: What to send.
            request: What the caller asked for, for the error.
            caller: Who asked. What nobody waits for any more is not sent, unless it was already.
            accept: Reads what was wanted out of an answer, or returns None. It is also told
                when the call was sent, by the monotonic clock.
            journal: Writes down each step before it is taken, and how the call ended.

        Raises:
            APIError: The API refused; nothing was created.
            ConnectionFailed: It could not be delivered; nothing was created.
            SubmissionUnknown: It may have been accepted.
        """
        try:
            result = await self._post(call, request, caller, accept, journal)
        except BaseException as error:
            await journal.ended(error)
            raise
        await journal.accepted(result)
        return result

    async def _post(
        self,
        call: Call,
        request: ApiRequest,
        caller: Caller,
        accept: Accept[T],
        journal: Journal,
    ) -> T:
        unknown = partial(_unknown, request, journal.marker)
        give_up = self._clock.monotonic() + self._timeouts.throttled
        undelivered = 0
        while True:
            sent: float | None = None

            async def turn() -> None:
                nonlocal sent
                await self._turns.take(partial(self._check, caller, give_up))
                await journal.begin()
                self._check(caller, give_up)
                sent = self._clock.monotonic()

            try:
                reply = await self._transport.send(
                    call, timeout=self._timeouts.generation, turn=turn
                )
            except NotDelivered as fault:
                undelivered += 1
                await journal.release(fault)
                await self._after_no_delivery(fault, undelivered)
                continue
            except Interrupted as fault:
                raise unknown(f"the exchange broke ({fault})") from fault
            except asyncio.CancelledError as cancelled:
                if sent is None:
                    raise
                raise unknown("the client was closed meanwhile") from cancelled
            result = accept(reply, sent or 0.0)
            if result is not None:
                self._governor.answered(self._clock.monotonic())
                return result
            safe = without_callback(reply, call)
            refusal = self._settle(unknown, safe, sent=sent or 0.0, give_up=give_up)
            await journal.release(refusal)

    def _check(self, caller: Caller, give_up: float) -> None:
        """Raise if the request is not to be sent any more; so far it was not, or was refused."""
        if self._closed() or caller.gone:
            raise ClientClosed("the client, or the caller, went away; the request was not sent")
        if self._refusal is not None and self._clock.monotonic() > give_up:
            raise copy.copy(self._refusal)

    async def _after_no_delivery(self, fault: NotDelivered, failures: int) -> None:
        if failures >= _TRIES:
            raise ConnectionFailed(
                f"not sent, and nothing was paid: {fault}; tried {failures} times"
            ) from fault
        await sleep(self._clock, 2.0 ** (failures - 2) * (0.5 + 0.5 * self._rng.random()))

    def _settle(self, unknown: Unknown, reply: Reply, *, sent: float, give_up: float) -> APIError:
        """Act on an answer that is not what was wanted; return a refusal that will pass."""
        now = self._clock.monotonic()
        outcome = sort_answer(reply, now=self._clock.time())
        if isinstance(outcome, Throttled):
            self._refusal = outcome.error
            self._governor.refused(
                now, sent=sent, retry_after=outcome.error.retry_after, chance=self._rng.random()
            )
            if now + self._governor.wait(now) > give_up:
                raise outcome.error
            return outcome.error
        self._governor.answered(now)
        if isinstance(outcome, Refused):
            raise outcome.error
        seen = in_words(leads_in(as_object(reply.body)))
        if isinstance(outcome, Accepted):
            named = f"as task {outcome.task_id}" if outcome.task_id else "without naming a task"
            why = f"it was accepted {named}, without what was asked for{seen}"
            raise unknown(why, reply.status, task_id=outcome.task_id)
        raise unknown(f"{outcome.error}{seen}", outcome.error.status) from outcome.error


def accepted(reply: Reply, *, now: float, bare: str | None) -> Accepted | None:
    """Read an acknowledgement, or an answer that already is the result; see `sort_answer`."""
    outcome = sort_answer(reply, now=now, bare=bare)
    return outcome if isinstance(outcome, Accepted) else None


def _unknown(
    request: ApiRequest,
    marker: str | None,
    why: str,
    status: int | None = None,
    *,
    task_id: str | None = None,
) -> SubmissionUnknown:
    name: Any = getattr(request, "action", request.path.rpartition("/")[2])
    way = request.way_to_watch.format(task_id) if task_id and request.way_to_watch else ""
    return SubmissionUnknown(
        f"{name}: nobody knows whether the API accepted it: {why}. It may have been created and"
        " paid, so it was not sent again; look for it at https://platform.acedata.cloud, and"
        f" submit it again only if it is not there{way}",
        request=request,
        marker=marker,
        status=status,
        task_id=task_id,
    )
