"""The command `sandbox`: a fake vendor that listens."""

from __future__ import annotations

import asyncio
import secrets
from typing import Annotated

import typer

from acedata_async import AceDataError, ConfigurationError, InvalidRequest
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import command
from acedata_async.cli.output import Output
from acedata_async.config import BASE_URL_VARIABLE, TOKEN_VARIABLE
from acedata_async.sandbox import FAULTS, Sandbox, SystemClock

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
AsJson = Annotated[bool, typer.Option("--json", help="Write the addresses as JSON.")]


def add_sandbox(app: typer.Typer) -> None:
    """Add the command that serves a sandbox."""

    @command(
        app,
        "sandbox",
        "acedata sandbox --port 8787",
        "acedata sandbox --seconds 3:8 --fault lookup-500 --fault throttle",
    )
    def sandbox(
        port: Port = 8787,
        fault: Faults = None,
        seconds: Seconds = None,
        as_json: AsJson = False,  # noqa: FBT002 - an option, given by its name
    ) -> None:
        """Serve a fake vendor on this machine until Ctrl-C: free, and no token is needed."""
        output = Output(as_json=as_json, quiet=False)
        try:
            asyncio.run(_serve(_prepare(fault or [], seconds), port, output))
        except KeyboardInterrupt:
            output.note("stopped")
        except (AceDataError, OSError) as error:
            raise typer.Exit(int(output.error(_explained(error, port)))) from None
        raise typer.Exit(int(Exit.GOOD))


def _prepare(faults: list[str], seconds: str | None) -> Sandbox:
    # With ids of its own: those of an earlier start must not name other songs now.
    clock, seed = SystemClock(), secrets.randbits(64)
    if seconds is None:
        sandbox = Sandbox(clock=clock, seed=seed)
    else:
        sandbox = Sandbox(clock=clock, seed=seed, durations=_bounds(seconds))
    for name in faults:
        if name not in FAULTS:
            raise InvalidRequest("fault", name, f"one of {', '.join(sorted(FAULTS))}")
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


async def _serve(sandbox: Sandbox, port: int, output: Output) -> None:
    try:
        listening = sandbox.listen(port=port)
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"the server needs {error.name}: pip install '.[sandbox]' in a clone of the project"
        ) from error
    async with listening as base_url:
        stats_url = f"{base_url}/sandbox/stats"
        lines = [
            f"The sandbox listens at {base_url}",
            f"What it counts: {stats_url}",
            "In another terminal:",
            f"  export {BASE_URL_VARIABLE}={base_url} {TOKEN_VARIABLE}=sandbox-token",
            '  acedata generate "A song for Christmas"',
        ]
        output.result({"base_url": base_url, "stats_url": stats_url}, lines)
        output.note("Ctrl-C ends it")
        await asyncio.Event().wait()


def _explained(error: Exception, port: int) -> Exception:
    if isinstance(error, OSError):
        return ConfigurationError(f"port {port} cannot be had: {error.strerror or error}")
    return error
