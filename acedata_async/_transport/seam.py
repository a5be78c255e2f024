"""What the rest of the package knows of the network."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from types import MappingProxyType
from typing import Protocol

from acedata_async._rules.exchange import Call, Reply

Turn = Callable[[], Awaitable[None]]

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class TransportFault(Exception):
    """An exchange that did not end in an answer."""


class NotDelivered(TransportFault):
    """The request cannot have reached the other side: no connection came about."""


class Interrupted(TransportFault):
    """The request may have reached the other side: the exchange broke, or took too long."""


class HostRefused(TransportFault):
    """The request was not sent: its host is not what it seems to be."""


class Stream(Protocol):
    """An answer whose body is read piece by piece."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers, names in lower case."""

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body; raises `Interrupted` when it breaks off."""


class Transport(Protocol):
    """Sends calls to the API, and fetches files from anywhere."""

    async def send(self, call: Call, *, timeout: float, turn: Turn | None = None) -> Reply:
        """Send one call with the token and return the whole answer, whatever its status.

        Args:
            call: What to send.
            timeout: Seconds for the whole answer.
            turn: Awaited when a connection's place is free, right before the call goes out; what
                it raises comes out, and nothing is sent.

        Raises:
            NotDelivered: It cannot have reached the API.
            Interrupted: It may have.
            ConfigurationError: The network cannot be used as it is set up.
        """

    def fetch(
        self,
        url: str,
        *,
        timeout: float,
        headers: Mapping[str, str] = NO_HEADERS,
        inside: bool = False,
        check: Callable[[], object] | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        """GET a file, without the token; redirects are not followed.

        Args:
            url: Where it is.
            timeout: Seconds for the head of the answer, and for each of its pieces.
            headers: What is asked beyond that, such as a range.
            inside: Whether the name of its host may lead into a private network.
            check: Called when a connection's place is free, right before the call goes out; what
                it raises comes out, and nothing is sent.

        Raises:
            ValueError: `url` is no address.
            HostRefused: It leads into a private network, as far as that can be seen.
            NotDelivered: No connection.
            Interrupted: The exchange broke.
        """

    async def aclose(self) -> None:
        """Let go of all connections."""
