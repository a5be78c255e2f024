"""From an answer that is no success to an error that tells what to do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import errors
from acedata_async._rules.exchange import Reply
from acedata_async._rules.refusals import read_error, read_retry_after
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
from tests.examples import examples

TRACE = "2cf86e86-22a4-46e1-ac2f-032c0f2a4e89"
FIELDS = [
    {
        "type": "enum",
        "loc": ["body", "format"],
        "msg": "not one of mp3, wav",
        "input": "opus",
    },
    {"type": "missing", "loc": ["body", "prosody", "speed"], "msg": "missing", "input": {}},
]
"""What Fish finds wrong, as it words it."""
ERROR = {"code": "api_error", "message": "fetch failed"}


def refusal(status: int, body: Any, **headers: str) -> APIError:
    """Read the error in a reply with a JSON body."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_error(Reply(status, names, content), now=0.0)


@pytest.mark.parametrize(
    ("body", "code", "message", "trace_id"),
    [
        pytest.param({"error": ERROR, "trace_id": TRACE}, *ERROR.values(), TRACE, id="E1"),
        pytest.param(
            {"success": False, "error": ERROR, "trace_id": TRACE}, *ERROR.values(), TRACE, id="E2"
        ),
        pytest.param({"status": 400, "message": "why"}, None, "why", None, id="E3"),
        pytest.param(
            {"status": 400, "message": '[{"type":"enum","loc":["format"],"msg":"no"}]'},
            None,
            "format: no",
            None,
            id="E3 with a list in it",
        ),
        pytest.param(
            {"status": 400, "message": json.dumps(FIELDS)},
            None,
            "format: not one of mp3, wav (was 'opus'); prosody.speed: missing",
            None,
            id="E3 with fields in it",
        ),
        pytest.param(
            {"status": 400, "message": '{"status":400,"message":"why"}'},
            None,
            "why",
            None,
            id="E3 in E3",
        ),
        pytest.param(
            {"status": 400, "message": json.dumps({"status": 400, "message": json.dumps(FIELDS)})},
            None,
            "format: not one of mp3, wav (was 'opus'); prosody.speed: missing",
            None,
            id="fields in E3 in E3",
        ),
        *(
            pytest.param({"status": 400, "message": text}, None, text, None, id=text[:20])
            for text in ("[1]", "[", "{}", "{not json}", "[" * 100_000, '["a"]', "[]")
        ),
        pytest.param({"error": "why"}, None, "why", None, id="bare"),
        pytest.param({"error": None}, None, "", None, id="null"),
        pytest.param({"error": ["a", "b"]}, None, "a; b", None, id="list"),
        pytest.param({"code": "odd", "detail": "why"}, "odd", "why", None, id="sibling"),
        pytest.param({"error": {"message": "why"}}, None, "why", None, id="no code"),
        pytest.param({}, None, "", None, id="empty object"),
        pytest.param([], None, "", None, id="list body"),
        pytest.param(b"", None, "", None, id="no body"),
        pytest.param(b"<html>Bad gateway</html>", None, "", None, id="HTML"),
        pytest.param({"trace_id": 7}, None, "", "7", id="odd trace id"),
    ],
)
def test_envelopes(body: Any, code: str | None, message: str, trace_id: str | None) -> None:
    """Every envelope gives its code, message and trace id."""
    error = refusal(500, body)
    assert (error.status, error.code, error.message) == (500, code, message)
    assert error.trace_id == trace_id
    for part in (code, message, trace_id):
        assert part is None or part in str(error)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("token_mismatched", 400, AuthenticationError),
        ("token_mismatched", 401, AuthenticationError),
        ("api_not_implemented", 400, APIError),
        ("bad_request", 400, APIError),
        ("no_token", 400, AuthenticationError),
        ("disabled", 400, PermissionDenied),
        ("disabled", 403, PermissionDenied),
        ("invalid_request", 400, APIError),
        ("invalid_token", 401, AuthenticationError),
        ("token_expired", 401, AuthenticationError),
        ("unauthorized", 401, AuthenticationError),
        ("used_up", 403, InsufficientBalance),
        ("insufficient_balance", 402, InsufficientBalance),
        ("forbidden", 403, PermissionDenied),
        ("content_moderation", 403, PermissionDenied),
        ("no_api", 404, NotFound),
        ("not_found", 404, NotFound),
        ("task_not_found", 404, NotFound),
        ("content_too_large", 413, APIError),
        ("too_many_requests", 429, RateLimited),
        ("rate_limited", 429, RateLimited),
        ("api_error", 500, ServerError),
        ("busy", 500, ServerError),
        ("upstream_error", 502, ServerError),
        ("timeout", 504, ServerError),
        ("upstream_timeout", 504, ServerError),
        ("task_failed", 200, APIError),
        ("duplication", 400, APIError),
        ("canceled", 400, APIError),
        ("unknown", 400, APIError),
        ("not_applied", 400, APIError),
    ],
)
def test_codes(code: str, status: int, kind: type[APIError]) -> None:
    """Every documented code has its class."""
    assert type(refusal(status, {"error": {"code": code, "message": "x"}})) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, APIError),
        (302, APIError),
        (400, APIError),
        (401, AuthenticationError),
        (402, InsufficientBalance),
        (403, PermissionDenied),
        (404, NotFound),
        (408, APIError),
        (413, APIError),
        (422, APIError),
        (429, RateLimited),
        (500, ServerError),
        (502, ServerError),
        (503, ServerError),
        (504, ServerError),
        (529, ServerError),
    ],
)
@pytest.mark.parametrize("body", [b"", {"error": {"code": "brand_new", "message": "x"}}])
def test_statuses(status: int, kind: type[APIError], body: Any) -> None:
    """Where the code is missing or new, the status decides."""
    assert type(refusal(status, body)) is kind


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"x402Version": 1, "accepts": [], "error": "pay"}, {}),
        (b"", {"payment_required": "eyJ4NDAyVmVyc2lvbiI6MX0="}),
        ({"error": "pay"}, {"payment_required": "eyJ4NDAyVmVyc2lvbiI6MX0="}),
    ],
)
def test_payment_challenge(body: Any, headers: dict[str, str]) -> None:
    """A 402 of the pay-per-call host is told from an empty balance."""
    assert type(refusal(402, body, **headers)) is PaymentRequired


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (401, "invalid_token", "https://platform.acedata.cloud"),
        (404, "not_found", "check the id"),
        (404, None, "check the id"),
        (404, "no_api", "check base_url"),
        (403, "forbidden", "moderation"),
        (403, None, "moderation"),
        (403, "used_up", "top up"),
        (402, None, "top up"),
        (429, "too_many_requests", "wait"),
        (500, "api_error", "https://status.acedata.cloud"),
    ],
)
def test_advice(status: int, code: str | None, advice: str) -> None:
    """The message says what to do about it."""
    body = {"error": {"code": code, "message": "x"}, "trace_id": TRACE}
    message = str(refusal(status, body))
    assert advice in message
    assert f"HTTP {status}" in message
    assert TRACE in message


