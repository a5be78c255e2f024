"""How a command ends: its exit code."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from acedata_async import (
    AuthenticationError,
    BulkOutcome,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InsufficientBalance,
    InvalidRequest,
    MalformedResponse,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    ServerError,
    SubmissionUnknown,
    WatchTimeout,
)
from acedata_async.config import ACCESS_HELP


class Exit(IntEnum):
    """The exit codes."""

    GOOD = 0
    FAILED = 1
    USAGE = 2
    NO_ACCESS = 3
    NO_BALANCE = 4
    UNKNOWN = 5
    UNFINISHED = 6
    API_DOWN = 7
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.GOOD: "everything went well",
    Exit.FAILED: "something failed, was not found, or could not be downloaded",
    Exit.USAGE: "wrong usage or an invalid request; nothing was sent",
    Exit.NO_ACCESS: "configuration, token or permission",
    Exit.NO_BALANCE: "balance or payment",
    Exit.UNKNOWN: "an outcome is unknown: it may be paid",
    Exit.UNFINISHED: "still running when the wait ended, or not sent; run it again",
    Exit.API_DOWN: "the API could not be reached, or is failing",
    Exit.INTERRUPTED: "interrupted",
    Exit.TERMINATED: "told to end (SIGTERM)",
}

_KINDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], Exit], ...] = (
    (InvalidRequest, Exit.USAGE),
    ((ConfigurationError, AuthenticationError, PermissionDenied), Exit.NO_ACCESS),
    ((InsufficientBalance, PaymentRequired), Exit.NO_BALANCE),
    (SubmissionUnknown, Exit.UNKNOWN),
    (WatchTimeout, Exit.UNFINISHED),
    ((ConnectionFailed, RateLimited, ServerError, MalformedResponse), Exit.API_DOWN),
)

_SEVERITY = (
    Exit.UNKNOWN,
    Exit.NO_BALANCE,
    Exit.NO_ACCESS,
    Exit.API_DOWN,
    Exit.USAGE,
    Exit.FAILED,
    Exit.UNFINISHED,
)
"""The most serious first."""

_ADVICE: tuple[tuple[type[Exception], str], ...] = (
    (AuthenticationError, ACCESS_HELP),
    (InsufficientBalance, "then run it again"),
    (ConnectionFailed, "check the network and run it again"),
    (RateLimited, "wait a little and run it again"),
)


def code_of(error: Exception) -> Exit:
    """Return the exit code for an error."""
    return next((code for kind, code in _KINDS if isinstance(error, kind)), Exit.FAILED)


def advice_for(error: Exception) -> str:
    """Return what to do about an error, where its own message does not say it; else nothing."""
    words = next((words for kind, words in _ADVICE if isinstance(error, kind)), "")
    return "" if words in str(error) else words


def worst(codes: Iterable[Exit]) -> Exit:
    """Return the most serious of several exit codes."""
    given = set(codes)
    return next((code for code in _SEVERITY if code in given), Exit.GOOD)


def code_of_outcome(outcome: BulkOutcome) -> Exit:
    """Return the exit code for how a song of a bulk run ended."""
    error = outcome.error
    code = Exit.FAILED if error is None else code_of(error)
    match outcome.state:
        case "saved" | "succeeded" if outcome.state == "saved" or error is None:
            return Exit.GOOD
        case "unknown":
            return Exit.UNKNOWN
        case "lost":
            return Exit.UNFINISHED
        case "submitted" | "skipped" if error is None or isinstance(error, ClientClosed):
            return Exit.UNFINISHED
        case "failed" if isinstance(error, PermissionDenied):
            return Exit.FAILED  # such as a prompt that is not allowed; the next run says so too
    return Exit.FAILED if code is Exit.USAGE else code
