"""What users of a service are told of errors, and what the log is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acedata_async import (
    AceDataError,
    APIError,
    AuthenticationError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    GenerateRequest,
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
    Task,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
    errors,
)
from acedata_async.integrations.answers import answer_to, describe, plain

TOKEN = "8a7f0c52f1b94f0e9a3bb1c0a7f3d2e1"
REQUEST = GenerateRequest(prompt="Rain", callback_url=f"https://songs.example.org/{TOKEN}")
REFUSED: dict[str, Any] = {
    "status": 400,
    "message": f"no {TOKEN}",
    "body": {"secret": TOKEN},
    "trace_id": "t-1",
}


def failed(code: str, message: str) -> TaskFailed:
    """Return the failure of a task."""
    response = {"success": False, "error": {"code": code, "message": message}}
    return TaskFailed(Task.read({"id": "an-id", "response": response, "finished_at": 2.0}))


ERRORS = [
    (InvalidRequest("model", "x", "one of two"), 422, "invalid_request"),
    (TaskNotFound("an-id"), 404, "task_not_found"),
    (NotFound(TOKEN, **REFUSED), 404, "not_found"),
    (RateLimited(TOKEN, **REFUSED), 503, "rate_limited"),
    (InsufficientBalance(TOKEN, **REFUSED), 503, "insufficient_balance"),
    (PaymentRequired(TOKEN, **REFUSED), 503, "payment_required"),
    (AuthenticationError(TOKEN, **REFUSED), 502, "authentication_error"),
    (PermissionDenied(TOKEN, **REFUSED), 502, "permission_denied"),
    (ServerError(TOKEN, **REFUSED), 502, "server_error"),
    (APIError(TOKEN, **REFUSED), 502, "api_error"),
    (ConnectionFailed(TOKEN), 502, "connection_failed"),
    (MalformedResponse(TOKEN), 502, "malformed_response"),
    (SubmissionUnknown(TOKEN, request=REQUEST, marker="m-1"), 502, "submission_unknown"),
    (failed("api_error", f"no {TOKEN}"), 502, "task_failed"),
    (WatchTimeout(["an-id"], 900.0), 504, "watch_timeout"),
    (ClientClosed(TOKEN), 503, "client_closed"),
    (DownloadError(TOKEN, url=f"https://a.example/{TOKEN}"), 502, "download_error"),
    (LinkExpired(TOKEN, url=f"https://a.example/{TOKEN}"), 502, "link_expired"),
    (LedgerError(TOKEN), 500, "ledger_error"),
    (ConfigurationError(TOKEN), 500, "configuration_error"),
    (AceDataError(TOKEN), 502, "error"),
]


@pytest.mark.parametrize(("error", "status", "name"), ERRORS, ids=[name for _, _, name in ERRORS])
def test_answers(error: AceDataError, status: int, name: str) -> None:
    """Each error has its status and name; what the vendor said is neither told nor logged."""
    answer = answer_to(error)
    assert (answer.status, answer.name) == (status, name)
    assert answer.body["error"] == name
    assert answer.body["detail"]
    assert TOKEN not in json.dumps(answer.body)
    assert TOKEN not in describe(error)


def test_every_error_has_an_answer_of_its_own() -> None:
    """No error of the tree is told by a word that is too general for it."""
    tree = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    ours = {kind for kind in tree if issubclass(kind, AceDataError)}
    assert ours == {type(error) for error, _, _ in ERRORS}


def test_details() -> None:
    """What a user can act on is told."""
    answer = answer_to(InvalidRequest("model", "x", "one of two"))
    assert answer.body["field"] == "model"
    assert answer.body["detail"] == "model: 'x' is not allowed; allowed: one of two"
    assert "do not send it again" in answer_to(ERRORS[12][0]).detail
    assert "oderation" in answer_to(ERRORS[7][0]).detail
    assert answer_to(TaskNotFound("an-id")).body["task_ids"] == ["an-id"]
    assert answer_to(WatchTimeout(["a", "b"], 9.0)).body["task_ids"] == ["a", "b"]
    many = answer_to(WatchTimeout([str(number) for number in range(10_000)], 9.0))
    assert len(many.body["task_ids"]) == 100


def test_vendor_is_quoted_where_that_is_harmless() -> None:
    """Code and message of a task that failed are told if they are short and plain."""
    body = answer_to(failed("api_error", "the lyrics were refused")).body
    assert (body["code"], body["message"]) == ("api_error", "the lyrics were refused")
    assert body["task_ids"] == ["an-id"]


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "x " * 101,
        "two\nlines",
        "see https://songs.example.org/a",
        f"token {TOKEN} refused",
        "Bearer " + "a.b-c_d" * 4,
        "\x1b[31mred",
        "\ud800",
    ],
)
def test_not_plain(text: str | None) -> None:
    """Addresses, long words and control characters are not passed on."""
    assert plain(text) is None


@pytest.mark.parametrize(
    ("asked", "told"), [(None, 10), (2.1, 3), (0.0, 0), (float("nan"), 10), (float("inf"), 10)]
)
def test_retry_after(asked: float | None, told: int) -> None:
    """The vendor's pause is passed on in whole seconds; else it is ten."""
    assert answer_to(RateLimited("x", status=429, retry_after=asked)).retry_after == told
    assert answer_to(ServerError("x", status=500, retry_after=asked)).retry_after is None


def test_log_names_what_can_be_looked_up() -> None:
    """Ids stay in the log, in one line of bearable length."""
    task_id = "650048e7-1e0a-463a-ab08-2e1bafabaf4b"
    assert task_id in describe(TaskNotFound(task_id))
    assert "m-1" in describe(SubmissionUnknown("x", request=REQUEST, marker="m-1"))
    assert "t-1" in describe(APIError("x", status=400, trace_id="t-1"))
    line = describe(AceDataError("many words\r\n" * 100_000))
    assert line.startswith("AceDataError: many words many")
    assert "\n" not in line
    assert len(line) < 600
