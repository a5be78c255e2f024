"""Looking for paid calls whose answer was lost."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection
from typing import Any

from acedata_async._clock import Clock, wait
from acedata_async._rules.listing import (
    CALLBACK_FIELD,
    FIRST_LOOK,
    LAST_LOOK,
    Doubt,
    Finding,
    Listing,
    Own,
    judge,
    window,
)
from acedata_async._rules.wire import as_text
from acedata_async.bulk.items import KINDS, belongs
from acedata_async.bulk.passage import Passage
from acedata_async.bulk.search import Search
from acedata_async.bulk.workshop import Workshop
from acedata_async.errors import AceDataError, LedgerError
from acedata_async.ledger.entry import Entry
from acedata_async.ledger.protocol import Ledger

_log = logging.getLogger("acedata_async")

_MOST_HELD = 10_000
"""How many are held for the last look of the run."""

_MOST_ASKED = 12
"""How many of our tasks are looked up for the account's id."""

_USER_ID = "user_id"

_WORDS: dict[Finding, str] = {
    "absent": "the vendor's list, which shows our tasks from before and after it, does not have it",
    "too_early": "the vendor's list does not have it yet",
    "no_control": (
        "the vendor's list does not have it, which proves nothing: no task of ours from before it"
        " and from after it is in that list"
    ),
    "not_whole": "the vendor's list could not be read to its end, and what was read lacks it",
}


