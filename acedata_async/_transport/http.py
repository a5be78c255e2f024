"""The network by httpx. No other file imports it, but for the type of an injected client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, contextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TYPE_CHECKING, cast

import anyio
import httpx

from acedata_async._rules.exchange import SERVICES, Call, Lane, Reply
from acedata_async._transport.connections import Guard
from acedata_async._transport.seam import (
    NO_HEADERS,
    HostRefused,
    Interrupted,
    NotDelivered,
    Turn,
)
from acedata_async.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from acedata_async.config import Credentials

_LANES: dict[Lane, int] = {"lookup": 8, "read": 4, "submit": 16, "hold": 16}
_DOWNLOADS = 6
"""Calls of each kind at once, for each service: what one of them holds up is to leave the other
alone. httpx's own queue for a connection costs time that grows with the
square of its length, and loses slots when what waits in it is cancelled (httpcore 830, 1093):
so requests are held here, and the pool is as large as all of them together."""

_MOST_BYTES = 32 * 1024 * 1024
"""An API answer larger than this is no answer. A record is a few kilobytes."""

_PATIENCE = 1.0
"""Seconds beyond a timeout after which an exchange is ended from outside: httpx bounds the wait
for the next bytes only, and a server may send them one by one."""

_BEFORE_SENDING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)


_AIOHTTP_CONNECTS = {("aiohttp", "ClientConnectorError"), ("aiohttp", "ConnectionTimeoutError")}


class HttpTransport:
    """Sends by an `httpx.AsyncClient`, its own or the user's.

    Args:
        credentials: The API's address and token.
        connect_timeout: Seconds for a connection to be made.
        user_agent: How the client presents itself.
        client: The user's own client. It is used as it is, except that its redirects and its
            authentication are off for each request; it is not closed.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        connect_timeout: float,
        user_agent: str,
        client: httpx.AsyncClient | None = None,
    ) -> None:
        self._credentials = credentials
        self._connect_timeout = connect_timeout
        self._user_agent = user_agent
        self._owned = client is None
        self._client = client
        self._lanes = {
            (service, lane): anyio.CapacityLimiter(size)
            for service in SERVICES
            for lane, size in _LANES.items()
        }
        self._downloads = anyio.Semaphore(_DOWNLOADS, fast_acquire=True)

    async def send(self, call: Call, *, timeout: float, turn: Turn | None = None) -> Reply:
        """Send one call with the token and return the whole answer, whatever its status."""
        client = self._open_client()
        request = self._build(client, call, timeout)
        async with self._lanes[call.service, call.lane]:
            if turn is not None:
                await turn()
            try:
                with _faults(request):
                    async with asyncio.timeout(timeout + _PATIENCE):
                        return await _exchange(client, request)
            finally:
                # Errors keep their request, and the token is not to travel with them.
                request.headers.pop("authorization", None)

    def _build(self, client: httpx.AsyncClient, call: Call, timeout: float) -> httpx.Request:
        try:
            token = self._credentials.token_for(call.service)
            posted = {"content-type": "application/json"} if call.method == "POST" else {}
            return client.build_request(
                call.method,
                self._credentials.base_url + call.target,
                content=call.content or None,
                headers={
                    **call.headers,
                    **posted,
                    "authorization": f"Bearer {token.get_secret_value()}",
                    "accept": "application/json",
                    "accept-encoding": "gzip",
                    "user-agent": self._user_agent,
                },
                timeout=self._timeouts(timeout),
            )
        except Exception as error:
            raise ConfigurationError(f"base_url cannot be used: {_describe(error)}") from error

    @asynccontextmanager
    async def fetch(
        self,
        url: str,
        *,
        timeout: float,
        headers: Mapping[str, str] = NO_HEADERS,
        inside: bool = False,
        check: Callable[[], object] | None = None,
    ) -> AsyncIterator[HttpStream]:
        """GET a file, without the token; redirects are not followed."""
        client = self._open_client()
        try:
            # Built bare, so that no default header of an injected client travels with it.
            request = httpx.Request(
                "GET",
                url,
                headers={
                    "user-agent": self._user_agent,
                    "accept": "*/*",
                    "accept-encoding": "identity",
                    **headers,
                },
                extensions={"timeout": self._timeouts(timeout).as_dict()},
            )
        except Exception as error:
            raise ValueError(_describe(error)) from error
        if not inside:
            request.extensions["trace"] = Guard(request.url.raw_host.decode("ascii"))
        async with self._downloads:
            if check is not None:
                check()
            with _faults(request):
                async with asyncio.timeout(timeout + _PATIENCE):
                    response = await _send(client, request)
            try:
                yield HttpStream(response)
            finally:
                with _faults(request):
                    await response.aclose()

    async def aclose(self) -> None:
        """Close the connections, unless the client is the user's."""
        if self._owned and self._client is not None:
            await self._client.aclose()

    def _open_client(self) -> httpx.AsyncClient:
        if self._client is None:
            total = len(SERVICES) * sum(_LANES.values()) + _DOWNLOADS
            try:
                self._client = httpx.AsyncClient(
                    limits=httpx.Limits(max_connections=total, max_keepalive_connections=total),
                    cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                )
            except Exception as error:  # a proxy or certificates in the environment
                raise ConfigurationError(
                    f"the network cannot be used as it is set up: {_describe(error)}"
                ) from error
        if self._client.is_closed:
            raise ConfigurationError("the injected http_client is closed; open it for as long")
        return self._client

    def _timeouts(self, timeout: float) -> httpx.Timeout:
        return httpx.Timeout(timeout, connect=self._connect_timeout, pool=self._connect_timeout)


