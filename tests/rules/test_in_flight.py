"""How many paid tasks may be under way at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.in_flight import InFlight

from .paying import SONG, Run, Trade

NOW = 1000.0


def fill(rule: InFlight, now: float, *, songs: int = 1) -> None:
    """Note so many songs that were made while the limit held others back."""
    for _ in range(songs):
        rule.made(now, under_way=rule.limit)


def refuse(rule: InFlight, now: float) -> None:
    """Note that a call that was just sent does not fit beside the others."""
    rule.refused(now, sent=now - 0.3, under_way=rule.limit)


def test_start() -> None:
    """It starts at the five of the vendor's pages."""
    assert InFlight().limit == 5


def test_grows() -> None:
    """It grows by one with each song, up to a thousand."""
    rule = InFlight()
    fill(rule, NOW, songs=3)
    assert rule.limit == 8
    fill(rule, NOW, songs=2000)
    assert rule.limit == 1000


def test_grows_only_while_it_binds() -> None:
    """Songs that were fewer than the limit allows prove nothing."""
    rule = InFlight()
    for _ in range(100):
        rule.made(NOW, under_way=4)
    assert rule.limit == 5


def test_halves_once() -> None:
    """Of many refusals of calls that were under way together only the first halves it."""
    rule = InFlight()
    fill(rule, NOW, songs=15)
    for number in range(5):
        rule.refused(NOW + 1 + number * 0.05, sent=NOW + number * 0.05, under_way=20)
    assert rule.limit == 10


def test_comes_back() -> None:
    """It comes back to what is known to fit, and stays there for a minute."""
    rule = InFlight()
    fill(rule, NOW, songs=7)
    refuse(rule, NOW)
    assert rule.limit == 6
    fill(rule, NOW + 59, songs=50)
    assert rule.limit == 11


def test_cluster_counts() -> None:
    """Of ten calls that went together and five that were refused, five are known to fit."""
    rule = InFlight(10)
    for number in range(5):
        rule.refused(NOW + 1, sent=NOW + number * 0.05, under_way=10)
    fill(rule, NOW + 50, songs=50)
    assert rule.limit == 5


def test_a_storm_of_refusals() -> None:
    """However many refusals come together, it does not fall below half of what was tried."""
    rule = InFlight(100)
    for _ in range(99):
        rule.refused(NOW + 1, sent=NOW, under_way=100)
    fill(rule, NOW + 50, songs=100)
    assert rule.limit == 50


def test_repeated_in_vain() -> None:
    """A call that is refused again before any other has ended tells nothing new."""
    rule = InFlight()
    rule.refused(NOW, sent=NOW - 1, under_way=5)
    assert rule.limit == 2
    for second in range(1, 20):
        rule.refused(NOW + second, sent=NOW + second - 0.3, under_way=5)
    assert rule.limit == 2
    fill(rule, NOW + 30, songs=9)
    assert rule.limit == 4


def test_less_than_was_known() -> None:
    """A refusal of what was known to fit halves it again."""
    rule = InFlight()
    refuse(rule, NOW)
    fill(rule, NOW + 10, songs=9)
    assert rule.limit == 4
    refuse(rule, NOW + 20)
    assert rule.limit == 2
    fill(rule, NOW + 30, songs=9)
    assert rule.limit == 3


def test_probes() -> None:
    """A minute after a refusal it tries one more."""
    rule = InFlight()
    refuse(rule, NOW)
    fill(rule, NOW + 59, songs=9)
    assert rule.limit == 4
    fill(rule, NOW + 60)
    assert rule.limit == 5
    fill(rule, NOW + 61, songs=9)
    assert rule.limit == 5


def probe_after(rule: InFlight, now: float) -> float:
    """Return the seconds until it tries more than it knows to fit."""
    fill(rule, now, songs=100)
    limit = rule.limit
    for seconds in range(2000):
        fill(rule, now + seconds)
        if rule.limit > limit:
            return seconds
    raise AssertionError


def test_probes_in_vain() -> None:
    """Each trial that is refused doubles the time to the next one, to sixteen minutes at most."""
    rule, now, pauses = InFlight(), NOW, []
    for _ in range(7):
        refuse(rule, now)
        pauses.append(probe_after(rule, now))
        now += pauses[-1] + 1
    assert pauses == [60, 120, 240, 480, 960, 960, 960]


