"""What lies under httpx: how much a connection hands over at once, and where it leads."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpcore

from acedata_async._rules.addresses import leads_inside
from acedata_async._transport.seam import Refused

if TYPE_CHECKING:
    import httpx

_AT_ONCE = 128 * 1024
"""Bytes that a connection hands over at most. httpcore asks for half of that, and each piece costs
the same time, however large it is; with twice as much, eight downloads need more memory."""
_CONNECTS = "connection.connect_tcp.started"
_CONNECTED = "connection.connect_tcp.complete"


def widen(client: httpx.AsyncClient) -> None:
    """Let the connections of a client of our own hand over more at once.

    httpx has no setting for it. Where a version of it is built in another way, all stays as it is.
    """
    pool = getattr(getattr(client, "_transport", None), "_pool", None)
    backend = getattr(pool, "_network_backend", None)
    if isinstance(pool, httpcore.AsyncConnectionPool) and isinstance(
        backend, httpcore.AsyncNetworkBackend
    ):
        pool._network_backend = _Wide(backend)  # noqa: SLF001 - see above


class _Wide(httpcore.AsyncNetworkBackend):
    """Makes connections that hand over more at once than they are asked for."""

    def __init__(self, backend: httpcore.AsyncNetworkBackend) -> None:
        self._backend = backend

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return _WideStream(
            await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.AsyncNetworkStream:
        return await self._backend.connect_unix_socket(path, timeout, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._backend.sleep(seconds)


class _WideStream(httpcore.AsyncNetworkStream):
    """A connection without TLS; one with TLS has pieces of 16 KiB in any case."""

    def __init__(self, stream: httpcore.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max(max_bytes, _AT_ONCE), timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return await self._stream.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class Guard:
    """Sees to it that a name does not lead into a private network; a `trace` of httpx.

    The addresses of a name are looked at before a connection is made, and the one that it was
    made to before a byte is sent: a name may have another address a moment later. A proxy looks
    names up by itself, and nothing is known of them; other engines than httpx's own tell nothing.

    Args:
        host: The name, as the network reads it.
    """

    def __init__(self, host: str) -> None:
        self._host = host
        self._is_direct = False

    async def __call__(self, event: str, info: dict[str, Any]) -> None:
        """Take note of what happens; raises `Refused`."""
        if event == _CONNECTS:
            self._is_direct = info["host"] == self._host  # and not that of a proxy
            if self._is_direct and not _is_literal(self._host):
                for address in await _addresses(self._host, info["port"], info["timeout"]):
                    self._check(address)
        elif event == _CONNECTED and self._is_direct:
            stream = info["return_value"]
            peer = stream.get_extra_info("server_addr")
            try:
                self._check(str(peer[0]) if isinstance(peer, tuple) else "")
            except Refused:
                await stream.aclose()
                raise

    def _check(self, address: str) -> None:
        if address and leads_inside(address):
            raise Refused(
                f"{self._host} leads to {address}, an address inside a network, which no record"
                " has reason to name; if it is yours, allow it: DownloadPolicy(trusted_hosts=…)"
            )


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _addresses(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses that a name has now; none where it cannot be looked up.

    To connect fails then, too, and says why.
    """
    with suppress(OSError, UnicodeError, TimeoutError):
        async with asyncio.timeout(timeout):
            found = await asyncio.get_running_loop().getaddrinfo(
                host, port, type=socket.SOCK_STREAM
            )
        return [str(address[0]) for *_, address in found]
    return []