def test_payment_advice() -> None:
    """The demand of a payment says which host to use instead."""
    assert "https://api.acedata.cloud" in str(refusal(402, {"accepts": []}))


def test_silent_refusal() -> None:
    """A refusal without any words says so, and what may be wrong."""
    assert str(refusal(400, b"")) == "HTTP 400: no reason given; check the fields of the request"
    assert str(refusal(413, b"")).endswith("the request is too large: send less at once")


def test_body() -> None:
    """The error carries the parsed body, or the start of one that is not JSON."""
    assert refusal(400, {"a": 1}).body == {"a": 1}
    assert refusal(502, b"<html>" + b"\xff" * 600).body == "<html>" + "\ufffd" * 494
    assert refusal(502, b"").body == ""


def test_retry_after_is_carried() -> None:
    """The error carries what the API asked to wait."""
    assert refusal(429, {}, retry_after="7").retry_after == 7.0
    assert refusal(429, {}).retry_after is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("5", 5.0),
        (" 5 ", 5.0),
        ("0", 0.0),
        ("0.5", 0.5),
        ("-5", 0.0),
        ("100000", 3600.0),
        ("9" * 400, None),
        ("", None),
        ("  ", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("-inf", None),
        ("Wed, 21 Oct 2015 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:28:30 +0000", 30.0),
        ("Wed, 21 Oct 2015 09:28:30 +0200", 30.0),
        ("Wednesday, 21-Oct-15 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2015 07:27:00 GMT", 0.0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 3600.0),
        ("Wed, 99 Oct 2015 07:28:00 GMT", None),
        ("Wed, 21 Oct 99999 07:28:00 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    """Seconds and dates are read, rubbish is none, and no pause is negative or endless."""
    now = 1445412480.0  # Wed, 21 Oct 2015 07:28:00 GMT
    assert read_retry_after({"retry-after": value}, now=now) == seconds


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine nine hours east of Greenwich."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of the process cannot be set here")
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "value",
    [
        "Wed, 21 Oct 2015 07:28:30 GMT",
        "Wed, 21 Oct 2015 07:28:30 -0000",
        "Wed, 21 Oct 2015 07:28:30",
        "Wed Oct 21 07:28:30 2015",
    ],
)
@pytest.mark.usefixtures("tokyo")
def test_retry_after_zone(value: str) -> None:
    """A date without a zone is in GMT, wherever the machine stands."""
    assert read_retry_after({"retry-after": value}, now=1445412480.0) == 30.0


@examples(300)
@given(st.text() | st.from_regex(r"[A-Z][a-z]{2},? ?\d* ?[A-Za-z0-9: +-]*"))
def test_retry_after_never_raises(value: str) -> None:
    """No header makes it raise, and what it gives can be waited for."""
    seconds = read_retry_after({"retry-after": value}, now=1445412480.0)
    assert seconds is None or 0 <= seconds <= 3600


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "code", "message", "detail", "trace_id", "accepts"]), inner
        )
    ),
    max_leaves=8,
)


@examples(300)
@given(st.integers(100, 599), JSON | st.binary(max_size=40))
def test_never_raises(status: int, body: Any) -> None:
    """Any answer becomes an APIError with its status."""
    error = refusal(status, body)
    assert isinstance(error, errors.APIError)
    assert error.status == status
    assert str(error).startswith(f"HTTP {status}: ")
