"""What becomes of the answer with a file under a fault."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, repeat
from urllib.parse import quote, urlsplit

from acedata_async.sandbox.depot import Served
from acedata_async.sandbox.replies import (
    Answer,
    FileReply,
    Reply,
    Silence,
    failure,
    html_page,
)
from acedata_async.sandbox.request import Request
from acedata_async.sandbox.vendor import Vendor

REDIRECTED = "via=redirect"
"""What stands in the query of an address that a fault has led to."""

_SLOW_PIECE = 16
_SLOW_PAUSE = 1.0
_SURPLUS = bytes(1000)
_ENDLESS_PIECE = bytes(64 * 1024)
_ENDLESS_PAUSE = 0.01
"""Seconds between pieces that have no end, so that no clock stands still meanwhile."""

_GZIP = 31
"""What zlib calls the format of gzip with the largest window."""

_OTHER_HOST = "https://cdn.sandbox.acedata.invalid"
_LOOPBACK = {"127.0.0.1": "localhost", "::1": "localhost", "localhost": "127.0.0.1"}
_PRIVATE = "http://169.254.169.254/latest/"

_EXPIRED_BODY = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>\n"


def _plain(status: int, words: bytes, **headers: str) -> Reply:
    named = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Reply(status, words, content_type="text/plain", headers=named)


NOT_FOUND = _plain(404, b"not found")
EXPIRED = Reply(403, _EXPIRED_BODY, content_type="application/xml")

_STAND_INS: Mapping[str, Answer] = {
    "media-html": html_page(200, "Sign in"),
    "media-redirect-private": _plain(302, b"", location=_PRIVATE),
    "media-403": EXPIRED,
    "media-404": NOT_FOUND,
    "media-408": _plain(408, b"request timeout"),
    "media-410": replace(EXPIRED, status=410),
    "media-429": _plain(429, b"too many requests", retry_after="2"),
    "media-500": _plain(500, b"internal error"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """What is to be sent of a file.

    Attributes:
        wanted: Which bytes; None for all of them.
    """

    file: Served
    wanted: range | None

    @property
    def span(self) -> range:
        """The bytes that are to be sent."""
        return range(self.file.content.size) if self.wanted is None else self.wanted

    def beginning(self, length: int) -> Iterator[bytes]:
        """Yield the first `length` bytes of what is to be sent."""
        return self.file.content.pieces(self.span.start, self.span.start + length)

    def reply(self) -> FileReply:
        """Return the right answer."""
        span = self.span
        headers = [
            ("etag", self.file.etag),
            ("last-modified", self.file.modified),
            ("accept-ranges", "bytes"),
        ]
        if self.wanted is not None:
            told = f"bytes {span.start}-{span.stop - 1}/{self.file.content.size}"
            headers.append(("content-range", told))
        return FileReply(
            status=200 if self.wanted is None else 206,
            content_type=self.file.content_type,
            pieces=self.beginning(len(span)),
            length=len(span),
            headers=tuple(headers),
        )

    def broken(self, by: Silence, after: int) -> FileReply:
        """Return the right answer, which breaks after so many bytes."""
        return replace(self.reply(), pieces=self.beginning(after), breaks_by=by)


def struck(name: str, part: Part, request: Request, vendor: Vendor) -> Answer:
    """Return the answer under a fault.

    Args:
        name: The fault.
        part: What would be sent without it.
        request: What was asked.
        vendor: Who answers.
    """
    if name in _STAND_INS:
        return _STAND_INS[name]
    if name in _DAMAGES:
        return _DAMAGES[name](part)
    if name == "media-cut-random":
        return part.broken(Silence.CUT, vendor.media_rng.randrange(max(1, len(part.span))))
    if name == "media-json":
        return failure(200, "api_error", "fetch failed", vendor.trace_id())
    address = f"{quote(request.path)}?{request.query}".removesuffix("?")
    if name == "media-redirect-loop":
        return _plain(302, b"", location=f"{request.asked}{address}")
    joint = "&" if request.query else "?"
    return _plain(302, b"", location=f"{_other_host(request)}{address}{joint}{REDIRECTED}")


def _half(part: Part) -> int:
    return len(part.span) // 2


def _long(part: Part) -> FileReply:
    return replace(part.reply(), surplus=_SURPLUS)


def _slow(part: Part) -> FileReply:
    reply = part.reply()
    return replace(reply, pieces=_cut_up(reply.pieces, _SLOW_PIECE), pause=_SLOW_PAUSE)


def _without_length(part: Part) -> FileReply:
    return replace(part.reply(), length=None)


def _without_length_cut(part: Part) -> FileReply:
    return replace(part.reply(), length=None, pieces=part.beginning(_half(part)))


def _endless(part: Part) -> FileReply:
    reply = part.reply()
    pieces = chain(reply.pieces, repeat(_ENDLESS_PIECE))
    return replace(reply, length=None, pieces=pieces, pause=_ENDLESS_PAUSE)


def _empty(part: Part) -> FileReply:
    return replace(Part(part.file, None).reply(), length=0, pieces=())


def _gzipped(part: Part) -> FileReply:
    reply = Part(part.file, None).reply()
    # Other bytes, and so another strong ETag or, as servers do it, a weak one.
    headers = (
        *((name, f"W/{value}" if name == "etag" else value) for name, value in reply.headers),
        ("content-encoding", "gzip"),
    )
    return replace(reply, length=None, headers=headers, pieces=_compressed(reply.pieces))


def _of_another_range(part: Part) -> FileReply:
    span = part.span
    start = span.start // 2 if span.start else 1
    return Part(part.file, range(start, max(span.stop, start + 1))).reply()


_DAMAGES: Mapping[str, Callable[[Part], Answer]] = {
    "media-cut": lambda part: part.broken(Silence.CUT, _half(part)),
    "media-hang": lambda part: part.broken(Silence.HANG, _half(part)),
    "media-short": lambda part: part.broken(Silence.END, _half(part)),
    "media-slow": _slow,
    "media-long": _long,
    "media-no-length": _without_length,
    "media-no-length-cut": _without_length_cut,
    "media-endless": _endless,
    "media-empty": _empty,
    "media-gzip": _gzipped,
    "media-bad-range": _of_another_range,
}


def _cut_up(pieces: Iterable[bytes], length: int) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), length):
            yield piece[start : start + length]


def _compressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(wbits=_GZIP)
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()


def _other_host(request: Request) -> str:
    """Return another host that leads to the sandbox: on this machine, or in memory."""
    try:
        asked = urlsplit(request.asked)
        host = _LOOPBACK[asked.hostname or ""]
        port = "" if asked.port is None else f":{asked.port}"
    except (KeyError, ValueError):
        return _OTHER_HOST
    return f"{asked.scheme}://{host}{port}"
