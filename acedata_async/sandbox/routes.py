"""Which address leads where, and who is let in: from a request to the vendor's answer."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from types import UnionType
from typing import Any

from acedata_async.sandbox.catalogue import show_voices
from acedata_async.sandbox.downloads import serve_file
from acedata_async.sandbox.kinds import CATALOGUE, FISH, LOOKUPS, SUBMISSIONS
from acedata_async.sandbox.lookups import Desk, look_up
from acedata_async.sandbox.refusing import malformed
from acedata_async.sandbox.replies import Answer, Reply, failure, json_reply
from acedata_async.sandbox.request import Request
from acedata_async.sandbox.submitting import submit
from acedata_async.sandbox.validation import nested_too_deeply
from acedata_async.sandbox.vendor import Vendor

_MEDIA = ("/media/", "/task/", "/coverimage/", "/avatars/")
"""Below what files are; all but the first are where Fish's documents have them."""

_STATS = "/sandbox/stats"
_FAULTS = "/sandbox/faults"
_HEALTH = "/health"


def is_api(request: Request) -> bool:
    """Return whether a request is for the vendor's API, not for its media."""
    return not request.path.startswith(_MEDIA)


def control(vendor: Vendor, request: Request, now: float) -> Answer | None:
    """Return the answer to a request to the sandbox itself, not to the vendor, or None."""
    match request.method, request.path:
        case "GET", str(path) if path == _STATS:
            return json_reply(200, asdict(vendor.stats(now)))
        case "GET", str(path) if path == _HEALTH:
            return json_reply(200, {"status": "ok"})
        case "DELETE", str(path) if path == _FAULTS:
            vendor.rules.clear()
            return json_reply(200, {})
        case "POST", str(path) if path == _FAULTS:
            return _inject(vendor, request.body)
        case _:
            return None


def respond(vendor: Vendor, request: Request, now: float) -> Answer:
    """Return the vendor's answer to a request for its API or its media."""
    if not is_api(request):
        return serve_file(vendor, request, now)
    match request.method:
        case "POST" if request.path in SUBMISSIONS:
            return _submit(vendor, request, now)
        case "POST" if request.path in LOOKUPS:
            return _look_up(vendor, request, now)
        case "GET" if f"{request.path}/".startswith(f"{CATALOGUE}/"):
            return _show_voices(vendor, request, now)
        case _:
            return failure(404, "no_api", "no such API", vendor.trace_id())


def _submit(vendor: Vendor, request: Request, now: float) -> Answer:
    kind = SUBMISSIONS[request.path]
    vendor.counters.submission_requests += 1
    refused = _refused(vendor, request, now, kind.service, submission=True)
    if refused is not None:
        return refused
    try:
        body = _parsed(request.body)
    except ValueError as error:
        return malformed(kind, str(error), vendor.trace_id())
    return submit(vendor, kind, body, now, request.media_base, engine=request.engine)


def _look_up(vendor: Vendor, request: Request, now: float) -> Answer:
    service = LOOKUPS[request.path]
    vendor.counters.lookups_by_service[service] += 1
    refused = _refused(vendor, request, now, service, submission=False)
    if refused is not None:
        return refused
    desk = Desk(vendor=vendor, service=service, now=now, base=request.media_base)
    try:
        body = _parsed(request.body)
    except ValueError as error:
        return desk.refuse("bad_request", str(error))
    return look_up(desk, body)


def _show_voices(vendor: Vendor, request: Request, now: float) -> Answer:
    vendor.counters.catalogue_requests += 1
    refused = _refused(vendor, request, now, FISH, submission=False)
    if refused is not None:
        return refused
    return show_voices(vendor, request.path, request.query, now, request.media_base)


def _refused(
    vendor: Vendor, request: Request, now: float, service: str, *, submission: bool
) -> Reply | None:
    """Return the refusal of whoever asks without right or too often, or None."""
    reason = vendor.tokens.refusal(request.authorization, service, submission=submission)
    if reason is not None:
        return failure(*reason, vendor.trace_id())
    if not vendor.limits.request_fits(now):
        return vendor.throttle("too_many_requests", "too many requests")
    return None


def _inject(vendor: Vendor, raw: bytes) -> Answer:
    try:
        wish = _parsed(raw)
        vendor.rules.inject(
            str(wish.get("fault")),
            times=_of_type(wish, "times", int, None),
            probability=_of_type(wish, "probability", float | int, 1.0),
            on=_of_type(wish, "on", str, None),
        )
    except ValueError as error:
        return json_reply(400, {"error": str(error)})
    return json_reply(200, {})


def _of_type(wish: dict[str, Any], name: str, kind: type | UnionType, default: object) -> Any:
    value = wish.get(name, default)
    if value is not default and (isinstance(value, bool) or not isinstance(value, kind)):
        raise ValueError(f"{name} has the wrong type")
    return value


def _parsed(raw: bytes) -> dict[str, Any]:
    """Return a body as the JSON object that it has to be.

    Raises:
        ValueError: It is none.
    """
    try:
        body = json.loads(raw, parse_float=_finite, parse_constant=_finite)
    except (ValueError, RecursionError):
        raise ValueError("the body is not JSON") from None
    if not isinstance(body, dict) or nested_too_deeply(body):
        raise ValueError("the body is not a plain JSON object")
    return body


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a number in JSON")
    return number
