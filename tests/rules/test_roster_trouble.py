"""Whom to ask about next: lookups that went wrong."""

from __future__ import annotations

import pytest

from .watching import DONE, RUNNING, START, Room, Trouble


def test_refused() -> None:
    """After a 429 nothing goes before its time, then the same tasks are asked for again."""
    room = Room()
    room.wait("a")
    look = room.look(4.0)
    room.roster.refused(look, Trouble(), retry_after=20.0, now=room.now)
    assert room.looks(23.9) == []
    assert room.wake_at() == pytest.approx(24.0, abs=0.6)
    assert room.look(24.6).task_ids == ["a"]


def test_too_large() -> None:
    """Where the number of ids was refused, half as many are asked for at once."""
    room = Room()
    for number in range(20):
        room.wait(str(number))
    room.roster.too_large(room.look(4.0), Trouble(), room.now)
    assert [len(look.seats) for look in room.looks()] == [10, 10]


def test_error_does_not_stop_polling() -> None:
    """A failed lookup pauses the schedule and ends no wait; then it goes on."""
    room = Room()
    waiter = room.wait("a")
    moment = 4.0
    for _ in range(20):
        look = room.look(moment)
        room.roster.failed(look, Trouble(), room.now)
        assert not waiter.over
        wake_at = room.wake_at()
        assert wake_at is not None
        assert moment + 0.4 < wake_at <= moment + 15
        moment = wake_at
    assert room.answer(room.look(moment), {"a": DONE}) == [waiter]


def test_pause_is_over_after_a_success() -> None:
    """The row of failures ends with an answer: the next pause is short again."""
    room = Room()
    room.wait("a")
    moment = 4.0
    for _ in range(8):
        room.roster.failed(room.look(moment), Trouble(), room.now)
        moment = room.wake_at() or 0.0
    room.answer(room.look(moment), {"a": RUNNING})
    moment = room.wake_at() or 0.0
    room.roster.failed(room.look(moment), Trouble(), room.now)
    assert (room.wake_at() or 0.0) <= moment + 1.0


def test_old_trouble_is_not_blamed() -> None:
    """A new wait is not told of the trouble of a wait long over."""
    room = Room()
    first = room.wait("a")
    room.roster.failed(room.look(4.0), Trouble(), room.now)
    room.roster.leave(first)
    room.now += 1000.0
    second = room.wait("b", timeout=1.0)
    assert room.roster.plan(room.now + 1.0).expired == [second]
    assert second.cause is None


def test_barred() -> None:
    """What cannot heal ends the waits of that look, and only those."""
    room = Room()
    waiter = room.wait("a")
    look = room.look(4.0)
    other = room.wait("b")
    trouble = Trouble()
    assert room.roster.barred(look, trouble) == [waiter]
    assert (waiter.ending, waiter.cause) == ("barred", trouble)
    assert not other.over


def test_one_probe_after_failures() -> None:
    """After a failure one lookup at a time goes to find out; an answer opens the door again."""
    room = Room()
    for number in range(300):
        room.wait(str(number))
    looks = room.looks(4.0)
    assert len(looks) == 6
    room.roster.failed(looks.pop(), Trouble(), room.now)
    for look in looks:
        room.roster.failed(look, Trouble(), room.now)
    probe = room.look(60.0)
    assert room.looks(61.0) == []
    assert room.wake_at() == 900.0
    room.roster.failed(probe, Trouble(), room.now)
    probe = room.look(120.0)
    room.answer(probe, dict.fromkeys(probe.task_ids, RUNNING))
    looks = room.looks()
    assert len({task_id for look in looks for task_id in look.task_ids}) == 250
    assert len(looks) == 6  # who was in the probe that failed goes by halves


def test_spurned() -> None:
    """An id that the API answers with an error of its own is asked for alone, now and then."""
    room = Room()
    waiter, other = room.wait("bad"), room.wait("good")
    room.roster.too_large(room.look(4.0), Trouble(), room.now)
    looks = {look.task_ids[0]: look for look in room.looks()}
    room.roster.spurned(looks["bad"], Trouble(), room.now)
    room.answer(looks["good"], {"good": RUNNING})
    assert not waiter.over
    room.wait("third")
    room.wait("fourth")
    asked = [look.task_ids for look in room.looks(18.9)]
    assert asked == [["good", "third", "fourth"]]
    assert ["bad"] in [look.task_ids for look in room.looks(19.0)]
    assert not other.over


def test_spurned_is_blamed() -> None:
    """A wait for such an id ends at its deadline and says what the trouble was."""
    room = Room()
    waiter, trouble = room.wait("bad", timeout=10.0), Trouble()
    room.roster.spurned(room.look(4.0), trouble, room.now)
    assert room.roster.plan(START + 10.0).expired == [waiter]
    assert waiter.cause is trouble


def test_a_429_may_slow_submissions() -> None:
    """Where submissions are the flood, a lookup that is refused slows them too."""
    room = Room()
    room.wait("a")
    look = room.look(4.0)
    for _ in range(40):
        room.budget.submissions.take(room.now)
    room.roster.refused(look, Trouble(), retry_after=None, now=room.now)
    assert room.budget.submissions.rate == 20.0
