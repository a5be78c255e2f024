"""The thread that reads and writes a ledger's file, for callers on event loops.

What is asked for while a commit is under way goes into the next transaction: a hundred callers
at once wait for two commits, not for a hundred.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from acedata_async.errors import LedgerError
from acedata_async.ledger.schema import transaction

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Order:
    """What one caller asked for, and what came out of it."""

    work: Callable[[sqlite3.Connection], Any]
    writes: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: Exception | None = None

    def tell(self) -> None:
        """Give the caller what came out, if it still waits."""
        if self.future.done():
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


class Writer:
    """A thread with a connection of its own, from its making until `aclose`.

    Attributes:
        commits: How many transactions that write it has committed.

    Args:
        opening: Opens the connection, and closes it; entered and left on the thread.
        explain: Makes a `LedgerError` of what went wrong with the database, a new one each time.
        name: What the thread is called.
    """

    def __init__(
        self,
        opening: Callable[[], AbstractContextManager[sqlite3.Connection]],
        explain: Callable[[Exception], LedgerError],
        name: str,
    ) -> None:
        self.commits = 0
        self._opening = opening
        self._explain = explain
        self._changed = threading.Condition()  # reentrant: `stop` may be called by a finalizer
        self._orders: list[_Order] = []
        self._closers: list[_Order] = []
        self._closing = False
        self._ended = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._thread.start()

    @property
    def closed(self) -> bool:
        """Whether it takes no more orders."""
        return self._closing or self._ended

    async def run(self, work: Callable[[sqlite3.Connection], T], *, writes: bool) -> T:
        """Let the thread do something, after everything that was asked for before.

        Cancelling the caller does not undo it.

        Args:
            work: What to do. A `LedgerError` of it, raised before it has written anything, is
                the caller's alone; an error of the database undoes what was done together.
            writes: Whether it changes anything.

        Raises:
            LedgerError: Raised by the work; or the database failed, and nothing was changed; or
                this is closed.
        """
        loop = asyncio.get_running_loop()
        order = _Order(work, writes, loop, loop.create_future())
        with self._changed:
            if self.closed:
                raise self._refusal()
            self._orders.append(order)
            self._changed.notify()
        result: T = await order.future
        return result

    def stop(self) -> None:
        """Let the thread end after what was asked for before, without waiting for it."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    async def aclose(self) -> None:
        """Do what was asked for before, close the connection, and end the thread.

        Cancelling the caller does not stop that.
        """
        loop = asyncio.get_running_loop()
        closer = _Order(_nothing, False, loop, loop.create_future())
        with self._changed:
            self.stop()
            waits = not self._ended
            if waits:
                self._closers.append(closer)
        if waits:
            await closer.future
        self._thread.join()  # telling us was the last thing it did

    def _refusal(self) -> LedgerError:
        """Say why nothing can be asked for any more."""
        if self._failure is not None:
            return self._explain(self._failure)
        return LedgerError("the ledger is closed; open it again to use it")

    def _main(self) -> None:
        try:
            with self._opening() as connection:
                while self._turn(connection):
                    pass
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits
            self._failure = error
        with self._changed:
            self._ended = True
            orders, self._orders = self._orders, []
            closers, self._closers = self._closers, []
        for order in orders:
            order.error = self._refusal()
        _tell([*orders, *closers])

    def _turn(self, connection: sqlite3.Connection) -> bool:
        """Wait for orders, and do all there are; return whether there will be more."""
        with self._changed:
            self._changed.wait_for(lambda: self._orders or self._closing)
            batch, self._orders = self._orders, []
        if batch:
            self._perform(connection, batch)
            _tell(batch)
        return bool(batch)

    def _perform(self, connection: sqlite3.Connection, batch: Sequence[_Order]) -> None:
        writes = any(order.writes for order in batch)
        try:
            with transaction(connection, writes=writes):
                for order in batch:
                    self._do(order, connection)
            self.commits += writes
        except Exception as error:  # noqa: BLE001 - it is told to whoever waits
            for order in batch:
                order.error = self._explain(error)

    def _do(self, order: _Order, connection: sqlite3.Connection) -> None:
        try:
            order.result = order.work(connection)
        except LedgerError as error:
            order.error = error
        except sqlite3.Error:
            raise
        except Exception as error:  # noqa: BLE001 - it is told to whoever asked for it
            order.error = self._explain(error)


def _tell(batch: Sequence[_Order]) -> None:
    """Tell the callers what came out, with one call for each event loop."""
    for loop in {order.loop for order in batch}:
        with suppress(RuntimeError):  # the loop was closed: nobody waits there any more
            loop.call_soon_threadsafe(_tell_all, [order for order in batch if order.loop is loop])


def _tell_all(batch: Sequence[_Order]) -> None:
    for order in batch:
        order.tell()


def _nothing(_: sqlite3.Connection) -> None:
    """Do nothing."""
