"""What a ledger is: the memory of paid work that outlives the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

from acedata_async.ledger.entry import (
    Entry,
    EntryState,
    NewEntry,
    Step,
    Totals,
    Withdrawn,
    known_cost,
    known_error,
)

_NO_TASK: Mapping[str, Any] = {"task_id": None, "marker": ""}
"""What is known of a task once its call no longer counts. The marker goes with it: it belongs to
that call, and the next one must not be taken for it."""


class Ledger(Protocol):
    """Remembers what was asked for, sent, accepted, made and saved.

    A song goes through it in this order: `begin` is on the disk before the paid call goes out,
    `accept` with the task id as soon as the answer is there, `finish` with the final record,
    `save` once the file has its name. So whatever instant a process is killed at, the next one
    knows what was paid for, or exactly which calls are uncertain.

    Each method that changes an entry returns only when the change is safe, and returns the entry
    after it. A step that is not allowed from the entry's state raises `WrongStep` and changes
    nothing. What cannot be read or written raises `LedgerError`. Cancelling a call does not undo
    it: a change that was asked for is made.

    An implementation subclasses this and provides the methods without a body below; `apply` must
    be atomic: of two callers, one sees what the other left.
    """

    @property
    def is_open(self) -> bool:
        """Whether it is held now."""
        ...

    async def open(self) -> None:
        """Take hold of the ledger; harmless when repeated.

        What another holder left as `submitting` becomes `unknown`: it ended before its answer.

        Raises:
            LedgerError: It is damaged, of a newer version, or held by somebody else.
        """

    async def aclose(self) -> None:
        """Let go of the ledger, after all changes that were asked for; harmless when repeated."""

    async def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        """Remember entries as `pending`; return all of them, those known before as they stand."""
        ...

    async def get(self, key: str) -> Entry | None:
        """Return an entry, or None where there is none."""
        ...

    def entries(self, states: Collection[EntryState] | None = None) -> AsyncIterator[Entry]:
        """Iterate over the entries in the order in which they were added.

        Args:
            states: Only those that are in one of these when they are reached; None for all.
        """
        ...

    async def of_tasks(self, task_ids: Collection[str]) -> dict[str, Entry]:
        """Return the entries that have one of these task ids, by task id.

        Should several have the same, the one that was added first is returned.
        """
        ...

    async def totals(self) -> Totals:
        """Return what the ledger adds up to."""
        ...

    async def note(self, name: str) -> str | None:
        """Return a note about the ledger as a whole, or None where there is none."""
        ...

    async def put_note(self, name: str, text: str) -> None:
        """Write a note about the ledger as a whole."""

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Let an entry take a step, by `transition`.

        Raises:
            WrongStep: The step cannot be taken from the entry's state.
            LedgerError: There is no such entry, or it could not be written.
        """
        ...

    async def begin(self, key: str, marker: str | None = None) -> Entry:
        """Note that the paid call is about to go.

        Args:
            key: The entry's key.
            marker: What the call carries to be found by, empty for nothing; None for what the
                entry has.
        """
        return await self.apply(key, "begin", {} if marker is None else {"marker": marker})

    async def release(self, key: str, error: Exception | None = None) -> Entry:
        """Note that the paid call created nothing: not delivered, or refused for now."""
        return await self.apply(key, "release", {"error": known_error(error)})

    async def accept(
        self, key: str, task_id: str, record: Mapping[str, Any] | None = None
    ) -> Entry:
        """Note the task id: from the answer, because it was found, or by hand.

        Args:
            key: The entry's key.
            task_id: The task's id.
            record: What the answer showed beside it, which may be all that there ever is.
        """
        known = {} if record is None else {"result": record}
        return await self.apply(key, "accept", {"task_id": task_id, **known})

    async def refuse(self, key: str, error: Exception) -> Entry:
        """Note that the API refused the call for good."""
        return await self.apply(key, "refuse", {"error": known_error(error)})

    async def doubt(self, key: str, error: Exception) -> Entry:
        """Note that nobody knows whether the call was accepted."""
        return await self.apply(key, "doubt", {"error": known_error(error)})

    async def finish(
        self, key: str, result: Mapping[str, Any], *, cost: float | None, name: str | None
    ) -> Entry:
        """Note what was made, and how its file is going to be called.

        A cost that is no finite number counts as unknown.
        """
        return await self.apply(
            key, "finish", {"result": result, "cost": known_cost(cost), "name": name}
        )

    async def fail(self, key: str, error: Exception, result: Mapping[str, Any]) -> Entry:
        """Note that the final record says that the task failed."""
        return await self.apply(key, "fail", {"error": known_error(error), "result": result})

    async def lose(self, key: str, error: Exception) -> Entry:
        """Note that a task's record is gone, or did not end in time."""
        return await self.apply(key, "lose", {"error": known_error(error)})

    async def save(self, key: str, path: str) -> Entry:
        """Note that the file is whole and has its name."""
        return await self.apply(key, "save", {"path": path})

    async def retry(self, key: str) -> Entry:
        """Make a failed one pending again; its old task is forgotten."""
        return await self.apply(key, "retry", {**_NO_TASK, "result": None})

    async def revise(self, key: str, request: Mapping[str, Any]) -> Entry:
        """Give another request to one that was not paid for; its old task is forgotten."""
        facts = {**_NO_TASK, "request": request, "result": None, "name": None}
        return await self.apply(key, "revise", facts)

    async def resubmit(self, key: str) -> Entry:
        """Make an unknown or lost one pending again: by hand, or known to be absent."""
        return await self.apply(key, "resubmit", _NO_TASK)

    async def withdraw(self, key: str) -> Entry:
        """Note that what waits is not to be sent: it becomes `failed`, and costs nothing."""
        error = known_error(Withdrawn("withdrawn before it was sent"))
        return await self.apply(key, "withdraw", {"error": error})

    async def give_up(self, key: str) -> Entry:
        """End an unknown or lost one, by hand."""
        return await self.apply(key, "give_up", {})

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
