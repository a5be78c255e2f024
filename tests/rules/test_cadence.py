"""When to look at a task next."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async._rules.cadence import _FINENESS as FINEST
from acedata_async._rules.cadence import FIRST_LOOK, error_pause, first_look, next_gap
from acedata_async._rules.durations import Spread
from tests.examples import examples

AGES = st.floats(-1e3, 1e5)
SPREADS = st.builds(Spread, st.floats(0.5, 3600), st.floats(0.05, 2))
LEASTS = st.floats(0.05, 100)
PACES = st.floats(0.1, 10)
SHARING = st.integers(1, 50)
SONG = Spread(median=45.0, sigma=0.35)


def gap(
    age: float,
    spread: Spread | None = None,
    *,
    sharing: int = 1,
    least: float = 0.9,
    pace: float = 1.0,
    chance: float = 0.5,
) -> float:
    """Return the gap, as a rule of a lone task."""
    return next_gap(age, spread=spread, sharing=sharing, least=least, pace=pace, chance=chance)


def first(age: float, spread: Spread | None, *, ours: bool = True, sharing: int = 1) -> float:
    """Return the time until the first look."""
    return first_look(age, acknowledged=ours, spread=spread, sharing=sharing, least=0.9)


@pytest.mark.parametrize(
    ("age", "seconds"), [(0.0, 4.0), (1.5, 2.5), (FIRST_LOOK, 0.0), (1000.0, 0.0)]
)
def test_first_look_at_an_unknown_kind(age: float, seconds: float) -> None:
    """A task of ours of which nothing is known is first looked at after four seconds."""
    assert first(age, None) == seconds


@pytest.mark.parametrize("spread", [None, SONG])
@pytest.mark.parametrize("age", [0.0, 1000.0])
def test_first_look_at_a_task_from_elsewhere(age: float, spread: Spread | None) -> None:
    """A task from elsewhere may be long done and is looked at right away."""
    assert first(age, spread, ours=False) == 0.0


def test_first_look_at_a_known_kind() -> None:
    """A task of a known kind is first looked at when its end has some likelihood."""
    assert 20 <= first(0.0, SONG) <= 40
    assert first(10.0, SONG) == pytest.approx(first(0.0, SONG) - 10, abs=0.1)
    assert first(0.0, SONG, sharing=50) < first(0.0, SONG)


@pytest.mark.parametrize(
    ("age", "sharing", "least", "seconds"),
    [
        (0.0, 1, 0.9, 0.9),
        (4.0, 1, 0.9, 1.131),
        (40.0, 1, 0.9, 3.578),
        (400.0, 1, 0.9, 11.314),
        (1e6, 1, 0.9, 60.0),
        (4.0, 50, 0.9, 0.9),
        (40.0, 50, 0.9, 40.0 / FINEST),
        (40.0, 1, 30.0, 30.0),
        (1e6, 1, 90.0, 90.0),
        (-5.0, 1, 0.9, 0.9),
    ],
)
def test_unknown_kind(age: float, sharing: int, least: float, seconds: float) -> None:
    """The gap grows with the root of the age; a crowd's is a share of the age."""
    assert gap(age, sharing=sharing, least=least) == pytest.approx(seconds, abs=0.001)


def test_known_kind() -> None:
    """The gap ends where a lookup is worth its price, and is short where ends are likely."""
    for age in (0.0, 10.0, 30.0, 45.0, 80.0):
        seconds = gap(age, SONG)
        assert SONG.lateness(age, age + seconds) == pytest.approx(0.16, abs=0.01)
    assert gap(0.0, SONG) > gap(30.0, SONG) > gap(60.0, SONG) > 1.0
    assert gap(45.0, SONG, sharing=50) == pytest.approx(45 / FINEST)
    assert gap(12.0, Spread(12.0, 0.3), sharing=50) == 0.9


def test_far_from_its_end() -> None:
    """No gap is longer than a minute, however long such tasks take."""
    assert gap(0.0, Spread(3600.0, 0.1)) == pytest.approx(60.0)


