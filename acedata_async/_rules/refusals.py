"""From an answer that is not a success to the error that a user can act on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from acedata_async._rules.exchange import Reply
from acedata_async._rules.failures import read_failure
from acedata_async._rules.verdict import status_within
from acedata_async._rules.wire import as_number, as_object, as_text, read_date
from acedata_async.config import ACCESS_HELP, FISH_TOKEN_VARIABLE, TOKEN_VARIABLE
from acedata_async.errors import (
    APIError,
    AuthenticationError,
    InsufficientBalance,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    ServerError,
)

_LONGEST_PAUSE = 3600.0
"""Seconds; a longer `Retry-After` is taken as this."""

_BY_CODE: dict[str, type[APIError]] = {
    "token_mismatched": AuthenticationError,
    "no_token": AuthenticationError,
    "invalid_token": AuthenticationError,
    "token_expired": AuthenticationError,
    "unauthorized": AuthenticationError,
    "used_up": InsufficientBalance,
    "insufficient_balance": InsufficientBalance,
    "disabled": PermissionDenied,
    "forbidden": PermissionDenied,
    "content_moderation": PermissionDenied,
    "no_api": NotFound,
    "not_found": NotFound,
    "task_not_found": NotFound,
    "too_many_requests": RateLimited,
    "rate_limited": RateLimited,
    "api_error": ServerError,
    "busy": ServerError,
    "upstream_error": ServerError,
    "timeout": ServerError,
    "upstream_timeout": ServerError,
}

_BY_STATUS: dict[int, type[APIError]] = {
    401: AuthenticationError,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    429: RateLimited,
}

NOT_FOUND_HELP = (
    "there is no such thing, or it is not yours to see: check the id, and the account of the token"
)

_ADVICE: dict[type[APIError], str] = {
    AuthenticationError: f"the token was not accepted; {ACCESS_HELP}",
    PermissionDenied: (
        "moderation of what was asked for may be the reason; else the token may lack this"
        " service or be suspended: Producer, Producer Tasks and Fish may each have to be"
        " acquired at https://platform.acedata.cloud"
    ),
    InsufficientBalance: "the balance is used up; top up at https://platform.acedata.cloud",
    PaymentRequired: "this host wants a payment for each call; use https://api.acedata.cloud",
    RateLimited: "too many requests; send fewer at once or wait",
    NotFound: NOT_FOUND_HELP,
    ServerError: "the API failed; see https://status.acedata.cloud",
}

_ADVICE_WITHOUT_REASON = {
    400: "check the fields of the request",
    413: "the request is too large: send less at once",
    422: "check the fields of the request",
}

_ADVICE_BY_CODE = {
    "no_api": "no such address: check base_url",
    "token_mismatched": (
        "the token is not for this service: acquire the service at https://platform.acedata.cloud,"
        " or give each service its own token: api_token for Producer, fish_token for Fish"
        f" ({TOKEN_VARIABLE}, {FISH_TOKEN_VARIABLE})"
    ),
}


def read_error(reply: Reply, *, now: float) -> APIError:
    """Turn a refusal or failure into its error, by code first and by status second.

    Args:
        reply: The answer.
        now: The wall-clock time in Unix seconds, for a `Retry-After` given as a date.
    """
    body = as_object(reply.body)
    code, message = read_failure(body)
    trace_id = as_text(body.get("trace_id"))
    status = status_of(reply)
    kind = _kind(status, reply, body, code)
    said = " ".join(filter(None, [code, f"({message})" if code and message else message]))
    trace = f" [trace_id {trace_id}]" if trace_id else ""
    words = _ADVICE_BY_CODE.get(code or "") or _ADVICE.get(kind)
    if words is None and not said:
        words = _ADVICE_WITHOUT_REASON.get(status)
    advice = f"; {words}" if words else ""
    return kind(
        f"HTTP {_both(reply.status, status)}: {said or 'no reason given'}{trace}{advice}",
        status=status,
        code=code,
        message=message,
        trace_id=trace_id,
        body=reply.body if reply.body is not None else _excerpt(reply.content),
        retry_after=read_retry_after(reply.headers, now=now),
    )


def status_of(reply: Reply) -> int:
    """Return the status of an answer: of a 200 that reports a failure within, that one."""
    within = status_within(as_object(reply.body)) if reply.status == 200 else None
    return reply.status if within is None else within


def _both(outer: int, status: int) -> str:
    return str(outer) if outer == status else f"{outer} with status {status} in it"


def _kind(status: int, reply: Reply, body: Mapping[str, Any], code: str | None) -> type[APIError]:
    if code in _BY_CODE:
        return _BY_CODE[code]
    if status == 402 and not ("payment-required" in reply.headers or "accepts" in body):
        return InsufficientBalance
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, APIError)


def _excerpt(content: bytes) -> str:
    return content[:500].decode("utf-8", "replace")


def read_retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read `Retry-After` as seconds from now, in both of its forms; None where there is none.

    A moment is compared with the answer's own `Date`, where it has one, and else with `now`: our
    clock need not agree with the server's.
    """
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    seconds = as_number(value)
    if seconds is None:
        moment = read_date(value)
        if moment is None:
            return None
        answered = read_date(headers.get("date"))
        seconds = moment - (now if answered is None else answered)
    return min(_LONGEST_PAUSE, max(0.0, seconds)) if math.isfinite(seconds) else None
