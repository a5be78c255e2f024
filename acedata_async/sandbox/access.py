"""Who may ask the vendor for something: its tokens, good and bad."""

from __future__ import annotations

from collections.abc import Mapping

GOOD_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox
"""The token that the sandbox's own client uses."""

BAD_TOKENS: Mapping[str, tuple[int, str, str]] = {
    "invalid-token": (401, "invalid_token", "token is invalid"),
    "expired-token": (401, "token_expired", "token is expired"),
    "mismatched-token": (401, "token_mismatched", "token is not for this API"),
    "disabled-token": (403, "disabled", "application is suspended"),
}
"""Tokens that are refused by name: status, code and message of the refusal."""

EMPTY_TOKEN = "used-up-token"  # noqa: S105 - opens nothing but the sandbox
"""The token of an account without balance: it can look up, but not submit."""


def refusal(
    authorization: str, *, only: str | None, submission: bool
) -> tuple[int, str, str] | None:
    """Return the status, code and message that a request is refused with, or None.

    Args:
        authorization: The `Authorization` header, empty if there was none.
        only: The one token that is taken, or None for any that is not named as bad.
        submission: Whether the request would cost something.
    """
    scheme, _, token = authorization.partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        return (401, "no_token", "no token supplied")
    if only is not None:
        return None if token == only else BAD_TOKENS["invalid-token"]
    if token == EMPTY_TOKEN and submission:
        return (403, "used_up", "balance too low")
    return BAD_TOKENS.get(token)
