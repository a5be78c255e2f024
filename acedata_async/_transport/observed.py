"""A transport that tells observers of every call."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager

from pydantic import SecretStr

from acedata_async._clock import Clock
from acedata_async._rules.exchange import Call, Reply
from acedata_async._transport.seam import (
    NO_HEADERS,
    NotDelivered,
    Stream,
    Transport,
    TransportFault,
    Turn,
)
from acedata_async.events import CallAnswered, CallSent
from acedata_async.models.request import CALLBACK_FIELD
from acedata_async.observers import Observers

_LONGEST_ERROR = 300


class ObservedTransport:
    """Sends by another transport, and tells of it. Every call that goes out is told of twice.

    Args:
        transport: What really sends.
        observers: Who is told.
        clock: What calls are timed by.
        tokens: What must not be told, even where it stands in an error's words.
    """

    def __init__(
        self,
        transport: Transport,
        observers: Observers,
        clock: Clock,
        *,
        tokens: Iterable[SecretStr],
    ) -> None:
        self._transport = transport
        self._observers = observers
        self._clock = clock
        self._tokens = [token.get_secret_value() for token in tokens]

    async def send(self, call: Call, *, timeout: float, turn: Turn | None = None) -> Reply:
        """Send one call, as `Transport.send` does."""
        sent: float | None = None

        async def go() -> None:
            nonlocal sent
            if turn is not None:
                await turn()
            self._observers.emit(
                CallSent(path=call.path, purpose=call.lane, size=len(call.content))
            )
            sent = self._clock.monotonic()

        try:
            reply = await self._transport.send(call, timeout=timeout, turn=go)
        except (Exception, asyncio.CancelledError) as ending:
            words = self._words(ending, call)
            if sent is not None:
                delivered = not isinstance(ending, NotDelivered)
                self._tell(call, sent, error=words, delivered=delivered)
            if isinstance(ending, TransportFault):
                # An injected client may show in its errors what was sent.
                raise type(ending)(words) from ending.__cause__
            raise
        self._tell(call, sent or 0.0, status=reply.status, size=len(reply.content))
        return reply

    def fetch(
        self,
        url: str,
        *,
        timeout: float,
        headers: Mapping[str, str] = NO_HEADERS,
        inside: bool = False,
        check: Callable[[], object] | None = None,
    ) -> AbstractAsyncContextManager[Stream]:
        """GET a file, as `Transport.fetch` does; nobody is told."""
        return self._transport.fetch(
            url, timeout=timeout, headers=headers, inside=inside, check=check
        )

    async def aclose(self) -> None:
        """Let go of all connections."""
        await self._transport.aclose()

    def _tell(
        self,
        call: Call,
        sent: float,
        *,
        status: int | None = None,
        size: int = 0,
        error: str | None = None,
        delivered: bool = True,
    ) -> None:
        self._observers.emit(
            CallAnswered(
                path=call.path,
                purpose=call.lane,
                status=status,
                seconds=self._clock.monotonic() - sent,
                size=size,
                error=error,
                delivered=delivered,
            )
        )

    def _words(self, ending: BaseException, call: Call) -> str:
        """Put into words why no answer came, without secrets that an injected client may show."""
        if isinstance(ending, asyncio.CancelledError):
            return "cancelled"
        words = str(ending)
        for secret in (*self._tokens, call.body.get(CALLBACK_FIELD)):
            if isinstance(secret, str) and secret:
                words = words.replace(secret, "(not shown)")
        return " ".join(words.split())[:_LONGEST_ERROR]
