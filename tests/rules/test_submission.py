"""What became of a paid submission."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.exchange import Reply
from acedata_async._rules.submission import (
    Accepted,
    Refused,
    Throttled,
    Unclear,
    find_task_id,
    sort_answer,
)
from acedata_async._rules.verdict import judge
from acedata_async.errors import APIError, InsufficientBalance, RateLimited, ServerError
from tests.examples import examples

TASK = "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad"
TRACE = "1da03537-4eb8-410d-b849-43f03085a3bb"
ERROR = {"code": "brand_new", "message": "x"}
SONG = {"id": "2", "audio_url": "https://x/2.m4a", "state": "succeeded", "progress": "100%"}


def outcome(status: int, body: Any) -> Accepted | Throttled | Refused | Unclear:
    """Sort the answer to a submission."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return sort_answer(Reply(status, {}, content), now=0.0)


BODIES = [b"", b"<html>", b"[]", b"{}", json.dumps({"success": False, "error": ERROR}).encode()]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413, 422])
@pytest.mark.parametrize("body", BODIES)
def test_refused(status: int, body: bytes) -> None:
    """These statuses say that nothing was created."""
    sorted_out = outcome(status, body)
    assert isinstance(sorted_out, Refused)
    assert sorted_out.error.status == status


@pytest.mark.parametrize("body", BODIES)
def test_throttled(body: bytes) -> None:
    """A 429 is refused for now."""
    sorted_out = outcome(429, body)
    assert isinstance(sorted_out, Throttled)
    assert sorted_out.error.status == 429


@pytest.mark.parametrize(
    "status",
    [
        *(408, 409, 425, 499, 500, 502, 503, 504, 520, 529),
        *(301, 302, 303, 307, 308, 304),
        *(405, 406, 410, 411, 415, 418, 428, 431, 451),
        *(201, 202, 203, 204, 206, 100, 199),
    ],
)
@pytest.mark.parametrize("body", BODIES)
def test_unclear(status: int, body: bytes) -> None:
    """Any other status leaves the outcome unknown, whatever its body claims."""
    sorted_out = outcome(status, body)
    assert isinstance(sorted_out, Unclear)
    assert sorted_out.error.status == status


def test_failure_in_a_200() -> None:
    """A 200 that says `success: false` is a refusal, with its code."""
    sorted_out = outcome(200, {"success": False, "error": {"code": "used_up", "message": "x"}})
    assert isinstance(sorted_out, Refused)
    assert isinstance(sorted_out.error, InsufficientBalance)


def test_failure_in_a_201() -> None:
    """Only 200 is named by the rule: a 201 with `success: false` is unclear."""
    assert isinstance(outcome(201, {"success": False, "error": ERROR}), Unclear)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"true",
        b"[]",
        b"{}",
        b'"ok"',
        b"<html>",
        b'{"task_id": "1a6a',
        b"\xff\xfe\x00",
        b'{"success": true}',
        b'{"success": true, "data": []}',
        b'{"success": null}',
        b'{"success": "false"}',
        b'{"success": 0}',
        b'{"error": {"code": "api_error"}}',
        b'{"task_id": null}',
        b'{"task_id": ""}',
        b'{"task_id": ["1a6a"]}',
        b'{"Task_Id": "1a6a"}',
    ],
)
def test_unreadable_200(body: bytes) -> None:
    """A 200 without a task id and without a plain refusal is unclear."""
    assert isinstance(outcome(200, body), Unclear)


def test_a_code_is_not_a_status() -> None:
    """A rate limit reported by a 500 may have created a task: only the status 429 may not."""
    sorted_out = outcome(500, {"error": {"code": "too_many_requests", "message": "x"}})
    assert isinstance(sorted_out, Unclear)
    assert isinstance(sorted_out.error, RateLimited)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"task_id": TASK}, id="documented"),
        pytest.param({"success": True, "task_id": TASK}, id="with success"),
        pytest.param({"task_id": TASK, "started_at": 1778462584.742}, id="with a start"),
        pytest.param({"data": {"task_id": TASK}}, id="nested"),
        pytest.param({"data": [{"task_id": TASK}]}, id="in a list"),
        pytest.param([{"task_id": TASK}], id="list body"),
        pytest.param({"error": {"message": "timeout", "task_id": TASK}}, id="in the error"),
        pytest.param({"task_id": None, "data": {"task_id": TASK}}, id="null above"),
        pytest.param({"success": False, "task_id": TASK, "error": "slow"}, id="bare error"),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202, 302, 400, 401, 403, 409, 429, 500, 502, 504])
def test_accepted(status: int, body: Any) -> None:
    """A task id anywhere in the body means accepted, whatever the status."""
    assert outcome(status, body) == Accepted(TASK, None)


@pytest.mark.parametrize("status", [200, 201, 400, 403])
def test_born_done(status: int) -> None:
    """An answer that already is complete carries its final record."""
    body = {"success": True, "task_id": TASK, "trace_id": TRACE, "data": [SONG]}
    record = {"id": TASK, "trace_id": TRACE, "response": body}
    assert outcome(status, body) == Accepted(TASK, record)


