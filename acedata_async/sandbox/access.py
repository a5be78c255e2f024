"""Who may ask the vendor for something: its tokens, good and bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from acedata_async.sandbox.kinds import FISH, PRODUCER

GOOD_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox
"""The token that the sandbox's own client uses."""

_INVALID = (401, "invalid_token", "token is invalid")
_MISMATCHED = (401, "token_mismatched", "token is not for this API")

BAD_TOKENS: Mapping[str, tuple[int, str, str]] = {
    "invalid-token": _INVALID,
    "expired-token": (401, "token_expired", "token is expired"),
    "mismatched-token": _MISMATCHED,
    "disabled-token": (403, "disabled", "application is suspended"),
}
"""Tokens that are refused by name: status, code and message of the refusal."""

LIMITED_TOKENS: Mapping[str, str] = {
    "producer-only-token": PRODUCER,
    "fish-only-token": FISH,
}
"""Tokens of one service, which the other refuses."""

EMPTY_TOKEN = "used-up-token"  # noqa: S105 - opens nothing but the sandbox
"""The token of an account without balance: it can look up, but not submit."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """What opens the vendor's services.

    Attributes:
        token: The one token that is taken, or None for any that is not named as bad.
        fish_token: The one that Fish takes in its place, and nothing else does; None for none.
    """

    token: str | None = None
    fish_token: str | None = None

    def refusal(
        self, authorization: str, service: str, *, submission: bool
    ) -> tuple[int, str, str] | None:
        """Return the status, code and message that a request is refused with, or None.

        Args:
            authorization: The `Authorization` header, empty if there was none.
            service: Whose address is asked.
            submission: Whether the request would cost something.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            return (401, "no_token", "no token supplied")
        only = self._only(service)
        if token == only:
            return None
        if any(token == self._only(other) for other in (PRODUCER, FISH)):
            return _MISMATCHED
        if only is not None:
            return _INVALID
        return _named_refusal(token, service, submission=submission)

    def _only(self, service: str) -> str | None:
        if service == FISH and self.fish_token is not None:
            return self.fish_token
        return self.token


def _named_refusal(token: str, service: str, *, submission: bool) -> tuple[int, str, str] | None:
    if token == EMPTY_TOKEN and submission:
        return (403, "used_up", "balance too low")
    if LIMITED_TOKENS.get(token, service) != service:
        return _MISMATCHED
    return BAD_TOKENS.get(token)
