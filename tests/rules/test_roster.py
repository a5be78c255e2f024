"""Whom to ask about next: what each call does, and faults that other coalescers have."""

from __future__ import annotations

import pytest

from acedata_async._rules.roster import MOST_LOOKS

from .watching import DONE, RUNNING, START, Note, Room, Trouble


def test_one_task() -> None:
    """A task is first looked at after four seconds, then again and again until it is final."""
    room = Room()
    waiter = room.wait("a")
    assert room.looks() == []
    assert room.wake_at() == 4.0
    assert room.answer(room.look(4.0), {"a": RUNNING}) == [waiter]
    second = room.wake_at()
    assert second == pytest.approx(5.1, abs=0.1)
    assert room.answer(room.look(second), {"a": RUNNING}) == []
    third = room.wake_at()
    assert third == pytest.approx(6.4, abs=0.1)
    assert room.answer(room.look(third), {"a": DONE}) == [waiter]
    assert waiter.ending == "final"
    assert room.looks(100.0) == []


def test_task_from_elsewhere() -> None:
    """A task that was submitted elsewhere is looked at right away."""
    room = Room()
    room.wait("a", acknowledged=False)
    assert room.look(0.0).task_ids == ["a"]


def test_nobody() -> None:
    """With nobody waiting there is nothing to do and nothing to wake for."""
    room = Room()
    assert room.looks() == []
    assert room.wake_at() is None
    assert len(room.roster) == 0


def test_two_waiters_share_a_seat() -> None:
    """Two who wait for one id, however they came to it, cost one look and hear the same."""
    room = Room()
    first, second = room.wait("a"), room.wait("a")
    assert first.seat is second.seat
    assert len(room.roster) == 1
    look = room.look(4.0)
    assert look.task_ids == ["a"]
    assert set(room.answer(look, {"a": DONE})) == {first, second}


def test_all_share_a_request() -> None:
    """All that is due shares one request, up to fifty ids."""
    room = Room()
    for number in range(120):
        room.wait(str(number))
    looks = room.looks(4.0)
    assert [len(look.seats) for look in looks] == [50, 50, 20]
    assert {task_id for look in looks for task_id in look.task_ids} == {
        str(number) for number in range(120)
    }


def test_nearly_due_ride_along() -> None:
    """What is due before the first would be again rides along; alone it makes no request."""
    room = Room()
    for moment, task_id in enumerate("abcd"):
        room.now = START + moment
        assert room.looks() == []
        room.wait(task_id)
    assert room.look(4.0).task_ids == ["a", "b", "c", "d"]
    room.wait("e")
    room.now += 1.0
    room.wait("f")
    assert room.looks(7.9) == []
    assert room.look(8.0).task_ids == ["e", "f"]


def test_riders_only_while_there_is_room() -> None:
    """Who is nearly due takes the place of nobody who is due."""
    room = Room()
    for number in range(40):
        room.wait(f"due {number}")
    room.now += 2.0
    for number in range(40):
        room.wait(f"rider {number}")
    look = room.look(4.0)
    assert [id_[:3] for id_ in look.task_ids] == ["due"] * 40 + ["rid"] * 10


def test_at_most_eight_under_way() -> None:
    """No more than eight lookups are under way at once; the rest waits for an answer."""
    room = Room()
    for number in range(500):
        room.wait(str(number))
    looks = room.looks(4.0)
    assert len(looks) == MOST_LOOKS == 8
    assert room.wake_at() == 900.0
    room.answer(looks[0], dict.fromkeys(looks[0].task_ids, RUNNING))
    assert len(room.looks()) == 1


def test_governed() -> None:
    """Lookups keep to the rate of the token, and the next is planned for its turn."""
    room = Room(rate=1.0)
    for number in range(400):
        room.wait(str(number))
    looks = room.looks(4.0)
    assert len(looks) == 5
    assert room.wake_at() == 5.0
    for look in looks:
        room.answer(look, dict.fromkeys(look.task_ids, DONE))
    assert room.looks(4.9) == []
    assert len(room.looks(5.0)) == 1
    assert room.wake_at() == 6.0


def test_joined_during_a_look() -> None:
    """Ids that register while a poll is under way are not judged by its answer."""
    room = Room()
    room.wait("a")
    look = room.look(4.0)
    late = room.wait("b", acknowledged=False)
    assert late not in room.answer(look, {"a": RUNNING, "b": DONE})
    assert not late.over
    assert late.seat.record is None
    assert "b" in room.look().task_ids


def test_joining_during_a_look_at_the_same_task() -> None:
    """Who joins a task that is being looked at shares the answer and makes no second request."""
    room = Room()
    first = room.wait("a")
    look = room.look(4.0)
    second = room.wait("a")
    assert room.looks() == []
    assert set(room.answer(look, {"a": DONE})) == {first, second}


def test_leaving_disturbs_nobody() -> None:
    """One who leaves while a look is under way neither stops it nor hurts the others."""
    room = Room()
    first, second = room.wait("a"), room.wait("a")
    other = room.wait("b")
    look = room.look(4.0)
    room.roster.leave(first)
    assert len(room.roster) == 2
    assert set(room.answer(look, {"a": DONE, "b": DONE})) == {second, other}


