"""Where a connection leads: a name in a record may be that of a machine in our own network."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from contextlib import suppress
from typing import Any

from acedata_async._rules.addresses import leads_inside
from acedata_async._transport.seam import HostRefused

_CONNECTS = "connection.connect_tcp.started"
_CONNECTED = "connection.connect_tcp.complete"


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
        """Take note of what happens; raises `HostRefused`."""
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
            except HostRefused:
                await stream.aclose()
                raise

    def _check(self, address: str) -> None:
        if address and leads_inside(address):
            raise HostRefused(
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
