"""Many paid requests: bounded, written down, resumed, their outcomes as they come."""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

from anyio import CancelScope, to_thread

from acedata_async.bulk.conductor import Conductor
from acedata_async.bulk.files import Files
from acedata_async.bulk.intake import Intake, Requests
from acedata_async.bulk.outcome import BulkOutcome, BulkStats
from acedata_async.bulk.settings import BulkSettings
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import ConfigurationError
from acedata_async.ledger.memory import MemoryLedger
from acedata_async.ledger.protocol import Ledger
from acedata_async.ledger.sqlite import SqliteLedger

_log = logging.getLogger("acedata_async")


class BulkRun:
    """Many requests on their way; comes from `ace.producer.bulk`.

    Open it with `async with`, and iterate over it for the outcomes, each as it comes:

        async with ace.producer.bulk(requests, ledger="songs.ledger") as run:
            async for outcome in run:
                ...

    Leaving the block, also by an exception or by being cancelled, stops sending at once. Paid
    calls under way get `Timeouts.close` seconds to be answered, so that their ids are written
    down; `stats` then says what is still at the vendor, and the next run goes on with it.
    """

    def __init__(self, workshop: Workshop, requests: Requests, settings: BulkSettings) -> None:
        self._workshop = workshop
        self._settings = settings
        self._intake = Intake(requests, workshop.service)
        self._ledger: Ledger | None = None
        self._conductor: Conductor | None = None
        self._driving: asyncio.Task[None] | None = None
        self._outcomes: deque[BulkOutcome] = deque()
        self._news = asyncio.Event()
        self._left = False
        self._closes = False

    def __repr__(self) -> str:
        if self._conductor is None:
            return "<BulkRun not begun>"
        stats = self.stats
        ended = ", ".join(f"{count} {state}" for state, count in stats.ended.items())
        return f"<BulkRun {len(stats.in_flight)} in flight, {stats.waiting} waiting, {ended or 0}>"

    @property
    def total(self) -> int | None:
        """How many requests there are; None where that is not known."""
        return self._intake.total

    @property
    def stats(self) -> BulkStats:
        """How the run stands, also after it was left.

        Raises:
            ConfigurationError: It has not begun.
        """
        if self._conductor is None:
            raise ConfigurationError(_NOT_BEGUN)
        return self._conductor.stats()

    def stop(self, reason: str = "stop() was called") -> None:
        """Send nothing more. What is under way is carried to its end; iterate on to see it.

        Args:
            reason: Why, for `stats.stopped` and for the outcomes of what is not sent.
        """
        if self._conductor is None:
            raise ConfigurationError(_NOT_BEGUN)
        self._conductor.stop(reason)

    async def __aenter__(self) -> Self:
        if self._conductor is not None or self._left:
            raise ConfigurationError("a bulk run is opened once; call bulk() again for another")
        directory = self._settings.directory
        ledger = self._ledger = self._chosen_ledger()
        self._closes = not ledger.is_open
        await ledger.open()
        try:
            totals = await ledger.totals()
            # Not before the ledger is ours: whoever had it may have been saving files.
            files = None if directory is None else await to_thread.run_sync(Files, Path(directory))
        except BaseException:
            await self._close_ledger()
            raise
        self._conductor = Conductor(
            self._workshop,
            self._intake,
            self._settings,
            ledger,
            totals=totals,
            files=files,
            emit=self._take,
            unread=lambda: len(self._outcomes),
        )
        self._driving = asyncio.create_task(self._conductor.run(), name="acedata: bulk")
        self._driving.add_done_callback(lambda _: self._news.set())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._leave()

    def __aiter__(self) -> Self:
        if self._conductor is None:
            raise ConfigurationError(_NOT_BEGUN)
        return self

    async def __anext__(self) -> BulkOutcome:
        """Return the next outcome. Cancelling the call loses none."""
        driving, conductor = self._driving, self._conductor
        if driving is None or conductor is None:
            raise ConfigurationError(_NOT_BEGUN)
        while not self._outcomes:
            if self._left:
                raise StopAsyncIteration
            if driving.done():
                driving.result()  # raises what broke the run off
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        outcome = self._outcomes.popleft()
        conductor.wake()
        return outcome

    def _take(self, outcome: BulkOutcome) -> None:
        self._outcomes.append(outcome)
        self._news.set()

    def _chosen_ledger(self) -> Ledger:
        given = self._settings.ledger
        if given is None:
            return MemoryLedger(now=self._workshop.clock.time)
        if isinstance(given, str | os.PathLike):
            return SqliteLedger(given, now=self._workshop.clock.time)
        return given

    async def _leave(self) -> None:
        """End the run; being cancelled meanwhile, even again and again, does not cut it short."""
        self._left = True
        if self._conductor is None or self._driving is None:
            return
        ending = asyncio.create_task(
            self._end(self._conductor, self._driving), name="acedata: bulk end"
        )
        cancelled: asyncio.CancelledError | None = None
        with CancelScope(shield=True):
            while not ending.done():
                try:
                    await asyncio.wait([ending])
                except asyncio.CancelledError as error:
                    cancelled = error
        ending.result()
        if cancelled is not None:
            raise cancelled

    async def _end(self, conductor: Conductor, driving: asyncio.Task[None]) -> None:
        try:
            if not driving.done():
                conductor.leave()
                driving.cancel()
                await asyncio.wait([driving])
            await conductor.aclose()
            if not driving.cancelled() and (error := driving.exception()) is not None:
                _log.info("a bulk run was broken off, which may have been told: %r", error)
        finally:
            self._news.set()
            await self._close_ledger()

    async def _close_ledger(self) -> None:
        """Close the ledger, unless the user opened it."""
        if self._ledger is not None and self._closes:
            await self._ledger.aclose()


_NOT_BEGUN = (
    "a bulk run works inside its block only:"
    " async with ace.producer.bulk(…) as run: async for outcome in run: …"
)
