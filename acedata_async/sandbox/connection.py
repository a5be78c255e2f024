"""The way back to whoever asked: how an answer, or none, is carried out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from acedata_async.sandbox.replies import Answer, FileReply, Reply, Silence
from acedata_async.sandbox.stats import Counters

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

EXTENSION = "acedata.sandbox"
"""The key in `scope["extensions"]` below which a door puts what ASGI has no word for: `drop`,
called with a `Silence` to break the connection; `media_base`, what comes before the paths
of media if that is not the address asked; and `uncounted`, true where a body may be longer than
its Content-Length."""

_CHUNK = 16_384


class Connection:
    """One request's connection.

    Args:
        counters: Where bytes are counted.
        wait: Lets so many seconds pass by the sandbox's clock.
        scope: What ASGI tells of the request.
        receive: Where its messages come from.
        send: Where the answer's messages go.
    """

    def __init__(
        self,
        counters: Counters,
        wait: Callable[[float], Awaitable[None]],
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        self._counters = counters
        self._wait = wait
        self._receive = receive
        self._send = send
        self._headless = scope["method"] == "HEAD"
        extension = extension_of(scope)
        self._drop: Callable[[Silence], None] | None = extension.get("drop")
        self._uncounted: bool = extension.get("uncounted", False)

    async def carry_out(self, answer: Answer) -> None:
        """Answer, or do not."""
        if isinstance(answer, Silence):
            await self._fall_silent(answer)
        elif isinstance(answer, FileReply):
            await self._serve(answer)
        else:
            await self._answer(answer)

    async def _answer(self, reply: Reply) -> None:
        if reply.delay > 0.0 and not await self._outlasts(reply.delay):
            return
        await self._send_head(reply, len(reply.body))
        if reply.breaks_by is None:
            await self._send_body(reply.body, whole=True)
        else:
            await self._send_body(reply.body[: reply.breaks_at], whole=False)
            await self._fall_silent(reply.breaks_by)

    async def _serve(self, reply: FileReply) -> None:
        await self._send_head(reply, reply.length)
        if not self._headless and not await self._send_file(reply):
            return
        if reply.breaks_by is None:
            await self._send(_piece(b"", more=False))
        else:
            await self._fall_silent(reply.breaks_by)

    async def _send_file(self, reply: FileReply) -> bool:
        """Send the pieces, and return whether somebody was there until the last."""
        left = asyncio.ensure_future(self._left())
        try:
            for piece in reply.pieces:
                await self._send_piece(piece)
                # So that it is seen when nobody is left for what may have no end.
                await asyncio.sleep(0)
                if reply.pause:
                    await self._pass(left, reply.pause)
                if left.done():
                    return False
            if reply.surplus and self._uncounted:
                await self._send_piece(reply.surplus)
            return True
        finally:
            left.cancel()

    async def _send_piece(self, piece: bytes) -> None:
        self._counters.bytes_sent += len(piece)
        self._counters.media_bytes_sent += len(piece)
        await self._send(_piece(piece, more=True))

    async def _fall_silent(self, silence: Silence) -> None:
        if silence is not Silence.HANG:
            if self._drop is None:
                raise ConnectionAbortedError("this server cannot close a connection early")
            self._drop(silence)
        await self._left()

    async def _outlasts(self, seconds: float) -> bool:
        """Wait, and return whether somebody is still there to be answered."""
        left = asyncio.ensure_future(self._left())
        try:
            await self._pass(left, seconds)
            return not left.done()
        finally:
            left.cancel()

    async def _pass(self, left: asyncio.Future[None], seconds: float) -> None:
        """Let time pass, but no more of it than somebody is there."""
        waited = asyncio.ensure_future(self._wait(seconds))
        try:
            await asyncio.wait({left, waited}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waited.cancel()

    async def _left(self) -> None:
        """Return once the other side has closed the connection."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _send_head(self, reply: Reply | FileReply, length: int | None) -> None:
        announced = () if length is None else ((b"content-length", b"%d" % length),)
        headers = [
            (b"content-type", reply.content_type.encode("latin-1")),
            *announced,
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers),
        ]
        await self._send(
            {"type": "http.response.start", "status": reply.status, "headers": headers}
        )

    async def _send_body(self, body: bytes, *, whole: bool) -> None:
        if self._headless:
            body = b""
        self._counters.bytes_sent += len(body)
        for start in range(0, len(body), _CHUNK):
            await self._send(_piece(body[start : start + _CHUNK], more=True))
        if whole:
            await self._send(_piece(b"", more=False))


def extension_of(scope: Message) -> dict[str, Any]:
    """Return what the door says that ASGI has no word for."""
    extension: dict[str, Any] = scope.get("extensions", {}).get(EXTENSION, {})
    return extension


def _piece(body: bytes, *, more: bool) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}
