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


def test_relied_on_once_one_has_come() -> None:
    """A new process looks as if there were none until one comes."""
    trust = Trust()
    assert not trust.holds(0.0)
    trust.came("x")
    assert trust.holds(0.0)


def test_one_missing_of_many() -> None:
    """One of the last eight may be missing, ten seconds after its task was seen to be over."""
    trust = Trust()
    trust.came("x")
    trust.ended_without("a", 0.0)
    trust.ended_without("b", 0.0)
    assert trust.holds(9.0)
    assert not trust.holds(10.0)
    assert trust.fails(10.0)


def test_relied_on_again() -> None:
    """They are relied on again once seven of eight have come."""
    trust = Trust()
    trust.ended_without("a", 0.0)
    trust.ended_without("b", 0.0)
    assert trust.fails(10.0)
    held = []
    for _ in range(8):
        trust.came("x")
        held.append(trust.holds(20.0))
    assert held == [False] * 6 + [True] * 2


def test_late_is_not_missing() -> None:
    """One that comes after a lookup has seen its task over has come."""
    trust = Trust()
    for task_id in "abc":
        trust.ended_without(task_id, 0.0)
    for task_id in "abcx":
        trust.came_late(task_id)
    assert trust.holds(10.0)


def test_missing_ones_take_no_memory() -> None:
    """However many are missing at once, the last ten thousand are remembered."""
    trust = Trust()
    for number in range(12_000):
        trust.ended_without(f"{number}", 0.0)
    assert len(trust._missing) == 10_000
