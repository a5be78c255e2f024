"""How files are served: whole or in part, changed since or not, and with what can go wrong."""

from __future__ import annotations

from acedata_async.sandbox.depot import Served
from acedata_async.sandbox.faults import FAULTS, Stage
from acedata_async.sandbox.links import is_good
from acedata_async.sandbox.media_faults import (
    EXPIRED,
    NOT_FOUND,
    REDIRECTED,
    Part,
    struck,
)
from acedata_async.sandbox.ranges import chosen
from acedata_async.sandbox.replies import Answer, Reply
from acedata_async.sandbox.request import Request
from acedata_async.sandbox.vendor import Vendor

_MEDIA_FAULTS = frozenset(name for name, fault in FAULTS.items() if fault.stage is Stage.MEDIA)
_BESIDE_OTHERS = frozenset({"media-other", "media-no-range"})
"""Faults that can strike a request together with another one."""


def serve_file(vendor: Vendor, request: Request, now: float) -> Answer:
    """Return the answer to a request for a file.

    Args:
        vendor: Whose files they are.
        request: The request.
        now: The time, in Unix seconds.
    """
    vendor.counters.media_requests += 1
    if request.authorization:
        vendor.counters.media_requests_with_token += 1
    file = vendor.depot.find(request.path, request.query)
    if file is None or request.method not in {"GET", "HEAD"}:
        return NOT_FOUND
    if vendor.depot.is_signed(request.path) and not is_good(request.path, request.query, now):
        return EXPIRED
    return _serve(vendor, request, _as_it_is_now(vendor, request, file))


def _as_it_is_now(vendor: Vendor, request: Request, file: Served) -> Served:
    if not vendor.depot.ask(request.path) or not _strikes(vendor, "media-other"):
        return file
    vendor.depot.change(request.path)
    return vendor.depot.find(request.path, request.query) or file


def _serve(vendor: Vendor, request: Request, file: Served) -> Answer:
    size = file.content.size
    try:
        wanted = chosen(_range(vendor, request, file), size)
    except ValueError:
        headers = (("content-range", f"bytes */{size}"), ("accept-ranges", "bytes"))
        return Reply(416, b"range not satisfiable", content_type="text/plain", headers=headers)
    unfit = set(_BESIDE_OTHERS)
    if wanted is None or size < 2:
        unfit.add("media-bad-range")
    if REDIRECTED in request.query:
        unfit.add("media-redirect")
    fault = vendor.rules.draw(Stage.MEDIA, action="media", unfit=frozenset(unfit))
    part = Part(file, wanted)
    return struck(fault.name, part, request, vendor) if fault else part.reply()


def _range(vendor: Vendor, request: Request, file: Served) -> str:
    """Return the `Range` header if it has an effect, otherwise nothing."""
    if request.if_range not in {"", file.etag, file.modified}:
        return ""
    if request.range and _strikes(vendor, "media-no-range"):
        return ""
    return request.range


def _strikes(vendor: Vendor, name: str) -> bool:
    drawn = vendor.rules.draw(Stage.MEDIA, action="media", unfit=_MEDIA_FAULTS - {name})
    return drawn is not None
