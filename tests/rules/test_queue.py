"""Seats in the order in which they are due."""

from __future__ import annotations

import math
from functools import partial
from itertools import count

from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async._rules.queue import Queue
from acedata_async._rules.seats import NOT_DUE, Seat
from tests.examples import examples

from .watching import Note


def seat(name: str) -> Seat[Note]:
    """Return a seat."""
    return Seat(name, True, 0.0)


def queue(**gaps: float) -> Queue[Note]:
    """Return a queue of seats that were put in at 0, each with its gap."""
    made: Queue[Note] = Queue(count())
    for name, gap in gaps.items():
        made.push(seat(name), gap, 0.0)
    return made


def take(made: Queue[Note], now: float, most: int = 50, ahead: float = 0.0) -> list[str]:
    """Take seats and return their names."""
    return [taken.task_id for taken in made.take(now, most, lambda _: now + ahead)]


def test_order() -> None:
    """Who is due first is first, and each is taken once."""
    made = queue(a=3.0, b=1.0, c=2.0)
    assert made
    assert made.next_due() == 1.0
    assert take(made, 0.9) == []
    assert take(made, 2.5) == ["b", "c"]
    assert take(made, 2.5) == []
    assert take(made, 3.0) == ["a"]
    assert not made
    assert made.next_due() == math.inf


def test_first() -> None:
    """Who is first can be seen without being taken."""
    made = queue(a=3.0, b=1.0)
    first = made.first()
    assert first is not None
    assert first.task_id == "b"
    assert take(made, 1.0) == ["b"]
    assert queue().first() is None


def test_pushed_again() -> None:
    """A seat that is put in again stands at its new place only."""
    made, moved = queue(a=3.0), seat("moved")
    made.push(moved, 1.0, 0.0)
    made.push(moved, 5.0, 0.0)
    assert made.next_due() == 3.0
    assert take(made, 10.0) == ["a", "moved"]
    made.push(moved, 5.0, 0.0)
    made.push(moved, 2.0, 0.0)
    assert take(made, 10.0) == ["moved"]
    assert not made


def test_taken_back() -> None:
    """A seat that stands in no queue any more is passed over, wherever it stood."""
    made, gone = queue(a=1.0), seat("gone")
    for due in (0.5, 2.0):
        made.push(gone, due, 0.0)
        gone.turn = NOT_DUE
    assert take(made, 10.0) == ["a"]
    assert take(made, 10.0) == []


def test_riders() -> None:
    """Who is due before the horizon that the first one gives is taken along."""
    made = queue(a=1.0, b=2.0, c=3.0, d=4.0)
    assert take(made, 0.5, ahead=9.0) == []
    assert take(made, 1.0, ahead=2.0) == ["a", "b", "c"]
    made = queue(a=1.0, b=2.0, c=3.0, d=4.0)
    assert take(made, 1.0, 2, ahead=9.0) == ["a", "b"]


def test_horizon_of_the_first() -> None:
    """The horizon is asked for once, with the one who is due first."""
    asked: list[str] = []

    def horizon(first: Seat[Note]) -> float:
        asked.append(first.task_id)
        return first.due

    queue(a=2.0, b=1.0).take(3.0, 5, horizon)
    assert asked == ["b"]


def test_backlog() -> None:
    """Where more is due than fits, the short gaps go first: they have waited the most of theirs."""
    made = queue(long=30.0, middle=10.0, short=1.0, shortest=0.5)
    assert take(made, 40.0, 2) == ["shortest", "short"]
    assert take(made, 40.0, 2) == ["middle", "long"]


def test_backlog_without_a_gap() -> None:
    """Who was due at once, as after a hint, is before everybody."""
    made, hurried = queue(**{f"s{number}": 1.0 for number in range(20)}), seat("hurried")
    made.push(hurried, 20.0, 20.0)
    assert take(made, 21.0, 10)[0] == "hurried"


