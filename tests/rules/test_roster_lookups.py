"""Whom to ask about next: hints, missing records, truncated answers."""

from __future__ import annotations

import pytest

from .watching import DONE, LEAST, RUNNING, START, Room, Trouble, follow


def test_hint() -> None:
    """A hint makes a task due now; for a task that nobody waits for it does nothing."""
    room = Room()
    room.wait("a")
    room.roster.hint("a", room.now)
    room.roster.hint("b", room.now)
    assert room.look(0.0).task_ids == ["a"]


def test_hint_during_a_look() -> None:
    """A hint that comes while the task is looked at is not lost: the answer may be older."""
    room = Room()
    room.wait("a")
    look = room.look(100.0)
    room.roster.hint("a", room.now)
    room.answer(look, {"a": RUNNING})
    wake_at = room.wake_at()
    assert wake_at is not None
    assert wake_at <= 100.0 + LEAST


def test_fresh_ids_stay_in_the_batch() -> None:
    """A fresh id that is missing is asked for with the others until it is a minute old."""
    room = Room()
    for task_id in "abc":
        room.wait(task_id)
    looks = follow(room, 59.0, {"a": RUNNING, "b": RUNNING})
    assert all("c" in look.task_ids and len(look.seats) == 3 for look in looks)


def test_old_id_that_is_missing_gets_a_look_of_its_own() -> None:
    """After a minute a missing id of our own is asked for alone, and never is "not found"."""
    room = Room()
    waiters = [room.wait(task_id, timeout=10_000.0) for task_id in "abc"]
    looks = follow(room, 2000.0, {"a": RUNNING, "b": RUNNING})
    assert ["c"] in [look.task_ids for look in looks]
    assert not any(waiter.over for waiter in waiters)


def test_id_seen_before_gets_a_look_of_its_own() -> None:
    """An id that was seen before and is missing now is asked for alone at once."""
    room = Room()
    for task_id in "abc":
        room.wait(task_id)
    room.answer(room.look(4.0), dict.fromkeys("abc", RUNNING))
    room.answer(room.look(5.0), dict.fromkeys("ab", RUNNING))
    assert ["c"] in [look.task_ids for look in room.looks(8.0)]


def test_lone_look_joins_again() -> None:
    """A task that was found by a look of its own is asked for with the others again."""
    room = Room()
    for task_id in "abc":
        room.wait(task_id)
    room.answer(room.look(4.0), dict.fromkeys("abc", RUNNING))
    room.answer(room.look(5.0), dict.fromkeys("ab", RUNNING))
    for look in room.looks(8.0):
        room.answer(look, dict.fromkeys(look.task_ids, RUNNING))
    assert sorted(room.look(20.0).task_ids) == ["a", "b", "c"]


def test_missing() -> None:
    """An id that the user gave and that has no record for 30 s is missing, by a lone look."""
    room = Room()
    waiter = room.wait("a", acknowledged=False)
    follow(room, 29.9, {})
    assert not waiter.over
    follow(room, 45.0, {})
    assert waiter.ending == "missing"


def test_missing_among_others() -> None:
    """A shared answer alone never makes an id missing; a look of its own does."""
    room = Room()
    waiter = room.wait("a", acknowledged=False)
    other = room.wait("b", acknowledged=False)
    looks = follow(room, 60.0, {"b": RUNNING})
    assert waiter.ending == "missing"
    assert not other.over
    assert ["a"] in [look.task_ids for look in looks]


def test_acknowledged_by_a_later_waiter() -> None:
    """An id that the API acknowledged to anybody here is never missing."""
    room = Room()
    waiter = room.wait("a", acknowledged=False)
    room.wait("a", acknowledged=True)
    follow(room, 500.0, {})
    assert not waiter.over


def test_visible_late() -> None:
    """An id that becomes visible late is found, and its absence is forgotten."""
    room = Room()
    waiter = room.wait("a", acknowledged=False)
    follow(room, 25.0, {})
    follow(room, 28.0, {"a": RUNNING})
    follow(room, 50.0, {})
    assert not waiter.over
    follow(room, 60.0, {"a": DONE})
    assert waiter.ending == "final"


