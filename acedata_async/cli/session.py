"""One command, from the connection to the exit code."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import typer

from acedata_async import AceData, AceDataError, PollPolicy, RequestWarning
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import Common
from acedata_async.cli.output import Output
from acedata_async.config import read_credentials
from acedata_async.sandbox import Sandbox, SystemClock

_SANDBOX_SECONDS = (3.0, 8.0)


@dataclass(frozen=True, slots=True)
class Connection:
    """Where a command sends its requests.

    Attributes:
        ace: The client.
        origin: What is at the other end, for the records of `run`.
    """

    ace: AceData
    origin: str


Connector = Callable[[Common], AbstractAsyncContextManager[Connection]]
Work = Callable[[Connection, Output], Awaitable[Exit]]


@asynccontextmanager
async def connect(common: Common) -> AsyncIterator[Connection]:
    """Open a client as the options say: of the API, or of a sandbox of its own."""
    poll = PollPolicy(deadline=common.timeout)
    if common.sandbox:
        async with Sandbox(clock=SystemClock(), durations=_SANDBOX_SECONDS) as sandbox:
            yield Connection(sandbox.client(poll=poll), "the sandbox")
    else:
        origin = read_credentials(None, None).base_url
        async with AceData(poll=poll) as ace:
            yield Connection(ace, origin)


def perform(context: typer.Context, common: Common, work: Work) -> None:
    """Do the work of a command and end with its exit code.

    A test may put another way to connect into the context, as its `obj`.
    """
    output = Output(as_json=common.as_json, quiet=common.quiet)
    connector: Connector = context.obj or connect
    with warnings.catch_warnings():
        warnings.simplefilter("always", RequestWarning)
        warnings.showwarning = _writer(output)
        try:
            code = asyncio.run(_work(connector, common, work, output))
        except KeyboardInterrupt:
            code = output.interrupted(_what_lives_on(output))
        except (AceDataError, OSError) as error:
            code = output.error(error)
    raise typer.Exit(int(code))


async def _work(connector: Connector, common: Common, work: Work, output: Output) -> Exit:
    ace: AceData | None = None
    try:
        async with connector(common) as connection:
            ace = connection.ace
            return await work(connection, output)
    finally:
        # Closing the client has waited for paid calls under way when the user broke it off.
        for watcher in ace.producer.claim() if ace is not None else ():
            output.task_accepted(watcher.id or "")


def _what_lives_on(output: Output) -> str:
    if output.how_to_go_on or not output.accepted:
        return output.how_to_go_on
    return f"what was accepted goes on: acedata watch {' '.join(output.accepted)} -o ."


def _writer(output: Output) -> Callable[..., None]:
    def show(message: Warning | str, *_: Any, **__: Any) -> None:
        output.warn(message)

    return show
