"""Who is let in."""

from __future__ import annotations

import pytest

from acedata_async.sandbox.access import Tokens


@pytest.mark.parametrize("service", ["producer", "fish"])
@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        ("", "no_token"),
        ("Bearer", "no_token"),
        ("Bearer  ", "no_token"),
        ("Basic abc", "no_token"),
        ("Bearer invalid-token", "invalid_token"),
        ("Bearer expired-token", "token_expired"),
        ("Bearer mismatched-token", "token_mismatched"),
        ("Bearer disabled-token", "disabled"),
    ],
)
def test_refused(authorization: str, code: str, service: str) -> None:
    """Missing and named bad tokens are refused with their code."""
    refused = Tokens().refusal(authorization, service, submission=False)
    assert refused is not None
    assert refused[1] == code


def test_any_other_token() -> None:
    """Any other token is good, unless there is only one."""
    for service in ("producer", "fish"):
        assert Tokens().refusal("bearer abc", service, submission=True) is None
        assert Tokens("abc").refusal("Bearer abc", service, submission=True) is None
        refused = Tokens("abc").refusal("Bearer abd", service, submission=True)
        assert refused is not None
        assert refused[:2] == (401, "invalid_token")


def test_empty_account() -> None:
    """An account without balance can look up but not submit."""
    for service in ("producer", "fish"):
        assert Tokens().refusal("Bearer used-up-token", service, submission=False) is None
        refused = Tokens().refusal("Bearer used-up-token", service, submission=True)
        assert refused is not None
        assert refused[:2] == (403, "used_up")


@pytest.mark.parametrize(
    ("tokens", "good", "bad"),
    [
        (Tokens(), "producer-only-token", "fish-only-token"),
        (Tokens("p", "f"), "p", "f"),
        (Tokens(None, "f"), "anything", "f"),
    ],
)
def test_token_of_the_other_service(tokens: Tokens, good: str, bad: str) -> None:
    """A token of one service alone is known at the other, and refused as what it is."""
    assert tokens.refusal(f"Bearer {good}", "producer", submission=True) is None
    assert tokens.refusal(f"Bearer {bad}", "fish", submission=True) is None
    refused = tokens.refusal(f"Bearer {bad}", "producer", submission=True)
    assert refused is not None
    assert refused[:2] == (401, "token_mismatched")
    assert tokens.refusal(f"Bearer {good}", "fish", submission=True) is not None


def test_one_token_for_both() -> None:
    """The same token for both is good at both."""
    for service in ("producer", "fish"):
        assert Tokens("a", "a").refusal("Bearer a", service, submission=True) is None
