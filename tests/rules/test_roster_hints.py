"""Whom to ask about next, where callbacks tell when a task is over."""

from __future__ import annotations

import pytest

from acedata_async._rules.seats import Waiter

from .watching import DONE, LEAST, MARKER, OWN, RUNNING, START, Note, Room, follow

CALLED_BACK = Note(callback_url=OWN)


def wait(room: Room, task_id: str, timeout: float = 900.0) -> Waiter[Note]:
    """Begin to wait for a task that a callback will tell of."""
    return room.wait(room.seat(task_id, marker=MARKER), timeout=timeout)


def relies(room: Room) -> bool:
    """Say whether callbacks are relied on."""
    return room.roster.relies_on_hints


def times(room: Room, until: float, records: dict[str, Note]) -> list[float]:
    """Return when lookups go out, in seconds from the start."""
    return [look.sent - START for look in follow(room, until, records)]


def test_callback() -> None:
    """A task is looked at when its callback comes, and not before."""
    room = Room()
    waiter = wait(room, "a")
    assert room.looks(45.0) == []
    assert room.roster.hint("a", room.now)
    room.answer(room.look(), {"a": DONE})
    assert waiter.ending == "final"


def test_nobody_waits() -> None:
    """A callback for a task that nobody waits for is kept: who comes is told at once."""
    room = Room()
    assert not room.roster.hint("a", room.now)
    wait(room, "a")
    assert room.look().task_ids == ["a"]


def test_safety_net() -> None:
    """Without one it is looked at after a minute, and then at half its age."""
    room = Room()
    wait(room, "a")
    assert times(room, 400.0, {"a": RUNNING}) == pytest.approx([60.0, 90.0, 135.0, 202.5, 303.75])


def test_safety_net_of_a_known_kind() -> None:
    """A kind that takes longer than that is given as long as nineteen in twenty take."""
    room = Room()
    room.durations.note("song", 200.0, START)
    seat = room.seat("a", kind="song", marker=MARKER)
    room.wait(seat)
    assert times(room, 600.0, {"a": RUNNING})[0] == pytest.approx(453.0, abs=1.0)


@pytest.mark.parametrize(("timeout", "looked"), [(9.0, []), (30.0, [28.0])])
def test_last_chance(timeout: float, looked: list[float]) -> None:
    """Whoever waits for ten seconds or more has it looked at shortly before the wait ends."""
    room = Room()
    wait(room, "a", timeout)
    assert times(room, 59.0, {"a": RUNNING}) == looked


def test_last_chance_of_another() -> None:
    """That holds for each who waits."""
    room = Room()
    first = wait(room, "a")
    wait(room, "a", 20.0)
    assert times(room, 59.0, {"a": RUNNING}) == [18.0]
    assert not first.over


def test_callback_lied() -> None:
    """After a callback the task is looked at as often as one without: there is none to come."""
    room = Room()
    wait(room, "a")
    room.now = START + 10.0
    room.roster.hint("a", room.now)
    looks = times(room, 40.0, {"a": RUNNING})
    assert looks[0] == 10.0
    assert len(looks) > 4


def test_forged() -> None:
    """A callback that shows the marker of another task is forged: no lookup for it."""
    room = Room()
    wait(room, "a")
    for _ in range(1000):
        room.roster.hint("a", room.now, "of another")
    assert room.looks(45.0) == []
    room.roster.hint("a", room.now, MARKER)
    assert room.look().task_ids == ["a"]


def test_forged_before() -> None:
    """Nor for one that came before the id was known; it takes nothing from the real one."""
    room = Room()
    room.roster.hint("a", room.now, "of another")
    wait(room, "a")
    assert room.looks() == []
    room.roster.hint("b", room.now, "of another")
    room.roster.hint("b", room.now, MARKER)
    wait(room, "b")
    assert room.look().task_ids == ["b"]


def test_many_lies() -> None:
    """A thousand hints for a task cost one lookup more than none."""
    room = Room()
    wait(room, "a")
    room.now = START + 10.0
    for _ in range(1000):
        room.roster.hint("a", room.now)
    assert room.look().task_ids == ["a"]
    room.roster.hint("a", room.now)
    assert room.looks(10.0 + LEAST) == []


def test_seen_in_a_record() -> None:
    """Of a task from elsewhere the record tells that a callback will come."""
    room = Room()
    room.wait("a", acknowledged=False)
    assert times(room, 89.0, {"a": CALLED_BACK}) == [0.0, 60.0]


def test_missing_callbacks() -> None:
    """Once a callback has failed to come, tasks are looked at as if there were none."""
    room = Room()
    wait(room, "a", 2000.0)
    wait(room, "b", 2000.0)
    wait(room, "c", 2000.0)
    room.answer(room.look(60.0), {"a": DONE, "b": CALLED_BACK, "c": CALLED_BACK})
    assert relies(room)
    sent = times(room, 300.0, {"b": CALLED_BACK, "c": CALLED_BACK})
    assert not relies(room)
    assert len(sent) > 10
    room.roster.hint("b", room.now)
    room.answer(room.look(), {"b": DONE, "c": CALLED_BACK})
    assert relies(room)


def test_over_before_its_callback() -> None:
    """A callback that comes a little after the lookup which saw the task over is not missing."""
    room = Room()
    waiter = wait(room, "a")
    room.answer(room.look(60.0), {"a": DONE})
    room.roster.leave(waiter)
    room.now += 5.0
    room.roster.hint("a", room.now)
    room.now += 100.0
    wait(room, "b")
    assert room.wake_at() == pytest.approx(60.0 + 105.0 + 60.0)


def test_over_long_ago() -> None:
    """Nor is that of a task which was over when it was first seen."""
    room = Room()
    room.wait("a", acknowledged=False)
    room.answer(room.look(0.0), {"a": Note(final=True, news="done", callback_url=OWN)})
    room.now += 100.0
    assert room.roster.relies_on_hints
    wait(room, "b")
    assert room.wake_at() == pytest.approx(160.0)
