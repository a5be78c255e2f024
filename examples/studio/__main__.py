"""Start the studio: `python -m examples.studio`, on a fake vendor with `--sandbox`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import logging
import socket
import sys
import warnings
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import uvicorn

from acedata_async import AceData, AceDataError, Callbacks, RequestWarning
from acedata_async.ledger.lock import check_free
from acedata_async.sandbox import Sandbox, SystemClock
from examples.studio.app import Connect, create_app
from examples.studio.settings import CALLBACKS, Settings

_GRACE = 3
"""Seconds that answers under way get at the end; streams end at once."""
_PATIENCE = 5.0
"""Seconds that another studio gets to end."""


async def serve(options: argparse.Namespace) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    settings = Settings.read()
    if options.directory:
        settings = replace(settings, directory=options.directory)
    for port in (options.port, options.port + 1) if options.sandbox else (options.port,):
        _check_port(options.host, port)
    address = f"http://{options.host}:{options.port}"
    async with contextlib.AsyncExitStack() as stack:
        connect: Connect = AceData
        if options.sandbox:
            settings = replace(
                settings,
                directory=options.directory or Path("out/studio-sandbox"),
                sandbox=True,
                # Nobody but the fake vendor beside it calls.
                callbacks=Callbacks(address + CALLBACKS, "a-secret-of-nobody-else"),
            )
            base_url = await stack.enter_async_context(_sandbox(settings, options))
            connect = partial(AceData, "sandbox-token", base_url=base_url)
        config = uvicorn.Config(
            create_app(settings, connect),
            host=options.host,
            port=options.port,
            log_level="warning",
            timeout_graceful_shutdown=_GRACE,
            server_header=False,
        )
        server = _Server(config, f"The studio is at {address} (Ctrl-C ends it)")
        await server.serve()
        if not server.started:
            sys.exit(3)


def _check_port(host: str, port: int) -> None:
    """Make sure that nobody listens at a port.

    Raises:
        OSError: Somebody does, or it is no port.
    """
    try:
        with socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        ):
            return
    except OverflowError as error:
        raise OSError(f"there is no port {port}") from error
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise OSError(
            f"port {port} is taken. Is another studio running? A second one needs a --port and a"
            " --directory of its own."
        ) from error


class _Server(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config, words: str) -> None:
        super().__init__(config)
        self._words = words

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            print(self._words, flush=True)


@contextlib.asynccontextmanager
async def _sandbox(settings: Settings, options: argparse.Namespace) -> AsyncIterator[str]:
    """Run a fake vendor that goes on where the last one ended."""
    settings.directory.mkdir(parents=True, exist_ok=True)
    # Before another studio's fake vendor is taken away from it.
    check_free(settings.ledger.with_name(f"{settings.ledger.name}.lock"), patience=_PATIENCE)
    state = settings.directory / "sandbox.jsonl"
    low, high = options.seconds
    async with (
        Sandbox(clock=SystemClock(), durations=(low, high), state=state) as sandbox,
        # Always at the same port: a ledger is of one API address.
        sandbox.listen(port=options.port + 1) as base_url,
    ):
        yield base_url


def main() -> None:
    """Read the command line, and serve."""
    parser = argparse.ArgumentParser(prog="python -m examples.studio", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at")
    parser.add_argument("--port", type=int, default=8800, help="the port; the sandbox has the next")
    parser.add_argument("--directory", type=Path, help="where ledger and songs are")
    parser.add_argument("--sandbox", action="store_true", help="on a fake vendor: free, no token")
    parser.add_argument(
        "--seconds",
        type=lambda text: tuple(map(float, text.split(":"))),
        default=(8.0, 20.0),
        metavar="A:B",
        help="how long a song takes on the sandbox",
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # Such as of long prompts: the page says so where they are written.
    warnings.simplefilter("ignore", RequestWarning)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(serve(parser.parse_args()))
        except (AceDataError, OSError, ValueError) as error:
            print(f"The studio cannot start: {error}", file=sys.stderr)
            sys.exit(3)


if __name__ == "__main__":
    main()
