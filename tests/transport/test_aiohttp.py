"""What a broken connection means when aiohttp is the engine under httpx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from acedata_async import AceData, ConnectionFailed, SubmissionUnknown
from acedata_async.testing import ManualClock

ACKNOWLEDGEMENT = b'{"task_id": "5f2c0a2e-1111-4222-8333-444455556666"}'

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


@asynccontextmanager
async def served(serve: Serve) -> AsyncIterator[AceData]:
    """A client, by aiohttp, of a server that does as it is told."""
    server = await asyncio.start_server(serve, "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    async with server, client(port) as ace:
        yield ace


@asynccontextmanager
async def client(port: int) -> AsyncIterator[AceData]:
    """A client, by aiohttp, of a port on this machine."""
    async with (
        httpx.AsyncClient(transport=AiohttpTransport()) as http,
        AceData(
            "token", base_url=f"http://127.0.0.1:{port}", http_client=http, clock=ManualClock()
        ) as ace,
    ):
        yield ace


async def read_request(reader: asyncio.StreamReader) -> None:
    """Read one request to its end."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if b"content-length" in line)
    await reader.readexactly(int(length.partition(b":")[2]))


async def test_nobody_listens() -> None:
    """What cannot be connected was not sent, and may be sent again."""
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1")
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with client(port) as ace:
        with pytest.raises(ConnectionFailed, match=r"nothing was paid.*tried 4 times"):
            await ace.producer.generate("A song")


async def test_closed_without_an_answer() -> None:
    """A connection that breaks after the request is not taken for one that never came about."""
    requests = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await read_request(reader)
        requests += 1
        writer.close()

    async with served(serve) as ace:
        with pytest.raises(SubmissionUnknown):
            await ace.producer.generate("A song")
    assert requests == 1


async def test_kept_connection_that_breaks() -> None:
    """Nor is one that was used before."""
    requests = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await read_request(reader)
        requests += 1
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\n\r\n%b" % (len(ACKNOWLEDGEMENT), ACKNOWLEDGEMENT)
        )
        await read_request(reader)
        requests += 1
        writer.close()

    async with served(serve) as ace:
        await ace.producer.generate("A song")
        with pytest.raises(SubmissionUnknown):
            await ace.producer.generate("Another")
    assert requests == 2
