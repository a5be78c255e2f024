"""Lookups that somebody asks for and waits for, beside those of the poller."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from acedata_async._rules.batch import BatchSize
from acedata_async.errors import (
    AceDataError,
    APIError,
    AuthenticationError,
    ConfigurationError,
    InsufficientBalance,
)
from acedata_async.models.sighting import Sighting
from acedata_async.tasks.endpoint import TaskEndpoint
from acedata_async.tasks.patience import Patience


class Lookups:
    """Looks tasks up now.

    Args:
        endpoint: Where tasks are looked up.
        patience: Asks.
    """

    def __init__(self, endpoint: TaskEndpoint, patience: Patience) -> None:
        self._endpoint = endpoint
        self._patience = patience

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
                answer = await self._patience.run(partial(self._endpoint.look, asked))
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
        return await self._patience.run(partial(self._endpoint.list_page, filters))


def is_too_large(error: AceDataError, asked: int) -> bool:
    """Say whether the API refused a lookup for the number of its ids."""
    return isinstance(error, APIError) and error.status in {400, 413} and asked > 1


def cannot_heal(error: AceDataError) -> bool:
    """Say whether waiting is useless: the API itself, not a proxy, bars the token."""
    if isinstance(error, ConfigurationError):
        return True
    if not isinstance(error, APIError) or error.code is None:
        return False
    if isinstance(error, InsufficientBalance):
        return False
    return isinstance(error, AuthenticationError) or error.status in {401, 403}


def is_about_one_id(error: AceDataError, asked: int) -> bool:
    """Say whether it is the id that the API minds; a 404 to several is a proxy's."""
    return isinstance(error, APIError) and error.status in {400, 404} and asked == 1
