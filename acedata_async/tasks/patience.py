"""Asking what is free to ask: in turn, and again where that may help."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from random import Random
from typing import TypeVar

from acedata_async._clock import Clock, sleep
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.governor import Budget
from acedata_async.errors import AceDataError, APIError, ClientClosed, RateLimited, ServerError
from acedata_async.tasks.crew import Caller, Crew
from acedata_async.tasks.turns import Turns

T = TypeVar("T")

_ANSWERED = 200
"""The status of some refusals: the body says that it failed."""
_TRIES = 4


class Patience:
    """Asks the API for what somebody waits for.

    Args:
        crew: Runs the requests.
        clock: The time.
        budget: What the token may ask.
        rng: Where jitter comes from.
    """

    def __init__(self, crew: Crew, clock: Clock, budget: Budget, rng: Random) -> None:
        self._crew = crew
        self._clock = clock
        self._budget = budget
        self._rng = rng
        self._turns = Turns(budget.lookups, clock)

    async def run(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Ask once it is our turn; what may heal is asked again, four times in all.

        Raises:
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
            MalformedResponse: The answer is not what the API documents.
            ClientClosed: The client was closed.
        """
        return await self._crew.run(partial(self._try, ask), name="lookup")

    async def _try(self, ask: Callable[[], Awaitable[T]], caller: Caller) -> T:
        for failures in count(1):
            await self._turns.take(partial(self._check_wanted, caller))
            sent = self._clock.monotonic()
            try:
                answer = await ask()
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
        self._budget.lookups.answered(self._clock.monotonic())
        return answer

    def _check_wanted(self, caller: Caller) -> None:
        if caller.gone or self._crew.closed:
            raise ClientClosed("the client, or the caller, went away before the lookup")

    def _slow_down(self, error: RateLimited, sent: float) -> None:
        self._budget.lookup_refused(
            self._clock.monotonic(),
            sent=sent,
            retry_after=error.retry_after,
            chance=self._rng.random(),
        )


def _is_refusal(error: AceDataError) -> bool:
    if not isinstance(error, APIError) or isinstance(error, ServerError):
        return False
    return error.status == _ANSWERED or 400 <= error.status < 500
