"""The client's own asyncio tasks: everything that runs has an owner, and is waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from acedata_async.errors import ClientClosed, ConfigurationError

T = TypeVar("T")

_log = logging.getLogger("acedata_async")


_FREE_GRACE = 0.1
"""Seconds that lookups and downloads get when the client closes."""


@dataclass(slots=True)
class Caller:
    """Who waits for a piece of work.

    Attributes:
        gone: Whether nobody does any more.
    """

    gone: bool = False
    _ends: asyncio.Timeout | None = field(default=None, repr=False)

    def leave(self) -> None:
        """Note that nobody waits any more; what is only done for a caller ends at once."""
        self.gone = True
        if self._ends is not None:
            self._ends.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def present(self) -> AsyncIterator[None]:
        """Run what is of no use without a caller, and end it as soon as there is none.

        It is for what can be cancelled without harm, such as the body of an answer.

        Raises:
            TimeoutError: Nobody waits any more.
        """
        if self.gone:
            raise TimeoutError
        try:
            async with asyncio.timeout(None) as self._ends:
                yield
        finally:
            self._ends = None


class Crew:
    """Runs the client's requests apart from whoever waits for them.

    A request belongs to the client: a caller that is cancelled stops waiting at once, and the
    request runs on to its end. So a paid answer is not lost, and httpx, which loses connections
    when cancelled in the wrong moment, never is.
    """

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: dict[asyncio.Task[Any], bool] = {}
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether nothing new is taken on."""
        return self._closed

    def call(self, work: Callable[[], T]) -> T | None:
        """Call something on the client's event loop, from anywhere.

        Returns:
            What it returned; None where it was handed over, or where that loop is over.
        """
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if self._loop is None or self._loop is here:
            return work()
        with suppress(RuntimeError):  # it was closed
            self._loop.call_soon_threadsafe(work)
        return None

    def check(self) -> None:
        """Make sure that work can be taken on here.

        Raises:
            ClientClosed: The client was closed.
            ConfigurationError: The client belongs to another event loop.
        """
        if self._closed:
            raise ClientClosed("this AceData client is closed; create a new one")
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        elif self._loop is not loop:
            raise ConfigurationError(
                "this AceData client was first used on another event loop, and its connections"
                " belong there; create one client for each event loop (each asyncio.run)"
            )

    def start(self, work: Coroutine[Any, Any, T], *, name: str, paid: bool) -> asyncio.Task[T]:
        """Start work that the client owns; `paid` work is waited for when the client closes."""
        task = asyncio.get_running_loop().create_task(work, name=f"acedata: {name}")
        self._running[task] = paid
        task.add_done_callback(self._finished)
        return task

    async def run(
        self,
        work: Callable[[Caller], Coroutine[Any, Any, T]],
        *,
        name: str,
        paid: bool = False,
        unclaimed: Callable[[asyncio.Task[T]], object] | None = None,
    ) -> T:
        """Start work and wait for it. Cancelling the wait leaves the work running.

        Args:
            work: What to run; it is given its caller, and need not begin what nobody wants.
            name: What it is, for the log.
            paid: Whether closing the client waits for it.
            unclaimed: Called with the finished task when its caller was cancelled meanwhile.
        """
        self.check()
        caller = Caller()
        task = self.start(work(caller), name=name, paid=paid)
        try:
            return await asyncio.shield(task)
        except (asyncio.CancelledError, GeneratorExit) as ending:
            if task.cancelled() and not _is_cancelled(ending):  # by aclose, not by the caller
                raise ClientClosed(f"the client was closed during: {name}") from None
            caller.leave()
            if unclaimed is not None:
                task.add_done_callback(unclaimed)
            raise

    async def aclose(self, *, grace: float) -> bool:
        """Take on nothing new, give paid work `grace` seconds, then end what is left.

        What is free is ended almost at once; whatever paid work had to be left is named in the log.

        Returns:
            Whether this is the event loop of the work; on another one there is nothing to end.
        """
        self._closed = True
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            self._running.clear()
            return False
        paid = [task for task, is_paid in self._running.items() if is_paid]
        if paid:
            await asyncio.wait(paid, timeout=grace)
        if self._running:
            await asyncio.wait(self._running, timeout=_FREE_GRACE)
        for task, is_paid in list(self._running.items()):
            if is_paid:
                _log.warning("closed while a paid call was under way: %s", task.get_name())
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        return True

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._running.pop(task, None)
        if not task.cancelled():
            task.exception()  # whoever waited has it; nobody is told again by the event loop


def _is_cancelled(ending: BaseException) -> bool:
    """Say whether it is the caller itself that is being cancelled."""
    if isinstance(ending, GeneratorExit):
        return True
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0
