"""Every error: the tree, the facts, the words."""

from __future__ import annotations

import builtins
import copy
import inspect
import pickle
import re
from typing import Any

import pytest

from acedata_async import errors
from acedata_async.errors import (
    AceDataError,
    APIError,
    AuthenticationError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
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
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
    describe_problem,
)
from acedata_async.models.producer import GenerateRequest
from acedata_async.models.task import Task

SECRET = "https://hooks.example.com/s3cr3t"
SONG = {"id": "2", "audio_url": "https://x/2.m4a"}
FAILED: dict[str, Any] = {
    "id": "t",
    "trace_id": "1da0",
    "finished_at": 1.0,
    "request": {"callback_url": SECRET},
    "response": {"success": False, "error": {"code": "api_error", "message": "fetch failed"}},
}
FACTS: dict[str, Any] = {
    "status": 429,
    "code": "too_many_requests",
    "message": "slow down",
    "trace_id": "1da0",
    "body": {"error": {}},
    "retry_after": 7.0,
}
ALL: list[AceDataError] = [
    AceDataError("x"),
    ConfigurationError("x"),
    ClientClosed("x"),
    InvalidRequest("weirdness", 7, "a number from 0 to 1"),
    InvalidRequest(None, None, "an object", problems=["one", "two"]),
    ConnectionFailed("x"),
    APIError("x", **FACTS),
    AuthenticationError("x", **FACTS),
    PermissionDenied("x", **FACTS),
    InsufficientBalance("x", **FACTS),
    PaymentRequired("x", **FACTS),
    NotFound("x", **FACTS),
    RateLimited("x", **FACTS),
    ServerError("x", **FACTS),
    MalformedResponse("x"),
    SubmissionUnknown("x", request=GenerateRequest(prompt="y"), marker="m", status=502),
    TaskFailed(Task.read(FAILED)),
    TaskNotFound("t"),
    WatchTimeout(["t", "u"], 900.0),
    DownloadError("x", url="https://x/1.m4a"),
    LinkExpired("x", url="https://x/1.m4a"),
    LedgerError("x"),
]


def kinds() -> set[type[Exception]]:
    """Return the classes of the module."""
    return {
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == errors.__name__
    }


def test_tree_is_as_drawn() -> None:
    """The tree in the module's docstring is the tree of the classes."""
    parents: list[type[Exception]] = []
    drawn = set()
    for line in (errors.__doc__ or "").splitlines():
        found = re.match(r"((?:│   )*)([├└]── )?([A-Z]\w+)(?:\s+(?:\((\w+)\))?.*)?$", line)
        if not found or not hasattr(errors, found[3]):
            continue
        depth = len(found[1]) // 4 + bool(found[2])
        kind = getattr(errors, found[3])
        parents[depth:] = [kind]
        expected = [parents[depth - 1]] if depth else [Exception]
        if found[4]:
            expected.append(getattr(builtins, found[4]))
        assert list(kind.__bases__) == expected, kind
        drawn.add(kind)
    assert drawn == kinds()


def test_all_are_tested() -> None:
    """The list in this file has every class."""
    assert {type(error) for error in ALL} == kinds()


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))],  # noqa: S301 - our own
    ids=["copy", "deepcopy", "pickle"],
)
def test_copies(error: AceDataError, duplicate: Any) -> None:
    """Every error can be copied and pickled, and keeps its class, words and facts."""
    error.add_note("a note")
    copied = duplicate(error)
    assert type(copied) is type(error)
    assert (str(copied), copied.args) == (str(error), error.args)
    assert vars(copied) == vars(error)
    assert copied.__notes__ == error.__notes__


@pytest.mark.parametrize("error", ALL, ids=lambda error: type(error).__name__)
def test_words(error: AceDataError) -> None:
    """Every error has words, a docstring, and none shows a callback_url."""
    assert str(error)
    assert inspect.getdoc(type(error))
    assert "s3cr3t" not in str(error) + repr(error)


def test_builtin_bases() -> None:
    """Two of them are what the standard library would raise as well."""
    assert issubclass(InvalidRequest, ValueError)
    assert issubclass(WatchTimeout, TimeoutError)