class Reconciler:
    """Looks for calls with an unknown outcome, in the list of the account's tasks.

    Args:
        workshop: The parts of the client.
        ledger: Where it is written down.
        user_id: The account's id, where the user gave it.
        resubmit: Whether what is known to be absent is to be sent again.
        found: Called with a song whose task was found; its entry is `submitted`.
        absent: Called with a song that is known to be absent; its entry is `pending`.
        held: Called with a song that stays unknown, and with why, in words.
    """

    def __init__(
        self,
        workshop: Workshop,
        ledger: Ledger,
        *,
        user_id: str | None,
        resubmit: bool,
        found: Callable[[Passage], object],
        absent: Callable[[Passage], object],
        held: Callable[[Passage, str], object],
    ) -> None:
        self._service = workshop.service
        self._poller = workshop.poller
        self._claims = workshop.claims
        self._clock: Clock = workshop.clock
        self._ledger = ledger
        self._given_id = user_id
        self._learned_id: str | None = None
        self._resubmit = resubmit
        self._found = found
        self._absent = absent
        self._held = held
        self._searches: dict[str, Search] = {}
        self._patrol: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._step = asyncio.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._searches)

    def add(self, passage: Passage) -> None:
        """Look for a call from now on."""
        entry = passage.entry
        if not entry.marker:
            self._held(passage, "it was sent without a marker, so it cannot be looked for")
            return
        now = self._clock.time()
        sent = now if entry.sent_at is None else entry.sent_at
        search = Search(passage, Doubt(entry.marker, sent), min(sent, now))
        self._searches[passage.key] = search
        if len(self._searches) > _MOST_HELD:
            self._hold(next(iter(self._searches.values())))
        if self._patrol is None and not self._closed:
            self._patrol = asyncio.create_task(self._walk(), name="acedata: reconciliation")
        self._news.set()
        self._claims.ask(entry.marker, lambda task_id: self._claimed(search, task_id))

    def learn(self, record: Any) -> None:
        """Learn the account's id from a record of one of its tasks."""
        user_id = as_text(record.get(_USER_ID)) if record else None
        if user_id:
            self._learned_id = user_id

    async def settle(self, *, patient: Callable[[], bool]) -> None:
        """Look for all of them a last time; each goes on, or is held.

        Args:
            patient: Whether to wait until what is missing counts as absent.
        """
        await self._end_patrol()
        self._closed = True  # from here on it is this call that looks
        try:
            await self._settle(patient)
        finally:
            self._closed = False

    async def aclose(self) -> None:
        """Look no further, now and for good."""
        self._closed = True
        await self._end_patrol()
        for search in self._searches.values():
            self._claims.forget(search.doubt.marker)

    async def _settle(self, patient: Callable[[], bool]) -> None:
        while True:
            self._news.clear()
            await self._check_claims()
            if not self._searches:
                return
            now = self._clock.time()
            age = LAST_LOOK if self._resubmit and patient() else FIRST_LOOK
            ready = max(search.since + age for search in self._searches.values())
            claimed = any(search.claims for search in self._searches.values())
            if ready > now or claimed:
                due = [ready, *(one.next_look() for one in self._searches.values())]
                coming = [moment for moment in due if moment > now]
                await wait(self._clock, self._news, min([now + 60.0, *coming]) - now)
                if any(one.has_claim(self._clock.time()) for one in self._searches.values()):
                    continue
            await self._look(list(self._searches.values()))
            if ready <= now:
                for search in list(self._searches.values()):
                    self._hold(search)

    async def _end_patrol(self) -> None:
        if self._patrol is not None:
            patrol, self._patrol = self._patrol, None
            async with self._step:  # never between writing something down and acting on it
                patrol.cancel()
            await asyncio.wait([patrol])

    async def _walk(self) -> None:
        """Look for each when it is due, until cancelled."""
        while True:
            self._news.clear()
            await self._check_claims()
            now = self._clock.time()
            pause = (
                min((one.next_look() for one in self._searches.values()), default=math.inf) - now
            )
            if pause <= 0:
                if due := [one for one in self._searches.values() if one.due <= now]:
                    await self._look(due)
            else:
                await wait(self._clock, self._news, pause)

    def _claimed(self, search: Search, task_id: str) -> None:
        search.claim(task_id)
        self._news.set()

    async def _check_claims(self) -> None:
        """Look at the tasks that calls are said to be, and go on with those that are."""
        now = self._clock.time()
        searches = [one for one in self._searches.values() if one.has_claim(now)]
        task_ids = {task_id for search in searches for task_id in search.claims}
        if not task_ids:
            return
        try:
            tasks = await self._poller.retrieve(task_ids)
        except AceDataError as error:
            _log.info("looking at %d task(s) named by callbacks failed: %s", len(task_ids), error)
            tasks = {}
        now = self._clock.time()
        for search in searches:
            for task_id in list(search.claims):
                task = tasks.get(task_id)
                if task is None:
                    search.put_off(task_id, now)
                    continue
                del search.claims[task_id]
                if search.doubt.marker in (as_text(task.request.get(CALLBACK_FIELD)) or ""):
                    async with self._step:
                        await self._take_safely(search, task_id)

    async def _take_safely(self, search: Search, task_id: str) -> None:
        try:
            if search.passage.key in self._searches:
                await self._take(search, task_id)
        except LedgerError as error:
            search.said = str(error)

    async def _look(self, searches: Collection[Search]) -> None:
        """Read the list once for all of them, and act on what it shows."""
        try:
            listing = await self._read([search.doubt for search in searches])
            own = [] if listing is None else await self._own(listing)
        except AceDataError as error:
            _log.info("looking for %d uncertain call(s) failed: %s", len(searches), error)
            listing, own, trouble = None, [], f"the vendor's list could not be read ({error})"
        else:
            trouble = "the account's user_id is not known, so the list cannot be asked for"
        now = self._clock.time()
        for search in searches:
            if search.passage.key not in self._searches:
                continue
            search.doubt = search.doubt.looked(now)
            search.said = trouble
            if listing is not None:
                async with self._step:
                    await self._act(search, listing, own, now)

    async def _act(self, search: Search, listing: Listing, own: list[Own], now: float) -> None:
        passage, doubt = search.passage, search.doubt
        task_id = listing.found.get(doubt.marker)
        try:
            if task_id is not None:
                await self._take(search, task_id)
                return
            finding = judge(doubt, listing, own, now)
            search.said = _WORDS[finding]
            if finding == "absent" and self._resubmit and await self._is_same_call(passage):
                passage.entry = await self._ledger.resubmit(passage.key)
                self._drop(search)
                self._absent(passage)
        except LedgerError as error:
            search.said = str(error)

    async def _take(self, search: Search, task_id: str) -> None:
        """Go on with the task of a call that was found."""
        passage = search.passage
        owner = (await self._ledger.of_tasks([task_id])).get(task_id)
        if owner is not None and owner.key != passage.key:
            search.said = f"the task with its marker, {task_id}, is already that of {owner.key}"
            return
        # Another run may have found it before.
        passage.entry = owner or await self._ledger.accept(passage.key, task_id)
        passage.task_id = task_id
        self._drop(search)
        self._found(passage)

    async def _is_same_call(self, passage: Passage) -> bool:
        """Say whether the call that was looked for is still the last one of the song."""
        entry = await self._ledger.get(passage.key)
        return entry is not None and (entry.state, entry.times) == ("unknown", passage.entry.times)

    async def _read(self, doubts: Collection[Doubt]) -> Listing | None:
        user_id = await self._account()
        if user_id is None:
            return None
        markers = {doubt.marker for doubt in doubts}
        listing = Listing(*window(doubts, self._clock.time()))
        while True:
            filters: dict[str, Any] = {
                _USER_ID: user_id,
                **self._type_filter(),
                "created_at_min": listing.lower,
            }
            if listing.upper is not None:
                filters["created_at_max"] = listing.upper
            if not listing.take(await self._poller.list_page(filters), markers):
                return listing

    def _type_filter(self) -> dict[str, str]:
        """Limit a listing to one type of records, where all that is looked for has it."""
        actions = {search.passage.item.action for search in self._searches.values()}
        types = {getattr(KINDS.get(action), "record_type", None) for action in actions}
        [known] = types if len(types) == 1 else [None]
        return {"type": known} if known else {}

    async def _account(self) -> str | None:
        """Return the account's id: given, learned, noted, or from the record of a task of ours."""
        if self._given_id is not None:
            return self._given_id
        # Each service may have a token of its own, of another account.
        name = _USER_ID if self._service == "producer" else f"{_USER_ID} {self._service}"
        noted = await self._ledger.note(name)
        known = self._learned_id or noted or await self._ask_account()
        if known is not None and known != noted:
            await self._ledger.put_note(name, known)
        return known

    async def _ask_account(self) -> str | None:
        task_ids: list[str] = []
        async for entry in self._ledger.entries({"submitted", "succeeded", "saved", "failed"}):
            if not belongs(entry.request.get("action"), self._service):
                continue
            told = None if entry.result is None else as_text(entry.result.get(_USER_ID))
            if told:
                return told
            if entry.task_id is not None:
                task_ids.append(entry.task_id)
            if len(task_ids) == _MOST_ASKED:
                break
        tasks = (await self._poller.retrieve(task_ids)).values()
        return next(filter(None, (as_text(task.raw.get(_USER_ID)) for task in tasks)), None)

    async def _own(self, listing: Listing) -> list[Own]:
        entries = await self._ledger.of_tasks(listing.task_ids)
        return [own for entry in entries.values() if (own := _own_of(entry)) is not None]

    def _drop(self, search: Search) -> None:
        del self._searches[search.passage.key]
        self._claims.forget(search.doubt.marker)

    def _hold(self, search: Search) -> None:
        self._drop(search)
        self._held(search.passage, search.said)


def _own_of(entry: Entry) -> Own | None:
    begun, accepted = entry.times.get("submitting"), entry.times.get("submitted")
    return None if begun is None or accepted is None else Own(begun, accepted)