def test_tail() -> None:
    """Beyond what was ever seen the gap grows up to half a minute, with jitter."""
    assert SONG.longest == pytest.approx(128.6, abs=0.1)
    assert gap(160.0, SONG) == pytest.approx((160 - SONG.longest) / 8)
    assert gap(1000.0, SONG) == 30.0
    assert gap(1000.0, SONG, chance=0.0) == pytest.approx(27.0)
    assert gap(1000.0, SONG, chance=1.0) == pytest.approx(33.0)
    assert gap(1000.0, SONG, least=40.0, chance=0.0) == 40.0


def test_tail_in_a_crowd() -> None:
    """A task that takes unusually long is not lost sight of among others."""
    for age in range(30, 300):
        assert gap(age, Spread(12.0, 0.3), sharing=50) <= max(0.9, age / FINEST) * 1.1


def test_pace() -> None:
    """Twice the pace is about half the gap."""
    assert gap(50.0, SONG, pace=2.0) == pytest.approx(gap(50.0, SONG) / 2, rel=0.2)
    assert gap(50.0, pace=2.0) == pytest.approx(gap(50.0) / 2)
    assert gap(50.0, pace=0.5) == pytest.approx(gap(50.0) * 2)
    assert gap(50.0, pace=0.5, sharing=50) == pytest.approx(gap(50.0, sharing=50) * 2)


@examples(500)
@given(AGES, st.none() | SPREADS, SHARING, st.tuples(LEASTS, PACES), st.floats(0, 1))
def test_gap_keeps_its_bounds(
    age: float, spread: Spread | None, sharing: int, policy: tuple[float, float], chance: float
) -> None:
    """The gap is never below the least or the crowd's share, nor above a minute or the least."""
    least, pace = policy
    seconds = gap(age, spread, sharing=sharing, least=least, pace=pace, chance=chance)
    floor = min(60.0, max(0.0, age) / FINEST / pace) if sharing > 1 else 0.0
    assert max(least, floor) <= seconds <= max(60.0, least)


@examples(500)
@given(AGES, st.none() | SPREADS, SHARING, LEASTS, st.tuples(PACES, PACES).map(sorted))
def test_a_quicker_pace_is_never_later(
    age: float, spread: Spread | None, sharing: int, least: float, paces: list[float]
) -> None:
    """Who wants to know sooner never waits longer."""
    slower, quicker = paces
    slow = gap(age, spread, sharing=sharing, least=least, pace=slower)
    assert gap(age, spread, sharing=sharing, least=least, pace=quicker) <= slow + 1e-6


@examples(500)
@given(AGES, st.none() | SPREADS, SHARING, SHARING, LEASTS)
def test_more_sharers_are_never_later(
    age: float, spread: Spread | None, sharing: int, other: int, least: float
) -> None:
    """The more share a request, the sooner it is worth it, but for the crowd's share of the age."""
    fewer, more = sorted((sharing, other))
    floor = max(0.0, age) / FINEST if more > 1 else 0.0
    allowed = max(gap(age, spread, sharing=fewer, least=least), floor)
    assert gap(age, spread, sharing=more, least=least) <= allowed + 1e-6


@examples(300)
@given(st.floats(0, 1e9), st.none() | SPREADS, SHARING)
def test_first_look_is_soon(age: float, spread: Spread | None, sharing: int) -> None:
    """A first look is never in the past and never more than a minute away."""
    assert 0 <= first(age, spread, sharing=sharing) <= 60.0


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1))
def test_error_pause(failures: int, chance: float) -> None:
    """Failures in a row pause lookups ever longer, up to a quarter minute, with jitter."""
    pause = error_pause(failures, chance=chance)
    full = min(15.0, 2.0 ** min(failures - 1, 9))
    assert full / 2 <= pause <= full
    assert error_pause(failures + 1, chance=chance) >= pause


def test_looks_of_a_lone_task() -> None:
    """An unknown song of 45 s costs some twenty lookups at most, with its news late by 2 s."""
    moment, looks = FIRST_LOOK, [FIRST_LOOK]
    while moment < 45:
        moment += gap(moment)
        looks.append(moment)
    assert len(looks) <= 20
    assert looks[-1] - looks[-2] <= 4
