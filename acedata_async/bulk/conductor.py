"""What a run does, from the first request to the last outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from anyio import to_thread

from acedata_async.bulk.files import Files
from acedata_async.bulk.floor import Floor
from acedata_async.bulk.intake import Intake, contradicts, is_same, key_of
from acedata_async.bulk.items import BulkItem, belongs
from acedata_async.bulk.keys import is_derived
from acedata_async.bulk.origin import check_origin, put_origin
from acedata_async.bulk.outcome import BulkOutcome, BulkStats
from acedata_async.bulk.passage import Passage, is_complete
from acedata_async.bulk.settings import BulkSettings
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import InvalidRequest
from acedata_async.ledger.entry import Entry, EntryState, NewEntry, Totals
from acedata_async.ledger.protocol import Ledger

_LOOK_AHEAD = 256
"""How many requests may wait for their turn, taken in already."""
_MOST_ACTIVE = 10_000
"""How many songs may be watched and fetched at once; each costs some kilobytes."""
_MOST_UNREAD = 1000
"""How many outcomes may wait for whoever reads them."""

_UNFINISHED: frozenset[EntryState] = frozenset({"submitted", "lost", "succeeded", "unknown"})
_MADE: frozenset[EntryState] = frozenset({"succeeded", "saved"})


class Conductor:
    """Carries a run out.

    Args:
        workshop: The parts of the client.
        intake: The requests.
        settings: How it is to be done.
        ledger: Where it is written down; open.
        totals: What the ledger adds up to.
        files: Where files go; None where none are wanted.
        emit: Called with each outcome.
        unread: Says how many outcomes wait to be read.
    """

    def __init__(
        self,
        workshop: Workshop,
        intake: Intake,
        settings: BulkSettings,
        ledger: Ledger,
        *,
        totals: Totals,
        files: Files | None,
        emit: Callable[[BulkOutcome], object],
        unread: Callable[[], int],
    ) -> None:
        self._base_url = workshop.base_url
        self._service = workshop.service
        self._intake = intake
        self._settings = settings
        self._ledger = ledger
        self._files = files
        self._unread = unread
        self._taken_up: set[str] = set()
        self._left = False
        self._floor = Floor(
            workshop,
            settings,
            ledger,
            totals=totals,
            files=files,
            emit=emit,
            stopped=intake.stop,
            held_up=lambda: unread() >= _MOST_UNREAD,
        )

    async def run(self) -> None:
        """Carry the run out to its end.

        Raises:
            LedgerError: The ledger cannot be read, or belongs to another API.
            Exception: Whatever the user's requests raise when they are iterated over; what was
                taken in before is carried out first.
        """
        if not await check_origin(self._ledger, self._base_url):
            await put_origin(self._ledger, self._base_url)
        await self._sweep()
        if self._settings.leftovers:
            await self._take_up_leftovers()
        dispatching = asyncio.create_task(self._floor.dispatcher.run(), name="acedata: bulk calls")
        dispatching.add_done_callback(lambda _: self._floor.changed.set())
        trouble: Exception | None = None
        try:
            try:
                await self._take_in()
            except Exception as error:  # noqa: BLE001 - it is raised once all else has ended
                trouble = error
            if not self._left:
                await self._finish(dispatching)
        finally:
            dispatching.cancel()
            await asyncio.wait([dispatching])
        if trouble is not None:
            raise trouble

    def stop(self, reason: str) -> None:
        """Send nothing more; what is under way goes on."""
        self._floor.dispatcher.stop(reason)
        self._floor.changed.set()

    def leave(self) -> None:
        """Send nothing more, and wait for nothing: the run is left."""
        self._left = True
        self.stop("the run was left")

    def wake(self) -> None:
        """See again what may go on: outcomes were read."""
        self._floor.dispatcher.wake()
        self._floor.changed.set()

    async def aclose(self) -> None:
        """End every wait; paid calls under way get their grace, so that their ids are kept."""
        await self._floor.aclose()

    def stats(self) -> BulkStats:
        """Return how the run stands."""
        return self._floor.stats()

    async def _sweep(self) -> None:
        """Remove what a killed run left half fetched."""
        if self._files is not None and self._files.parts:
            made = self._ledger.entries(_MADE)
            names = frozenset([entry.name async for entry in made if entry.name])
            await to_thread.run_sync(self._files.sweep, names)

    async def _take_up_leftovers(self) -> None:
        """Go on with all that was paid for, whether the requests name it or not."""
        async for entry in self._ledger.entries(_UNFINISHED):
            if entry.state == "succeeded" and is_complete(entry, self._files):
                continue
            if not belongs(entry.request.get("action"), self._service):
                continue
            await self._room()
            fields = dict(entry.request)
            item = BulkItem(
                action=fields.pop("action", ""),
                source=fields.pop("source", None),
                fields=fields,
                key=entry.key,
                derived=is_derived(entry.key),
            )
            self._taken_up.add(entry.key)
            passage = self._floor.begin(item, entry.request, entry)
            passage.leftover = True
            self._go_on(passage)

    async def _take_in(self) -> None:
        """Take requests in while there is room for them."""
        async with aclosing(self._intake.parts()) as parts:
            async for part in parts:
                await self._take(part)
                await self._room()

    async def _take(self, part: list[object]) -> None:
        """Check some requests, and go on with each as it stands in the ledger."""
        taken: list[tuple[object, BulkItem, NewEntry]] = []
        for given in part:
            try:
                key, item = self._intake.admit(given)
            except InvalidRequest as error:
                self._refuse(key_of(given), given, error)
            else:
                taken.append((given, item, NewEntry(key=key, request=item.shown())))
        entries = await self._ledger.add([new for _, _, new in taken])
        for (given, item, _), entry in zip(taken, entries, strict=True):
            await self._admit(item, given, entry)

    async def _admit(self, item: BulkItem, given: object, entry: Entry) -> None:
        """See how a request stands in the ledger, and do what is left to do about it."""
        active = self._floor.active.get(entry.key)
        if contradicts(entry, item):
            words = (
                f"the ledger has another request with the key {entry.key!r}, which was paid for or"
                " may have been; choose another key, or put the request back as it was"
            )
            self._floor.refused.add(entry.key)
            self._refuse(entry.key, given, InvalidRequest(None, None, words))
            return
        if active is None and entry.key in self._taken_up:
            # It has moved on since its part was read.
            entry = await self._ledger.get(entry.key) or entry
        if not is_same(entry, item):
            entry = await self._ledger.revise(entry.key, item.shown())
        if active is not None:
            active.adopt(item, given)
        elif entry.state == "pending":
            await self._floor.place(self._floor.begin(item, given, entry))
        elif entry.key not in self._taken_up:
            self._go_on(self._floor.begin(item, given, entry))

    def _go_on(self, passage: Passage) -> None:
        """Go on with what an earlier run has left, or report it."""
        state = passage.entry.state
        if state in {"submitted", "lost"}:
            self._floor.resume(passage)
        elif state == "unknown":
            self._floor.doubt(passage)
        elif state in {"succeeded", "saved"} and not is_complete(passage.entry, self._files):
            self._floor.resume(passage)
        elif state == "failed" and self._settings.retry_failed:
            self._floor.retry(passage)
        else:
            self._floor.report(passage)

    def _refuse(self, key: str | None, given: object, error: InvalidRequest) -> None:
        self._floor.tell(BulkOutcome(key, given, "invalid", error, str(error)))

    async def _room(self) -> None:
        """Wait until more requests can be taken in."""
        floor = self._floor
        while (
            floor.waiting >= _LOOK_AHEAD
            or len(floor.active) >= _MOST_ACTIVE
            or self._unread() >= _MOST_UNREAD
        ):
            if not floor.busy and len(floor.reconciler):
                await floor.reconciler.settle(patient=self._has_patience)
                continue
            floor.changed.clear()
            await floor.changed.wait()

    async def _finish(self, dispatching: asyncio.Task[None]) -> None:
        """Wait until all that was taken in has ended."""
        floor = self._floor
        while True:
            while floor.busy:
                if dispatching.done():
                    dispatching.result()
                floor.changed.clear()
                await floor.changed.wait()
            if not len(floor.reconciler):
                return
            await floor.reconciler.settle(patient=self._has_patience)

    def _has_patience(self) -> bool:
        return self._floor.dispatcher.brakes.stopped is None
