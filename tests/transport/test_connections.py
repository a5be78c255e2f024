"""What lies under httpx: where a name leads, and how much is handed over at once."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from acedata_async import AceData, Audio, DownloadError, DownloadPolicy
from acedata_async._transport.http import HttpTransport
from acedata_async._transport.seam import HostRefused, NotDelivered
from acedata_async.config import Credentials
from tests.audio.test_download import files

PUBLIC = "93.184.215.14"
NAME = "cdn.example.com"


class Server:
    """A file server on this machine.

    Attributes:
        port: Where it listens.
        connections: How many there were.
        heard: What it was sent.
    """

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heard = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request with a song."""
        self.connections += 1
        while (line := await reader.readline()) not in {b"", b"\r\n"}:
            self.heard += line
        if self.heard:
            writer.write(
                b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\nID3\4song"
            )
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """Yield a server that listens."""
    found = Server()
    listening = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    async with listening:
        found.port = listening.sockets[0].getsockname()[1]
        yield found


class Names:
    """The addresses of names: the first look-up finds the first of them, and so on."""

    def __init__(self, *turns: list[str]) -> None:
        self.turns = [*turns]
        self.asked: list[str] = []

    def __call__(self, host: Any, port: Any, *_: Any, **__: Any) -> list[tuple[Any, ...]]:
        """Look a name up."""
        name = host.decode() if isinstance(host, bytes) else host
        self.asked.append(name)
        found = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if not found:
            raise socket.gaierror(-2, "Name or service not known")
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (one, port, 0, 0))
            if ":" in one
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port))
            for one in found
        ]


def transport(client: httpx.AsyncClient | None = None) -> HttpTransport:
    """Return a transport."""
    credentials = Credentials("https://api.acedata.cloud", SecretStr("secret-token"))
    return HttpTransport(credentials, connect_timeout=5, user_agent="test/1", client=client)


async def fetched(sender: HttpTransport, url: str, *, inside: bool = False) -> bytes:
    """Return what is at an address."""
    try:
        async with sender.fetch(url, timeout=5, inside=inside) as stream:
            return b"".join([chunk async for chunk in stream.chunks()])
    finally:
        await sender.aclose()


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["100.100.100.200"],
        ["0.0.0.0"],  # noqa: S104 - nothing listens
        ["::1"],
        ["fd00::1"],
        ["fe80::1%1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::a00:1"],
        [PUBLIC, "192.168.1.1"],
    ],
)
async def test_name_that_leads_inside(
    server: Server, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """A name with a private address among its own is refused, and nothing is connected to."""
    monkeypatch.setattr(socket, "getaddrinfo", Names(addresses))
    with pytest.raises(HostRefused, match=f"{NAME} leads to {addresses[-1]}"):
        await fetched(transport(), f"http://{NAME}:{server.port}/a")
    assert server.connections == 0


async def test_name_that_leads_elsewhere_a_moment_later(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that has another address when it is connected to is refused; no byte is sent."""
    monkeypatch.setattr(socket, "getaddrinfo", Names([PUBLIC], ["127.0.0.1"]))
    with pytest.raises(HostRefused, match=r"leads to 127\.0\.0\.1"):
        await fetched(transport(), f"http://{NAME}:{server.port}/a")
    assert server.heard == b""


@pytest.mark.parametrize("is_own", [True, False])
async def test_allowed_inside(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, is_own: bool
) -> None:
    """Where it is allowed, a name may lead anywhere, and is looked up once."""
    monkeypatch.setattr(socket, "getaddrinfo", names := Names(["127.0.0.1"]))
    client = None if is_own else httpx.AsyncClient(trust_env=False)
    found = await fetched(transport(client), f"http://{NAME}:{server.port}/a", inside=True)
    assert found == b"ID3\4song"
    assert names.asked == [NAME]


async def test_injected_client_is_looked_after_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client of the user's on httpx's own engine connects to nothing inside either."""
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(HostRefused):
            await fetched(transport(client), f"http://{NAME}:{server.port}/a")
    assert server.connections == 0


async def test_proxy_may_be_inside(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is not what is fetched from; it looks names up by itself."""
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    async with httpx.AsyncClient(proxy=f"http://proxy.lan:{server.port}") as client:
        assert await fetched(transport(client), f"http://{NAME}/a") == b"ID3\4song"
    assert server.heard.startswith(f"GET http://{NAME}/a ".encode())


async def test_name_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that nobody knows is no connection, as ever."""
    monkeypatch.setattr(socket, "getaddrinfo", Names([]))
    with pytest.raises(NotDelivered, match="not known"):
        await fetched(transport(), f"http://{NAME}/a")


@pytest.mark.parametrize("trusted", [True, False])
async def test_download_by_a_name(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, trusted: bool
) -> None:
    """A download is refused at once, with words that say what would allow it; or allowed."""
    monkeypatch.setattr(socket, "getaddrinfo", Names(["127.0.0.1"]))
    policy = DownloadPolicy(trusted_hosts=frozenset({NAME} if trusted else ()))
    song = Audio(audio_url=f"http://{NAME.upper()}.:{server.port}/a.m4a?sign=secret", id="1")
    async with AceData("secret-token", downloads=policy) as ace:
        if trusted:
            path = await ace.download(song, tmp_path)
            assert path.read_bytes() == b"ID3\4song"
        else:
            with pytest.raises(DownloadError, match=r"inside a network.*trusted_hosts") as caught:
                await ace.download(song, tmp_path)
            assert "secret" not in str(caught.value)
            assert files(tmp_path) == []
    assert server.connections == trusted
    assert b"token" not in server.heard
