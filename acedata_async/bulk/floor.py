"""The songs that a run is busy with: begun, waiting, on their way, ended."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any

from acedata_async._clock import sleep
from acedata_async._rules.in_flight import AT_FIRST, InFlight
from acedata_async._rules.purse import Purse
from acedata_async.bulk.dispatcher import Dispatcher
from acedata_async.bulk.files import Files
from acedata_async.bulk.items import BulkItem
from acedata_async.bulk.outcome import BulkOutcome, BulkStats, OutcomeState
from acedata_async.bulk.passage import Passage, Surroundings, product_id_of
from acedata_async.bulk.reconciler import Reconciler
from acedata_async.bulk.settings import BulkSettings
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import AceDataError, ClientClosed, ConfigurationError, LedgerError
from acedata_async.ledger.entry import Entry, Totals, WrongStep
from acedata_async.ledger.memory import MemoryLedger
from acedata_async.ledger.protocol import Ledger

_log = logging.getLogger("acedata_async")

_HOPELESS = (LedgerError, ClientClosed, ConfigurationError)
"""Errors that every other song would meet as well."""

_LEFT = TimeoutError("the run was left before the paid call was answered")


class Floor:
    """Knows every song that was begun and has not ended, and lets each take its next step.

    Args:
        workshop: The parts of the client.
        settings: How the run is to be done.
        ledger: Where it is written down.
        totals: What the ledger adds up to.
        files: Where files go; None where none are wanted.
        emit: Called with each outcome.
        stopped: Called when nothing is sent any more.
        held_up: Says whether to send nothing, for outcomes are not read.

    Attributes:
        active: The songs by their keys.
        tasks: What runs for them.
        refused: The keys of requests that cannot be begun.
        dispatcher: Lets their paid calls go.
        reconciler: Looks for those whose answer was lost.
        changed: Set when any of this changes.
    """

    def __init__(
        self,
        workshop: Workshop,
        settings: BulkSettings,
        ledger: Ledger,
        *,
        totals: Totals,
        files: Files | None,
        emit: Callable[[BulkOutcome], object],
        stopped: Callable[[], object],
        held_up: Callable[[], bool],
    ) -> None:
        self.active: dict[str, Passage] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.refused: set[str] = set()
        self.changed = asyncio.Event()
        most = settings.max_in_flight
        self.dispatcher = Dispatcher(
            workshop.clock,
            in_flight=InFlight(
                None if most == "auto" else int(most), at_first=AT_FIRST[workshop.service]
            ),
            purse=Purse(
                songs=settings.budget,
                credits_=settings.budget_credits,
                spent=totals.paid,
                cost=totals.cost,
            ),
            start=lambda passage, source_id: self._start(
                self._carry(passage, passage.submit(source_id))
            ),
            skip=self.skip,
            stopped=stopped,
            held_up=held_up,
        )
        self.reconciler = Reconciler(
            workshop,
            ledger,
            user_id=settings.user_id,
            resubmit=settings.on_unknown == "resubmit_absent",
            found=self.resume,
            absent=self._again,
            held=self._hold,
        )
        self._shared = Surroundings(
            workshop,
            settings,
            ledger,
            files,
            told=self.dispatcher.told,
            moved=self.dispatcher.moved,
            made=self._made,
        )
        self._workshop = workshop
        self._ledger = ledger
        self._emit = emit
        self._parked: dict[str, list[Passage]] = {}
        self._ended: Counter[OutcomeState] = Counter()
        self._resumed = 0
        # Without a ledger of the user's nothing is kept but what songs may start from.
        scratch = settings.ledger is None and isinstance(ledger, MemoryLedger)
        self._scratch = ledger if scratch and isinstance(ledger, MemoryLedger) else None
        self._product_ids: dict[str, str] = {}

    @property
    def waiting(self) -> int:
        """How many songs wait for their turn, or for their source."""
        return len(self.dispatcher.ready) + sum(map(len, self._parked.values()))

    @property
    def busy(self) -> bool:
        """Whether something goes on by itself: what waits for a lost answer does not."""
        return bool(self.tasks or self.dispatcher.ready)

    def begin(self, item: BulkItem, given: object, entry: Entry) -> Passage:
        """Take a song up."""
        passage = self.active[entry.key] = Passage(item, given, entry, self._shared)
        self.dispatcher.phases[passage.phase] += 1
        return passage

    async def place(self, passage: Passage) -> None:
        """Let a song wait for its turn, or for its source."""
        source = passage.item.source
        if source is None:
            self.dispatcher.put(passage, None)
            return
        if source in self.refused:
            self.skip(passage, f"its source {source} is invalid")
            return
        maker = self.active.get(source)
        if maker is not None and maker.product_id is None:
            self._parked.setdefault(source, []).append(passage)
            return
        if maker is not None:
            source_id = maker.product_id
        elif self._scratch is not None:
            source_id = self._product_ids.get(source)
        else:
            found = await self._ledger.get(source)
            source_id = None if found is None else product_id_of(found)
        if source_id is None:
            self.skip(passage, f"its source {source} has not been made")
        else:
            self.dispatcher.put(passage, source_id)

    def resume(self, passage: Passage) -> None:
        """Go on with what was accepted."""
        if passage.entry.state in {"submitted", "lost"}:
            self.dispatcher.moved(passage, "generating")  # it takes its place at once
        self._start(self._carry(passage, passage.resume()))

    def doubt(self, passage: Passage) -> None:
        """Look for a paid call whose outcome is not known."""
        self.dispatcher.moved(passage, "looked_for")
        self.reconciler.add(passage)

    def retry(self, passage: Passage) -> None:
        """See whether a failed song has come about after all; else send it anew."""
        self._start(self._retry(passage))

    def report(self, passage: Passage) -> None:
        """Tell the outcome of what had ended before this run."""
        self._resumed += 1
        self._end(passage, passage.reported())

    def skip(self, passage: Passage, reason: str) -> None:
        """Send a song not in this run."""
        self._end(passage, passage.skipped(reason))

    def tell(self, outcome: BulkOutcome) -> None:
        """Tell an outcome, and count it."""
        self._ended[outcome.state] += 1
        self.changed.set()
        self._emit(outcome)

    async def aclose(self) -> None:
        """End every wait; paid calls under way get their grace, so that their ids are kept."""
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        # After the songs, for they may add to what is looked for; and it may start others.
        await self.reconciler.aclose()
        for task in self.tasks:
            task.cancel()
        if self.tasks:
            await asyncio.wait(self.tasks)
        await self._workshop.downloader.settle()  # what follows may look into the directory
        clock, paying = self._workshop.clock, self.dispatcher.paying
        give_up = clock.monotonic() + self._workshop.grace
        while paying and clock.monotonic() < give_up:
            await sleep(clock, 0.05)
        for passage in list(paying):
            _log.warning("the run was left while the paid call of %s was under way", passage.key)
            with suppress(LedgerError):  # the next one to open it will do it
                passage.entry = await self._ledger.doubt(passage.key, _LEFT)

    def stats(self) -> BulkStats:
        """Return how the run stands."""
        phases, brakes = self.dispatcher.phases, self.dispatcher.brakes
        return BulkStats(
            waiting=self.waiting,
            submitting=phases["submitting"],
            generating=phases["generating"],
            downloading=phases["downloading"],
            looked_for=len(self.reconciler),
            ended=dict(self._ended),
            resumed=self._resumed,
            submitted=self.dispatcher.submitted,
            spent=self.dispatcher.purse.spent,
            credits=self.dispatcher.purse.told,
            limit=self.dispatcher.in_flight.limit,
            in_flight={
                passage.key: passage.task_id
                for passage in self.active.values()
                if passage.entry.state in {"submitting", "submitted"}
                or passage in self.dispatcher.paying
            },
            paused=brakes.paused,
            stopped=brakes.stopped,
        )

    async def _carry(self, passage: Passage, work: Coroutine[Any, Any, BulkOutcome]) -> None:
        try:
            outcome = await work
        except Exception as bug:  # noqa: BLE001 - its request must have an outcome all the same
            _log.exception("%s ended in an unforeseen way", passage.key)
            outcome = passage.ended(AceDataError(f"an unforeseen error: {bug!r}"))
            self.dispatcher.give_up(outcome.reason)
        if outcome.state == "unknown":
            passage.held = outcome
            self.doubt(passage)
        else:
            self._end(passage, outcome)

    async def _retry(self, passage: Passage) -> None:
        outcome = await passage.recheck()
        if outcome is None:
            try:
                passage.entry = await self._ledger.retry(passage.key)
            except LedgerError as error:
                outcome = passage.ended(error)
        if outcome is not None:
            self._end(passage, outcome)
            return
        passage.task_id = None
        self.dispatcher.moved(passage, "waiting")
        await self.place(passage)

    def _again(self, passage: Passage) -> None:
        """Send again what is known to be absent."""
        self.dispatcher.moved(passage, "waiting")
        self.dispatcher.purse.unpaid()
        passage.counted = False
        if passage.leftover:  # only if a request still names it
            del self.active[passage.key]
        else:
            self._start(self.place(passage))

    def _hold(self, passage: Passage, said: str) -> None:
        """Tell what stays unknown."""
        outcome = passage.held or passage.reported()
        self._resumed += outcome.resumed
        self._end(passage, replace(outcome, reason=f"{outcome.reason}; {said}"))

    def _made(self, passage: Passage) -> None:
        """Let those go that wait for a song; they need not wait for its file."""
        if passage.fresh:
            if not passage.counted:  # it had seemed to have failed
                passage.counted = True
                self.dispatcher.purse.begun()
            self.dispatcher.purse.priced(passage.entry.cost, passage.size)
        self.reconciler.learn(passage.entry.result)
        self._release(passage, "came without an id")

    def _release(self, passage: Passage, trouble: str) -> None:
        for dependent in self._parked.pop(passage.key, ()):
            if passage.product_id is None:
                self.skip(dependent, f"its source {passage.key} {trouble}")
            else:
                self.dispatcher.put(dependent, passage.product_id)

    def _end(self, passage: Passage, outcome: BulkOutcome) -> None:
        self.dispatcher.moved(passage, "ended")
        self.active.pop(passage.key, None)
        if passage.counted and outcome.state in {"skipped", "failed"}:
            self.dispatcher.purse.unpaid()
        hopeless = outcome.state == "submitted" or isinstance(outcome.error, _HOPELESS)
        if hopeless and not isinstance(outcome.error, WrongStep):  # which is about this song
            # No task can be watched, or nothing written down: no more is to be paid for.
            self.dispatcher.give_up(outcome.reason)
        self._release(passage, f"is {outcome.state}")
        if self._scratch is not None:
            if passage.product_id is not None:
                self._product_ids[passage.key] = passage.product_id
            self._scratch.forget(passage.key)
        self.tell(outcome)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="acedata: bulk song")
        self.tasks.add(task)
        self.changed.set()
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self.changed.set()
        if not task.cancelled() and (bug := task.exception()) is not None:
            _log.error("a song of a bulk run ended in an unforeseen way", exc_info=bug)
            self.dispatcher.give_up(f"an unforeseen error: {bug!r}")