def test_what_did_not_fit_stays() -> None:
    """What does not fit keeps its place and loses nobody."""
    made = queue(**{f"s{number}": 1.0 + number for number in range(30)})
    taken = [name for _ in range(10) for name in take(made, 100.0, 3)]
    assert sorted(taken) == sorted(f"s{number}" for number in range(30))
    assert not made


def test_clear() -> None:
    """A cleared queue is empty."""
    made = queue(a=1.0)
    made.clear()
    assert not made
    assert take(made, 9.0) == []


def a_gap_ahead(now: float, first: Seat[Note]) -> float:
    """Return until when others ride along, as the roster has it."""
    return now + first.due - first.since


def waits(gaps: list[float], *, most: int, every: float, rounds: int) -> dict[int, list[float]]:
    """Return how long each seat waited between its looks, under a lookup every so often."""
    made: Queue[Note] = Queue(count())
    seats = [seat(str(number)) for number in range(len(gaps))]
    for one, gap in zip(seats, gaps, strict=True):
        made.push(one, gap, 0.0)
    looked: dict[int, list[float]] = {number: [0.0] for number in range(len(gaps))}
    for number in range(1, rounds):
        now = number * every
        for one in made.take(now, most, partial(a_gap_ahead, now)):
            place = int(one.task_id)
            looked[place].append(now)
            made.push(one, now + gaps[place], now)
    end = rounds * every
    return {
        place: [then - before for before, then in zip(moments, [*moments[1:], end], strict=True)]
        for place, moments in looked.items()
    }


def test_nobody_starves() -> None:
    """Under a lasting backlog the short gaps go more often, and the long ones go too."""
    waited = waits([1.0] * 300 + [20.0] * 300, most=5, every=0.5, rounds=2000)
    short = [wait for place in range(300) for wait in waited[place]]
    long = [wait for place in range(300, 600) for wait in waited[place]]
    assert max(long) < 150.0
    assert sum(short) / len(short) < sum(long) / len(long) * 0.75


@examples(60)
@given(
    st.lists(st.sampled_from([0.5, 1.0, 3.0, 10.0, 60.0]), min_size=1, max_size=60),
    st.integers(1, 5),
    st.floats(0.2, 2.0),
)
def test_everybody_has_a_turn(gaps: list[float], most: int, every: float) -> None:
    """Whatever the gaps and however tight the limit, nobody waits for ever."""
    waited = waits(gaps, most=most, every=every, rounds=600)
    # Everybody may need as many turns for each of hers as the gaps are apart.
    fair = len(gaps) / most * every
    for place, gap in enumerate(gaps):
        assert max(waited[place]) <= 3 * gap + 2 * (1 + gap / min(gaps)) * (fair + every)


@settings(deadline=None)
@given(st.data())
def test_each_is_taken_once(data: st.DataObject) -> None:
    """However seats are put in, moved and taken, each that is due is taken once, and only then."""
    made: Queue[Note] = Queue(count())
    seats = [seat(str(number)) for number in range(12)]
    standing: dict[str, float] = {}
    now = 0.0
    for _ in range(data.draw(st.integers(1, 30))):
        now += data.draw(st.floats(0, 3))
        if data.draw(st.booleans()):
            one, due = data.draw(st.sampled_from(seats)), now + data.draw(st.floats(0, 9))
            made.push(one, due, now)
            standing[one.task_id] = due
        else:
            most = data.draw(st.integers(1, 5))
            ahead = data.draw(st.floats(0, 5))
            due_now = [name for name, due in standing.items() if due <= now]
            taken = take(made, now, most, ahead)
            assert len(set(taken)) == len(taken) <= most
            assert len(taken) >= min(most, len(due_now))
            assert bool(taken) == bool(due_now)
            for name in taken:
                assert standing.pop(name) <= now + ahead
        assert made.next_due() == min(standing.values(), default=math.inf)
