"""The parts under uvicorn, as processes: what only a real server and real connections show."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integrations.service import CALLBACKS

ADDRESS = re.compile(r"running on (http://\S+)")


@dataclass
class Service:
    """A process that serves, and what it has said."""

    process: asyncio.subprocess.Process
    address: str
    lines: list[str] = field(default_factory=list)

    async def end(self) -> None:
        """Ask it to shut down, and read to the end of what it says."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.stdout is not None
        self.lines += (await self.process.stdout.read()).decode().splitlines()
        await self.process.wait()


@contextlib.asynccontextmanager
async def serving(*options: str) -> AsyncIterator[Service]:
    """Serve the service while the context is open."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "uvicorn", "tests.integrations.service:app"),
        *("--port", "0", *options),
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stderr=asyncio.subprocess.STDOUT,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield await started(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def started(process: asyncio.subprocess.Process) -> Service:
    """Wait until a process serves."""
    assert process.stdout is not None
    lines = []
    while line := (await process.stdout.readline()).decode():
        lines.append(line)
        if found := ADDRESS.search(line):
            return Service(process, found[1], lines)
    raise AssertionError("".join(lines))


async def follow(http: httpx.AsyncClient, path: str, begun: asyncio.Queue[str]) -> str:
    """Follow a song to the end of the stream; `begun` is told of the first bytes."""
    told = ""
    async with http.stream("GET", path) as response:
        async for piece in response.aiter_text():
            if not told:
                begun.put_nowait(piece)
            told += piece
    return told


async def test_shutdown_ends_a_hundred_streams() -> None:
    """At SIGTERM each stream ends as it should, at once, and the server says nothing of faults."""
    async with (
        serving("--timeout-keep-alive", "60") as service,
        httpx.AsyncClient(
            base_url=service.address, limits=httpx.Limits(max_connections=None)
        ) as http,
    ):
        path = f"/songs/{(await http.post('/songs?prompt=rain')).json()}/news"
        begun: asyncio.Queue[str] = asyncio.Queue()
        streams = [asyncio.create_task(follow(http, path, begun)) for _ in range(100)]
        for _ in streams:
            await begun.get()
        before = time.monotonic()
        await service.end()
        took = time.monotonic() - before
        told = await asyncio.gather(*streams)
    assert took < 5  # about half a second, if nothing else runs on the machine
    assert all("event: task" in one for one in told)
    assert not any("event: result" in one for one in told)
    said = "\n".join(service.lines)
    assert "ERROR" not in said, said
    assert "Traceback" not in said, said
    assert "Application shutdown complete" in said


SERVERS = [
    "h11",
    pytest.param(
        "httptools",
        marks=pytest.mark.skipif(find_spec("httptools") is None, reason="httptools is not there"),
    ),
]


@pytest.mark.parametrize("server", SERVERS)
async def test_log_of_requests_shows_no_signature(server: str) -> None:
    """What uvicorn logs of callbacks, right and wrong ones, opens nothing."""
    addresses = [CALLBACKS.address() for _ in range(5)]
    async with (
        serving("--http", server) as service,
        httpx.AsyncClient(base_url=service.address) as http,
    ):
        paths = [urlsplit(address).path for address in addresses]
        answers = [
            await http.post(paths[0], json={"task_id": "an-id"}),
            await http.post(paths[1] + "/", json={}),
            await http.post("/inner" + paths[2], json={"task_id": "an-id"}),
            await http.get(paths[3]),
            await http.post(paths[4] + "x", json={"task_id": "an-id"}),
        ]
        assert [answer.status_code for answer in answers] == [200, 400, 200, 405, 404]
        await service.end()
    said = "\n".join(service.lines)
    assert said.count("/callbacks/") == 5
    for address in addresses:
        _, marker, signature = address.rsplit("/", 2)
        assert marker in said
        assert signature not in said


@pytest.mark.parametrize("server", SERVERS)
async def test_bodies_that_are_not_read(server: str) -> None:
    """A large body is refused at once, however it comes, and the next request is answered."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b" " * 65_536

    async with (
        serving("--http", server) as service,
        httpx.AsyncClient(base_url=service.address) as http,
    ):
        path = urlsplit(CALLBACKS.address()).path
        for refused in (path, path + "x"):
            for body in (b" " * 20_000_000, b" " * 900_000, pieces()):
                # Who still sends while the connection is closed may miss the answer.
                with contextlib.suppress(httpx.TransportError):
                    answer = await http.post(refused, content=body)
                    assert answer.status_code in {400, 404, 413}
            answer = await http.post(path + "x", content=b" " * 4_000)
            assert answer.status_code == 404
            answer = await http.post(path, json={"task_id": "an-id"})
            assert answer.status_code == 200
        await service.end()
    assert "ERROR" not in "".join(service.lines)
