"""What the users of a service are told of an error: never a token, and no body of the vendor's."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

from acedata_async.errors import (
    AceDataError,
    APIError,
    AuthenticationError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    InsufficientBalance,
    InvalidRequest,
    LedgerError,
    LinkExpired,
    MalformedResponse,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    ServerError,
    SubmissionUnknown,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
)

_PAUSE = 10.0
"""Seconds after which to try again, where the vendor does not say."""
_LONGEST_TEXT = 200
_LONGEST_LINE = 500
_MOST_IDS = 100
_NOT_PLAIN = re.compile(r"://\S*|[\w.+/=-]{24,}", re.ASCII)
"""An address, or a word as long as tokens and signatures are."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An error as the users of a service see it.

    Attributes:
        status: The HTTP status.
        name: The error's name, such as `task_not_found`.
        detail: What happened, in words for people.
        facts: What is known besides, such as `task_ids`.
        retry_after: Seconds after which to try again, or None.
    """

    status: int
    name: str
    detail: str
    facts: dict[str, Any] = field(default_factory=dict)
    retry_after: int | None = None

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object to answer with."""
        return {"error": self.name, "detail": self.detail, **self.facts}


_WORDS: dict[type[AceDataError], tuple[int, str, str]] = {
    InvalidRequest: (422, "invalid_request", "This is not allowed."),
    TaskFailed: (502, "task_failed", "The vendor could not make it. That costs nothing."),
    TaskNotFound: (404, "task_not_found", "There is no task with this id."),
    NotFound: (404, "not_found", "The vendor has no such thing."),
    RateLimited: (503, "rate_limited", "Too much is being asked at the moment. Try again later."),
    InsufficientBalance: (503, "insufficient_balance", "The service has no balance left."),
    PaymentRequired: (503, "payment_required", "The service has no balance left."),
    AuthenticationError: (
        502,
        "authentication_error",
        "The vendor does not accept this service's access.",
    ),
    PermissionDenied: (
        502,
        "permission_denied",
        "The vendor refused it. Moderation of what was asked for may be the reason.",
    ),
    SubmissionUnknown: (
        502,
        "submission_unknown",
        "Nobody knows whether the vendor took it. It may have been paid: do not send it again.",
    ),
    ConnectionFailed: (
        502,
        "connection_failed",
        "The vendor could not be reached, and nothing was paid. Try again later.",
    ),
    WatchTimeout: (
        504,
        "watch_timeout",
        "It takes longer than was waited for, and goes on. Look later; do not send it again.",
    ),
    ClientClosed: (503, "client_closed", "The service is restarting. Try again in a moment."),
    DownloadError: (502, "download_error", "The file could not be fetched."),
    LinkExpired: (502, "link_expired", "The file's address leads nowhere any more."),
    LedgerError: (500, "ledger_error", "The service could not read or write its ledger."),
    ConfigurationError: (500, "configuration_error", "The service is not set up properly."),
    MalformedResponse: (502, "malformed_response", "The vendor's answer makes no sense."),
    ServerError: (502, "server_error", "The vendor failed. Try again later."),
    APIError: (502, "api_error", "The vendor refused it."),
    AceDataError: (502, "error", "It could not be done."),
}


def answer_to(error: AceDataError) -> Answer:
    """Return what to tell of an error, in words of this package."""
    kind = next(kind for kind in type(error).__mro__ if kind in _WORDS)
    status, name, detail = _WORDS[kind]
    if isinstance(error, InvalidRequest):
        detail = str(error)  # written here, of what the user sent
    return Answer(status, name, detail, _facts(error), _retry_after(error, status))


def _facts(error: AceDataError) -> dict[str, Any]:
    match error:
        case InvalidRequest():
            return {"field": error.field}
        case TaskFailed():
            told = {"code": plain(error.code), "message": plain(error.message)}
            return {**told, "task_ids": [error.task.id] if error.task.id else []}
        case TaskNotFound():
            return {"task_ids": [error.task_id]}
        case WatchTimeout():
            return {"task_ids": list(error.task_ids[:_MOST_IDS])}
        case _:
            return {}


def describe(error: AceDataError) -> str:
    """Return a line for the log, without what might be a secret that the vendor has repeated."""
    words = " ".join(_NOT_PLAIN.sub("…", str(error)).split())[:_LONGEST_LINE]
    known = _facts(error).get("task_ids", [])[:5]
    known += [getattr(error, name, None) for name in ("trace_id", "marker")]
    told = ", ".join(repr(one) for one in known if one)
    return f"{type(error).__name__}: {words}" + (f" [{told}]" if told else "")


def plain(text: str | None) -> str | None:
    """Return what the vendor said if it is short and plain, else None.

    An address in it might be the callback's; a long word might be a token.
    """
    fit = text and len(text) <= _LONGEST_TEXT and text.isprintable()
    return text if fit and not _NOT_PLAIN.search(text or "") else None


def _retry_after(error: AceDataError, status: int) -> int | None:
    if status != 503:
        return None
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return math.ceil(asked if asked is not None and 0 <= asked < math.inf else _PAUSE)
