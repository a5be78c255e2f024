"""The answers that faults give in place of the right one."""

from __future__ import annotations

import json
from dataclasses import replace
from email.utils import formatdate

from acedata_async.sandbox.fish_validation import problem
from acedata_async.sandbox.replies import (
    Answer,
    Reply,
    Silence,
    failure,
    failure_of_fields,
    failure_passed_through,
    failure_without_success,
    html_page,
    json_reply,
    payment_challenge,
)

_RETRY_AFTER = 2

# What stands in the usual error envelope: status, code, message.
_FAILURES: dict[str, tuple[int, str, str]] = {
    "error-500": (500, "api_error", "fetch failed"),
    "error-500-after-accept": (500, "api_error", "fetch failed"),
    "error-502-after-accept": (502, "upstream_error", "upstream failed"),
    "error-504-after-accept": (504, "timeout", "upstream too slow"),
    "throttle": (429, "too_many_requests", "too many requests"),
    "throttle-retry-after": (429, "too_many_requests", "too many requests"),
    "throttle-retry-after-date": (429, "too_many_requests", "too many requests"),
    "used-up": (403, "used_up", "balance too low"),
    "insufficient-balance": (402, "insufficient_balance", "balance too low"),
    "moderation": (403, "forbidden", "content refused by moderation"),
    "invalid-token": (401, "invalid_token", "token is invalid"),
    "token-mismatched-400": (400, "token_mismatched", "token is not for this API"),
    "token-mismatched-401": (401, "token_mismatched", "token is not for this API"),
    "success-false": (200, "api_error", "fetch failed"),
    "lookup-500": (500, "api_error", "fetch failed"),
    "lookup-429": (429, "too_many_requests", "too many requests"),
    "lookup-429-retry-after": (429, "too_many_requests", "too many requests"),
    "lookup-401": (401, "invalid_token", "token is invalid"),
    "lookup-403": (403, "forbidden", "not permitted"),
    "batch-too-many-400": (400, "bad_request", "too many ids"),
    "batch-too-large-413": (413, "content_too_large", "body too large"),
}

_PROBLEM = problem("missing", ["body", "text"], "Field required", {})

_OTHER_REPLIES: dict[str, Answer] = {
    "cut-before-accept": Silence.CUT,
    "refuse-connection": Silence.REFUSED,
    "cut-after-accept": Silence.CUT,
    "reset-after-accept": Silence.RESET,
    "hang-after-accept": Silence.HANG,
    "empty-after-accept": Reply(200, b""),
    "html-after-accept": html_page(200, "Welcome"),
    "redirect": Reply(
        307,
        b"",
        headers=(("location", "https://elsewhere.sandbox.acedata.invalid/producer/audios"),),
    ),
    "payment-required": payment_challenge(),
    "e3-error": failure_passed_through(400, "Model not found"),
    "e3-fields": failure_of_fields([_PROBLEM]),
    "e3-nested": failure_passed_through(
        400, json.dumps({"status": 400, "message": "Reference not found"})
    ),
    "bare-error": json_reply(402, {"error": "payment required"}),
    "not-json-error": Reply(503, b"upstream unavailable", content_type="text/plain"),
    "lookup-502-html": html_page(502, "Bad Gateway"),
    "lookup-cut": Silence.CUT,
    "lookup-hang": Silence.HANG,
    "lookup-not-json": Reply(200, b"OK", content_type="text/plain"),
}


def stand_in(name: str, trace_id: str, now: float) -> Answer | None:
    """Return the answer of a fault that does not depend on the right one, or None.

    Args:
        name: The fault.
        trace_id: What an error body carries as its trace id.
        now: The time, in Unix seconds.
    """
    if name == "bad-request":
        return failure_without_success(400, "bad_request", "invalid parameter", trace_id)
    if name in _FAILURES:
        status, code, message = _FAILURES[name]
        return failure(status, code, message, trace_id, headers=_retry_after(name, now))
    return _OTHER_REPLIES.get(name)


def truncated(reply: Reply) -> Reply:
    """Return the first half of an answer, as if it were the whole."""
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def broken(reply: Reply, by: Silence) -> Reply:
    """Return an answer that breaks in the middle of its body."""
    return replace(reply, breaks_at=len(reply.body) // 2, breaks_by=by)


def _retry_after(name: str, now: float) -> tuple[tuple[str, str], ...]:
    if name.endswith("retry-after"):
        return (("retry-after", str(_RETRY_AFTER)),)
    if name.endswith("retry-after-date"):
        return (("retry-after", formatdate(now + _RETRY_AFTER, usegmt=True)),)
    return ()
