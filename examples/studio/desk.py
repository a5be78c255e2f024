"""The studio as a whole: takes orders, writes them down, and lets them be made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from acedata_async import AceData, BulkItem, BulkOutcome, Event, Task, TaskSeen
from acedata_async.audio.tags import can_tag
from acedata_async.errors import AceDataError, DownloadError
from acedata_async.ledger import Entry, NewEntry, WrongStep
from examples.studio.board import STATUS, Board
from examples.studio.ledger import ToldLedger
from examples.studio.production import Production, item_of
from examples.studio.settings import Settings
from examples.studio.songs import Shelf, is_withdrawn
from examples.studio.words import Stop, stop_of

_TICK = 1.0
"""Seconds between two looks at whether things go on."""


class KeyTaken(Exception):
    """An order with the key of another one."""


class Desk:
    """Where orders come in, and songs are handed out.

    Args:
        settings: How the studio is set up.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.board = Board()
        self._shelf = Shelf(settings)
        self._ledger = ToldLedger(settings.ledger, self._moved)
        self._production: Production | None = None
        self._ace: AceData | None = None
        self._status: dict[str, Any] = {}
        self._cause: tuple[str, str] | None = None
        self._fetching: dict[str, asyncio.Task[Entry]] = {}
        self._showing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def opened(self, ace: AceData) -> AsyncIterator[None]:
        """Work while the context is open: what was left undone is gone on with.

        Raises:
            LedgerError: The ledger cannot be used; another studio may be at work on it.
        """
        async with self._ledger:
            async for entry in self._ledger.entries():
                self._shelf.learn(entry)
            self._ace = ace
            self._production = Production(
                ace,
                self._ledger,
                self.settings,
                told=self._ended,
                refused=self._note,
                beginning=self._begin_run,
            )
            work: list[asyncio.Task[Any]] = [
                asyncio.create_task(self._production.carry_on(), name="studio: production"),
                asyncio.create_task(self._watch(), name="studio: status"),
            ]
            try:
                yield
            finally:
                work += self._fetching.values()
                for one in work:
                    one.cancel()
                # The run ends as it should: paid calls under way get their answers.
                await asyncio.gather(*work, return_exceptions=True)
                await asyncio.gather(*self._showing, return_exceptions=True)

    async def order(self, item: BulkItem) -> tuple[dict[str, Any], bool]:
        """Take an order; it is on the disk when this returns.

        Returns:
            What the page shows of it, and whether it is a new one.

        Raises:
            InvalidRequest: It goes on from behind the end of a song.
            KeyTaken: Another order has its key.
            LedgerError: It could not be written down.
        """
        key, asked = str(item.key), item.shown()
        if key not in self._shelf.keys:
            self._shelf.check_place(asked)
        new = self._shelf.add(key)  # at once: two clicks are two requests side by side
        try:
            [entry] = await self._ledger.add([NewEntry(key=key, request=asked)])
        except BaseException:
            if new:
                del self._shelf.keys[key]
            raise
        if entry.request != asked:
            raise KeyTaken(key)
        if entry.state == "pending":
            self._at_work.put(item)
        if new:
            self._moved(entry)
        return self._shelf.view(entry), new

    async def again(self, key: str, new_key: str) -> dict[str, Any] | None:
        """Take an order for the same once more; None where there is no such song."""
        entry = await self._ledger.get(key)
        if entry is None:
            return None
        song, _ = await self.order(item_of(replace(entry, key=new_key)))
        return song

    async def withdraw(self, key: str) -> dict[str, Any] | None:
        """Take an order back that waits; None where there is no such song.

        Raises:
            WrongStep: It is too late: the call has begun.
        """
        entry = await self._ledger.get(key)
        if entry is None:
            return None
        try:
            entry = await self._ledger.withdraw(key)
        except WrongStep:
            entry = await self._ledger.get(key)
            if entry is None or not is_withdrawn(entry):  # else: a second click
                raise
        self._at_work.drop(key)
        return self._shelf.view(entry)

    async def song(self, key: str) -> dict[str, Any] | None:
        """Return what the page shows of a song, or None where there is none."""
        entry = await self._ledger.get(key)
        return None if entry is None else self._shelf.view(entry)

    async def songs(self, *, before: str | None, limit: int) -> dict[str, Any]:
        """Return a part of all songs, the newest first.

        Args:
            before: The key of the song after which to go on; None for the newest.
            limit: The most songs.
        """
        keys = list(reversed(self._shelf.keys))
        start = keys.index(before) + 1 if before in self._shelf.keys else 0
        wanted = keys[start : start + limit]
        found = [await self.song(key) for key in wanted]
        songs = [song for song in found if song is not None]
        return {"songs": songs, "more": start + limit < len(keys), **self.status()}

    def status(self) -> dict[str, Any]:
        """Return how the studio as a whole stands."""
        production = self._production
        return {
            "now": time.time(),
            "sandbox": self.settings.sandbox,
            "stopped": production.stopped if production else None,
            "stop": self._stop(),
            "waiting": self._shelf.waiting,
            "ordered": len(self._shelf.keys),
            "paused": production.paused if production else None,
            "spent": production.spent if production else 0,
            "budget": self.settings.budget,
            "usual": self._shelf.usual,
        }

    def _stop(self) -> Stop | None:
        """Return why nothing is sent, in words for the page."""
        stopped = self._production.stopped if self._production else None
        if stopped is None:
            return None
        kind = self._cause[1] if self._cause and self._cause[0] == stopped else None
        budget = self.settings.budget
        is_used = budget is not None and self._at_work.spent >= budget
        return stop_of(stopped, kind, used_budget=budget if is_used else None)

    def resume(self) -> None:
        """Go on after a stop."""
        self._at_work.resume()

    async def fetch(self, key: str) -> dict[str, Any] | None:
        """Fetch the file of a song that the run could not fetch; None where there is none.

        Raises:
            DownloadError: It could not be fetched this time either.
        """
        entry = await self._ledger.get(key)
        if entry is None:
            return None
        song = self._shelf.view(entry)
        if song["stage"] != "made" or entry.result is None:
            return song  # such as one that the run is fetching
        if key not in self._fetching:
            self._fetching[key] = asyncio.create_task(self._fetch(entry, Task.read(entry.result)))
            self._fetching[key].add_done_callback(lambda _: self._fetching.pop(key))
        # Shielded, for somebody else may wait for the same file.
        return self._shelf.view(await asyncio.shield(self._fetching[key]))

    async def file_of(self, key: str) -> tuple[Path, str] | None:
        """Return a song's file and its title; None where there is no file."""
        entry = await self._ledger.get(key)
        if entry is None or entry.state != "saved" or not entry.path:
            return None
        path = self._directory / Path(entry.path).name
        return path, str(self._shelf.view(entry)["title"])

    @property
    def _directory(self) -> Path:
        return self.settings.directory / "songs"

    @property
    def _at_work(self) -> Production:
        if self._production is None:
            raise AceDataError("the studio is not open")
        return self._production

    async def _fetch(self, entry: Entry, task: Task) -> Entry:
        made = next(iter(task.audios), None) or task.stems
        if made is None or self._ace is None:
            raise DownloadError("the record holds no file", url="")
        path = await self._ace.download(
            made, self._directory, name=entry.name or entry.key, tags=can_tag(), task=task
        )
        return await self._ledger.save(entry.key, path.name)

    def observe(self, event: Event) -> None:
        """Take in what the client sees, as one of its observers."""
        if isinstance(event, TaskSeen):
            key = self._shelf.progressed(event.task_id, event.progress)
            if key is not None:
                self.board.post(
                    "progress", f"{key} progress", {"key": key, "progress": event.progress}
                )

    def _moved(self, entry: Entry) -> None:
        self._shelf.learn(entry)
        self.board.post("song", entry.key, self._shelf.view(entry))

    def _ended(self, outcome: BulkOutcome) -> None:
        """Take in what only the run knows, such as why a file was not fetched."""
        if outcome.state == "skipped" and outcome.reason == self._at_work.stopped:
            if outcome.error is not None:
                self._cause = outcome.reason, type(outcome.error).__name__
            return  # the reason is told once, for all
        untold = outcome.state in {"succeeded", "skipped", "invalid", "unknown", "submitted"}
        if outcome.key is not None and untold and outcome.reason:
            self._note(outcome.key, outcome.reason)

    def _note(self, key: str, reason: str) -> None:
        self._shelf.note(key, reason)
        showing = asyncio.create_task(self._show(key))
        self._showing.add(showing)
        showing.add_done_callback(self._showing.discard)

    async def _begin_run(self) -> None:
        """Leave to a run what it takes up: what the last one said of a song counts no more."""
        for key in self._shelf.forget_notes():
            await self._show(key)
        if self._fetching:  # else a file would be fetched by both
            await asyncio.wait(list(self._fetching.values()))

    async def _show(self, key: str) -> None:
        view = await self.song(key)
        if view is not None:
            self.board.post("song", key, view)

    async def _watch(self) -> None:
        """Post the status when it has changed."""
        while True:
            known = {name: fact for name, fact in self.status().items() if name != "now"}
            if known != self._status:
                self._status = known
                self.board.post("status", STATUS, {**known, "now": time.time()})
            await asyncio.sleep(_TICK)
