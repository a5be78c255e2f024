"""The command `sandbox`: a fake vendor that listens."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from acedata_async import AceDataError, ConfigurationError, InvalidRequest
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import command
from acedata_async.cli.output import Output
from acedata_async.config import BASE_URL_VARIABLE, TOKEN_VARIABLE
from acedata_async.sandbox import FAULTS, Sandbox, SystemClock
from acedata_async.sandbox.vendor import typical_duration

Port = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")]
Faults = Annotated[
    list[str] | None,
    typer.Option(
        "--fault", metavar="NAME", help="Something that goes wrong; repeatable. See the reference."
    ),
]
Seconds = Annotated[
    str | None, typer.Option(metavar="A:B", help="How long a song takes; 3:8 draws from 3 to 8 s.")
]
State = Annotated[
    Path | None,
    typer.Option(
        "--state", metavar="FILE", help="Go on from this file, and keep tasks and counts in it."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write the addresses as JSON.")]


def add_sandbox(app: typer.Typer) -> None:
    """Add the command that serves a sandbox."""

    @command(
        app,
        "sandbox",
        "acedata sandbox --port 8787",
        "acedata sandbox --seconds 3:8 --fault lookup-500 --fault throttle",
        "acedata sandbox --state sandbox.jsonl",
    )
    def sandbox(
        port: Port = 8787,
        fault: Faults = None,
        seconds: Seconds = None,
        state: State = None,
        as_json: AsJson = False,  # noqa: FBT002 - an option, given by its name
    ) -> None:
        """Serve a fake vendor on this machine until Ctrl-C: free, and no token is needed."""
        output = Output(as_json=as_json, quiet=False)
        try:
            asyncio.run(_serve(_prepare(fault or [], seconds, state), port, state, output))
        except KeyboardInterrupt:
            output.note("stopped")
        except (AceDataError, OSError) as error:
            raise typer.Exit(int(output.error(error))) from None
        raise typer.Exit(int(Exit.GOOD))


def _prepare(faults: list[str], seconds: str | None, state: Path | None) -> Sandbox:
    for name in faults:
        if name not in FAULTS:
            raise InvalidRequest("fault", name, f"one of {', '.join(sorted(FAULTS))}")
    durations = typical_duration if seconds is None else _bounds(seconds)
    # With ids of its own: those of an earlier start must not name other songs now.
    clock, seed = SystemClock(), secrets.randbits(64)
    try:
        sandbox = Sandbox(clock=clock, seed=seed, durations=durations, state=state)
    except ValueError as error:
        raise ConfigurationError(str(error)) from error
    for name in faults:
        sandbox.inject(name)
    return sandbox


def _bounds(seconds: str) -> tuple[float, float]:
    low, _, high = seconds.partition(":")
    try:
        bounds = float(low), float(high or low)
    except ValueError:
        bounds = (-1.0, -1.0)
    if not 0 <= bounds[0] <= bounds[1] < float("inf"):
        raise InvalidRequest("seconds", seconds, "two numbers of seconds such as 3:8")
    return bounds


async def _serve(sandbox: Sandbox, port: int, state: Path | None, output: Output) -> None:
    async with sandbox, AsyncExitStack() as stack:
        base_url = await _listen(sandbox, port, stack)
        stats_url = f"{base_url}/sandbox/stats"
        lines = [
            f"The sandbox listens at {base_url}",
            f"What it counts: {stats_url}",
            "In another terminal:",
            f"  export {BASE_URL_VARIABLE}={base_url} {TOKEN_VARIABLE}=sandbox-token",
            '  acedata generate "A song for Christmas"',
        ]
        if state is not None:
            lines.insert(2, f"What it keeps: {state} (tasks so far: {len(sandbox.tasks)})")
        output.result({"base_url": base_url, "stats_url": stats_url}, lines)
        output.note("Ctrl-C ends it")
        await asyncio.Event().wait()


async def _listen(sandbox: Sandbox, port: int, stack: AsyncExitStack) -> str:
    """Serve until `stack` is closed, and return the base URL."""
    try:
        return await stack.enter_async_context(sandbox.listen(port=port))
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the server needs {error.name}: pip install '.[sandbox]' in a clone of the project"
        ) from error
    except OSError as error:
        reason = error.strerror or error
        raise ConfigurationError(f"port {port} cannot be had: {reason}") from error
