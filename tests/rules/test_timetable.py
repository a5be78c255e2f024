"""When each watched task is due, and what is learned from its record."""

from __future__ import annotations

import math

import pytest

from acedata_async._rules.cadence import _FINENESS
from acedata_async._rules.durations import Durations
from acedata_async._rules.seats import Seat
from acedata_async._rules.timetable import Timetable

from .watching import DONE, EPOCH, LEAST, RUNNING, START, Note

MOST = 5
"""How many share a request in these tests."""
SHARED = 40.0 / _FINENESS
"""Seconds between two shared looks at a task that is 40 s old."""


class Hall:
    """A timetable and the seats that it is for."""

    def __init__(self, *songs: float) -> None:
        self.durations = Durations()
        for seconds in songs:
            self.durations.note("song", seconds, START)
        self.timetable = Timetable(self.durations, least=LEAST, pace=1.0)
        self.seats: dict[str, Seat[Note]] = {}

    def sit(
        self, task_id: str, kind: str | None = "song", *, acknowledged: bool = True
    ) -> Seat[Note]:
        """Add the seat of a task that began at the start."""
        seat: Seat[Note] = Seat(task_id, acknowledged, START, kind)
        return self.seats.setdefault(task_id, seat)

    def first(self, seat: Seat[Note], at: float) -> float:
        """Return the time until the first look."""
        return self.timetable.first_look(seat, self.seats, MOST, START + at)

    def gap(self, seat: Seat[Note], at: float) -> float:
        """Return the time until the next look."""
        return self.timetable.gap(seat, self.seats, MOST, START + at, chance=0.5)

    def see(self, seat: Seat[Note], record: Note, at: float) -> bool:
        """Learn from a record and keep it, as the roster does."""
        now = START + at
        first = self.timetable.seen(seat, record, now, EPOCH + now)
        seat.note(record)
        return first


def done(seconds: float | None, kind: str | None = "song") -> Note:
    """Return the record of a song that succeeded."""
    return Note(final=True, news="done", kind=kind, took=seconds)


def test_first_look() -> None:
    """A task of an unknown kind is looked at after four seconds, one of a known kind in time."""
    assert Hall().first(Hall().sit("a"), 0.0) == 4.0
    hall = Hall(*[40.0] * 20)
    assert 20.0 < hall.first(hall.sit("a"), 0.0) < 40.0
    assert hall.first(hall.sit("b", "stems"), 0.0) == 4.0
    assert hall.first(hall.sit("c", None), 0.0) == 4.0
    assert hall.first(hall.sit("d", acknowledged=False), 0.0) == 0.0


def test_coming_back() -> None:
    """Who comes back to a task that was looked at waits as long as who stayed, and no longer."""
    hall = Hall()
    seat = hall.sit("a")
    hall.see(seat, RUNNING, 10.0)
    seat.looked = START + 10.0
    gap = hall.gap(seat, 10.0)
    assert gap > LEAST
    assert hall.first(seat, 10.5) == pytest.approx(gap - 0.5)
    assert hall.first(seat, 60.0) == 0.0


def test_coming_back_to_what_has_no_record() -> None:
    """Who comes back to a task that was looked at in vain keeps to the least interval."""
    hall = Hall(*[40.0] * 20)
    seat = hall.sit("a")
    seat.looked = START + 10.0
    assert hall.first(seat, 10.5) == LEAST - 0.5
    assert hall.first(seat, 60.0) == 0.0


def test_coming_back_to_a_known_kind() -> None:
    """Coming back early to a task of a known kind makes no look earlier."""
    hall = Hall(*[40.0] * 20)
    seat = hall.sit("a")
    hall.see(seat, RUNNING, 5.0)
    seat.looked = START + 5.0
    assert hall.first(seat, 6.0) == pytest.approx(hall.gap(seat, 5.0) - 1.0)
    assert hall.first(seat, 6.0) > 10.0


def test_scouts() -> None:
    """Of an unknown kind only so many as share a request are looked at often."""
    hall = Hall()
    seats = [hall.sit(str(number)) for number in range(3 * MOST)]
    gaps = [hall.gap(seat, 40.0) for seat in seats]
    assert gaps == [SHARED] * MOST + [20.0] * 2 * MOST
    assert [hall.gap(seat, 40.0) for seat in reversed(seats)] == gaps[::-1]


def test_scouts_of_each_kind() -> None:
    """Each kind has scouts of its own."""
    hall = Hall()
    for kind in ("song", "stems"):
        gaps = [hall.gap(hall.sit(f"{kind} {number}", kind), 40.0) for number in range(MOST + 1)]
        assert gaps[-2] < 4.0
        assert gaps[-1] == 20.0


def test_of_no_kind() -> None:
    """A task of which not even the kind is known needs nobody to find out about it."""
    hall = Hall()
    seats = [hall.sit(str(number), None) for number in range(3 * MOST)]
    assert {hall.gap(seat, 40.0) for seat in seats} == {SHARED}
    hall.timetable.left(seats[0])


