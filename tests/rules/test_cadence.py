"""When to look at a task next."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async._rules.cadence import FIRST_LOOK, error_pause, first_look, next_gap

AGES = st.floats(-1e6, 1e9)


@pytest.mark.parametrize(
    ("age", "acknowledged", "seconds"),
    [
        (0.0, True, FIRST_LOOK),
        (1.5, True, FIRST_LOOK - 1.5),
        (FIRST_LOOK, True, 0.0),
        (1000.0, True, 0.0),
        (0.0, False, 0.0),
        (1000.0, False, 0.0),
    ],
)
def test_first_look(age: float, acknowledged: object, seconds: float) -> None:
    """A task of ours is first looked at after four seconds, one from elsewhere right away."""
    assert first_look(age, acknowledged=acknowledged is True) == seconds


@pytest.mark.parametrize(
    ("age", "watched", "least", "gap"),
    [
        (4.0, 1, 0.9, 0.9),
        (40.0, 1, 0.9, 5.0),
        (400.0, 1, 0.9, 15.0),
        (40.0, 2, 0.9, 4.0),
        (48.0, 3, 0.9, 4.8),
        (48.0, 1000, 0.9, 4.8),
        (4.0, 1000, 0.9, 0.9),
        (40.0, 1, 30.0, 30.0),
        (-5.0, 1, 0.9, 0.9),
    ],
)
def test_next_gap(age: float, watched: int, least: float, gap: float) -> None:
    """The gap grows with the age of a task, is shorter for many, and never below the least."""
    assert next_gap(age, watched=watched, least=least) == pytest.approx(gap)


@settings(deadline=None)
@given(AGES, AGES, st.integers(1, 10_000), st.floats(0.01, 100))
def test_gap_is_steady(age: float, other: float, watched: int, least: float) -> None:
    """No age makes the gap shorter than the policy allows or longer than a quarter minute."""
    older, younger = max(age, other), min(age, other)
    gap = next_gap(older, watched=watched, least=least)
    assert least <= gap <= max(15.0, least)
    assert gap >= next_gap(younger, watched=watched, least=least)
    assert gap <= next_gap(older, watched=1, least=least)


@settings(deadline=None)
@given(st.integers(1, 10_000), st.floats(0, 1))
def test_error_pause(failures: int, chance: float) -> None:
    """Failures in a row pause lookups ever longer, up to half a minute, with jitter."""
    pause = error_pause(failures, chance=chance)
    full = min(30.0, 2.0 ** min(failures - 1, 9))
    assert full / 2 <= pause <= full
    assert error_pause(failures + 1, chance=chance) >= pause


def test_looks_of_a_lone_task() -> None:
    """A song of 45 s costs some twenty lookups at most, with its news late by an eighth."""
    moment, looks = FIRST_LOOK, [FIRST_LOOK]
    while moment < 45:
        moment += next_gap(moment, watched=1, least=0.9)
        looks.append(moment)
    assert len(looks) <= 25
    assert looks[-1] - 45 <= 6
