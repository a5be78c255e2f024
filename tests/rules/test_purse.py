"""How much a run may still spend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.purse import Purse


def purse(
    *, songs: int | None = None, credits_: float | None = None, spent: int = 0, cost: float = 0.0
) -> Purse:
    """Return a purse; without a word, for any number of songs."""
    return Purse(songs=songs, credits_=credits_, spent=spent, cost=cost)


def pay(held: Purse, *costs: float | None) -> None:
    """Pay for songs of which the records say this."""
    for cost in costs:
        held.begun()
        held.priced(cost)


def test_without_a_budget() -> None:
    """Without a budget everything may go, whatever it costs, and the sums are kept."""
    held = purse(spent=7, cost=1.5)
    pay(held, 100.0, None)
    assert held.refusal() is None
    assert held.has_room(under_way=10_000)
    assert (held.spent, held.cost) == (9, 101.5)


def test_songs() -> None:
    """A budget in songs counts those of earlier runs, and is exact."""
    held = purse(songs=5, spent=3)
    for _ in range(2):
        assert held.refusal() is None
        assert held.has_room(under_way=1000)
        held.begun()
    assert held.refusal() == "the budget of 5 songs is used (5 in the ledger)"


def test_unpaid() -> None:
    """A song that was not paid for after all makes room for another one."""
    held = purse(songs=1)
    held.begun()
    assert held.refusal() is not None
    held.unpaid()
    assert held.spent == 0
    assert held.refusal() is None


def test_nothing() -> None:
    """A budget of nothing pays for nothing."""
    assert purse(songs=0).refusal() is not None
    refusal = purse(credits_=0.0).refusal()
    assert refusal is not None
    assert refusal.startswith("the budget of 0 credits is used")


def test_blind() -> None:
    """Until a record of this run says what a song costs, five are under way at most."""
    held = purse(credits_=1000.0)
    assert [held.has_room(under_way=number) for number in (0, 4, 5)] == [True, True, False]
    pay(held, 2.0)
    assert held.has_room(under_way=400)


def test_credits() -> None:
    """A budget in credits leaves room for what is under way, at what songs cost on average."""
    held = purse(credits_=10.0)
    pay(held, 1.0, 3.0)
    assert held.refusal() is None
    assert [held.has_room(under_way=number) for number in range(4)] == [True, True, True, False]
    pay(held, 2.0, 2.0, 1.0)
    assert held.refusal() == (
        "the budget of 10 credits is used (9, and the next song costs about 1.8)"
    )
    assert not held.has_room(under_way=0)


def test_resumed() -> None:
    """A run that begins with its budget used up pays for nothing, not even to learn the price."""
    assert purse(credits_=10.0, spent=5, cost=10.0).refusal() is not None
    assert purse(credits_=11.0, spent=5, cost=10.0).refusal() is not None
    held = purse(credits_=14.0, spent=5, cost=10.0)
    assert held.refusal() is None
    assert [held.has_room(under_way=number) for number in range(3)] == [True, True, False]


def test_no_prices() -> None:
    """Where records do not say what a song costs, it says to give the budget in songs."""
    held = purse(credits_=10.0)
    pay(held, None)
    refusal = held.refusal()
    assert refusal is not None
    assert refusal.endswith("give it in songs")


def test_no_prices_needed() -> None:
    """A budget in songs needs no prices."""
    held = purse(songs=5)
    pay(held, None)
    assert held.refusal() is None


def test_some_prices() -> None:
    """A song of which the record does not say counts like the others."""
    held = purse(credits_=4.0)
    pay(held, 1.0, None, None)
    assert held.cost == 1.0
    assert held.refusal() is None
    assert not held.has_room(under_way=1)
    pay(held, None)
    assert held.refusal() is not None


@pytest.mark.parametrize("number", [3, 7, 10, 30])
def test_rounding(number: int) -> None:
    """Costs that are no binary fractions fill a budget exactly."""
    held = purse(credits_=number / 10)
    for _ in range(number):
        assert held.refusal() is None
        pay(held, 0.1)
    assert held.refusal() is not None


def test_free() -> None:
    """Songs that cost nothing never use up a budget."""
    held = purse(credits_=1.0)
    pay(held, *[0.0] * 100)
    assert held.refusal() is None
    assert held.has_room(under_way=1000)


@given(
    st.floats(0.1, 20),
    st.floats(0, 40),
    st.integers(0, 20),
    st.lists(st.none() | st.floats(0.0, 3.0), max_size=30),
)
def test_never_stuck(budget: float, cost: float, spent: int, costs: list[float | None]) -> None:
    """With nothing under way, one more either has room or is refused with a reason."""
    held = purse(credits_=budget, spent=spent, cost=cost)
    for one in [None, *costs]:
        if one is not None or held.refusal() is None:
            held.priced(one)
        assert (held.refusal() is None) <= held.has_room(under_way=0)


@given(st.floats(0.5, 50), st.floats(0.01, 5), st.integers(5, 40))
def test_kept(budget: float, price: float, under_way: int) -> None:
    """Of songs that all cost the same, no more are paid for than the budget holds, but five."""
    held, flying, paid = purse(credits_=budget), 0, 0
    while held.refusal() is None:
        while flying < under_way and held.has_room(under_way=flying):
            held.begun()
            flying += 1
        held.priced(price)
        flying -= 1
        paid += 1
    paid += flying
    assert paid * price <= max(budget + 0.001, 5 * price)


def test_earlier_runs_that_told_no_cost() -> None:
    """Where none of the songs that were paid for tells its cost, no more are, run after run."""
    purse = Purse(songs=None, credits_=1.0, spent=5, cost=0.0)
    assert "cannot be kept" in str(purse.refusal())
    purse.priced(0.1)  # one that was under way tells it after all
    assert purse.refusal() is None


def test_what_is_known_of_costs() -> None:
    """Nothing paid is no credits; something paid that told no cost is not known."""
    purse = Purse(songs=None, credits_=None, spent=0, cost=0.0)
    known = [purse.told]
    for cost in (None, 2.5):
        purse.begun()
        purse.priced(cost)
        known.append(purse.told)
    assert known == [0.0, None, 2.5]
    assert Purse(songs=None, credits_=None, spent=3, cost=1.5).told == 1.5
