"""The facts that observers are told."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from typing import get_args

import pytest

from acedata_async import CallAnswered, CallSent, Event, RateChanged, TaskFinal, TaskSeen
from acedata_async._rules.exchange import Lane
from acedata_async._rules.verdict import TaskState
from acedata_async.events import Purpose, State

EVENTS: list[Event] = [
    CallSent(path="/producer/audios", purpose="submit", size=70),
    CallAnswered(
        path="/producer/tasks", purpose="lookup", status=200, seconds=0.1, size=9, error=None
    ),
    TaskSeen(task_id="a", kind="producer/generate/m", state="running", progress=0.5),
    TaskFinal(task_id="a", kind=None, state="failed", seconds=None, lag=0.4, lookups=3),
    RateChanged(purpose="lookup", rate=2.0, reason="clean"),
]


def test_every_kind_of_event_is_here() -> None:
    """The examples above are all that there are."""
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_are_values(event: Event) -> None:
    """An event cannot be changed, is equal to its copy, and fits into sets and queues."""
    with pytest.raises(FrozenInstanceError):
        setattr(event, fields(event)[0].name, "another")
    assert pickle.loads(pickle.dumps(event)) == event  # noqa: S301 - our own
    assert len({event, event}) == 1
    assert not hasattr(event, "__dict__")


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_events_are_built_by_name(event: Event) -> None:
    """A field that is added later cannot be taken for another one."""
    assert all(field.kw_only for field in fields(event))


def test_words_are_those_of_the_rules() -> None:
    """Purposes are the lanes of a call, and states those of a task."""
    assert get_args(Purpose) == get_args(Lane)
    assert get_args(State) == get_args(TaskState)