@pytest.mark.parametrize("status", [200, 400, 403])
def test_born_failed(status: int) -> None:
    """A structured failure that names its task is a task that failed."""
    body = {"success": False, "task_id": TASK, "error": ERROR}
    sorted_out = outcome(status, body)
    assert isinstance(sorted_out, Accepted)
    assert sorted_out.record is not None
    assert sorted_out.record["response"] == body


@pytest.mark.parametrize("status", [302, 408, 429, 500, 502, 504])
def test_looked_up_all_the_same(status: int) -> None:
    """A 5xx, 429 or redirect that names a task proves nothing about it: it is looked up."""
    body = {"success": False, "task_id": TASK, "error": ERROR}
    assert outcome(status, body) == Accepted(TASK, None)
    body = {"success": True, "task_id": TASK, "data": [SONG]}
    assert outcome(status, body) == Accepted(TASK, None)


@pytest.mark.parametrize(
    "item",
    [
        {**SONG, "state": "processing"},
        {**SONG, "state": "pending", "progress": "0%"},
        {**SONG, "progress": "99%"},
        {"id": "2"},
    ],
)
def test_preview_in_the_acknowledgement(item: dict[str, Any]) -> None:
    """An acknowledgement with a preview is no result."""
    body = {"success": True, "task_id": TASK, "data": [item]}
    sorted_out = outcome(200, body)
    assert isinstance(sorted_out, Accepted)
    assert sorted_out.record is None or not judge(sorted_out.record).final


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (402, Refused),
        (404, Refused),
        (422, Refused),
        (429, Throttled),
        (408, Unclear),
        (409, Unclear),
        (500, Unclear),
        (504, Unclear),
    ],
)
def test_status_within_a_200(status: int, kind: type[Any]) -> None:
    """A 200 that reports a failure as Fish words it is sorted by the status in its body."""
    sorted_out = outcome(200, {"status": status, "message": "Bad audio"})
    assert isinstance(sorted_out, kind)
    assert sorted_out.error.status == status
    assert str(sorted_out.error).startswith(f"HTTP 200 with status {status} in it: Bad audio")


@pytest.mark.parametrize(
    "body",
    [
        {"status": 400},
        {"status": 400, "message": ""},
        {"status": "bad", "message": "x"},
        {"status": 200, "message": "x"},
        {"status": 400, "message": "x", "success": True},
        {"status": 400, "message": "x", "audio_url": "https://x/1.mp3"},
    ],
)
def test_no_status_within_a_200(body: dict[str, Any]) -> None:
    """Without a message, or with a result or a success beside it, a number proves nothing."""
    sorted_out = outcome(200, body)
    assert isinstance(sorted_out, Unclear)
    assert sorted_out.error.status == 200


def test_nearest_to_the_top() -> None:
    """Of several task ids the one nearest to the top counts; those of samples are others'."""
    body = {"data": {"samples": [{"task_id": "4ae9"}], "x": {"y": {"task_id": "z"}}}}
    assert find_task_id(body) == "z"
    assert find_task_id({**body, "task_id": TASK}) == TASK
    assert find_task_id({"data": {"samples": [{"task_id": "4ae9"}]}}) is None
    assert find_task_id({"a": [[{"task_id": "deep"}]], "b": {"task_id": "near"}}) == "near"


def test_deep_body() -> None:
    """A body nested too deeply to parse is unclear, and no recursion error."""
    deep = b"[" * 100_000 + b"]" * 100_000
    assert isinstance(outcome(200, deep), Unclear)
    assert isinstance(outcome(500, deep), Unclear)


def test_wide_body() -> None:
    """The search for a task id ends, however much there is to search."""
    assert find_task_id([[[]]] * 20_000 + [{"task_id": TASK}]) is None
    assert find_task_id([{}] * 5_000 + [{"task_id": TASK}]) == TASK


def test_error_kinds() -> None:
    """The error says what the answer said."""
    sorted_out = outcome(500, {"error": {"code": "api_error", "message": "fetch failed"}})
    assert isinstance(sorted_out, Unclear)
    assert isinstance(sorted_out.error, ServerError)
    assert sorted_out.error.message == "fetch failed"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["success", "task_id", "error", "data", "code", "audio_url"]), inner
        )
    ),
    max_leaves=10,
)


@examples(400)
@given(st.integers(100, 599), JSON | st.binary(max_size=30))
def test_every_answer_is_sorted(status: int, body: Any) -> None:
    """No answer raises; a refusal needs its status or a plain word; a task id is never lost."""
    sorted_out = outcome(status, body)
    if find_task_id(json.loads(json.dumps(body)) if not isinstance(body, bytes) else None):
        assert isinstance(sorted_out, Accepted)
    elif isinstance(sorted_out, Refused):
        assert status in {200, 400, 401, 402, 403, 404, 413, 422}
    elif isinstance(sorted_out, Throttled):
        assert status == 429
    if not isinstance(sorted_out, Accepted):
        assert isinstance(sorted_out.error, APIError)


def test_number_as_task_id() -> None:
    """A task id that is sent as a number is one all the same."""
    assert outcome(200, b'{"task_id": 7}') == Accepted("7", None)
