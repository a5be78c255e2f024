"""What time it is at the server."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.server_clock import ServerClock
from tests.examples import examples

NOW = 1_767_000_000.0
WIDEST = 17.0
"""Seconds of the longest round trip and the coarsest moment below, together."""


def test_nothing_known() -> None:
    """As long as nothing speaks against it, the clocks agree."""
    assert ServerClock().ahead == 0.0


def test_agreement() -> None:
    """What may have happened between question and answer speaks against nothing."""
    clock = ServerClock()
    clock.note(NOW + 0.1, sent=NOW, received=NOW + 0.2)
    clock.note(NOW - 40.0, sent=None, received=NOW)
    assert clock.ahead == 0.0


def test_ahead() -> None:
    """A moment that lies in our future shows that the server's clock is ahead."""
    clock = ServerClock()
    clock.note(NOW + 100.0, sent=None, received=NOW)
    assert clock.ahead == 100.0
    clock.note(NOW + 50.0, sent=None, received=NOW)
    assert clock.ahead == 100.0


def test_ahead_by_a_submission() -> None:
    """An exact moment that was set in answer to a request is the closest: it was sent just then."""
    clock = ServerClock()
    clock.note(NOW + 100.0, sent=None, received=NOW)
    clock.note(NOW + 101.0, sent=NOW - 2.0, received=NOW)
    assert clock.ahead == 103.0
    clock.note(NOW + 121.25, sent=NOW + 20.0, received=NOW + 21.0)
    assert clock.ahead == 101.25
    clock.note(NOW + 142.0, sent=NOW + 39.0, received=NOW + 44.0)
    assert clock.ahead == 101.25


def test_ahead_by_dates() -> None:
    """Where there are but dates cut off to seconds, it is the middle of what is possible."""
    clock = ServerClock()
    clock.note(NOW + 100.0, sent=NOW, received=NOW + 1.0, precision=2.0)
    assert clock.ahead == (99.0 + 102.0) / 2


def test_behind() -> None:
    """An answer dated before its question shows that the server's clock is behind."""
    clock = ServerClock()
    clock.note(NOW - 100.0, sent=NOW, received=NOW + 1.0)
    assert clock.ahead == -100.0


def test_an_old_moment_shows_nothing() -> None:
    """A moment of which it is not known when it was set may be as old as it likes."""
    clock = ServerClock()
    clock.note(NOW - 1e6, sent=None, received=NOW)
    assert clock.ahead == 0.0


def test_precision() -> None:
    """A moment cut off to whole seconds does not make the server's clock late."""
    clock = ServerClock()
    clock.note(NOW - 0.9, sent=NOW, received=NOW + 0.1, precision=1.0)
    assert clock.ahead == 0.0
    clock.note(NOW - 3.0, sent=NOW, received=NOW + 0.1, precision=1.0)
    assert clock.ahead == pytest.approx((-3.1 - 2.0) / 2)


EVIDENCE = st.tuples(
    st.floats(0, 15),  # seconds from question to answer
    st.floats(0, 1),  # the share of it after which the server set the moment
    st.sampled_from([0.0, 1.0, 2.0]),
    st.booleans(),
    st.floats(0, 1e4),
)
DIFFERENCES = st.floats(-1e5, 1e5)


def show(
    clock: ServerClock,
    ahead: float,
    now: float,
    evidence: tuple[float, float, float, bool, float],
) -> None:
    """Show a clock what a server says whose own clock is ahead."""
    trip, share, precision, dated_now, age = evidence
    moment = now + trip * share + ahead
    if dated_now:
        cut = math.floor(moment / precision) * precision if precision else moment
        clock.note(cut, sent=now, received=now + trip, precision=precision)
    else:
        clock.note(moment - age, sent=None, received=now + trip)


@examples(300)
@given(DIFFERENCES, st.lists(EVIDENCE, max_size=20))
def test_within_the_truth(
    ahead: float, seen: list[tuple[float, float, float, bool, float]]
) -> None:
    """While nobody sets a clock, the difference is known to within the longest round trip.

    Until an answer was dated, it is at least not overrated.
    """
    clock = ServerClock()
    dated = False
    for number, evidence in enumerate(seen):
        show(clock, ahead, NOW + 20.0 * number, evidence)
        dated |= evidence[3]
        if dated:
            assert clock.ahead == pytest.approx(ahead, abs=WIDEST)
        else:
            assert 0.0 <= clock.ahead <= max(0.0, ahead) + 1e-5


@examples(300)
@given(
    DIFFERENCES,
    st.lists(EVIDENCE, max_size=10),
    st.floats(2 * WIDEST + 1, 1e5) | st.floats(-1e5, -2 * WIDEST - 1),
    EVIDENCE.map(lambda evidence: (*evidence[:3], True, 0.0)),
)
def test_a_clock_was_set(
    ahead: float,
    seen: list[tuple[float, float, float, bool, float]],
    by: float,
    evidence: tuple[float, float, float, bool, float],
) -> None:
    """After a clock was set, one answer is enough to know about where it stands."""
    clock = ServerClock()
    show(clock, ahead, NOW - 20.0, evidence)
    for number, earlier in enumerate(seen):
        show(clock, ahead, NOW + 20.0 * number, earlier)
    show(clock, ahead + by, NOW + 1e4, evidence)
    assert clock.ahead == pytest.approx(ahead + by, abs=WIDEST)
