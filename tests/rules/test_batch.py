"""How many ids go into one lookup."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async._rules.batch import BatchSize


def answered(
    batch: BatchSize, asked: int, items: int, *, count: int | None = None, lost: bool = False
) -> bool:
    """Tell the batch of an answer."""
    return batch.answered(asked=asked, items=items, count=count, lost=lost)


def test_starts_at_fifty() -> None:
    """Fifty ids go into one request until something speaks against it."""
    assert BatchSize().size == 50


def test_complete() -> None:
    """A complete answer is not short, and fifty is never exceeded."""
    batch = BatchSize()
    assert not answered(batch, 50, 50, count=50)
    assert not answered(batch, 12, 12, count=12)
    assert batch.size == 50


def test_a_page() -> None:
    """Exactly a page of items for more ids is a truncated answer."""
    batch = BatchSize()
    assert answered(batch, 30, 12)
    assert batch.size == 12


def test_a_larger_count() -> None:
    """A count above the number of items is a truncated answer."""
    batch = BatchSize()
    assert answered(batch, 30, 20, count=30)
    assert batch.size == 20


def test_lost() -> None:
    """A task that was seen before and is missing from a page or more is a truncated answer."""
    batch = BatchSize()
    assert answered(batch, 50, 25, count=25, lost=True)
    assert batch.size == 25


def test_merely_unknown() -> None:
    """Ids without a record are no truncation: unknown ids are left out of an answer."""
    batch = BatchSize()
    assert not answered(batch, 20, 15, count=15)
    assert not answered(batch, 20, 0, count=0)
    assert not answered(batch, 20, 0, count=20)
    assert not answered(batch, 20, 0)
    assert not answered(batch, 20, 3, lost=True)
    assert batch.size == 50


def test_recovers() -> None:
    """Full answers make the size grow again, up to fifty."""
    batch = BatchSize()
    answered(batch, 30, 12)
    sizes = []
    while batch.size < 50:
        answered(batch, batch.size, batch.size)
        sizes.append(batch.size)
    assert sizes == sorted(set(sizes))
    assert len(sizes) < 20


def test_half_empty_answer_teaches_nothing() -> None:
    """An answer to fewer ids than the size says nothing about a larger one."""
    batch = BatchSize()
    answered(batch, 30, 12)
    answered(batch, 5, 5)
    assert batch.size == 12


def test_refused() -> None:
    """A refusal of the size halves what was asked, and never below one."""
    batch = BatchSize()
    batch.refused(asked=50)
    assert batch.size == 25
    batch.refused(asked=50)
    assert batch.size == 25
    for asked in (25, 12, 6, 3, 1, 1):
        batch.refused(asked=asked)
    assert batch.size == 1


def test_restored() -> None:
    """Where it was one id that was refused, the number falls back to what has been proven."""
    batch = BatchSize()
    answered(batch, 30, 12)
    for asked in (12, 6, 3, 1):
        batch.refused(asked=asked)
    batch.restore()
    assert batch.size == 12


def test_recovers_from_one() -> None:
    """Even a size of one grows back."""
    batch = BatchSize()
    batch.refused(asked=2)
    answered(batch, 1, 1)
    assert batch.size == 2


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 50),
            st.integers(0, 50),
            st.none() | st.integers(0, 100),
            st.booleans(),
            st.booleans(),
        )
    )
)
def test_bounds(events: list[tuple[int, int, int | None, bool, bool]]) -> None:
    """The size stays within 1 and 50, and only an incomplete answer is short."""
    batch = BatchSize()
    for asked, items, count, lost, refused in events:
        if refused:
            batch.refused(asked=asked)
        else:
            found = min(asked, items)
            short = answered(batch, asked, found, count=count, lost=lost)
            assert not (short and found in {0, asked})
        assert 1 <= batch.size <= 50
