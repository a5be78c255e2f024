"""What went wrong, in plain words: one sentence for each kind of error."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypedDict

from acedata_async.models.task import Failure

_NO_WORDS = (
    "The vendor refused this: its moderation may object to the words. Change them, and order it"
    " again. If it refuses everything, the token may lack the service."
)

_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        "PermissionDenied": _NO_WORDS,
        "APIError": "The vendor did not take the request as it is.",
        "ServerError": "The vendor could not do it: something failed there.",
    }
)
"""Why a song was not taken, by the error's class."""

_OTHERWISE = "It could not be sent."

_MODERATION = frozenset({"forbidden", "content_moderation"})

_STOPS: Mapping[str, str] = MappingProxyType(
    {
        "InsufficientBalance": (
            "The balance at the vendor is used up. Top it up at https://platform.acedata.cloud,"
            " then try again."
        ),
        "AuthenticationError": (
            "The vendor does not accept the studio's token. Acquire the service for it at"
            " https://platform.acedata.cloud and try again, or start the studio again with another"
            " ACEDATACLOUD_API_TOKEN."
        ),
        "PaymentRequired": (
            "This address of the vendor wants a payment for each call. Set"
            " ACEDATACLOUD_API_BASE_URL to https://api.acedata.cloud, and start the studio again."
        ),
        "NotFound": (
            "There is no such service at the vendor's address. Check ACEDATACLOUD_API_BASE_URL,"
            " and start the studio again."
        ),
        "RateLimited": "The vendor gets too many requests. Wait a minute, then try again.",
        "ConnectionFailed": (
            "The vendor cannot be reached. Check the connection, then try again; nothing was paid."
        ),
        "LedgerError": (
            "The studio cannot write its ledger. See whether the disk is full, then try again."
        ),
    }
)
"""What stops everybody, by the error's class, and what to do."""


_UNNAMED = "Something has stopped the studio. What is known may say more."


class Stop(TypedDict):
    """Why nothing is sent.

    Attributes:
        reason: In plain words, with what to do.
        detail: What is known besides; None where that is all.
        resumable: Whether trying again may help.
    """

    reason: str
    detail: str | None
    resumable: bool


def stop_of(said: str, kind: str | None, *, used_budget: int | None) -> Stop:
    """Put into words why nothing is sent.

    Args:
        said: What the run says.
        kind: The name of the error's class behind it, where there is one.
        used_budget: How many songs may be paid for, if that many are.
    """
    if used_budget is not None:
        songs = "song" if used_budget == 1 else "songs"
        reason = (
            f"The budget of {used_budget} {songs} is used. To have more made, start the studio"
            " again with a higher STUDIO_BUDGET."
        )
        return Stop(reason=reason, detail=None, resumable=False)
    reason = _STOPS.get(kind or "", _UNNAMED)
    return Stop(reason=reason, detail=said, resumable=True)


def refusal(kind: str | None) -> str:
    """Say why a song was not taken, by the name of the error's class."""
    return _REFUSALS.get(kind or "", _OTHERWISE)


def failure_words(failure: Failure | None) -> str:
    """Say why a song was taken and did not come about, by its final record."""
    if failure is None:
        return "The vendor could not make it, and gave no reason."
    if failure.code in _MODERATION:
        return _NO_WORDS
    return "The vendor could not make it."
