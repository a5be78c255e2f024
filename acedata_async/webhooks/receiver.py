"""An ASGI application that takes callbacks in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from acedata_async.client import AceData
from acedata_async.errors import AceDataError, ConfigurationError
from acedata_async.webhooks.reading import LARGEST_BODY, find_task_id, is_json

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_ANSWERS = {
    200: b'{"received":true}',
    400: b'{"detail":"no callback"}',
    404: b'{"detail":"not found"}',
    405: b'{"detail":"method not allowed"}',
    408: b'{"detail":"too slow"}',
    413: b'{"detail":"too large"}',
    503: b'{"detail":"closed"}',
}
_BREAKING_OFF = frozenset({408, 413})
"""Answers before the body was read to its end: the connection is of no use any more."""


class Receiver:
    """Takes in what the vendor posts to the addresses that `Callbacks` made.

    It is an ASGI application: mount it in yours, or run it alone. The last two parts of the path
    are the marker and the signature of an address. A callback whose signature is right makes its
    task due for a lookup, and is answered at once; nothing of its body is believed, and nothing
    but the task's id is read.

    | Answer | When |
    |---|---|
    | 200 | taken in, whether or not anybody waits for the task |
    | 400 | no JSON, or no `task_id` of up to 200 printable characters in it |
    | 404 | the address is none of ours; the body was not read |
    | 405 | not a POST |
    | 408 | the body took longer than `timeout` |
    | 413 | the body is larger than 1 MB |
    | 503 | the client is closed, there is none yet, or it has no `callbacks` |

    The signature is replaced in `scope["path"]`, so that a server that logs the path afterwards,
    as uvicorn does, does not show it.

    Args:
        ace: The client, with `callbacks` set; or a function that returns it, called for each
            callback on the client's event loop.
        timeout: Seconds that a body may take.

    Raises:
        ConfigurationError: The client has no `callbacks`.
    """

    def __init__(self, ace: AceData | Callable[[], AceData], *, timeout: float = 10.0) -> None:
        if isinstance(ace, AceData) and ace.callbacks is None:
            raise ConfigurationError(
                "the client was made without callbacks; needed: AceData(callbacks=Callbacks(…))"
            )
        self._ace = ace
        self._timeout = timeout

    def receive(self, path: str, body: bytes, content_type: str | None) -> int:
        """Take in a callback that came by another way, such as another server.

        Call it on the client's event loop. It never raises.

        Args:
            path: The path that was called.
            body: What was posted.
            content_type: What it was said to be; None where nothing was said.

        Returns:
            The HTTP status to answer with: 200, 400, 404, 413 or 503, as above.
        """
        ace = self._client_at(path)
        return ace if isinstance(ace, int) else _take_in(ace, path, body, content_type)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; the server cancels it if it likes."""
        if scope["type"] != "http":
            await _refuse_other(scope["type"], receive, send)
            return
        path = str(scope["path"])
        _mask(scope)
        status = 405 if scope["method"] != "POST" else await self._answer(scope, path, receive)
        if status is not None:
            await _respond(status, send)

    async def _answer(self, scope: Scope, path: str, receive: Receive) -> int | None:
        """Return the status to answer with; None where the caller has gone."""
        ace = self._client_at(path)
        if isinstance(ace, int):
            return ace
        headers = _headers(scope)
        content_type = headers.get(b"content-type", b"").decode("latin-1")
        refusal = _refusal(content_type, headers.get(b"content-length", b""))
        if refusal:
            return refusal
        try:
            async with asyncio.timeout(self._timeout):
                body = await _read(receive)
        except TimeoutError:
            return 408
        return None if body is None else _take_in(ace, path, body, content_type)

    def _client_at(self, path: str) -> AceData | int:
        """Return the client that listens at this address, or the status that says no."""
        try:
            ace = self._ace if isinstance(self._ace, AceData) else self._ace()
        except AceDataError:
            return 503
        if ace.callbacks is None:
            return 503
        if not ace.callbacks.opens(*_parts(path)):
            return 404
        return 503 if ace.closed else ace


def _parts(path: str) -> tuple[str, str]:
    """Return the marker and the signature at the end of a path."""
    start, _, signature = path.rstrip("/").rpartition("/")
    return start.rpartition("/")[2], signature


def _refusal(content_type: str, length: bytes) -> int:
    """Return why a body with these headers need not be read, or 0."""
    # Digits by the million would be slow to read, and say enough by their number.
    if length.isdigit() and (len(length) > 20 or int(length) > LARGEST_BODY):
        return 413
    return 0 if is_json(content_type) else 400


def _take_in(ace: AceData, path: str, body: bytes, content_type: str | None) -> int:
    if len(body) > LARGEST_BODY:
        return 413
    task_id = find_task_id(body) if is_json(content_type) else None
    if task_id is None:
        return 400
    ace.hint(task_id, marker=_parts(path)[0])
    return 200


def _mask(scope: Scope) -> None:
    """Leave nothing of the signature in what a server may log."""
    scope["path"] = scope["path"].rstrip("/").rpartition("/")[0] + "/-"
    if isinstance(scope.get("raw_path"), bytes):
        scope["raw_path"] = scope["raw_path"].rstrip(b"/").rpartition(b"/")[0] + b"/-"


def _headers(scope: Scope) -> dict[bytes, bytes]:
    return {name.lower(): value for name, value in scope["headers"]}


async def _read(receive: Receive) -> bytes | None:
    """Read a body, or so much of it that it is too large; None where the caller has gone."""
    body = bytearray()
    while len(body) <= LARGEST_BODY:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return bytes(body)


async def _respond(status: int, send: Send) -> None:
    answer = _ANSWERS[status]
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(answer)).encode()),
        (b"cache-control", b"no-store"),
    ]
    if status == 405:
        headers.append((b"allow", b"POST"))
    if status in _BREAKING_OFF:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def _refuse_other(kind: str, receive: Receive, send: Send) -> None:
    """Close a websocket, and let a server start that runs the receiver alone."""
    if kind == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008})
    while kind == "lifespan":
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
