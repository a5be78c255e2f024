"""Who is let in."""

from __future__ import annotations

import pytest

from acedata_async.sandbox.access import refusal


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
def test_refused(authorization: str, code: str) -> None:
    """Missing and named bad tokens are refused with their code."""
    refused = refusal(authorization, only=None, submission=False)
    assert refused is not None
    assert refused[1] == code


def test_any_other_token() -> None:
    """Any other token is good, unless there is only one."""
    assert refusal("bearer abc", only=None, submission=True) is None
    assert refusal("Bearer abc", only="abc", submission=True) is None
    assert refusal("Bearer abd", only="abc", submission=True) is not None


def test_empty_account() -> None:
    """An account without balance can look up but not submit."""
    assert refusal("Bearer used-up-token", only=None, submission=False) is None
    refused = refusal("Bearer used-up-token", only=None, submission=True)
    assert refused is not None
    assert refused[:2] == (403, "used_up")
