"""The studio as a whole: takes orders, writes them down, and lets them be made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from acedata_async import AceData, BulkItem, BulkOutcome, Event, Task, TaskSeen
from acedata_async.audio.tags import can_tag
from acedata_async.errors import AceDataError, DownloadError
from acedata_async.ledger import Entry, NewEntry
from examples.studio.board import Board
from examples.studio.ledger import ToldLedger
from examples.studio.production import Production, item_of
from examples.studio.settings import LOOPBACK, Settings
from examples.studio.songs import Shelf

_TICK = 1.0
"""Seconds between two looks at whether things go on."""


def is_loopback(address: str) -> bool:
    """Say whether an address is of this machine, where nobody takes money."""
    return urlsplit(address).hostname in LOOPBACK


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
            self._production = Production(ace, self._ledger, self.settings, self._ended)
            work: list[asyncio.Task[Any]] = [
                asyncio.create_task(self._production.carry_on(), name="studio: production"),
                asyncio.create_task(self._watch(), name="studio: status"),
            ]
            try:
                yield
            finally:
                work += [*self._fetching.values(), *self._showing]
                for one in work:
                    one.cancel()
                # The run ends as it should: paid calls under way get their answers.
                await asyncio.gather(*work, return_exceptions=True)

    async def order(self, item: BulkItem) -> tuple[dict[str, Any], bool]:
        """Take an order; it is on the disk when this returns.

        Returns:
            What the page shows of it, and whether it is a new one.

        Raises:
            KeyTaken: Another order has its key.
            LedgerError: It could not be written down.
        """
        key, asked = str(item.key), item.shown()
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
            "sandbox": self._ace is not None and is_loopback(self._ace.base_url),
            "stopped": production.stopped if production else None,
            "paused": production.paused if production else None,
            "spent": production.spent if production else 0,
            "budget": self.settings.budget,
            "usual": self._shelf.usual,
        }

    def resume(self) -> None:
        """Go on after a stop."""
        self._at_work.resume()

    async def fetch(self, key: str) -> dict[str, Any] | None:
        """Fetch the file of a song that is made and was not fetched; None where there is none.

        Raises:
            DownloadError: It could not be fetched this time either.
        """
        entry = await self._ledger.get(key)
        if entry is None or entry.state != "succeeded" or entry.result is None:
            return None if entry is None else self._shelf.view(entry)
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
        untold = outcome.state in {"succeeded", "skipped", "invalid", "unknown", "submitted"}
        if outcome.key is not None and untold and outcome.reason:
            self._shelf.note(outcome.key, outcome.reason)
            showing = asyncio.create_task(self._show(outcome.key))
            self._showing.add(showing)
            showing.add_done_callback(self._showing.discard)

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
                self.board.post("status", "status", {**known, "now": time.time()})
            await asyncio.sleep(_TICK)
