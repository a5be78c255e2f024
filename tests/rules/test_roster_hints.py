"""Whom to ask about next, where callbacks tell when a task is over."""

from __future__ import annotations

import pytest

from acedata_async._rules.seats import Waiter

from .watching import DONE, LEAST, MARKER, OWN, RUNNING, START, Note, Room, follow

CALLED_BACK = Note(callback_url=OWN)


def relying(room: Room | None = None) -> Room:
    """Return a room in which callbacks are relied on: one has come."""
    room = room or Room()
    waiter = wait(room, "first")
    room.roster.hint("first", room.now)
    room.answer(room.look(), {"first": DONE})
    room.roster.leave(waiter)
    return room


def wait(room: Room, task_id: str, timeout: float = 900.0) -> Waiter[Note]:
    """Begin to wait for a task that a callback will tell of."""
    return room.wait(room.seat(task_id, marker=MARKER), timeout=timeout)


def times(room: Room, until: float, records: dict[str, Note]) -> list[float]:
    """Return when lookups go out, in seconds from the start."""
    return [look.sent - START for look in follow(room, until, records)]


def test_nothing_has_come_yet() -> None:
    """Until the first callback has come, tasks are looked at as if there were none."""
    plain, called = Room(), Room()
    plain.wait("a")
    wait(called, "a")
    assert times(called, 60.0, {"a": RUNNING}) == times(plain, 60.0, {"a": RUNNING})


def test_callback() -> None:
    """A task is looked at when its callback comes, and not before."""
    room = relying()
    waiter = wait(room, "a")
    assert room.looks(45.0) == []
    assert room.roster.hint("a", room.now)
    room.answer(room.look(), {"a": DONE})
    assert waiter.ending == "final"


def test_nobody_waits() -> None:
    """A callback for a task that nobody waits for is kept: who comes is told at once."""
    room = relying()
    assert not room.roster.hint("a", room.now)
    wait(room, "a")
    assert room.look().task_ids == ["a"]


def test_safety_net() -> None:
    """Without one it is looked at after a minute, and then a quarter of its age later."""
    room = relying()
    wait(room, "a")
    looks = times(room, 400.0, {"a": RUNNING})
    assert looks[:3] == pytest.approx([60.0, 75.0, 93.75])
    assert looks[-1] - looks[-2] == pytest.approx(60.0)


def test_safety_net_of_a_known_kind() -> None:
    """One of a known kind is looked at once 99 in 100 are over, within limits."""
    room = relying()
    room.durations.note("song", 200.0, START)
    room.durations.note("speech", 2.0, START)
    room.wait(room.seat("a", kind="song", marker=MARKER))
    room.wait(room.seat("b", kind="speech", marker=MARKER))
    assert times(room, 700.0, {"a": RUNNING, "b": DONE})[:2] == pytest.approx([15.0, 260.0], abs=1)


def test_short_waits() -> None:
    """Who waits in short steps comes to it as well."""
    room = relying()
    seat = room.seat("a", marker=MARKER)
    looked: list[float] = []
    for _ in range(20):
        waiter = room.wait(seat, timeout=9.0)
        looked += times(room, room.now - START + 9.0, {"a": RUNNING})
        room.roster.leave(waiter)
    assert looked[:3] == pytest.approx([63.0, 81.0, 99.0], abs=9.0)


def test_hint_during_a_look_that_nobody_waits_for() -> None:
    """Who comes while a task is looked at that was hinted at has it looked at once more."""
    room = relying()
    waiter = wait(room, "a")
    look = room.look(60.0)
    room.roster.leave(waiter)
    room.roster.hint("a", room.now)
    wait(room, "a")
    room.answer(look, {"a": RUNNING})
    wake_at = room.wake_at()
    assert wake_at is not None
    assert wake_at <= 60.0 + LEAST


def test_hint_before_its_marker_is_known() -> None:
    """Of a task from elsewhere, whose record shows the marker, the callback has come already."""
    room = relying()
    room.roster.hint("a", room.now, MARKER)
    room.wait("a", acknowledged=False)
    assert len(times(room, 20.0, {"a": CALLED_BACK})) > 4


def test_many_waiters() -> None:
    """Thousands who wait for one task, or come and go, leave one place in the queue."""
    room = relying()
    wait(room, "a", 10_000.0)
    for _ in range(3000):
        wait(room, "a")
    for _ in range(3000):
        room.roster.leave(wait(room, "a"))
    assert len(room.roster._agenda._due._heap) < 10


