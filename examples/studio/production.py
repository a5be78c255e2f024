"""Making songs: one bulk run that is fed as orders come, and taken up again after a restart."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Self

from acedata_async import AceData, AceDataError, BulkItem, BulkOutcome, BulkRun, InvalidRequest
from acedata_async.audio.tags import can_tag
from acedata_async.ledger import Entry, Ledger
from examples.studio.settings import Settings

_log = logging.getLogger("acedata_async.studio")


class Feed:
    """Orders for a run, without an end; each is handed over once."""

    def __init__(self) -> None:
        self._waiting: deque[BulkItem] = deque()
        self._known: set[str | None] = set()
        self._news = asyncio.Event()

    def put(self, item: BulkItem) -> None:
        """Add an order."""
        if item.key not in self._known:
            self._known.add(item.key)
            self._waiting.append(item)
            self._news.set()

    def drop(self, key: str) -> None:
        """Let go of an order that was not handed over yet; harmless for any other."""
        self._waiting = deque(item for item in self._waiting if item.key != key)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> BulkItem:
        """Return the next order, as soon as there is one. Cancelling the call loses none."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class Production:
    """Everything that is made, over one ledger.

    A run takes up what an earlier process had paid for (`leftovers`), is fed with what was
    ordered and not sent, and then with every new order. What stops its sending, such as an empty
    balance, is shown in `stopped` until `resume`: then another run takes everything up.

    Args:
        ace: The client.
        ledger: Where it is written down; open.
        settings: How.
        told: Called with each outcome.
        refused: Called with the key of an order that cannot be made any more, and why.
        beginning: Awaited before each run.
    """

    def __init__(
        self,
        ace: AceData,
        ledger: Ledger,
        settings: Settings,
        *,
        told: Callable[[BulkOutcome], object],
        refused: Callable[[str, str], object],
        beginning: Callable[[], Awaitable[object]],
    ) -> None:
        self._ace = ace
        self._ledger = ledger
        self._settings = settings
        self._told = told
        self._refused = refused
        self._beginning = beginning
        self._feed = Feed()
        self._run: BulkRun | None = None
        self._over: str | None = None
        self._resumed = asyncio.Event()

    def put(self, item: BulkItem) -> None:
        """Let an order be made that is in the ledger as pending."""
        self._feed.put(item)

    def drop(self, key: str) -> None:
        """Let go of an order that the ledger has as withdrawn; the run sends it no more."""
        self._feed.drop(key)

    def resume(self) -> None:
        """Go on after a stop; harmless without one."""
        if self.stopped:
            self._resumed.set()

    @property
    def stopped(self) -> str | None:
        """Why nothing is sent any more until `resume`, or None."""
        return self._over or (None if self._run is None else self._run.stats.stopped)

    @property
    def paused(self) -> str | None:
        """Why nothing is sent for now, though it goes on by itself; or None."""
        return None if self.stopped or self._run is None else self._run.stats.paused

    @property
    def spent(self) -> int:
        """How many songs of the ledger were paid for, or may have been."""
        return 0 if self._run is None else self._run.stats.spent

    async def carry_on(self) -> None:
        """Make what is ordered, until cancelled."""
        while True:
            self._resumed.clear()
            self._feed, self._run, self._over = Feed(), None, None
            making = asyncio.create_task(self._make(), name="studio: run")
            try:
                await self._resumed.wait()
            finally:
                await _end(making)  # what is under way is written down, and taken up again

    async def _make(self) -> None:
        try:
            self._over = await self._one_run()
        except AceDataError as error:
            self._over = str(error)
        except Exception as bug:  # noqa: BLE001 - it is shown on the page
            _log.exception("making songs failed in an unforeseen way")
            self._over = f"an unforeseen error: {bug!r}"
        _log.warning("nothing is made any more: %s", self._over)

    async def _one_run(self) -> str:
        await self._beginning()
        async for entry in self._ledger.entries({"pending"}):
            try:
                self._feed.put(item_of(entry))
            except InvalidRequest as error:  # another release took the order
                self._refused(entry.key, str(error))
        settings = self._settings
        async with self._ace.producer.bulk(
            self._feed,
            ledger=self._ledger,
            directory=settings.directory / "songs",
            tags=can_tag(),  # title, lyrics and cover go into the file
            leftovers=True,
            max_in_flight=settings.max_in_flight,
            budget=settings.budget,
        ) as run:
            self._run = run
            async for outcome in run:
                self._told(outcome)
        return run.stats.stopped or "the run has ended"


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel a task, and wait for its end. Being cancelled meanwhile does not cut it short."""
    task.cancel()
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


def item_of(entry: Entry) -> BulkItem:
    """Return the order again that an entry of the ledger was made for.

    Raises:
        InvalidRequest: It is not allowed any more.
    """
    return BulkItem.read({**entry.request, "key": entry.key})
