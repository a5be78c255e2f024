"""How one paid call is written down, while it is on its way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from acedata_async._rules.wire import as_number, as_object
from acedata_async.errors import (
    APIError,
    AuthenticationError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InsufficientBalance,
    InvalidRequest,
    LedgerError,
    NotFound,
    PaymentRequired,
    RateLimited,
)
from acedata_async.ledger.entry import Entry, WrongStep
from acedata_async.ledger.protocol import Ledger
from acedata_async.models.request import RequestWarning
from acedata_async.models.task import Task
from acedata_async.tasks.watcher import TaskWatcher

_log = logging.getLogger("acedata_async")

_OF_THE_ACCOUNT = (AuthenticationError, InsufficientBalance, PaymentRequired)

_NOTHING_CREATED = (
    RateLimited,
    ConnectionFailed,
    ClientClosed,
    InvalidRequest,
    ConfigurationError,
    RequestWarning,  # where warnings are errors, it is raised before anything is sent
    asyncio.CancelledError,
)
"""What ends a call of which it is certain that it created nothing, and that may be sent again."""


def is_of_the_account(error: BaseException | None) -> bool:
    """Say whether every other request would be refused as well: no fault of the song's.

    A 404 is the address's, unless the API itself says in it that something is not there: a voice,
    say, which concerns what asked for it alone.
    """
    if not isinstance(error, NotFound):
        return isinstance(error, _OF_THE_ACCOUNT)
    body = as_object(error.body)
    of_the_api = isinstance(body.get("error"), Mapping) or as_number(body.get("status")) is not None
    return error.code == "no_api" or not (error.code or (of_the_api and error.message))


def cost_of(record: Mapping[str, Any]) -> float | None:
    """Return the credits that a final record says were taken; None where it does not say."""
    response = as_object(record.get("response"))
    return as_number(as_object(response.get("cost")).get("amount"))


class SongJournal:
    """Writes down one paid call in a ledger, each step before it is taken.

    Args:
        ledger: Where to.
        entry: The song's entry.
        marker: What the call carries to be found by, or None.
        named: Chooses the name of the file of a task that is made, where one is wanted.
        told: Called with what happens: `beginning`, `begun`, `released`, `accepted` or `ended`,
            and with the error where there is one.

    Attributes:
        entry: The entry as it stands.
        task_id: The task's id, once it is known, written down or not.
        trouble: Why something could not be written down although it happened.
    """

    def __init__(
        self,
        ledger: Ledger,
        entry: Entry,
        *,
        marker: str | None,
        named: Callable[[Task], str | None],
        told: Callable[[str, BaseException | None], object],
    ) -> None:
        self.entry = entry
        self.task_id: str | None = None
        self.trouble: LedgerError | None = None
        self.marker = marker
        self._ledger = ledger
        self._named = named
        self._told = told
        self._out = False

    async def begin(self) -> None:
        """Write down that the call goes out; if that fails, it does not."""
        self._out = True
        self._told("beginning", None)
        self.entry = await self._ledger.begin(self.entry.key, self.marker or "")
        self._told("begun", None)

    async def release(self, error: Exception) -> None:
        """Write down that nothing was created."""
        self.entry = await self._ledger.release(self.entry.key, error)
        self._out = False
        self._told("released", error)

    async def accepted(self, outcome: Any) -> None:
        """Write down what the call brought. It is not lost where that fails."""
        watched = isinstance(outcome, TaskWatcher)
        self.task_id = outcome.id if watched else outcome.task_id
        key = self.entry.key
        try:
            if watched and outcome.id:
                shown: Task | None = outcome.task
                record = None if shown is None else shown.export()
                self.entry = await self._ledger.accept(key, outcome.id, record)
            elif watched:  # answered with its result
                task: Task = outcome.task
                record, name = task.export(), self._named(task)
                self.entry = await self._ledger.finish(key, record, cost=cost_of(record), name=name)
            else:
                answer = outcome.model_dump(mode="json")
                self.entry = await self._ledger.finish(key, answer, cost=None, name=None)
        except LedgerError as error:
            self._complain(error)
        self._told("accepted", None)

    async def ended(self, error: BaseException) -> None:
        """Write down how the call ended, as far as it was begun."""
        try:
            # What could not be written down before cannot be now.
            if self._out and not isinstance(error, LedgerError):
                await self._settle(error)
        except WrongStep:
            _log.debug("%s was left in doubt before its call ended: %s", self.entry.key, error)
        except LedgerError as trouble:
            self._complain(trouble)
        self._told("ended", error)

    async def _settle(self, error: BaseException) -> None:
        known = error if isinstance(error, Exception) else None
        if isinstance(error, _NOTHING_CREATED) or is_of_the_account(error):
            self.entry = await self._ledger.release(self.entry.key, known)
        elif isinstance(error, APIError):
            self.entry = await self._ledger.refuse(self.entry.key, error)
        else:
            self.entry = await self._ledger.doubt(
                self.entry.key, known or RuntimeError(repr(error))
            )

    def _complain(self, error: LedgerError) -> None:
        self.trouble = error
        _log.error(
            "the ledger could not be written after the paid call of %s (task %s): %s",
            self.entry.key,
            self.task_id or "not known",
            error,
        )