def test_a_scout_that_left() -> None:
    """Another takes the place of a scout that nobody waits for any more."""
    hall = Hall()
    seats = [hall.sit(str(number)) for number in range(MOST + 1)]
    for seat in seats:
        hall.gap(seat, 40.0)
    assert hall.gap(seats[-1], 40.0) == 20.0
    hall.timetable.left(seats[0])
    hall.timetable.left(hall.sit("nobody", "stems"))
    assert hall.gap(seats[-1], 40.0) == SHARED


def test_the_first_that_succeeded() -> None:
    """The first success makes its kind known, which is said once."""
    hall = Hall()
    seats = [hall.sit(str(number)) for number in range(2 * MOST)]
    for seat in seats:
        hall.gap(seat, 10.0)
    assert not hall.see(seats[1], RUNNING, 10.0)
    assert hall.see(seats[0], done(12.0), 12.0)
    assert not hall.see(seats[1], done(13.0), 13.0)
    assert max(hall.gap(seat, 14.0) for seat in seats[2:]) < 1.2


def test_the_end_of_a_known_kind() -> None:
    """Where the kind was known before, nobody is waiting to hear of it."""
    hall = Hall(12.0)
    assert not hall.see(hall.sit("a"), done(12.0), 12.0)


def test_learned_once() -> None:
    """A record that was seen before is not learned again, nor one that does not tell."""
    hall = Hall()
    seat = hall.sit("a")
    hall.see(seat, done(12.0), 12.0)
    hall.see(seat, done(48.0), 13.0)
    hall.see(hall.sit("failed"), DONE, 14.0)
    hall.see(hall.sit("unknown", None), done(48.0, kind=None), 15.0)
    spread = hall.durations.spread("song")
    assert spread is not None
    assert spread.median == pytest.approx(12.0)


def test_kind_from_the_record() -> None:
    """What a task from elsewhere is, its record tells; what is known of ours stays."""
    hall = Hall()
    theirs, ours = hall.sit("a", None, acknowledged=False), hall.sit("b", "song")
    hall.see(theirs, Note(kind="stems"), 1.0)
    hall.see(ours, Note(kind="stems"), 1.0)
    assert (theirs.kind, ours.kind) == ("stems", "song")


def test_when_it_began() -> None:
    """A task from elsewhere began when its record says; one of ours when it was sent."""
    hall = Hall()
    theirs, ours = hall.sit("a", acknowledged=False), hall.sit("b")
    record = Note(begun=EPOCH + START - 100.0)
    hall.see(theirs, record, 10.0)
    hall.see(ours, record, 10.0)
    assert theirs.born == pytest.approx(START - 100.0)
    assert ours.born == START
    hall.see(theirs, Note(begun=EPOCH + START + 500.0), 20.0)
    assert theirs.born == START + 20.0


def test_running_tasks_are_counted() -> None:
    """Who still runs at twice the median makes the end of others likely later."""
    hall = Hall(*[30.0] * 10)
    seat = hall.sit("a")
    for number in range(40):
        hall.sit(str(number)).born = START - 30.0
    other = Hall(*[30.0] * 10)
    assert hall.first(seat, 0.0) > other.first(other.sit("a"), 0.0)


def test_spreads_are_kept_for_a_while() -> None:
    """A spread is not worked out again for each of a crowd: half a second it is good."""
    hall = Hall(30.0)
    seat, quick = hall.sit("a"), [hall.sit(f"quick {number}") for number in range(10)]
    before = hall.gap(seat, 20.0)
    for other in quick:
        hall.see(other, done(22.0), 20.1)
        hall.seats[other.task_id].kind = "gone"
    assert hall.gap(seat, 20.0) == before
    kept = hall.gap(seat, 20.45)
    assert hall.gap(seat, 20.6) < 0.9 * kept


def test_the_first_success_counts_at_once() -> None:
    """That nothing was known is not kept beyond the first success."""
    hall = Hall()
    seat = hall.sit("a")
    assert hall.gap(seat, 20.0) == pytest.approx(math.sqrt(0.32 * 20.0))
    hall.see(hall.sit("b"), done(60.0), 20.0)
    assert hall.gap(seat, 20.0) > 5.0


def test_pace() -> None:
    """The policy's pace holds for first looks and for later ones."""
    slow = Timetable(Durations(), least=LEAST, pace=0.5)
    fast = Timetable(Durations(), least=LEAST, pace=2.0)
    seat: Seat[Note] = Seat("a", True, START, "song")
    gaps = [table.gap(seat, {}, MOST, START + 40.0, chance=0.5) for table in (slow, fast)]
    assert gaps[0] == pytest.approx(4 * gaps[1])


@pytest.mark.parametrize("kind", ["song", None])
@pytest.mark.parametrize("songs", [(), (40.0, 50.0)])
def test_a_clock_that_is_years_off_puts_nobody_off(
    kind: str | None, songs: tuple[float, ...]
) -> None:
    """However old a record says that its task is, it is looked at again within a minute."""
    hall = Hall(*songs)
    for number in range(3 * MOST):
        seat = hall.sit(str(number), kind, acknowledged=False)
        hall.see(seat, Note(kind=kind, begun=EPOCH - 1e9), 10.0)
        assert LEAST <= hall.gap(seat, 10.0) <= 60.0