def test_probes_that_succeed() -> None:
    """Each trial that is not refused makes the next one larger, for a limit may be gone."""
    rule, limits = InFlight(), []
    refuse(rule, NOW)
    for minute in range(1, 6):
        fill(rule, NOW + 60 * minute, songs=50)
        limits.append(rule.limit)
    assert limits == [5, 7, 11, 19, 35]


def test_after_success_the_pause_is_short_again() -> None:
    """A trial that stood ends the patience that those before it had taught."""
    rule, now = InFlight(), NOW
    for _ in range(4):
        refuse(rule, now)
        now += probe_after(rule, now)
    assert probe_after(rule, now) == 60
    refuse(rule, now + 61)
    assert probe_after(rule, now + 61) == 120


def test_never_below_one() -> None:
    """However often it is refused, one may be under way."""
    rule = InFlight()
    for second in range(20):
        refuse(rule, NOW + second)
    assert rule.limit == 1


@pytest.mark.parametrize("fixed", [1, 3, 50])
def test_fixed(fixed: int) -> None:
    """A fixed limit does not grow; a refusal halves it all the same, and it comes back."""
    rule = InFlight(fixed)
    assert rule.limit == fixed
    fill(rule, NOW, songs=100)
    assert rule.limit == fixed
    refuse(rule, NOW)
    assert rule.limit == max(1, fixed // 2)
    fill(rule, NOW + 30, songs=100)
    assert rule.limit == max(1, fixed - 1)
    fill(rule, NOW + 60, songs=100)
    assert rule.limit == fixed


@given(
    st.none() | st.integers(1, 30),
    st.lists(
        st.tuples(st.booleans(), st.floats(0, 100), st.floats(0, 10), st.integers(1, 40)),
        max_size=200,
    ),
)
def test_bounds(fixed: int | None, events: list[tuple[bool, float, float, int]]) -> None:
    """Whatever happens, the limit is at least one and never above the one that was given."""
    rule, now = InFlight(fixed), NOW
    for accepted, after, took, under_way in events:
        now, before = now + after, rule.limit
        if accepted:
            rule.made(now, under_way=under_way)
            assert rule.limit - before in {0, 1}
        else:
            rule.refused(now, sent=now - took, under_way=under_way)
            assert rule.limit <= before
        assert 1 <= rule.limit <= (1000 if fixed is None else fixed)


def trade(capacity: int, *, fixed: int | None = None, seed: int = 0) -> tuple[Trade, float]:
    """Return what an hour after a warm-up of five minutes brought, and the utilisation."""
    run = Run(lambda _: capacity, InFlight(fixed), warm_up=300, until=3900, seed=seed)
    result = run.play()
    return result, result.busy / (capacity * 3600)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("capacity", [5, 12, 100])
def test_a_vendor_with_a_limit(capacity: int, seed: int) -> None:
    """A limit of the vendor's is used to nine tenths and more, and rarely run into."""
    result, used = trade(capacity, seed=seed)
    assert used > 0.93
    assert result.refused < 0.05 * result.accepted
    assert result.most <= capacity + 2


@pytest.mark.parametrize("capacity", [5, 12, 100])
def test_a_fixed_limit_that_is_too_large(capacity: int) -> None:
    """The same goes for a fixed limit of twice what the vendor takes."""
    result, used = trade(capacity, fixed=2 * capacity)
    assert used > 0.93
    assert result.refused < 0.05 * result.accepted


def test_a_fixed_limit_that_is_kept() -> None:
    """A fixed limit below the vendor's is used up, and nothing is refused."""
    result, used = trade(100, fixed=10)
    assert result.refused == 0
    assert (result.most, used > 0.093) == (10, True)


def test_a_limit_that_comes_back() -> None:
    """After others have taken most of the room for ten minutes, it finds back within twenty."""
    run = Run(lambda now: 2 if 600 < now < 1200 else 50, InFlight(), warm_up=2400, until=3600)
    assert run.play().busy / (50 * 1200) > 0.85


def test_the_first_minutes() -> None:
    """From five to a hundred it takes about four rounds of songs."""
    run = Run(lambda _: 100, InFlight(), warm_up=5 * SONG, until=6 * SONG)
    assert run.play().busy / (100 * SONG) > 0.85
