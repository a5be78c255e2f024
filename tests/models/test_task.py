"""A task's record."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async.errors import TaskFailed
from acedata_async.models.task import Failure, Task, mask_callback
from tests.examples import examples

SECRET = "https://user:s3cr3t@hooks.example.com:8443/s3cr3t/x?key=s3cr3t#s3cr3t"
SONG = {"id": "2", "audio_url": "https://x/2.m4a", "state": "succeeded", "progress": "100%"}
PREVIEW = {"id": "3", "audio_url": "https://x/3.m4a", "state": "processing", "progress": "40%"}
RECORD: dict[str, Any] = {
    "_id": "6954",
    "id": "t",
    "type": "audios",
    "trace_id": "1da0",
    "created_at": 1767119745.524,
    "request": {"action": "generate", "callback_url": SECRET},
}


def task(response: Any = None, **facts: Any) -> Task:
    """Read a record."""
    return Task.read({**RECORD, "response": response, **facts})


def test_pending() -> None:
    """A task that has not begun has nothing to show."""
    pending = task()
    assert (pending.state, pending.final, pending.progress) == ("pending", False, None)
    assert (pending.audios, pending.stems, pending.failure) == ([], None, None)
    assert (pending.started_at, pending.finished_at, pending.elapsed) == (None, None, None)


def test_preview() -> None:
    """A running task may have previews, and tells its least progress."""
    running = task({"data": [PREVIEW, {"progress": "20%"}, {"id": "5"}]})
    assert (running.state, running.progress, running.failure) == ("running", 0.2, None)
    assert [audio.id for audio in running.audios] == ["3"]
    assert running.audios[0].task_id == "t"


def test_succeeded() -> None:
    """A task that succeeded is complete, whatever its items say of their progress."""
    done = task({"data": [{**SONG, "progress": "99%"}]}, finished_at=1767119785.589)
    assert (done.state, done.final, done.progress, done.failure) == ("succeeded", True, 1.0, None)


def test_failed_with_salvage() -> None:
    """A failed task tells why and gives what can be played."""
    response = {"success": False, "error": {"code": "x", "message": "y"}, "data": [SONG]}
    failed = task(response, finished_at=1767119785.589)
    assert (failed.state, failed.failure) == ("failed", Failure("x", "y"))
    assert [audio.id for audio in failed.audios] == ["2"]


def test_anomalous() -> None:
    """A finished task without a result says so."""
    odd = task({"success": True, "data": []}, finished_at=1767119785.589)
    assert odd.state == "anomalous"
    assert odd.failure is not None
    assert "no result" in odd.failure.message


def test_stems() -> None:
    """Stems are no song."""
    done = task({"data": [{"stems_url": "https://x/1.zip", "title": "x"}]}, finished_at=1.0)
    assert done.stems is not None
    assert (done.stems.stems_url, done.stems.task_id) == ("https://x/1.zip", "t")
    assert done.audios == []


def test_data_as_an_object() -> None:
    """`data` may be one object instead of a list."""
    assert [audio.id for audio in task({"data": SONG}, finished_at=1.0).audios] == ["2"]


@pytest.mark.parametrize("name", ["created_at", "started_at", "finished_at"])
@pytest.mark.parametrize(
    "value",
    [1767119785.589, "1767119785.589", "2025-12-30T18:36:25.589Z", "2025-12-30T18:36:25.589"],
)
def test_moments(name: str, value: Any) -> None:
    """Moments are aware, from numbers and from ISO 8601."""
    moment = getattr(task(**{name: value}), name)
    assert moment == datetime(2025, 12, 30, 18, 36, 25, 589000, UTC)


@pytest.mark.parametrize(
    ("facts", "seconds"),
    [({"elapsed": 40.005}, 40.005), ({"duration": 40.065}, 40.065), ({"elapsed": "40"}, 40.0)],
)
def test_elapsed(facts: dict[str, Any], seconds: float) -> None:
    """The processing time has had two names."""
    assert task(**facts).elapsed == seconds


def test_null_elapsed() -> None:
    """A null under the new name does not hide the value under the old."""
    assert task(elapsed=None, duration=40.0).elapsed == 40.0


def test_news() -> None:
    """News is a change of state, progress or playable audio, and nothing else."""
    first = task({"data": [PREVIEW]})
    assert first.news == task({"data": [{**PREVIEW, "title": "new"}]}, trace_id="other").news
    assert first.news != task({"data": [{**PREVIEW, "progress": "41%"}]}).news
    assert first.news != task({"data": [{**PREVIEW, "audio_url": "https://x/4.m4a"}]}).news
    assert first.news != task({"data": [PREVIEW]}, finished_at=1.0).news
    assert hash(first.news) == hash(task({"data": [PREVIEW]}).news)


@pytest.mark.parametrize(
    ("request_", "masked"),
    [
        ({"callback_url": SECRET}, {"callback_url": "https://hooks.example.com/…"}),
        ({"callback_url": "http://["}, {"callback_url": "…"}),
        ({"callback_url": None, "a": 1}, {"callback_url": None, "a": 1}),
        ({"a": 1}, {"a": 1}),
    ],
)
def test_mask_callback(request_: dict[str, Any], masked: dict[str, Any]) -> None:
    """Nothing but the host is left of a callback_url, and the original stays as it was."""
    before = dict(request_)
    assert mask_callback(request_) == masked
    assert request_ == before


@pytest.mark.parametrize("url", ["s3cr3t", "hooks.example.com/s3cr3t", "//s3cr3t@x/s3cr3t", ""])
def test_mask_anything(url: str) -> None:
    """Nor does an address that is none show its secret."""
    assert "s3cr3t" not in str(mask_callback({"callback_url": url}))


def test_callback_leaks_nowhere() -> None:
    """The secret in a callback_url is in no repr and no export; `request` and `raw` have it."""
    done = task({"data": [SONG]}, finished_at=1.0)
    assert (done.state, done.audios[0].id) == ("succeeded", "2")
    shown = [
        repr(done),
        str(done),
        repr([done]),
        str(done.model_dump()),
        str(done.model_dump(mode="json")),
        str(done.model_dump(include={"request"})),
        done.model_dump_json(),
        json.dumps(done.export()),
        str(copy.deepcopy(done)),
    ]
    assert not [text for text in shown if "s3cr3t" in text]
    assert done.request["callback_url"] == done.raw["request"]["callback_url"] == SECRET


LONG = f"https://hooks.example.com/{'x' * 60}/s3cr3t/{'y' * 40}?a=1&tok=s3cr3t"
WRONG = [{"loc": ["body", "callback_url"], "msg": "bad", "input": LONG}]


@pytest.mark.parametrize(
    "response",
    [
        {"success": False, "error": {"code": "c", "message": f"no way to {LONG}!"}},
        {"error": f"no way to {LONG}!"},
        {"status": 400, "message": json.dumps(WRONG)},
        {"status": 400, "message": json.dumps({"status": 400, "message": json.dumps(WRONG)})},
        {"status": 400, "message": LONG.replace("/", "\\/")},
        {"status": 400, "message": quote(LONG, safe="")},
        {"status": 400, "message": escape(LONG)},
        {"success": False, "error": {"code": LONG, "message": "x"}, LONG: 1},
    ],
)
def test_failure_that_quotes_the_receiver(response: dict[str, Any]) -> None:
    """A failure's words may repeat the callback_url, in whatever spelling: they hide it."""
    request = {"text": "hi", "callback_url": LONG}
    failed = Task.read({"id": "t", "finished_at": 2.0, "request": request, "response": response})
    error = TaskFailed(failed)
    shown = [str(error), repr(error), error.message, str(error.code), repr(failed.failure)]
    shown += [repr(failed), failed.model_dump_json(), str(failed.model_dump())]
    shown += [json.dumps(failed.export())]
    assert failed.state == "failed"
    assert not [text for text in shown if "s3cr3t" in text]
    assert "hooks.example.com" in str(error)


