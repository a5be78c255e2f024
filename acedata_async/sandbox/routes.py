"""Which address leads where, and who is let in: from a request to the vendor's answer."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from types import UnionType
from typing import Any

from acedata_async.sandbox.catalogue import show_voices
from acedata_async.sandbox.fault_replies import broken
from acedata_async.sandbox.faults import Stage
from acedata_async.sandbox.kinds import CATALOGUE, FISH, LOOKUPS, SUBMISSIONS
from acedata_async.sandbox.lookups import Desk, look_up
from acedata_async.sandbox.refusing import malformed
from acedata_async.sandbox.replies import Answer, Reply, Silence, failure, html_page, json_reply
from acedata_async.sandbox.submitting import submit
from acedata_async.sandbox.validation import nested_too_deeply
from acedata_async.sandbox.vendor import Vendor

_MEDIA = ("/media/", "/task/", "/coverimage/", "/avatars/")
"""Below what files are; all but the first are where Fish's documents have them."""

_STATS = "/sandbox/stats"
_FAULTS = "/sandbox/faults"
_HEALTH = "/health"
_NOT_FOUND = Reply(404, b"not found", content_type="text/plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the vendor sees of an HTTP request.

    Attributes:
        authorization: The `Authorization` header, empty if there was none.
        media_base: What comes before the paths of media in the answer.
        query: What stands behind the question mark of the address.
        engine: The `model` header, empty if there was none.
    """

    method: str
    path: str
    authorization: str
    body: bytes
    media_base: str
    query: str = ""
    engine: str = ""


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
        return _serve_media(vendor, request)
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


def _serve_media(vendor: Vendor, request: Request) -> Answer:
    vendor.counters.media_requests += 1
    if request.authorization:
        vendor.counters.media_requests_with_token += 1
    file = vendor.media_file(request.path)
    if file is None or request.method not in {"GET", "HEAD"}:
        return _NOT_FOUND
    whole = Reply(200, file.read(), content_type=file.content_type)
    fault = vendor.rules.draw(Stage.MEDIA, action="media")
    return _struck(whole, fault.name) if fault else whole


def _struck(whole: Reply, fault: str) -> Answer:
    """Return what becomes of a file's answer under a fault."""
    answers: dict[str, Answer] = {
        "media-cut": broken(whole, Silence.CUT),
        "media-hang": broken(whole, Silence.HANG),
        "media-404": _NOT_FOUND,
        "media-500": Reply(500, b"internal error", content_type="text/plain"),
        "media-html": html_page(200, "Sign in"),
    }
    return answers[fault]


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
