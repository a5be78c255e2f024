"""Reading a callback: its task id or nothing, whatever was sent."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async.webhooks.reading import LARGEST_BODY, find_task_id, is_json

ID = "650048e7-1e0a-463a-ab08-2e1bafabaf4b"

NESTED = b"[" * 400_000
"""Deeper than any parser goes, and never closed."""


@pytest.mark.parametrize(
    "body",
    [
        {"success": True, "task_id": ID, "trace_id": "t", "data": [{"id": "a"}]},
        {"success": False, "task_id": ID, "error": {"code": "api_error", "message": "m"}},
        {"task_id": ID, "audio_url": "https://a.example/a.mp3"},
    ],
)
def test_documented_forms(body: object) -> None:
    """A success, a failure and the shorter one of speech name their task."""
    assert find_task_id(json.dumps(body).encode()) == ID


@pytest.mark.parametrize(
    "body",
    [
        b'\xef\xbb\xbf{"task_id":"%s"}',
        b'{"task_id":"%s","n":NaN,"m":-Infinity}',
        b'{"task_id":"x","task_id":"%s"}',
        b'{"task_id":"%s","n":' + b"9" * 100_000 + b"}",
    ],
    ids=["byte order mark", "no numbers", "a name twice", "a long number"],
)
def test_odd_and_legible(body: bytes) -> None:
    """What is odd elsewhere in the body is not looked at."""
    assert find_task_id(body.replace(b"%s", ID.encode())) == ID


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"null",
        b'"text"',
        b'["task_id"]',
        b'{"task_id":null}',
        b'{"task_id":17}',
        b'{"task_id":["x"]}',
        b'{"task_id":""}',
        b'{"task_id":"   "}',
        b'{"task_id":"a\\u0000b"}',
        b'{"task_id":"a\\nb"}',
        b'{"task_id":"\\ud800"}',
        b'{"task_id":"\xff\xfe"}',
        b'{"task_id":"' + b"x" * 201 + b'"}',
        b'{"data":{"task_id":"x"}}',
        b'{"task_id":"x"',
        b"task_id=x",
        NESTED,
        b'{"task_id":"x","deep":' + NESTED + b"}",
    ],
)
def test_no_callback(body: bytes) -> None:
    """Anything else names no task."""
    assert find_task_id(body) is None


@pytest.mark.parametrize("piece", [b"[],", b"{},", b'"",', b"1,", b'{"a":1},', b"1e9999,"])
def test_largest_body_is_read_quickly(piece: bytes) -> None:
    """A body of a megabyte never holds up the event loop for long."""
    body = b'{"task_id":"x","data":[' + piece * (LARGEST_BODY // len(piece)) + b"0]}"
    began = time.process_time()
    assert find_task_id(body) == "x"
    assert time.process_time() - began < 2.0


@given(st.binary() | st.text().map(str.encode))
def test_never_raises(body: bytes) -> None:
    """No bytes are too odd."""
    find_task_id(body)


@given(st.recursive(st.none() | st.text() | st.integers(), st.lists), st.text())
def test_id_is_what_stands_there(other: object, task_id: str) -> None:
    """The id is told as it stands, or not at all."""
    body = json.dumps({"task_id": task_id, "other": other}).encode()
    assert find_task_id(body) in {None, task_id}


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=UTF-8",
        " application/json ",
        "application/problem+json",
    ],
)
def test_json_types(content_type: str | None) -> None:
    """JSON goes by several names, or by none."""
    assert is_json(content_type)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/json", "application/xml", "application/jsonp", "json", ";", "a/b+json"],
)
def test_other_types(content_type: str) -> None:
    """Nothing else is JSON."""
    assert not is_json(content_type)
