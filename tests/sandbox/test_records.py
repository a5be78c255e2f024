"""What a record looks like at each moment."""

from __future__ import annotations

from typing import Any

import pytest

from acedata_async.sandbox.records import record, visible
from acedata_async.sandbox.task import Task

_REQUIRED = {"id", "type", "created_at", "trace_id", "request"}
_BASE = "https://media"


def _task(*quirks: str) -> Task:
    return Task(
        id="task",
        record_id="0" * 24,
        trace_id="trace",
        type="audios",
        action="generate",
        request={"action": "generate"},
        data=[{"id": "song", "audio_url": "/media/audio/song.m4a", "state": "succeeded"}],
        created_at=100.0,
        started_at=101.0,
        finished_at=140.0,
        quirks=frozenset(quirks),
        marked={},
    )


def _at(now: float, *quirks: str) -> dict[str, Any]:
    return record(_task(*quirks), now, _BASE)


def test_queued() -> None:
    """P1: the required keys, neither a start nor a response."""
    shown = _at(100.5)
    assert shown.keys() >= _REQUIRED
    assert shown.keys().isdisjoint({"started_at", "response", "finished_at", "duration", "elapsed"})


def test_running() -> None:
    """P2: as before, with its start."""
    shown = _at(139.9)
    assert shown["started_at"] == 101.0
    assert shown.keys().isdisjoint({"response", "finished_at", "duration", "elapsed"})


def test_succeeded() -> None:
    """The keys of the documents' own record, and no success inside the response."""
    shown = _at(140.0)
    assert shown.keys() == _REQUIRED | {
        "_id",
        "api_id",
        "application_id",
        "credential_id",
        "user_id",
        "response",
        "duration",
        "finished_at",
    }
    assert shown["response"].keys() == {"task_id", "data"}
    assert shown["response"]["data"][0]["audio_url"] == "https://media/media/audio/song.m4a"
    assert (shown["finished_at"], shown["duration"]) == (140.0, 40.0)


def test_explicit_nulls() -> None:
    """P3: null in place of missing keys, until it is finished."""
    for now in (100.0, 120.0):
        shown = _at(now, "null-keys")
        assert (shown["finished_at"], shown["response"]) == (None, None)
    assert _at(140.0, "null-keys") == _at(140.0)


def test_stored_acknowledgement() -> None:
    """P4: the acknowledgement as response."""
    assert _at(120.0, "ack-stored")["response"] == {"success": True, "task_id": "task"}
    assert "response" not in _at(100.0, "ack-stored")


def test_preview() -> None:
    """P5: something to hear before the end."""
    shown = _at(120.0, "preview")
    (item,) = shown["response"]["data"]
    assert item["audio_url"].startswith(_BASE)
    assert item["state"] == "processing"
    assert "finished_at" not in shown


def test_late_and_vanished() -> None:
    """P6 and its opposite: not yet, or no more, to be seen."""
    assert not visible(_task("late-visible"), 104.9)
    assert visible(_task("late-visible"), 105.0)
    task = _task("vanish")
    assert visible(task, 120.0)
    task.seen = True
    assert not visible(task, 120.0)


def test_newer_writers() -> None:
    """Success inside the response, elapsed in place of duration, a start in words."""
    assert _at(140.0, "with-success")["response"]["success"] is True
    newer = _at(140.0, "elapsed")
    assert (newer["elapsed"], newer["started_at"]) == (39.0, 101.0)
    assert "duration" not in newer
    for now in (120.0, 140.0):
        assert _at(now, "iso-started-at")["started_at"] == "1970-01-01T00:01:41.000000Z"


def test_no_result() -> None:
    """A success that brought nothing."""
    assert _at(140.0, "no-result")["response"] == {"success": True, "task_id": "task", "data": []}


_ERROR = {"code": "api_error", "message": "fetch failed"}
_IDS = {"task_id": "task", "trace_id": "trace"}


@pytest.mark.parametrize(
    ("shape", "response"),
    [
        ("fail-F1", {"success": False, "error": _ERROR, **_IDS, "data": []}),
        ("fail-F2", {"error": "fetch failed"}),
        ("fail-F3", {"error": {"message": "fetch failed"}}),
        ("fail-F7", {"status": 400, "message": "fetch failed", **_IDS}),
    ],
)
def test_failed(shape: str, response: dict[str, Any]) -> None:
    """F1, F2, F3 and F7 end with their response, a finish and elapsed."""
    assert "response" not in _at(139.9, shape)
    shown = _at(140.0, shape)
    assert shown["response"] == response
    assert (shown["finished_at"], shown["elapsed"]) == (140.0, 39.0)


def test_partial_success() -> None:
    """F4: a failure with data that plays."""
    response = _at(140.0, "fail-F4")["response"]
    assert response["success"] is False
    assert response["data"][0]["audio_url"].startswith(_BASE)


@pytest.mark.parametrize(("shape", "error"), [("fail-F5", _ERROR), ("fail-F6", "fetch failed")])
def test_errors_without_an_end(shape: str, error: object) -> None:
    """F5 and F6: an error and no finish, however late it is."""
    shown = _at(9999.0, shape)
    assert shown["response"] == {"success": False, "error": error}
    assert "finished_at" not in shown


def test_recovery() -> None:
    """The shape of F6 while running can still end well."""
    assert _at(120.0, "recovers")["response"] == _at(9999.0, "fail-F6")["response"]
    assert _at(140.0, "recovers") == _at(140.0)
