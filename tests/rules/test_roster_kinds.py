"""Whom to ask about next: what is learned of a kind, and trouble with lookups."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from .watching import DONE, EPOCH, LEAST, RUNNING, START, Note, Room, Trouble, follow

SONG = Note(kind="song")


def done(seconds: float, kind: str = "song") -> Note:
    """Return the record of a song that succeeded."""
    return Note(final=True, news="done", kind=kind, took=seconds)


def crowd(room: Room, number: int, kind: str = "song") -> list[str]:
    """Wait for many tasks of one kind and return their ids."""
    ids = [f"{kind} {place}" for place in range(number)]
    for task_id in ids:
        room.wait(task_id, kind=kind)
    return ids


def test_known_kind_is_awaited() -> None:
    """A task of a kind that is known is first looked at when its end has some likelihood."""
    room = Room()
    for _ in range(20):
        room.durations.note("song", 40.0, 0.0)
    room.wait("a", kind="song")
    wake_at = room.wake_at()
    assert wake_at is not None
    assert 20.0 < wake_at < 40.0


def test_durations_are_learned() -> None:
    """Tasks of an answer that succeeded tell how long their kind takes, failures do not."""
    room = Room()
    crowd(room, 3)
    room.answer(room.look(4.0), {"song 0": done(3.5), "song 1": DONE, "song 2": SONG})
    spread = room.durations.spread("song")
    assert spread is not None
    assert spread.median == pytest.approx(3.5)


def test_called_up() -> None:
    """When the first of a kind has ended, those are looked at that had waited for just that."""
    room = Room()
    ids = crowd(room, 300)
    looks = follow(room, 39.0, dict.fromkeys(ids, SONG))
    times = Counter(task_id for look in looks for task_id in look.task_ids)
    assert sum(number > 10 for number in times.values()) == 50
    assert min(times.values()) <= 6
    room.now = START + (room.wake_at() or 0.0)
    look = room.look()
    room.answer(look, {**dict.fromkeys(look.task_ids, SONG), look.task_ids[0]: done(38.0)})
    called = {task_id for look in room.looks() for task_id in look.task_ids}
    assert called >= set(ids) - set(look.task_ids)


def test_only_who_waited_for_it_is_called_up() -> None:
    """Nobody of another kind is called up, nor who was not yet due for the first look."""
    room = Room()
    crowd(room, 2)
    crowd(room, 1, "stems")
    look = room.look(60.0)
    room.answer(look, {id_: Note(kind=id_[:4]) for id_ in look.task_ids})
    room.wait("new", kind="song")
    room.now += 1.0
    room.roster.hint("song 0", room.now)
    room.answer(room.look(), {"song 0": done(60.0)})
    assert room.look().task_ids == ["song 1"]


def test_not_called_up_too_soon() -> None:
    """Who was looked at just now is called up after the least interval."""
    room = Room()
    crowd(room, 2)
    look = room.look(60.0)
    room.answer(look, dict.fromkeys(look.task_ids, SONG))
    room.roster.hint("song 0", room.now)
    room.answer(room.look(60.5), {"song 0": done(60.0)})
    assert room.looks(60.5 + LEAST - 0.01) == []
    assert room.look(60.5 + LEAST).task_ids == ["song 1"]


def test_began_elsewhere() -> None:
    """A task from elsewhere is as old as its record says, by the server's clock."""
    room = Room()
    room.wait("a", acknowledged=False)
    record = Note(kind="song", begun=EPOCH + START - 400.0)
    look = room.look(0.0)
    room.answer(look, {"a": record})
    assert room.wake_at() == pytest.approx((0.32 * 400.0) ** 0.5, rel=0.01)
    assert look.seats[0].kind == "song"


def test_looks_are_counted() -> None:
    """A seat knows how many answers have shown its task."""
    room = Room()
    waiter = room.wait("a")
    room.answer(room.look(4.0), {})
    for moment in (10.0, 20.0):
        room.answer(room.look(moment), {"a": RUNNING})
    assert waiter.seat.looks == 2


def test_scouts_that_left_are_replaced() -> None:
    """Tasks that nobody waits for any more when their answer comes are no scouts for ever."""
    room = Room()
    for place in range(60):
        waiter = room.wait(f"gone {place}", kind="song", acknowledged=False)
        look = room.look()
        room.roster.leave(waiter)
        room.answer(look, {f"gone {place}": SONG})
    room.wait("stays", kind="song")
    room.now += 40.0
    room.answer(room.look(), {"stays": SONG})
    wake_at = room.wake_at()
    assert wake_at is not None
    assert wake_at < 40.0 + 5.0


def test_room_left() -> None:
    """A request that has room left goes no sooner than a least interval after the last such."""
    room = Room()
    ids = [str(place) for place in range(40)]
    for task_id in ids:
        room.wait(task_id)
        room.now += 0.09
    looks = follow(room, 30.0, dict.fromkeys(ids, RUNNING))
    gaps = [after.sent - before.sent for before, after in itertools.pairwise(looks)]
    assert len(gaps) > 5
    assert min(gaps) >= LEAST - 1e-6


def test_due_at_once() -> None:
    """A first look at a task from elsewhere, and one after a hint, do not wait for that."""
    room = Room()
    room.wait("a")
    room.answer(room.look(4.0), {"a": RUNNING})
    room.wait("b")
    assert room.looks(4.1) == []
    room.wait("theirs", acknowledged=False)
    assert room.look().task_ids == ["theirs"]
    room.roster.hint("b", room.now)
    assert room.look(4.2).task_ids == ["b"]


def test_asked_again_at_once() -> None:
    """Nor do those that an answer, cut short, left out."""
    room = Room()
    ids = crowd(room, 14)
    room.answer(room.look(4.0), dict.fromkeys(ids[:12], SONG), 14)
    assert room.look().task_ids == ids[12:]


def test_remembered() -> None:
    """A seat made anew for a task that was just looked at keeps to the least interval."""
    room = Room()
    waiter = room.wait("a", acknowledged=False)
    room.answer(room.look(0.0), {"a": RUNNING})
    room.roster.leave(waiter)
    other = room.wait("b", acknowledged=False)
    room.now += LEAST / 2
    room.roster.leave(other)
    room.wait("a", acknowledged=False)
    assert room.looks() == []
    assert room.look(LEAST).task_ids == ["a"]


def test_landed_once() -> None:
    """A look that has landed is not counted again when it lands once more."""
    room = Room()
    room.wait("a")
    look = room.look(4.0)
    room.answer(look, {"a": RUNNING})
    room.roster.failed(look, Trouble(), room.now)
    assert len(room.roster) == 1
    assert room.look(60.0).task_ids == ["a"]