def test_repr() -> None:
    """The repr says where the task stands."""
    assert repr(task({"data": [PREVIEW]})) == "Task(id='t', state='running', progress=0.4)"


def test_export() -> None:
    """The export is the record as it was sent, with the callback_url masked."""
    done = task({"data": [SONG]}, finished_at=1.0)
    masked = {"action": "generate", "callback_url": "https://hooks.example.com/…"}
    assert done.export() == {**done.raw, "request": masked}
    assert Task.read({"id": "t", "request": "odd"}).export() == {"id": "t", "request": "odd"}
    assert Task.read(done.export()).news == done.news


def test_dump() -> None:
    """A dump has the record's fields, and nothing that was worked out from them."""
    done = task({"data": [SONG]}, finished_at=1.0)
    assert done.audios
    assert not [name for name in done.model_dump() if name in {"_verdict", "_items", "_songs"}]
    assert done.model_dump()["_id"] == "6954"


def test_round_trip() -> None:
    """A task that is read from its own dump stands where it stood."""
    done = task({"data": [SONG]}, finished_at=1767119785.589)
    for dump in (done.model_dump(), done.model_dump(mode="json")):
        again = Task.model_validate(dump)
        assert (again.state, again.finished_at) == (done.state, done.finished_at)


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))],  # noqa: S301 - our own
)
def test_copies(duplicate: Any) -> None:
    """Copies are equal to the original and know as much, looked into or not."""
    done = task({"data": [SONG]}, finished_at=1.0)
    before = duplicate(done)
    assert done.audios
    after = duplicate(done)
    assert before == done == after
    assert before.raw == after.raw == done.raw
    assert before.audios == after.audios == done.audios
    assert done != task({"data": [SONG]}, finished_at=2.0)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"id": None},
        {"id": 7},
        {"id": []},
        {"request": None},
        {"request": [1]},
        {"response": "text"},
        {"response": [1]},
        {"response": {"data": "text"}},
        {"response": {"data": [None, 7, "x", []]}},
        {"response": {"data": [{"audio_url": 7, "progress": [], "duration": {}, "title": 1}]}},
        {"created_at": "soon", "finished_at": [], "elapsed": "long"},
        {"state": "succeeded", "progress": 1, "audios": 7, "final": True, "raw": 1, "news": 2},
        {"_verdict": 1, "_items": 2, "_songs": 3, "_raw": 4},
    ],
)
def test_odd_records(raw: dict[str, Any]) -> None:
    """No odd field makes a task unreadable, and no field overrides what is worked out."""
    odd = Task.read(raw)
    assert isinstance(odd.id, str)
    assert odd.state in {"pending", "running"}
    assert not odd.final
    assert isinstance(odd.audios, list)
    assert odd.raw == raw
    assert odd.export() == raw


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(), max_size=6)
    | st.sampled_from(["100%", "succeeded", "https://x/1.m4a", "2025-12-30T17:18:23Z"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "audio_url", "stems_url", "state", "progress", "callback_url", "error"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)
RECORDS = st.dictionaries(
    st.sampled_from(
        [
            *("id", "type", "trace_id", "request", "response", "created_at", "started_at"),
            *("finished_at", "elapsed", "duration", "state", "_id"),
        ]
    )
    | st.text(max_size=4),
    JSON,
    max_size=6,
)


@examples(300)
@given(RECORDS)
def test_read_never_raises(raw: dict[str, Any]) -> None:
    """Any JSON object can be read, shown, dumped, copied and compared."""
    odd = Task.read(raw)
    assert odd.state in {"pending", "running", "succeeded", "failed", "anomalous"}
    assert odd.progress is None or 0 <= odd.progress <= 1
    assert (odd.failure is None) == (odd.state not in {"failed", "anomalous"})
    assert odd.raw == raw
    assert repr(odd)
    assert all(audio.audio_url for audio in odd.audios)
    assert odd.stems is None or odd.stems.task_id == odd.id
    hash(odd.news)
    json.dumps(odd.export())
    odd.model_dump()
    assert copy.deepcopy(odd) == odd


def test_export_masks_the_receiver_wherever_it_stands() -> None:
    """The vendor may repeat the `callback_url` outside the request."""
    url = "https://hooks.example/x?secret=SESAME"
    record = {
        "id": "1",
        "callback_url": url,
        "request": {"callback_url": url},
        "response": {"data": [{"note": f"sent to {url}"}]},
    }
    assert "SESAME" not in json.dumps(Task.read(record).export())
