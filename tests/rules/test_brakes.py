"""When a run stops sending, or pauses."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.brakes import Brakes

NOW = 1000.0
WHY = "the exchange broke"


def doubt(brakes: Brakes, now: float = NOW, *, times: int = 1) -> str | None:
    """Note so many unknown outcomes; return what the last one brought."""
    told = [brakes.doubted(now, WHY) for _ in range(times)]
    return told[-1]


def test_free() -> None:
    """At first, calls go, however many are under way."""
    brakes = Brakes()
    assert (brakes.paused, brakes.stopped) == (None, None)
    assert brakes.wait(NOW, under_way=100) == 0


def test_stopped() -> None:
    """After a stop nothing goes any more, and the first reason is kept."""
    brakes = Brakes()
    brakes.stop("no credits")
    brakes.stop("something else")
    brakes.answered()
    assert brakes.stopped == "no credits"
    assert brakes.wait(NOW, under_way=0) == math.inf


def test_two() -> None:
    """Two unknown outcomes in a row are no pattern."""
    brakes = Brakes()
    assert doubt(brakes, times=2) is None
    assert brakes.wait(NOW, under_way=0) == 0


def test_three() -> None:
    """Three in a row make a pause, and the reason says how long and why."""
    brakes = Brakes()
    told = doubt(brakes, times=3)
    assert told == brakes.paused
    assert told == (
        "3 outcomes in a row are unknown, the last because the exchange broke;"
        " the next one is sent in 60 s, alone"
    )
    assert brakes.wait(NOW + 10, under_way=0) == 50
    assert brakes.wait(NOW + 61, under_way=0) == 0


def test_not_in_a_row() -> None:
    """An answer in between, of whatever kind, begins the count anew."""
    brakes = Brakes()
    for _ in range(10):
        assert doubt(brakes, times=2) is None
        brakes.answered()


def test_alone() -> None:
    """After a pause they go one by one until one is answered."""
    brakes = Brakes()
    doubt(brakes, times=3)
    assert brakes.wait(NOW + 61, under_way=1) == math.inf
    brakes.answered()
    assert brakes.paused is None
    assert brakes.wait(NOW + 61, under_way=1) == 0


def test_stragglers() -> None:
    """Calls that were under way when the pause began neither lengthen nor repeat it."""
    brakes = Brakes()
    doubt(brakes, times=3)
    assert doubt(brakes, NOW + 20, times=30) is None
    assert brakes.wait(NOW + 20, under_way=0) == 40


def test_pauses_double() -> None:
    """Each pause in a row is twice as long; after four it stops, and says what to do."""
    brakes, now = Brakes(), NOW
    doubt(brakes, now, times=2)
    pauses = []
    for _ in range(4):
        assert doubt(brakes, now) is not None
        pauses.append(brakes.wait(now, under_way=0))
        now += pauses[-1]
    assert pauses == [60, 120, 240, 480]
    told = doubt(brakes, now)
    assert told == brakes.stopped
    assert told == (
        "7 outcomes in a row are unknown, the last because the exchange broke;"
        " nothing more is sent: run it again when the API answers"
    )
    assert doubt(brakes, now) is None


def test_stop_while_paused() -> None:
    """A stop outlasts a pause."""
    brakes = Brakes()
    doubt(brakes, times=3)
    brakes.stop("enough")
    assert doubt(brakes, NOW + 100) is None
    assert brakes.wait(NOW + 100, under_way=0) == math.inf


def test_pause_after_an_early_answer() -> None:
    """A pause that an answer has ended is over: new trouble makes a new one at once."""
    brakes = Brakes()
    doubt(brakes, times=3)
    brakes.answered()
    assert doubt(brakes, NOW + 5, times=2) is None
    assert doubt(brakes, NOW + 5) is not None
    assert brakes.wait(NOW + 5, under_way=0) == 60


@given(st.integers(1, 50), st.floats(0, 300))
def test_cost_of_an_outage(under_way: int, latency: float) -> None:
    """A run that nobody answers loses what was under way, and one call a pause."""
    brakes, now, doubted = Brakes(), NOW, under_way
    doubt(brakes, now, times=under_way)
    while brakes.stopped is None:
        pause = brakes.wait(now, under_way=0)
        assert pause < math.inf
        now += pause + latency
        doubt(brakes, now)
        doubted += 1
    assert doubted <= under_way + 6


@given(st.lists(st.tuples(st.floats(0, 500), st.booleans()), max_size=60))
def test_always_a_reason(events: list[tuple[float, bool]]) -> None:
    """Whenever nothing goes there is a reason in words, and the other way round."""
    brakes, now = Brakes(), NOW
    for after, answered in events:
        now += after
        if answered:
            brakes.answered()
        else:
            told = brakes.doubted(now, WHY)
            assert told in {None, brakes.paused, brakes.stopped}
        pause = brakes.wait(now, under_way=0)
        assert (pause == math.inf) == (brakes.stopped is not None)
        assert pause == 0 or brakes.paused or brakes.stopped


@pytest.mark.parametrize("streak", [3, 4, 9])
def test_counts(streak: int) -> None:
    """The words say how many outcomes in a row are unknown."""
    brakes = Brakes()
    doubt(brakes, NOW, times=streak)
    told = doubt(brakes, NOW + 60) or ""
    assert told.startswith(f"{streak + 1} outcomes in a row")
