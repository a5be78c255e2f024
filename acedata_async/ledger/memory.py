"""A ledger that ends with the process: for tests, and for a run that nobody will repeat."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from typing import Any

from acedata_async.errors import LedgerError
from acedata_async.ledger.entry import (
    ENDED,
    Entry,
    EntryState,
    NewEntry,
    Step,
    Totals,
    new_marker,
    transition,
)
from acedata_async.ledger.protocol import Ledger


class MemoryLedger(Ledger):
    """A ledger in memory.

    Args:
        now: Where the time comes from, in Unix seconds.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._entries: dict[str, Entry] = {}
        self._keys: dict[str, list[str]] = {}
        self._notes: dict[str, str] = {}
        self._left = False

    def __repr__(self) -> str:
        return f"<MemoryLedger of {len(self._entries)} entries>"

    @property
    def is_open(self) -> bool:
        """Whether it is in use; it is from the start."""
        return not self._left

    async def open(self) -> None:
        """Take it up again, after `aclose`; else do nothing, there is nobody to share it with.

        What was left as `submitting` becomes `unknown`, as in a file.
        """
        if not self._left:
            return
        self._left = False
        for entry in list(self._entries.values()):
            if entry.state == "submitting":
                await self.apply(entry.key, "doubt", {"error": ENDED})

    async def aclose(self) -> None:
        """Leave it; what it holds can still be read."""
        self._left = True

    async def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        """Remember entries as `pending`; return all of them, those known before as they stand."""
        now = self._now()
        return [
            self._entries.setdefault(
                new.key,
                Entry(
                    key=new.key,
                    request=new.request,
                    marker=new_marker(),
                    times={"pending": now},
                ),
            )
            for new in entries
        ]

    async def get(self, key: str) -> Entry | None:
        """Return an entry, or None where there is none."""
        return self._entries.get(key)

    async def entries(self, states: Collection[EntryState] | None = None) -> AsyncIterator[Entry]:
        """Iterate over the entries in the order in which they were added."""
        for key in list(self._entries):
            entry = self._entries.get(key)
            if entry is not None and (states is None or entry.state in states):
                yield entry

    async def of_tasks(self, task_ids: Collection[str]) -> dict[str, Entry]:
        """Return the entries that have one of these task ids, by task id."""
        return {task_id: self._first(task_id) for task_id in task_ids if task_id in self._keys}

    async def totals(self) -> Totals:
        """Return what the ledger adds up to."""
        counts = Counter(entry.state for entry in self._entries.values())
        return Totals(counts, sum(entry.cost or 0.0 for entry in self._entries.values()))

    async def note(self, name: str) -> str | None:
        """Return a note about the ledger as a whole, or None where there is none."""
        return self._notes.get(name)

    async def put_note(self, name: str, text: str) -> None:
        """Write a note about the ledger as a whole."""
        self._notes[name] = text

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Let an entry take a step."""
        before = self._entries.get(key)
        if before is None:
            raise LedgerError(f"the ledger has no entry {key!r}")
        entry = self._entries[key] = transition(before, step, self._now(), **facts)
        if before.task_id != entry.task_id:
            self._unlink(before)
            self._link(entry)
        return entry

    def forget(self, key: str) -> None:
        """Drop an entry, so that a run without end does not fill the memory."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._unlink(entry)

    def _first(self, task_id: str) -> Entry:
        """Return the entry with a task id; of two with the same, the one added first."""
        keys = self._keys[task_id]
        first = keys[0] if len(keys) == 1 else next(key for key in self._entries if key in keys)
        return self._entries[first]

    def _link(self, entry: Entry) -> None:
        if entry.task_id is not None:
            self._keys.setdefault(entry.task_id, []).append(entry.key)

    def _unlink(self, entry: Entry) -> None:
        if entry.task_id is not None:
            keys = self._keys[entry.task_id]
            keys.remove(entry.key)
            if not keys:
                del self._keys[entry.task_id]
