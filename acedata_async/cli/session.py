"""One command, from the connection to the exit code."""

from __future__ import annotations

import asyncio
import secrets
import signal
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NoReturn

import typer

from acedata_async import AceData, AceDataError, ConfigurationError, PollPolicy, RequestWarning
from acedata_async._clock import Clock, SystemClock
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import Common
from acedata_async.cli.output import Output
from acedata_async.config import read_credentials
from acedata_async.resources.fish import Fish
from acedata_async.resources.producer import Producer
from acedata_async.sandbox import Sandbox

_SANDBOX_SECONDS = (3.0, 8.0)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a command sends its requests.

    Attributes:
        ace: The client.
        clock: The time there; that of the machine, but for tests.
    """

    ace: AceData
    clock: Clock

    def service(self, name: str) -> Producer | Fish:
        """Return a service by its name, such as `producer`."""
        return self.ace.fish if name == self.ace.fish.name else self.ace.producer


Connector = Callable[[Common], AbstractAsyncContextManager[Connection]]
Work = Callable[[Connection, Output], Awaitable[Exit]]


@asynccontextmanager
async def connect(common: Common) -> AsyncIterator[Connection]:
    """Open a client as the options say: of the API, or of a sandbox of its own."""
    poll, clock = PollPolicy(deadline=common.timeout), SystemClock()
    if common.sandbox:
        # With ids of its own: those of an earlier start must not name other songs now.
        seed = secrets.randbits(64)
        async with Sandbox(clock=clock, seed=seed, durations=_SANDBOX_SECONDS) as sandbox:
            yield Connection(sandbox.client(poll=poll), clock)
    else:
        _check_environment()
        async with AceData(poll=poll) as ace:
            yield Connection(ace, clock)


def _check_environment() -> None:
    try:
        read_credentials(None, None)
    except ConfigurationError as error:
        # An argument of the client is nothing that the command line has.
        raise ConfigurationError(str(error).replace("pass api_token or set ", "set ")) from None


def output_of(common: Common) -> Output:
    """Return where a command writes to that was told this."""
    return Output(as_json=common.as_json, quiet=common.quiet, embedded=common.sandbox)


def perform(context: typer.Context, common: Common, work: Work) -> NoReturn:
    """Connect, do the work of a command, and end with its exit code."""
    output = output_of(common)
    conclude(output, lambda: connected(context, common, work, output))


def conclude(output: Output, begin: Callable[[], Coroutine[Any, Any, Exit]]) -> NoReturn:
    """Do the work of a command, and end with its exit code.

    Args:
        output: Where the command writes to.
        begin: Starts the work, after what is to be done before anything else, such as reading
            stdin: a signal ends what blocks there, and could not within the event loop.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("always", RequestWarning)
        warnings.showwarning = _writer(output)
        try:
            with _ended_by_sigterm():
                work = begin()
            code = asyncio.run(work)
        except KeyboardInterrupt:
            code = output.interrupted(Exit.INTERRUPTED)
        except asyncio.CancelledError:
            code = output.interrupted(Exit.TERMINATED)
        except BrokenPipeError:  # whoever read the output has enough; typer ends quietly then
            raise
        except (AceDataError, OSError) as error:
            code = output.error(error)
    raise typer.Exit(int(code))


async def connected(context: typer.Context, common: Common, work: Work, output: Output) -> Exit:
    """Do the work of a command with a connection, and return its exit code.

    A test may put another way to connect into the context, as its `obj`.
    """
    connector: Connector = context.obj or connect
    ace: AceData | None = None
    _heed_termination()
    try:
        async with connector(common) as connection:
            ace = connection.ace
            try:
                return await work(connection, output)
            except asyncio.CancelledError:
                _leave(ace, output)
                raise
    finally:
        if ace is not None:
            stats = ace.stats()
            output.unanswered = stats.submissions_under_way + stats.submissions_unanswered
        # Closing the client has waited for paid calls under way when the user broke it off.
        for service in () if ace is None else (ace.producer, ace.fish):
            for watcher in service.claim():
                output.task_accepted(watcher.id or "", service=service.name)


def _leave(ace: AceData, output: Output) -> None:
    """Say what closing the client waits for, and let only that be told which concerns the user."""
    if ace.stats().submissions_under_way:
        output.warn("waiting for the answer to a paid call; Ctrl-C again leaves it")
    # A second Ctrl-C breaks calls off, and asyncio has much to say about each.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end what is done before the event loop is there as it ends what comes then."""

    def end(*_: object) -> NoReturn:
        raise asyncio.CancelledError

    before = signal.getsignal(signal.SIGTERM)
    heeded = before is not None and before is not signal.SIG_IGN
    with suppress(ValueError):  # only the main thread may set one
        if heeded:
            signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        with suppress(ValueError):
            if heeded:
                signal.signal(signal.SIGTERM, before)


def _heed_termination() -> None:
    """Let SIGTERM, or a lost terminal, break the command off; a second one ends it at once."""
    loop, command = asyncio.get_running_loop(), asyncio.current_task()
    assert command is not None  # noqa: S101 - it is called from a coroutine

    signals = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    # nohup has it ignored, and so it stays.
    heeded = [one for one in signals if signal.getsignal(one) is not signal.SIG_IGN]

    def break_off() -> None:
        for one in heeded:
            loop.remove_signal_handler(one)
        command.cancel()

    # Windows has no such handlers, and only the main thread may set one.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for one in heeded:
            loop.add_signal_handler(one, break_off)


def _writer(output: Output) -> Callable[..., None]:
    told: set[str] = set()

    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        text = str(message)
        if text not in told:  # a thousand songs may all give rise to the same one
            told.add(text)
            output.warn(text)

    return show
