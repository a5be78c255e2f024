"""Lookups that somebody asks for and waits for, beside those of the poller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from itertools import count
from random import Random
from typing import Any, TypeVar

from acedata_async._clock import Clock, sleep
from acedata_async._rules.batch import BatchSize
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.governor import Budget
from acedata_async.errors import AceDataError, APIError, ClientClosed, RateLimited
from acedata_async.models.sighting import Sighting
from acedata_async.tasks.crew import Caller, Crew
from acedata_async.tasks.endpoint import TaskEndpoint
from acedata_async.tasks.turns import Turns

T = TypeVar("T")

_TRIES = 4


class Lookups:
    """Looks tasks up now.

    Args:
        endpoint: Where tasks are looked up.
        crew: Runs the lookups.
        clock: The time.
        budget: What the token may ask.
        rng: Where jitter comes from.
    """

    def __init__(
        self, endpoint: TaskEndpoint, crew: Crew, clock: Clock, budget: Budget, rng: Random
    ) -> None:
        self._endpoint = endpoint
        self._crew = crew
        self._clock = clock
        self._budget = budget
        self._rng = rng
        self._turns = Turns(budget.lookups, clock)

    async def retrieve(self, task_ids: Iterable[str]) -> dict[str, Sighting]:
        """Look tasks up, as many as there are; those without a record are left out.

        Raises:
            APIError: The API refused, or failed several times.
            ConnectionFailed: The API could not be reached.
            ClientClosed: The client was closed.
        """
        found: dict[str, Sighting] = {}
        pending = list(dict.fromkeys(task_ids))
        batch = BatchSize()
        while pending:
            asked, rest = pending[: batch.size], pending[batch.size :]
            try:
                answer = await self._patiently(partial(self._endpoint.look, asked))
            except APIError as error:
                if not is_too_large(error, len(asked)):
                    raise
                batch.refused(asked=len(asked))
                continue
            found.update(answer.records)
            short = batch.answered(
                asked=len(asked), items=len(answer.records), count=answer.count, lost=False
            )
            left = [task_id for task_id in asked if task_id not in found] if short else []
            pending = left + rest
        return found

    async def list_page(self, filters: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return a page of the account's records; see `TaskEndpoint.list_page`.

        Raises what `retrieve` raises, and MalformedResponse for an answer that is no list.
        """
        return await self._patiently(partial(self._endpoint.list_page, filters))

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        return await self._crew.run(partial(self._try, ask), name="lookup")

    async def _try(self, ask: Callable[[], Awaitable[T]], caller: Caller) -> T:
        """Try again what may heal."""
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


def is_too_large(error: AceDataError, asked: int) -> bool:
    """Say whether the API refused a lookup for the number of its ids."""
    return isinstance(error, APIError) and error.status in {400, 413} and asked > 1


def _is_refusal(error: AceDataError) -> bool:
    return isinstance(error, APIError) and 400 <= error.status < 500
