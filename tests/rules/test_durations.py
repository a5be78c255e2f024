"""How long tasks take, learned from those that ended."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.durations import FORM, VERSION, Durations, Spread, kind_of
from tests.examples import examples

SPREADS = st.builds(Spread, st.floats(0.1, 86_400), st.floats(0.02, 9))
SECONDS = st.floats(0.1, 86_400)
AGES = st.floats(-10, 1e6)


def learned(*seconds: float, every: float = 0.0) -> Durations:
    """Return durations that have seen so many songs."""
    durations = Durations()
    for number, took in enumerate(seconds):
        durations.note("song", took, number * every)
    return durations


def known(durations: Durations, *running: float, kind: str = "song") -> Spread:
    """Return what is known of songs."""
    spread = durations.spread(kind, running)
    assert spread is not None
    return spread


def text(**facts: Any) -> str:
    """Return a saved text of one kind, with some facts of it replaced."""
    kind = {"count": 5, "median": 12, "sigma": 0.3, **facts}
    return json.dumps({"form": FORM, "version": VERSION, "kinds": {"song": kind}})


def test_spread() -> None:
    """Half of the tasks are over at the median, one in a thousand takes longer than the longest."""
    spread = Spread(median=40.0, sigma=0.35)
    assert spread.chance(40.0) == pytest.approx(0.5)
    assert spread.chance(40.0 * math.exp(0.35)) == pytest.approx(0.841, abs=0.001)
    assert spread.longest == pytest.approx(114.3, abs=0.1)
    assert 1 - spread.chance(spread.longest) == pytest.approx(0.00135, abs=0.0001)
    assert spread.chance(0.0) == spread.chance(-5.0) == 0.0


def test_lateness() -> None:
    """News of a task looked at long after it ended are late by the time since its mean end."""
    spread = Spread(median=40.0, sigma=0.1)
    mean = 40.0 * math.exp(0.005)
    assert spread.lateness(0.0, 100.0) == pytest.approx(100.0 - mean, abs=0.01)
    assert spread.lateness(0.0, 10.0) == pytest.approx(0.0, abs=1e-9)
    assert spread.lateness(50.0, 51.0) > spread.lateness(40.0, 41.0)


def test_lateness_of_the_overdue() -> None:
    """A task that should have ended long ago may do so any moment."""
    assert Spread(12.0, 0.1).lateness(1000.0, 1007.0) == 7.0


@examples(300)
@given(SPREADS, AGES, AGES)
def test_chance_grows(spread: Spread, age: float, other: float) -> None:
    """The share of tasks that are over is between 0 and 1 and grows with the age."""
    younger, older = sorted((age, other))
    assert 0 <= spread.chance(younger) <= spread.chance(older) <= 1


@examples(300)
@given(SPREADS, st.floats(0, 1e6), st.floats(0, 1e5), st.floats(0, 1e5))
def test_lateness_is_within_the_gap(spread: Spread, age: float, gap: float, another: float) -> None:
    """The lateness is between 0 and the gap, and grows with the gap."""
    short, long = sorted((gap, another))
    slack = 1e-6 * (age + long + 1)
    lateness = spread.lateness(age, age + short)
    assert 0 <= lateness <= short + slack
    assert lateness <= spread.lateness(age, age + long) + slack


def test_one_duration() -> None:
    """One duration makes the median, and the spread is assumed to be wide."""
    spread = known(learned(40.0))
    assert spread.median == pytest.approx(40.0)
    assert spread.sigma == pytest.approx(0.35 * math.sqrt(2))


def test_many_durations() -> None:
    """Many durations tell how far they are apart."""
    assert known(learned(*[40.0] * 60, every=600.0)).sigma < 0.12
    assert known(learned(*[10.0, 160.0] * 30, every=600.0)).sigma == pytest.approx(1.36, abs=0.05)


def test_unknown_kind() -> None:
    """Nothing is known of a kind of which nothing has ended."""
    assert learned(40.0).spread("stems", [10.0]) is None


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.05, 86_401.0, math.inf, math.nan])
def test_clocks_that_do_not_fit(seconds: float) -> None:
    """A duration that cannot be is not learned."""
    assert learned(seconds).spread("song") is None


def test_kinds_are_bounded() -> None:
    """Beyond five hundred kinds the one that was added to longest ago makes room for a new one."""
    durations = Durations()
    for number in range(500):
        durations.note(f"kind {number}", 12.0, float(number))
    durations.note("kind 0", 48.0, 500.0)
    durations.note("new", 30.0, 501.0)
    assert durations.spread("kind 1") is None
    assert known(durations, kind="kind 0").median == pytest.approx(24.0, rel=0.01)
    assert known(durations, kind="new").median == pytest.approx(30.0)
    assert len(json.loads(durations.to_json())["kinds"]) == 500


def test_saved_kinds_make_room_first() -> None:
    """What comes from another time makes room for what is seen now."""
    kinds = {f"kind {number}": {"count": 5, "median": 12, "sigma": 0.3} for number in range(500)}
    durations = Durations.from_json(json.dumps({"form": FORM, "version": VERSION, "kinds": kinds}))
    durations.note("kind 0", 12.0, -1e6)
    for number in range(499):
        durations.note(f"new {number}", 12.0, float(number))
    left = json.loads(durations.to_json())["kinds"]
    assert set(left) == {"kind 0", *(f"new {number}" for number in range(499))}


def test_old_durations_fade() -> None:
    """A vendor who gets slower or quicker is followed within some hundred durations."""
    slower = known(learned(*[10.0] * 100, *[20.0] * 150, every=60.0))
    quicker = known(learned(*[20.0] * 100, *[10.0] * 150, every=60.0))
    assert slower.median == pytest.approx(20.0, rel=0.05)
    assert quicker.median == pytest.approx(10.0, rel=0.05)


def test_a_crowd_at_once_does_not_fade() -> None:
    """Where a crowd comes in within seconds, its slowest do not push out its quickest."""
    crowd = [12.0 * math.exp(0.3 * (number - 500) / 250) for number in range(1001)]
    assert known(learned(*crowd, every=0.02)).median == pytest.approx(12.0, rel=0.02)


def test_running_tasks_count() -> None:
    """Those that ended first are the quick ones: who still runs makes the median longer."""
    durations = learned(8.0, 8.5, 9.0)
    alone = known(durations)
    assert known(durations, *[9.0] * 97).median > 1.1 * alone.median
    assert known(durations, 0.5, 1.0) == alone
    assert known(durations, 60.0, 1e4) == alone
    assert known(durations, 0.0, -5.0) == alone


@examples(200)
@given(st.lists(SECONDS, min_size=1, max_size=30), st.lists(AGES, max_size=50))
def test_running_tasks_only_lengthen(seconds: list[float], running: list[float]) -> None:
    """Counting running tasks never lowers the median, and what comes out is usable."""
    durations = learned(*seconds, every=5.0)
    spread = known(durations, *running)
    assert spread.median >= known(durations).median * (1 - 1e-9)
    assert 0 < spread.sigma < math.inf
    assert spread.median < math.inf


@examples(200)
@given(st.dictionaries(st.text(), st.lists(SECONDS, min_size=1, max_size=40), max_size=5))
def test_round_trip(kinds: dict[str, list[float]]) -> None:
    """What was saved and read again knows the same."""
    durations = Durations()
    for kind, seconds in kinds.items():
        for took in seconds:
            durations.note(kind, took, 0.0)
    again = Durations.from_json(durations.to_json())
    for kind in kinds:
        before, after = known(durations, kind=kind), known(again, kind=kind)
        assert after.median == pytest.approx(before.median, rel=0.006)
        assert after.sigma == pytest.approx(before.sigma, abs=0.01)
    assert Durations.from_json(again.to_json()).to_json() == again.to_json()


def test_what_was_saved_yields() -> None:
    """What comes from another time yields to what is seen now, however much it was."""
    old = Durations.from_json(text(count=1e9, median=12.0))
    for number in range(150):
        old.note("song", 30.0, 60.0 * number)
    assert known(old).median == pytest.approx(30.0, rel=0.06)


def test_saved_kinds_are_bounded() -> None:
    """No more than five hundred kinds are read."""
    kind = {"count": 5, "median": 12, "sigma": 0.3}
    kinds = {f"kind {number}": kind for number in range(600)}
    read = Durations.from_json(json.dumps({"form": FORM, "version": VERSION, "kinds": kinds}))
    assert len(json.loads(read.to_json())["kinds"]) == 500


@pytest.mark.parametrize(
    "damaged",
    [
        "",
        "null",
        "[]",
        "7",
        "{",
        "{}",
        '{"form": "acedata-durations"}',
        '{"form": "acedata-durations", "version": 2, "kinds": {}}',
        '{"form": "acedata-watchset", "version": 1, "kinds": {}}',
        '{"form": "acedata-durations", "version": 1, "kinds": {"song": null}}',
        '{"form": "acedata-durations", "version": 1, "kinds": {"song": {"count": 5}}}',
        '{"form": "acedata-durations", "version": ' + "1" * 5000 + "}",
        '{"form": "acedata-durations", "version": true, "kinds": {}}',
        '{"form": "acedata-durations", "version": "1", "kinds": {}}',
        '{"form": "acedata-durations", "version": 1}',
        '{"form": "acedata-durations", "version": 1, "kinds": null}',
        '{"form": "acedata-durations", "version": 1, "kinds": []}',
        text()[:-1],
        text(count=0),
        text(count=0.99),
        text(count=True),
        text(count=-1),
        text(count=None),
        text(count=math.nan),
        text(count=math.inf),
        text(count=10**400),
        text(median=0),
        text(median=0.01),
        text(median=1e9),
        text(median="long"),
        text(median=[]),
        text(median=True),
        text(sigma=-0.1),
        text(sigma=11),
        text(sigma=math.nan),
        text(sigma={}),
    ],
)
def test_damaged(damaged: str) -> None:
    """A text that is something else, of a newer version or damaged says so."""
    with pytest.raises(ValueError):
        Durations.from_json(damaged)


def test_nested() -> None:
    """A text that is nested too deeply is damaged as well."""
    with pytest.raises(ValueError):
        Durations.from_json("[" * 100_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
NUMBERS = st.integers() | st.floats() | st.floats(0, 100) | st.just(10**400)
PLACES = ["form", "version", "kinds", "kind", "count", "median", "sigma"]


def altered(changes: dict[str, Any]) -> str:
    """Return a saved text with anything at any place."""
    kind: Any = {"count": 5, "median": 12, "sigma": 0.3}
    kind = changes.get("kind", {name: changes.get(name, kind[name]) for name in kind})
    whole = {"form": FORM, "version": VERSION, "kinds": {"song": kind}}
    return json.dumps({name: changes.get(name, whole[name]) for name in whole})


@examples(400)
@given(
    st.dictionaries(st.sampled_from(PLACES), JSON | NUMBERS, max_size=3).map(altered) | st.text()
)
def test_read_anything(saved: str) -> None:
    """Whatever the text, it is refused with a ValueError, or what is read is usable."""
    try:
        durations = Durations.from_json(saved)
    except ValueError:
        return
    spread = durations.spread("song", [0.5, 12.0, 13.0])
    if spread is not None:
        assert 0 < spread.median < math.inf
        assert 0 < spread.sigma < math.inf
        assert 0 <= spread.lateness(10.0, 20.0) <= 10.0 + 1e-3
    durations.note("song", 12.0, 0.0)
    Durations.from_json(durations.to_json())


@pytest.mark.parametrize(
    ("request_", "record_type", "kind"),
    [
        ({"action": "generate", "model": "FUZZ-2.0"}, "audios", "producer/generate/FUZZ-2.0"),
        ({"action": "stems"}, "audios", "producer/stems/"),
        ({"text": "x"}, "fish_tts", "producer/fish_tts/"),
        ({"model": 2}, None, None),
        ({"action": None, "model": ["x"], "prompt": "x"}, None, None),
        ({}, None, None),
    ],
)
def test_kind_of(request_: dict[str, Any], record_type: str | None, kind: str | None) -> None:
    """Tasks of one service, action and model take about as long."""
    assert kind_of("producer", request_, record_type) == kind