class HttpStream:
    """An answer whose body is read piece by piece.

    Attributes:
        status: The HTTP status.
        headers: The response headers, names in lower case.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._response = response
        self.status = response.status_code
        self.headers: Mapping[str, str] = _lower(response.headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it was sent; raises `Interrupted` when it breaks off."""
        with _faults(self._response.request):
            if self._response.is_stream_consumed:  # by a hook of the user's, or a mock
                yield self._response.content
                return
            # Not by `aiter_raw`, which cuts chunks to a size: that is a thirtieth of a download.
            async for chunk in cast("httpx.AsyncByteStream", self._response.stream):
                yield chunk


async def _exchange(client: httpx.AsyncClient, request: httpx.Request) -> Reply:
    """Send a request and read its whole answer, within bounds."""
    response = await _send(client, request)
    try:
        if "," in response.headers.get("content-encoding", ""):
            raise Interrupted("an answer that is compressed more than once")
        parts: list[bytes] = []
        size = 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > _MOST_BYTES:
                raise Interrupted(f"an answer of more than {_MOST_BYTES} bytes")
            parts.append(chunk)
    finally:
        await response.aclose()
    return Reply(response.status_code, _lower(response.headers), b"".join(parts))


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    return await client.send(request, stream=True, auth=None, follow_redirects=False)


def _lower(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def _faults(request: httpx.Request) -> Iterator[None]:
    """Turn what httpx, or a transport under it, raises into one of two faults."""
    try:
        yield
    except (Interrupted, HostRefused, ConfigurationError):
        raise
    except Exception as error:
        # Also what an injected client's hooks or transport raise: nobody knows how far it got.
        fault = NotDelivered if _never_sent(error, request) else Interrupted
        raise fault(_describe(error)) from error


def _never_sent(error: Exception, request: httpx.Request) -> bool:
    """Say whether it is certain that no byte of the request has left.

    The kind of error is no proof: other engines and users' hooks raise these for what happened
    later, or to another request. It is one when it was raised for this request, by an engine that
    raises it while it makes a connection and at no other time.
    """
    return (
        isinstance(error, _BEFORE_SENDING)
        and getattr(error, "_request", None) is request
        and _raised_while_connecting(error.__cause__)
    )


def _raised_while_connecting(cause: BaseException | None) -> bool:
    names = {(one.__module__.partition(".")[0], one.__name__) for one in type(cause).__mro__}
    # httpx-aiohttp turns every broken connection of aiohttp into one that failed to come about.
    return type(cause).__module__.partition(".")[0] == "httpcore" or bool(names & _AIOHTTP_CONNECTS)


def _describe(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
