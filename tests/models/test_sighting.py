"""A record as a lookup showed it."""

from __future__ import annotations

import gc
import json
from typing import Any
from weakref import ref

import pytest
from hypothesis import given

from acedata_async.models.sighting import Sighting, slimmed
from acedata_async.models.task import Task
from tests.examples import examples

from .test_task import RECORDS

SONG = {"id": "2", "audio_url": "https://x/2.m4a", "state": "succeeded"}
RECORD: dict[str, Any] = {
    "id": "t",
    "created_at": 1767119745.5,
    "started_at": 1767119750.0,
    "finished_at": 1767119785.75,
    "elapsed": 35.75,
    "request": {"action": "generate", "model": "FUZZ-2.0", "lyric": "la " * 999},
    "response": {"data": [SONG]},
}


def seen(**facts: Any) -> Sighting:
    """Return a sighting of a record, with some facts of it replaced."""
    return Sighting({**RECORD, **facts}, "producer")


def test_succeeded() -> None:
    """A record of a song that succeeded tells how long it took, its time in the queue included."""
    done = seen()
    assert (done.final, done.verdict.state) == (True, "succeeded")
    assert (done.begun, done.ended) == (1767119745.5, 1767119785.75)
    assert done.took == done.seconds == 40.25


def test_running() -> None:
    """A record of a task that runs tells when it began."""
    running = seen(finished_at=None, response=None)
    assert (running.final, running.verdict.state) == (False, "running")
    assert (running.begun, running.ended) == (1767119745.5, None)
    assert running.took is None
    assert seen(finished_at=None, response=None, elapsed=None).seconds is None


def test_failed() -> None:
    """How long a failure took says nothing about how long a success takes."""
    failed = seen(response={"success": False, "error": {"code": "x"}})
    assert (failed.verdict.state, failed.verdict.code) == ("failed", "x")
    assert (failed.took, failed.seconds) == (None, 40.25)


@pytest.mark.parametrize("missing", [None, "soon", []])
def test_time_missing(missing: object) -> None:
    """Where a time is missing, the record's own figure counts, which may leave out the queue."""
    done = seen(created_at=missing)
    assert done.took == done.seconds == 35.75
    assert seen(created_at=missing, elapsed="long").took is None
    bare = {name: fact for name, fact in done.raw.items() if name != "elapsed"}
    assert Sighting(bare, "producer").seconds is None
    assert Sighting({**bare, "duration": "36"}, "producer").took == 36.0
    assert Sighting({**bare, "elapsed": 35.75, "duration": 36}, "producer").took == 35.75


def test_dates_as_texts() -> None:
    """Both forms of time are read."""
    done = seen(created_at="2025-12-30T18:35:45.500Z", finished_at="1767119785.75")
    assert done.took == 40.25


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        ({}, "producer/generate/FUZZ-2.0"),
        ({"request": {"action": "stems"}}, "producer/stems/"),
        ({"request": None}, None),
        ({"request": "odd"}, None),
    ],
)
def test_kind(facts: dict[str, Any], kind: str | None) -> None:
    """Tasks of one service, action and model take about as long."""
    assert seen(**facts).kind == kind


def test_task() -> None:
    """The record for users is made on demand, and is the same as if read at once."""
    done = seen()
    assert done._task is None
    assert done.task == Task.read(done.raw)
    assert done.news == done.task.news


def test_task_is_kept_for_who_holds_it() -> None:
    """It is the same object for as long as anybody holds it, and not kept for nobody."""
    done = seen()
    task = done.task
    assert done.task is done.task is task
    gone = ref(task)
    del task
    gc.collect()
    assert gone() is None
    assert done.task == Task.read(done.raw)


def test_slimmed() -> None:
    """Of a request's echo only what makes its kind is kept, and all else of the record."""
    slim = slimmed(RECORD)
    assert slim == {**RECORD, "request": {"action": "generate", "model": "FUZZ-2.0"}}
    assert "lyric" in RECORD["request"]
    assert len(json.dumps(slim)) < 500
    assert slimmed({"id": "t", "request": "odd"}) == {"id": "t", "request": {}}
    assert slimmed({"id": "t"})["id"] == "t"


@examples(300)
@given(RECORDS)
def test_never_raises(raw: dict[str, Any]) -> None:
    """Any JSON object can be seen, slimmed or not, and tells what its task tells."""
    one, slim = Sighting(raw, "producer"), Sighting(slimmed(raw), "producer")
    task = Task.read(raw)
    for sighting in (one, slim):
        assert (sighting.final, sighting.verdict.state) == (task.final, task.state)
        assert sighting.news == task.news
        assert sighting.took is None or isinstance(sighting.took, float)
        assert sighting.begun is None or isinstance(sighting.begun, float)
        assert isinstance(sighting.task.id, str)
    assert one.kind == slim.kind
    hash(one.news)
