"""A ledger in a file: what it was told survives the process, however it ends."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from acedata_async.errors import LedgerError
from acedata_async.ledger import rows
from acedata_async.ledger.entry import Entry, EntryState, NewEntry, Step, Totals, new_marker
from acedata_async.ledger.faults import explain
from acedata_async.ledger.opening import holding, reading
from acedata_async.ledger.protocol import Ledger
from acedata_async.ledger.writer import Writer

T = TypeVar("T")


class SqliteLedger(Ledger):
    """A ledger in a SQLite file.

    A change is on the disk when the call that asks for it returns; changes that are asked for at
    the same time share a commit. The file holds prompts, lyrics and addresses of songs: it is
    made readable for its owner only. Beside it stand `<file>.lock`, which says who holds it, and,
    while it is open, `<file>-wal` and `<file>-shm`, which belong to it: never copy or delete
    one without the others.

    All methods work on any event loop; those but `open` and `aclose` need it to be open.

    Args:
        path: The file. It and its directory are made where they are missing.
        patience: How long to wait for another process that holds it, in seconds.
        read_only: Look at it while somebody else may write. It is not held then, nothing in it
            is changed, and the methods that change something raise `LedgerError`.
        now: Where the time comes from, in Unix seconds.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        patience: float = 5.0,
        read_only: bool = False,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._path = os.fspath(path)
        self._patience = patience
        self._read_only = read_only
        self._now = now
        self._writer: Writer | None = None
        self._forgotten: weakref.finalize[[], SqliteLedger] | None = None

    def __repr__(self) -> str:
        state = "closed" if self._writer is None or self._writer.closed else "open"
        return f"<SqliteLedger {self._path} {'read-only ' * self._read_only}{state}>"

    @property
    def path(self) -> str:
        """The file."""
        return self._path

    @property
    def is_open(self) -> bool:
        """Whether the file is held now."""
        return self._writer is not None and not self._writer.closed

    async def open(self) -> None:
        """Take hold of the file; harmless when repeated.

        What another process left as `submitting` becomes `unknown`: it ended before the answer.
        Cancelling it lets go of the file again.

        Raises:
            LedgerError: It is in use by another process, damaged, of a newer version or no
                ledger; or it, or its directory, cannot be read or written.
        """
        if self._writer is not None and self._writer.closed:
            await self._writer.aclose()  # it may be about to let go
        if self._writer is not None and not self._writer.closed:
            await self._run(_nothing)
            return
        self._writer = writer = self._start()
        try:
            await self._run(_nothing)
        except BaseException:
            writer.stop()
            raise

    def _start(self) -> Writer:
        opening = (
            partial(reading, self._path, self._patience)
            if self._read_only
            else partial(holding, self._path, self._patience, self._now())
        )
        writer = Writer(opening, partial(explain, self._path), f"ledger {self._path}")
        if self._forgotten is not None:
            self._forgotten.detach()
        self._forgotten = weakref.finalize(self, writer.stop)  # so that it holds nothing then
        return writer

    async def aclose(self) -> None:
        """Let go of the file, after all changes that were asked for; harmless when repeated.

        Cancelling it does not stop that.
        """
        if self._writer is not None:
            await self._writer.aclose()

    async def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        """Remember entries as `pending`; return all of them, those known before as they stand."""
        times = rows.to_json("times", {"pending": self._now()})
        new = [
            rows.NewRow(
                rows.text("key", entry.key),
                new_marker(),
                times,
                rows.to_json("request", entry.request),
            )
            for entry in entries
        ]
        return await self._run(lambda connection: rows.add(connection, new), writes=True)

    async def get(self, key: str) -> Entry | None:
        """Return an entry, or None where there is none."""
        rows.text("key", key)
        return await self._run(lambda connection: rows.get(connection, key))

    async def entries(self, states: Collection[EntryState] | None = None) -> AsyncIterator[Entry]:
        """Iterate over the entries in the order in which they were added.

        It reads a few hundred at a time, and others may write meanwhile; what is added meanwhile
        is left out.

        Args:
            states: Only those that are in one of these when they are read; None for all.
        """
        wanted = None if states is None else tuple(dict.fromkeys(states))
        seen, last = 0, await self._run(rows.last_row)
        while seen < last and wanted != ():
            part = partial(rows.part, after=seen, until=last, states=wanted)
            seen, found = await self._run(part)
            for entry in found:
                yield entry

    async def of_tasks(self, task_ids: Collection[str]) -> dict[str, Entry]:
        """Return the entries that have one of these task ids, by task id."""
        wanted = [rows.text("task_id", task_id) for task_id in task_ids]
        return await self._run(lambda connection: rows.of_tasks(connection, wanted))

    async def totals(self) -> Totals:
        """Return what the ledger adds up to."""
        return await self._run(rows.totals)

    async def note(self, name: str) -> str | None:
        """Return a note about the ledger as a whole, or None where there is none."""
        rows.text("name", name)
        return await self._run(lambda connection: rows.note(connection, name))

    async def put_note(self, name: str, text: str) -> None:
        """Write a note about the ledger as a whole."""
        rows.text("name", name)
        rows.text("note", text)
        await self._run(lambda connection: rows.put_note(connection, name, text), writes=True)

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Let an entry take a step."""
        rows.text("key", key)
        learned = {name: rows.encode(name, value) for name, value in facts.items()}
        now = self._now()
        return await self._run(
            lambda connection: rows.apply(connection, key, step, learned, now), writes=True
        )

    async def _run(self, work: Callable[[sqlite3.Connection], T], *, writes: bool = False) -> T:
        if self._writer is None:
            raise LedgerError(
                f"the ledger {self._path} is not open: `await ledger.open()`, or use `async with`"
            )
        if writes and self._read_only:
            raise LedgerError(f"the ledger {self._path} is open for reading only")
        return await self._writer.run(work, writes=writes)


def _nothing(_: sqlite3.Connection) -> None:
    """Do nothing; whoever waits for it knows that the file is open."""