def test_lone_looks_are_few() -> None:
    """At most one request in five is for a single missing id, or one in a quarter minute."""
    room = Room(rate=1.0)
    for number in range(40):
        room.wait(f"known {number}", timeout=10_000.0)
    for number in range(30):
        room.wait(f"lost {number}", timeout=10_000.0)
    known = {f"known {number}": RUNNING for number in range(40)}
    follow(room, 120.0, known)
    looks = follow(room, 400.0, known)
    lone = [look for look in looks if len(look.seats) == 1]
    assert 0 < len(lone) <= max(len(looks) / 5, 280 / 15) + 1


def test_many_unknown_ids() -> None:
    """Many ids that the user gave and nobody knows are missing soon, while one task runs."""
    room = Room(rate=1.0)
    room.wait("runs", timeout=10_000.0)
    unknown = [room.wait(f"unknown {number}", acknowledged=False) for number in range(40)]
    follow(room, 120.0, {"runs": RUNNING})
    assert {waiter.ending for waiter in unknown} == {"missing"}


def test_truncated_at_a_page() -> None:
    """After an answer of exactly a page, what was left out is asked for at once."""
    room = Room()
    for number in range(30):
        room.wait(str(number))
    look = room.look(4.0)
    room.answer(look, dict.fromkeys(look.task_ids[:12], RUNNING))
    looks = room.looks()
    assert [len(look.seats) for look in looks] == [12, 6]
    assert sorted(id_ for again in looks for id_ in again.task_ids) == sorted(look.task_ids[12:])


def test_size_recovers() -> None:
    """After a truncated answer the size grows back while answers are full."""
    room = Room()
    for number in range(50):
        room.wait(str(number))
    look = room.look(4.0)
    room.answer(look, dict.fromkeys(look.task_ids[:12], RUNNING))
    looks = follow(room, 120.0, {str(number): RUNNING for number in range(50)})
    assert len(looks[-1].seats) == 50


@pytest.mark.parametrize("how", ["too large", "truncated"])
def test_size_recovers_from_one(how: str) -> None:
    """However far the size fell, tasks share requests again once answers are full."""
    room = Room()
    for task_id in "abc":
        room.wait(task_id, timeout=10_000.0)
    look = room.look(4.0)
    if how == "too large":
        room.roster.too_large(look, Trouble(), room.now)
    else:
        room.answer(look, {"a": RUNNING}, count=3)
    looks = follow(room, 600.0, dict.fromkeys("abc", RUNNING))
    assert max(len(look.seats) for look in looks[-10:]) == 3


def test_request_count() -> None:
    """A thousand tasks cost about a fiftieth as many requests a round, not a thousand."""
    room = Room(rate=50.0)
    tasks = {str(number): RUNNING for number in range(1000)}
    for task_id in tasks:
        room.wait(task_id)
    looks = follow(room, 60.0, tasks)
    asked = sum(len(look.seats) for look in looks)
    assert len(looks) <= asked / 50 * 1.5


def test_nobody_starves() -> None:
    """Under a tight limit every task is looked at now and then."""
    room = Room(rate=0.2)
    tasks = {str(number): RUNNING for number in range(200)}
    for task_id in tasks:
        room.wait(task_id, timeout=10_000.0)
    looks = follow(room, 300.0, tasks, grow=False)
    late = [look for look in looks if look.sent > START + 150.0]
    assert {task_id for look in late for task_id in look.task_ids} == set(tasks)


def test_churn_leaves_nothing_behind() -> None:
    """Waits that come and go while one lasts leave no trace that grows."""
    room = Room()
    room.wait("stays", timeout=600.0)
    for number in range(5000):
        room.now += 0.1
        waiter = room.wait(str(number))
        for look in room.looks():
            room.answer(look, dict.fromkeys(look.task_ids, RUNNING))
        room.roster.leave(waiter)
    roster = room.roster
    held = (roster._deadlines, roster._agenda._due._heap, roster._agenda._due_alone._heap)
    assert len(roster) == 1
    assert all(len(queue) < 200 for queue in held)
