"""Who waits for which task, as plain values."""

from __future__ import annotations

from acedata_async._rules.seats import Look, Seat, Waiter

from .watching import DONE, RUNNING, Note, Trouble


def wait(seat: Seat[Note]) -> Waiter[Note]:
    """Begin a wait."""
    waiter = Waiter(seat, 0.0, 10.0, lambda: None)
    seat.admit(waiter)
    return waiter


def test_news() -> None:
    """A record that tells something new raises the version and concerns every waiter."""
    seat: Seat[Note] = Seat("a", True, 0.0)
    waiters = {wait(seat), wait(seat)}
    assert set(seat.note(RUNNING)) == waiters
    assert (seat.record, seat.version, seat.final) == (RUNNING, 1, False)
    assert seat.note(Note(news="running")) == []
    assert seat.version == 1
    assert set(seat.note(Note(news="40 %"))) == waiters
    assert seat.version == 2


def test_final() -> None:
    """A final record ends every wait, and nothing that comes later changes it."""
    seat: Seat[Note] = Seat("a", True, 0.0)
    waiter = wait(seat)
    assert seat.note(DONE) == [waiter]
    assert (waiter.ending, waiter.over, seat.final) == ("final", True, True)
    assert seat.note(RUNNING) == []
    assert seat.note(Note(final=True, news="other")) == []
    assert (seat.record, seat.version) == (DONE, 1)


def test_first_ending_counts() -> None:
    """A wait ends once; a later end does not change why."""
    seat: Seat[Note] = Seat("a", True, 0.0)
    waiter = wait(seat)
    trouble = Trouble()
    assert seat.end("barred", trouble) == [waiter]
    assert seat.end("closed") == []
    assert (waiter.ending, waiter.cause) == ("barred", trouble)


def test_over() -> None:
    """A wait is over when it has ended or its owner has left."""
    seat: Seat[Note] = Seat("a", True, 0.0)
    waiter = wait(seat)
    assert not waiter.over
    assert seat.dismiss(waiter)
    assert waiter.over


def test_admitting() -> None:
    """Who is admitted waits here and nowhere else, until he is dismissed, once."""
    seat: Seat[Note] = Seat("a", True, 0.0)
    other: Seat[Note] = Seat("b", True, 0.0)
    assert (set(seat.waiters), seat.wanted) == (set(), False)
    stranger = Waiter(seat, 0.0, 10.0, lambda: None)
    assert not seat.dismiss(stranger)
    one, two = wait(seat), wait(seat)
    assert (set(seat.waiters), seat.wanted) == ({one, two}, True)
    assert not other.waiters
    assert not seat.dismiss(stranger)
    assert [seat.dismiss(one), seat.dismiss(one), seat.dismiss(two)] == [True, False, True]
    assert not seat.wanted
    assert wait(seat) in seat.waiters


def test_reprs() -> None:
    """The reprs are short and do not run in circles."""
    seat: Seat[Note] = Seat("a", True, 0.0)
    waiter = wait(seat)
    assert "Seat(task_id='a'" in repr(seat)
    assert "waiters" not in repr(seat)
    assert "wake" not in repr(waiter)


def test_look() -> None:
    """A look names its ids in order."""
    seats: tuple[Seat[Note], ...] = (Seat("a", True, 0.0), Seat("b", True, 0.0))
    assert Look(seats, 0.0).task_ids == ["a", "b"]


def test_merge() -> None:
    """Two places for one task become one that knows what either knew."""
    seat: Seat[Note] = Seat("a", acknowledged=False, born=10.0)
    other: Seat[Note] = Seat("a", acknowledged=True, born=4.0, kind="song")
    other.note(RUNNING)
    seat.merge(other)
    assert (seat.acknowledged, seat.born, seat.kind) == (True, 4.0, "song")
    assert (seat.record, seat.version) == (RUNNING, 1)
    seat.merge(Seat("a", acknowledged=False, born=7.0, kind="stems"))
    assert (seat.acknowledged, seat.born, seat.kind, seat.record) == (True, 4.0, "song", RUNNING)