@pytest.mark.parametrize(("timeout", "looked"), [(9.0, []), (30.0, [28.0])])
def test_last_chance(timeout: float, looked: list[float]) -> None:
    """Whoever waits for ten seconds or more has it looked at shortly before the wait ends."""
    room = relying()
    wait(room, "a", timeout)
    assert times(room, 59.0, {"a": RUNNING}) == looked


def test_last_chance_of_another() -> None:
    """That holds for each who waits."""
    room = relying()
    first = wait(room, "a")
    wait(room, "a", 20.0)
    assert times(room, 59.0, {"a": RUNNING}) == [18.0]
    assert not first.over


def test_callback_lied() -> None:
    """After a callback the task is looked at as often as one without: there is none to come."""
    room = relying()
    wait(room, "a")
    room.now = START + 10.0
    room.roster.hint("a", room.now)
    looks = times(room, 40.0, {"a": RUNNING})
    assert looks[0] == 10.0
    assert len(looks) > 4


def test_forged() -> None:
    """A callback that shows the marker of another task is forged: no lookup for it."""
    room = relying()
    wait(room, "a")
    for _ in range(1000):
        room.roster.hint("a", room.now, "of another")
    assert room.looks(45.0) == []
    room.roster.hint("a", room.now, MARKER)
    assert room.look().task_ids == ["a"]


def test_forged_before() -> None:
    """Nor for one that came before the id was known; it takes nothing from the real one."""
    room = relying()
    room.roster.hint("a", room.now, "of another")
    wait(room, "a")
    assert room.looks() == []
    room.roster.hint("b", room.now, "of another")
    room.roster.hint("b", room.now, MARKER)
    wait(room, "b")
    assert room.look().task_ids == ["b"]


def test_many_lies() -> None:
    """A thousand hints for a task cost one lookup more than none."""
    room = relying()
    wait(room, "a")
    room.now = START + 10.0
    for _ in range(1000):
        room.roster.hint("a", room.now)
    assert room.look().task_ids == ["a"]
    room.roster.hint("a", room.now)
    assert room.looks(10.0 + LEAST) == []


def test_seen_in_a_record() -> None:
    """Of a task from elsewhere the record tells that a callback will come."""
    room = relying()
    room.wait("a", acknowledged=False)
    assert times(room, 74.0, {"a": CALLED_BACK}) == [0.0, 60.0]


def test_missing_callbacks() -> None:
    """Once two have failed to come, tasks are looked at as if there were none, at once."""
    room = relying()
    for task_id in "abc":
        wait(room, task_id, 2000.0)
    room.answer(room.look(60.0), {"a": DONE, "b": DONE, "c": RUNNING})
    assert not room.roster.lacks_hints(room.now)
    assert len(times(room, 75.0, {"c": RUNNING})) == 1
    assert room.roster.lacks_hints(room.now)
    assert len(times(room, 100.0, {"c": RUNNING})) == 4


def test_over_before_its_callback() -> None:
    """A callback that comes a little after the lookup which saw the task over is not missing."""
    room = relying()
    for task_id in "ab":
        wait(room, task_id)
    room.answer(room.look(60.0), {"a": DONE, "b": DONE})
    room.now += 5.0
    for task_id in "ab":
        room.roster.hint(task_id, room.now)
    assert not room.roster.lacks_hints(room.now + 100.0)


def test_over_long_ago() -> None:
    """Nor are those of tasks which were over when they were first seen."""
    room = relying()
    for task_id in "abc":
        room.wait(task_id, acknowledged=False)
    over = Note(final=True, news="done", callback_url=OWN)
    room.answer(room.look(), dict.fromkeys("abc", over))
    assert not room.roster.lacks_hints(room.now + 100.0)


def test_called_while_nobody_waited() -> None:
    """Nor is one that came while nobody waited, however long ago that was."""
    room = relying()
    seats = [room.seat(task_id, marker=MARKER) for task_id in "ab"]
    for seat in seats:
        room.roster.hint(seat.task_id, room.now, MARKER, known=seat)
    room.now += 2000.0
    for seat in seats:
        room.wait(seat)
    room.answer(room.look(), {"a": DONE, "b": DONE})
    assert not room.roster.lacks_hints(room.now + 100.0)
