"""Why something failed, in every envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acedata_async._rules.failures import read_failure

ERROR = {"code": "api_error", "message": "fetch failed"}
WRONG = {"type": "t", "loc": ["body", "voice_url"], "msg": "bad", "input": "x"}
"""A wrong field, as Fish words it."""


@pytest.mark.parametrize(
    ("body", "failure"),
    [
        ({"error": ERROR}, ("api_error", "fetch failed")),
        ({"error": {"code": "x", "detail": "why"}}, ("x", "why")),
        ({"error": {"code": "", "message": None}}, (None, "")),
        ({"error": "why"}, (None, "why")),
        ({"error": None, "message": "why"}, (None, "why")),
        ({"error": None}, (None, "")),
        ({"error": ["a", {"b": 1}]}, (None, "a; {'b': 1}")),
        ({"status": 400, "message": "why"}, (None, "why")),
        ({"code": "x", "detail": "why"}, ("x", "why")),
        ({"code": "x", "error": "why"}, ("x", "why")),
        ({"error": True}, (None, "")),
        ({"status": 400, "message": [WRONG]}, (None, "voice_url: bad (was 'x')")),
        ({"status": 400, "message": WRONG}, (None, "voice_url: bad (was 'x')")),
        ({"detail": [WRONG, WRONG]}, (None, "voice_url: bad (was 'x'); voice_url: bad (was 'x')")),
        ({"detail": [{"loc": ["body", "text"]}, "odd"]}, (None, "text: not allowed; odd")),
        ({"error": {"code": "x", "message": [WRONG]}}, ("x", "voice_url: bad (was 'x')")),
        ({"message": {"status": 400, "message": [WRONG]}}, (None, "voice_url: bad (was 'x')")),
        ({"message": json.dumps({"detail": [WRONG]})}, (None, "voice_url: bad (was 'x')")),
        ({"message": [], "detail": "why"}, (None, "why")),
        ({}, (None, "")),
    ],
)
def test_read_failure(body: dict[str, Any], failure: tuple[str | None, str]) -> None:
    """Code and message are found in every envelope."""
    assert read_failure(body) == failure
