"""How fast a token may ask."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async._rules.governor import Governor
from tests.examples import examples


def governor(rate: float = 1.0, burst: float = 5.0) -> Governor:
    """Return a governor as lookups have it."""
    return Governor(rate=rate, burst=burst)


def refuse(
    governed: Governor, now: float, *, sent: float | None = None, retry_after: float | None = None
) -> None:
    """Tell it of a 429, without jitter."""
    governed.refused(now, sent=now if sent is None else sent, retry_after=retry_after, chance=0.0)


def use_up(governed: Governor, now: float) -> None:
    """Take all turns that may be had now."""
    while governed.wait(now) == 0:
        governed.take(now)


def test_burst_then_rate() -> None:
    """Five may go at once, then one a second."""
    governed = governor()
    assert [governed.take(0.0) for _ in range(8)] == [0, 0, 0, 0, 0, 1, 2, 3]


def test_wait_takes_nothing() -> None:
    """Asking how long to wait is not taking a turn."""
    governed = governor(burst=1.0)
    assert [governed.wait(0.0) for _ in range(9)] == [0.0] * 9
    governed.take(0.0)
    assert governed.wait(0.0) == 1.0
    assert governed.wait(0.75) == 0.25
    assert governed.wait(1.0) == 0.0


def test_rest_refills() -> None:
    """A rest earns a burst back and no more."""
    governed = governor()
    for _ in range(5):
        governed.take(0.0)
    assert [governed.take(1000.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_turns_in_order() -> None:
    """Turns come in the order taken, evenly spaced, also when taken at different times."""
    governed = governor(rate=2.0, burst=1.0)
    due = [now + governed.take(now) for now in (0.0, 0.1, 0.2, 0.3)]
    assert due == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_doubles_each_clean_second() -> None:
    """The rate doubles once a second while it is used up and answers are clean, up to fifty."""
    governed = governor()
    rates = []
    for tenth in range(100):
        now = tenth / 10
        use_up(governed, now)
        governed.answered(now)
        if tenth % 10 == 0:
            rates.append(governed.rate)
    assert rates[:4] == [1, 2, 4, 8]
    assert rates[-1] == 50.0


def test_starts_at_one() -> None:
    """The first clean second, from the first request on, passes before the rate doubles."""
    governed = governor()
    use_up(governed, 100.0)
    governed.answered(100.1)
    governed.answered(100.9)
    assert governed.rate == 1.0
    governed.answered(101.0)
    assert governed.rate == 2.0


def test_grows_only_when_used_up() -> None:
    """Who asks less than the rate allows does not find out whether more is allowed."""
    governed = governor(rate=4.0)
    for second in range(60):
        governed.take(float(second))
        governed.answered(second + 0.1)
    assert governed.rate == 4.0
    use_up(governed, 60.0)
    governed.answered(62.0)
    assert governed.rate == 8.0
    governed.answered(64.0)
    assert governed.rate == 8.0


def test_tells_of_changes() -> None:
    """Each new rate is told with its reason, and a rate that stays is not."""
    told: list[tuple[float, str]] = []
    governed = Governor(rate=1.0, burst=5.0, changed=lambda *change: told.append(change))
    for second in range(8):
        use_up(governed, float(second))
        governed.answered(float(second))
    refuse(governed, 8.0)
    refuse(governed, 8.1, sent=7.9)
    assert told == [
        *((rate, "clean") for rate in (2.0, 4.0, 8.0, 16.0, 32.0, 50.0)),
        (25.0, "refused"),
    ]


def test_halves_and_grows_slowly() -> None:
    """A 429 halves the rate; from then on it grows by one a second."""
    governed = governor(rate=16.0)
    refuse(governed, 10.0)
    assert governed.rate == 8.0
    governed.answered(10.5)
    assert governed.rate == 8.0
    rates = []
    for second in range(11, 15):
        use_up(governed, float(second))
        governed.answered(float(second))
        rates.append(governed.rate)
    assert rates == [9.0, 10.0, 11.0, 12.0]


def test_one_incident_slows_once() -> None:
    """Of many refused at once only the first slows everybody."""
    governed = governor(rate=16.0)
    for _ in range(10):
        refuse(governed, 10.0, sent=9.9)
    refuse(governed, 10.2, sent=10.0)
    assert governed.rate == 8.0
    refuse(governed, 12.0, sent=11.0)
    assert governed.rate == 4.0


def test_never_slower_than_the_floor() -> None:
    """However often it is refused, something still goes now and then."""
    governed = governor()
    for incident in range(100):
        refuse(governed, incident * 100.0)
    assert governed.rate == 0.2
    assert governed.wait(9900.0) <= 30.5


def test_pause_doubles() -> None:
    """Without `Retry-After` everybody stops: 1, 2, 4, … 30 s; a clean answer ends the row."""
    governed = governor()
    pauses = []
    for incident in range(7):
        now = incident * 100.0
        refuse(governed, now)
        pauses.append(governed.wait(now))
    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    governed.answered(800.0)
    refuse(governed, 900.0)
    assert governed.wait(900.0) == 1.0


def test_jitter() -> None:
    """The pause has up to half a second of jitter."""
    governed = governor()
    governed.refused(0.0, sent=0.0, retry_after=None, chance=1.0)
    assert governed.wait(0.0) == 1.5


def test_retry_after() -> None:
    """What the API asks for is honoured, and the first request after it goes at once."""
    governed = governor(rate=4.0)
    refuse(governed, 0.0, retry_after=20.0)
    assert governed.wait(0.0) == 20.0
    assert governed.wait(15.0) == 5.0
    assert governed.wait(20.0) == 0.0


def test_retry_after_of_a_latecomer() -> None:
    """A longer `Retry-After` of the same incident prolongs the pause; a shorter one does not."""
    governed = governor(rate=4.0)
    refuse(governed, 0.0, retry_after=5.0)
    refuse(governed, 0.1, sent=-1.0, retry_after=9.9)
    assert governed.wait(0.1) == pytest.approx(9.9)
    refuse(governed, 0.2, sent=-1.0, retry_after=1.0)
    refuse(governed, 0.2, sent=-1.0)
    assert governed.wait(0.2) == pytest.approx(9.8)
    assert governed.rate == 2.0


def test_queue_after_a_pause() -> None:
    """After a pause everybody goes one by one, in the order taken."""
    governed = governor(rate=4.0)
    refuse(governed, 0.0, retry_after=10.0)
    assert [governed.take(0.0) for _ in range(4)] == [10.0, 10.5, 11.0, 11.5]


def test_no_limit_until_the_first_429() -> None:
    """An infinite rate lets everything go at once, and clean answers leave it so."""
    governed = governor(rate=math.inf, burst=1.0)
    assert {governed.take(0.01 * turn) for turn in range(100)} == {0.0}
    governed.answered(5.0)
    assert math.isinf(governed.rate)


def test_first_429_of_no_limit() -> None:
    """The first 429 turns the pace of the last second, halved, into the limit."""
    governed = governor(rate=math.inf, burst=1.0)
    for turn in range(40):
        governed.take(turn * 0.1)
    refuse(governed, 4.0)
    assert governed.rate == pytest.approx(5.0, abs=0.6)
    assert governed.take(4.0) == 1.0
    assert governed.take(4.0) == pytest.approx(1 + 1 / governed.rate)


def test_slow_first_429_of_no_limit() -> None:
    """A 429 that takes two seconds to come still knows the pace at which it was sent."""
    governed = governor(rate=math.inf, burst=1.0)
    for _ in range(20):
        governed.take(0.0)
    refuse(governed, 2.0, sent=0.0)
    assert governed.rate == 10.0


def test_first_429_after_a_rest() -> None:
    """A 429 out of the blue leaves the slowest pace, not none."""
    governed = governor(rate=math.inf, burst=1.0)
    refuse(governed, 100.0)
    assert governed.rate == 0.2


def test_give_way() -> None:
    """Who gives way goes on at half the pace, one by one, and what was queued is void."""
    governed = governor(rate=8.0)
    use_up(governed, 9.9)
    governed.give_way(10.0)
    assert governed.rate == 4.0
    assert governed.wait(10.0) == 0.25
    governed.give_way(10.9)
    assert governed.rate == 4.0
    governed.give_way(11.0)
    assert governed.rate == 2.0


def test_give_way_without_a_limit() -> None:
    """Giving way without a limit halves the pace of the last second."""
    governed = governor(rate=math.inf, burst=1.0)
    for turn in range(40):
        governed.take(turn * 0.1)
    assert governed.pace(3.9) == 10.0
    governed.give_way(3.9)
    assert governed.rate == 5.0


def test_give_way_respects_a_pause() -> None:
    """Giving way shortens no pause that the API asked for."""
    governed = governor(rate=8.0)
    refuse(governed, 0.0, retry_after=20.0)
    governed.give_way(5.0)
    assert governed.wait(5.0) == pytest.approx(15.5)


def test_pace() -> None:
    """The pace counts the turns of one second, without those that are yet to come."""
    governed = governor(rate=2.0, burst=1.0)
    for _ in range(4):
        governed.take(0.0)
    assert [governed.pace(now) for now in (0.0, 0.5, 1.0, 1.5, 2.4, 2.5)] == [1, 2, 2, 2, 1, 0]


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["take", "wait", "answered", "refused", "give way"]),
        st.floats(0, 30),
        st.floats(0, 40),
        st.none() | st.floats(0, 3600),
        st.floats(0, 1),
    ),
    max_size=60,
)


@examples(300)
@given(st.sampled_from([0.2, 1.0, 4.0, math.inf]), st.sampled_from([1.0, 5.0]), EVENTS)
def test_always_usable(
    rate: float, burst: float, events: list[tuple[str, float, float, float | None, float]]
) -> None:
    """Whatever happens, waits are finite and not negative, and the rate stays in its bounds."""
    governed = Governor(rate=rate, burst=burst)
    now, last_due = 0.0, -math.inf
    for what, step, delay, retry_after, chance in events:
        now += step
        if what == "take":
            due = now + governed.take(now)
            assert due >= last_due - 1e-6
            last_due = due
        elif what == "answered":
            governed.answered(now)
            last_due = -math.inf  # a higher rate shortens the queue
        elif what == "refused":
            governed.refused(now, sent=now - delay, retry_after=retry_after, chance=chance)
            last_due = -math.inf  # turns taken before are void
        elif what == "give way":
            governed.give_way(now)
            last_due = -math.inf  # likewise
        wait = governed.wait(now)
        assert 0 <= wait < math.inf
        assert math.isinf(governed.rate) or 0.2 <= governed.rate <= 50


@settings(deadline=None)
@given(st.floats(0.2, 50), st.lists(st.floats(0, 3), min_size=1, max_size=80))
def test_rate_is_kept(rate: float, steps: list[float]) -> None:
    """Whoever takes turns and keeps them never exceeds the burst plus the rate."""
    governed = Governor(rate=rate, burst=5.0)
    now, sent = 0.0, []
    for step in steps:
        now += step
        sent.append(now + governed.take(now))
    assert sent == sorted(sent)
    for index, moment in enumerate(sent):
        window = sum(moment <= other <= moment + 10 for other in sent[index:])
        assert window <= 5 + 10 * rate + 1