def test_leaving_twice() -> None:
    """Leaving again changes nothing."""
    room = Room()
    first, second = room.wait("a"), room.wait("a")
    room.roster.leave(first)
    room.roster.leave(first)
    assert len(room.roster) == 1
    assert not second.over
    room.roster.leave(second)
    room.roster.leave(second)
    assert len(room.roster) == 0


def test_last_leaves_during_a_look() -> None:
    """The answer to a look that nobody waits for any more schedules nothing."""
    room = Room()
    waiter = room.wait("a")
    look = room.look(4.0)
    room.roster.leave(waiter)
    assert room.answer(look, {"a": RUNNING}) == []
    assert len(room.roster) == 0
    assert room.wake_at() is None


@pytest.mark.parametrize("how", ["failed", "refused", "too_large", "missing"])
def test_last_leaves_before_trouble(how: str) -> None:
    """Nor does a look that went wrong."""
    room = Room()
    waiter = room.wait("a")
    look = room.look(4.0)
    room.roster.leave(waiter)
    if how == "failed":
        room.roster.failed(look, Trouble(), room.now)
    elif how == "refused":
        room.roster.refused(look, Trouble(), retry_after=None, now=room.now)
    elif how == "too_large":
        room.roster.too_large(look, Trouble(), room.now)
    else:
        room.answer(look, {})
    assert room.wake_at() is None
    assert room.looks(1000.0) == []


def test_rejoining_soon() -> None:
    """Who comes back to a task that was just looked at waits as long as who stayed."""
    room, other = Room(), Room()
    waiter = room.wait("a")
    other.wait("a")
    for one in (room, other):
        one.answer(one.look(4.0), {"a": RUNNING})
    room.roster.leave(waiter)
    room.wait(waiter.seat)
    assert room.looks() == []
    assert room.wake_at() == other.wake_at()


def test_rejoining_during_a_look() -> None:
    """Who comes back while the task is being looked at shares that look."""
    room = Room()
    waiter = room.wait("a")
    look = room.look(4.0)
    room.roster.leave(waiter)
    again = room.wait(waiter.seat)
    assert room.looks() == []
    assert room.answer(look, {"a": DONE}) == [again]


def test_one_id_is_not_asked_twice_at_a_time() -> None:
    """Somebody new who names an id that is being looked at causes no second request."""
    room = Room()
    first = room.wait("a", acknowledged=False)
    room.look(0.0)
    room.roster.leave(first)
    room.wait("a", acknowledged=False)
    assert room.looks() == []


def test_deadline() -> None:
    """A wait ends at its own deadline, not at its neighbour's, and the look goes on."""
    room = Room()
    short, long = room.wait("a", timeout=5.0), room.wait("a", timeout=50.0)
    room.look(4.0)
    assert room.wake_at() == 5.0
    assert room.roster.plan(START + 5.0).expired == [short]
    assert (short.ending, short.cause) == ("deadline", None)
    assert room.roster.plan(START + 5.0).expired == []
    assert not long.over


def test_deadline_during_an_outage() -> None:
    """A deadline is kept while lookups pause, and says what the trouble was."""
    room = Room()
    waiter = room.wait("a", timeout=4.2)
    trouble = Trouble()
    room.roster.failed(room.look(4.0), trouble, room.now)
    assert room.wake_at() == pytest.approx(4.2)
    assert room.roster.plan(START + 4.2).expired == [waiter]
    assert waiter.cause is trouble


def test_no_time_at_all() -> None:
    """A wait of no seconds ends at once."""
    room = Room()
    waiter = room.wait("a", timeout=0.0)
    assert room.roster.plan(room.now).expired == [waiter]


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("ending", ["final", "barred", "missing"])
def test_joining_before_the_others_left(ending: str, slow: object) -> None:
    """Who joins between the end of the others' waits and their leaving is not forgotten."""
    room = Room()
    first = room.wait("a", acknowledged=False)
    look = room.look(0.0)
    if ending == "missing":
        room.answer(look, {})
        room.answer(room.look(31.0), {})
    elif ending == "final":
        room.answer(look, {"a": DONE})
    else:
        room.roster.barred(look, Trouble())
    assert first.ending == ending
    second = room.wait("a", acknowledged=False)
    if not slow:
        room.roster.leave(first)
    room.run_until_final(120.0)
    assert second.ending == "final"


def test_close() -> None:
    """Closing ends every wait."""
    room = Room()
    waiters = {room.wait("a"), room.wait("a"), room.wait("b")}
    assert set(room.roster.close()) == waiters
    assert {waiter.ending for waiter in waiters} == {"closed"}
    assert room.roster.close() == []


def test_noted() -> None:
    """A record that came by another way counts for everybody who waits, and only as news."""
    room = Room()
    waiter = room.wait("a")
    elsewhere = room.seat("a")
    assert room.roster.noted(elsewhere, RUNNING) == [waiter]
    assert room.roster.noted(elsewhere, RUNNING) == []
    assert room.roster.noted(waiter.seat, DONE) == [waiter]
    assert waiter.ending == "final"


def test_noted_for_nobody() -> None:
    """A record of a task that nobody waits for is kept in its seat."""
    room = Room()
    seat = room.seat("a")
    assert room.roster.noted(seat, Note(news="new")) == []
    assert seat.record == Note(news="new")