def test_api_error() -> None:
    """An APIError carries its facts; all but the status are optional."""
    error = APIError("x", **FACTS)
    assert {name: getattr(error, name) for name in FACTS} == FACTS
    bare = APIError("x", status=500)
    assert (bare.code, bare.message, bare.trace_id) == (None, "", None)
    assert (bare.body, bare.retry_after) == (None, None)


def test_invalid_request() -> None:
    """An InvalidRequest names field, value and what is allowed."""
    error = InvalidRequest("weirdness", 7, "a number from 0 to 1")
    assert (error.field, error.value, error.allowed) == ("weirdness", 7, "a number from 0 to 1")
    assert error.problems == (str(error),)
    assert str(error) == "weirdness: 7 is not allowed; allowed: a number from 0 to 1"
    several = InvalidRequest("a", 1, "b", problems=["one", "two"])
    assert (str(several), several.problems) == ("one; two", ("one", "two"))


def test_describe_problem() -> None:
    """A long value is cut short, and a problem of the whole has only words."""
    assert describe_problem(None, "secret", "an object") == "an object"
    assert describe_problem("a", "y" * 78, "b") == f"a: '{'y' * 78}' is not allowed; allowed: b"
    assert describe_problem("a", "y" * 79, "b") == (
        f"a: '{'y' * 59}… (81 characters) is not allowed; allowed: b"
    )


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (FAILED, "task t failed: api_error fetch failed (trace_id 1da0)"),
        (
            {"id": "t", "finished_at": 1.0, "response": {"success": False}},
            "task t failed: no reason given",
        ),
        ({"id": "t", "finished_at": 1.0, "response": {"error": "why"}}, "task t failed: why"),
        (
            {"id": "t", "finished_at": 1.0},
            "task t anomalous: the record is finished but holds no result",
        ),
        (
            {"id": "t", "finished_at": 1.0, "response": {"error": "why", "data": [SONG]}},
            f"task t failed: why; it left playable audio: {SONG['audio_url']}",
        ),
    ],
)
def test_task_failed(record: dict[str, Any], words: str) -> None:
    """A TaskFailed says why and what can be salvaged."""
    task = Task.read(record)
    error = TaskFailed(task)
    assert str(error).startswith(words)
    assert "charged" in str(error)
    assert error.task is task
    assert task.failure is not None
    assert (error.code, error.message) == (task.failure.code, task.failure.message)
    assert error.audios == task.audios


def test_task_failed_without_a_failure() -> None:
    """A task whose result cannot be had for another reason has none to tell."""
    error = TaskFailed(Task.read({"id": "t"}))
    assert (error.code, error.message) == (None, "")
    assert "no reason given" in str(error)


def test_watch_timeout() -> None:
    """A WatchTimeout names the ids and says that the tasks live on."""
    error = WatchTimeout([str(number) for number in range(7)], 900.4)
    assert error.task_id == "0"
    assert error.task_ids == tuple("0123456")
    assert error.waited == 900.4
    assert str(error).startswith("7 tasks 0, 1, 2, 3, 4 … are still running after 900 s;")
    assert "watch the id again" in str(error)
    assert str(WatchTimeout(["a"], 5.0)).startswith("task a is still running after 5 s;")
    assert "after 0.1 s;" in str(WatchTimeout(["a"], 0.1))
    assert "…" not in str(WatchTimeout(list("01234"), 1.0))


def test_task_not_found() -> None:
    """A TaskNotFound says what to check."""
    error = TaskNotFound("t")
    assert error.task_id == "t"
    assert "check the id" in str(error)


def test_submission_unknown() -> None:
    """A SubmissionUnknown carries the request, its marker and the status of the answer."""
    request = GenerateRequest(prompt="y")
    error = SubmissionUnknown("x", request=request)
    assert (error.request, error.marker, error.status) == (request, None, None)


def test_download_error() -> None:
    """A DownloadError says where the file was to come from."""
    assert DownloadError("x", url="https://x/1.m4a").url == "https://x/1.m4a"
