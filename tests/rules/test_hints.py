"""Hints, each of which counts once, and whether callbacks can be relied on."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.hints import Hints, Trust


def test_first_counts() -> None:
    """The first hint for a task is acted on, others are not."""
    hints = Hints()
    assert hints.note("a", None, 0.0, used=True)
    assert not hints.note("a", None, 1.0, used=True)
    assert not hints.take("a", None, 2.0)


def test_kept() -> None:
    """A hint that comes before anybody waits is kept, and taken once."""
    hints = Hints()
    hints.note("a", None, 0.0, used=False)
    assert [hints.take("a", None, 1.0), hints.take("a", None, 2.0)] == [True, False]


def test_forgotten_after_a_while() -> None:
    """It is kept for a quarter of an hour."""
    hints = Hints()
    hints.note("a", None, 0.0, used=False)
    hints.note("b", None, 1.0, used=False)
    assert [hints.take("a", None, 900.5), hints.take("b", None, 900.5)] == [False, True]


@given(st.lists(st.integers(0, 30_000), max_size=50))
def test_memory_is_bounded(ids: list[int]) -> None:
    """However many come, the last ten thousand are kept."""
    hints = Hints()
    for number in [*range(12_000), *ids]:
        hints.note(str(number), None, 0.0, used=False)
    assert len(hints) == 10_000
    assert ids == [] or not hints.note(str(ids[-1]), None, 0.0, used=True)


def test_relied_on_from_the_start() -> None:
    """Who sets callbacks up relies on them, until the first one that was due is missing."""
    trust = Trust()
    assert trust.holds(0.0)
    trust.ended_without("a", 100.0)
    assert trust.holds(109.0)
    assert not trust.holds(110.0)


def test_one_missing_of_many() -> None:
    """Where callbacks have come, it takes three missing ones in a row."""
    trust = Trust()
    trust.came()
    for number in range(2):
        trust.ended_without(f"{number}", 0.0)
    assert trust.holds(1000.0)
    trust.ended_without("2", 1000.0)
    assert not trust.holds(1010.0)
    trust.came()
    assert trust.holds(1010.0)


def test_late_is_not_missing() -> None:
    """One that comes after a lookup has seen its task over is not missing."""
    trust = Trust()
    trust.ended_without("a", 0.0)
    trust.came_late("b")
    assert not trust.holds(10.0)
    trust.came_late("a")
    assert trust.holds(10.0)
