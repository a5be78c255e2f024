"""What stands before the whole service: who may ask, how much, and what a browser may do."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from examples.studio.answers import as_json
from examples.studio.settings import CALLBACKS

LARGEST_BODY = 64 * 1024
"""Bytes of an order."""
_LONGEST_LENGTH = 20
"""Digits of a length; converting a very long one fails."""

_CALL = re.compile(re.escape(CALLBACKS) + "/[^/]+/[^/]+/*")
"""The path of a call, of which the receiver leaves nothing that is secret."""
_SIGNED = re.compile("(/[A-Za-z0-9_-]{8,64}/+)[A-Za-z0-9_-]{32}(?=/|$)")
"""A marker and a signature, wherever a wrong address leads."""

_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self'; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""Nothing but what comes from here is loaded or run, whatever a title or a lyric says."""


class Guard:
    """Lets through what a page of this service sends, and what the vendor does.

    The page knows no users: whoever opens it can spend money. So it is shown under the names in
    `hosts` only, which a web site elsewhere cannot take (DNS rebinding), and nothing is done
    that another site asks for. The vendor's calls come under any name, and have a receiver that
    knows forgeries.

    Args:
        app: The service.
        hosts: The names, without a port.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or say why not."""
        if scope["type"] == "http" and not _CALL.fullmatch(scope["path"]):
            _mask(scope)
        if scope["type"] == "lifespan":
            await self._app(scope, receive, _briefly(send))
        elif scope["type"] != "http" or scope["path"].startswith(CALLBACKS + "/"):
            await self._app(scope, receive, send)
        elif refusal := self._refusal(scope["method"], Headers(scope=scope)):
            await _answer(*refusal, send)
        else:
            await self._app(scope, receive, _with_headers(send))

    def _refusal(self, method: str, headers: Headers) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if _name_of(host) not in self._hosts:
            return 421, "This name is not served; STUDIO_HOSTS says which ones are."
        if method in {"GET", "HEAD"}:
            return None
        origin = headers.get("origin")
        if origin is not None and _place_of(origin) != host:
            return 403, "Another site asks for this."
        length = headers.get("content-length", "")
        if not length.isdecimal():
            return 411, "The length is missing."
        if len(length) > _LONGEST_LENGTH or int(length) > LARGEST_BODY:
            return 413, "This is too long."
        return None


def _mask(scope: Scope) -> None:
    """Leave nothing of a signature in what a server may log."""
    path, found = _SIGNED.subn(r"\1-", scope["path"])
    if found:
        scope["path"] = path
        scope["raw_path"] = quote(path, errors="replace").encode()


def _place_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


async def _answer(status: int, detail: str, send: Send) -> None:
    body = as_json({"detail": detail}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _briefly(send: Send) -> Send:
    """Tell why the service cannot start in one line: for the operator, not for its author."""

    async def sending(message: Message) -> None:
        if message["type"] == "lifespan.startup.failed":
            last = message.get("message", "").strip().rpartition("\n")[2]
            why = last.partition(": ")[2] or last  # without the name of the error's class
            message = {**message, "message": f"The studio cannot start: {why}"}
        await send(message)

    return sending
