"""Whatever a vendor's list is like, a paid call that is in it is never called absent."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import event, example, given, settings
from hypothesis import strategies as st

from acedata_async._rules.listing import LAST_LOOK, Doubt, Listing, judge
from tests.examples import examples

from .vendor_list import START, Listed, Manner, Vendor, marker_of, own_of, read

GAPS = st.sampled_from([0.0, 0.001, 0.004, 0.05, 0.3, 1.0, 3.0, 40.0, 200.0])
TRIPS = st.sampled_from([0.001, 0.05, 0.3, 2.0])


@dataclass(frozen=True, slots=True)
class World:
    """What happened at a vendor.

    Attributes:
        tasks: All tasks that there are.
        doubt: A call whose answer was lost.
        answered: When calls of ours were begun and accepted, by marker.
    """

    tasks: list[Listed]
    doubt: Doubt
    answered: dict[str, tuple[float, float]]


@st.composite
def worlds(draw: st.DrawFn, *, late: float = 0.0, clocks: float = 0.0) -> World:
    """Draw what happened; the lost call did create a task.

    Args:
        draw: Draws.
        late: Seconds by which the lost call may arrive late at most.
        clocks: Seconds by which the vendor's own clocks differ at most.
    """
    number = draw(st.sampled_from([3, 13, 30]))
    lost = draw(st.integers(0, number - 1))
    rng = Random(draw(st.integers(0, 10_000)))
    gaps, trip = draw(st.lists(GAPS, min_size=1, max_size=4)), draw(TRIPS)
    delay = draw(st.sampled_from([0.0, 1.0, 60.0, 590.0 - late]))
    listed, answered, now, sent = list[Listed](), dict[str, tuple[float, float]](), 0.0, 0.0
    for one in range(number):
        now += rng.choice(gaps)
        arrived, seen = now + rng.uniform(0, trip), rng.choice([0.0, 0.0, 5.0])
        kind = "lost" if one == lost else rng.choice(["own", "own", "own", "foreign", "other"])
        if kind == "lost":
            arrived, seen, sent = arrived + rng.choice([0.0, late]), delay, now
        marker = marker_of(one) if kind in {"own", "lost"} else None
        created = arrived + rng.uniform(-clocks, clocks)
        listed.append(Listed(one, created, marker, arrived + seen, kind == "other"))
        if kind == "own":
            answered[marker_of(one)] = (now, now + trip)
    return World(listed, Doubt(marker_of(lost), START + sent), answered)


def manners(*, late_filters: bool = True) -> st.SearchStrategy[Manner]:
    """Draw how a vendor lists tasks: any combination of oddities, few at a time."""
    bounds = st.sampled_from(["min", "max"])
    return st.builds(
        Manner,
        page=st.sampled_from([12, 1, 2, 3, 5, 50]),
        exclusive=st.booleans(),
        rounding=_mostly("exact", "down", "up", "nearest", "minute", "milliseconds"),
        digits=_mostly(3, 0, 1, 6),
        ignores=st.just(frozenset[str]()) | st.frozensets(bounds),
        order=_mostly("newest", "oldest", "shuffled"),
        ties=st.sampled_from(["newest", "oldest", "any"]),
        filters_late=_mostly(False, late_filters),
        duplicates=_mostly(False, True),
        lacking=_mostly("", "id", "created_at", "request"),
        hides=_mostly("", "request", "callback_url", "query"),
        empty=_mostly(None, 0, 1, 2),
        cut=_mostly(None, 0, 1, 2),
        ahead=_mostly(0.0, 3.0, -3.0, 590.0, -590.0),
    )


def _mostly(usual: object, *odd: object) -> st.SearchStrategy[Any]:
    return st.integers(0, 9).flatmap(
        lambda one: st.sampled_from(odd) if one > 8 else st.just(usual)
    )


def check(world: World, manner: Manner, age: float, pace: float) -> None:
    """Assert that what a vendor has is not called absent."""
    vendor = Vendor(world.tasks, manner)
    listing, now = read(vendor, [world.doubt], world.doubt.sent - START + age, pace=pace)
    if world.doubt.marker in listing.found:
        event("found")
        return
    finding = judge(world.doubt, listing, own_of(vendor, listing, world.answered), START + now)
    event(finding)
    assert finding != "absent"


AGES = st.sampled_from([LAST_LOOK, 5.0, 30.0, 120.0, 3000.0])
PACES = st.sampled_from([0.2, 5.0, 60.0])


@examples(600)
@given(worlds(), manners(), AGES, PACES)
def test_what_exists_is_never_absent(world: World, manner: Manner, age: float, pace: float) -> None:
    """A task that the vendor has, and shows within ten minutes, is never called absent."""
    check(world, manner, age, pace)


@examples(300)
@given(worlds(late=300.0), manners(), AGES, PACES)
def test_what_arrives_late_is_never_absent(
    world: World, manner: Manner, age: float, pace: float
) -> None:
    """Neither is one whose call was held up on its way, and arrived after later ones."""
    check(world, manner, age, pace)


@examples(300)
@given(worlds(clocks=0.4), manners(late_filters=False), AGES, PACES)
def test_clocks_of_the_vendor(world: World, manner: Manner, age: float, pace: float) -> None:
    """Nor if the vendor's machines disagree by some tenths of a second about what came first."""
    check(world, manner, age, pace)


@examples(300)
@given(
    worlds(),
    st.builds(
        Manner,
        page=st.sampled_from([5, 12, 50]),
        exclusive=st.booleans(),
        ties=st.sampled_from(["newest", "oldest"]),
        ahead=st.sampled_from([0.0, 590.0, -590.0]),
    ),
    st.sampled_from([LAST_LOOK, 3000.0]),
)
def test_what_is_listed_is_found(world: World, manner: Manner, age: float) -> None:
    """What a well-behaved vendor lists is found, unless a page of tasks is created at once."""
    moments = sorted(round(task.created, 3) for task in world.tasks)
    at_once = any(b - a < 0.02 for a, b in zip(moments, moments[manner.page - 1 :], strict=False))
    listing, _ = read(Vendor(world.tasks, manner), [world.doubt], world.doubt.sent - START + age)
    if not at_once:
        numbers = {task.marker: task.id for task in world.tasks}
        assert listing.found == {world.doubt.marker: numbers[world.doubt.marker]}


RECORDS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from(["a", "b", "c", 4, None, ""]) | st.text(max_size=3),
            "created_at": st.floats() | st.none() | st.sampled_from(["9", "2026-01-01"]),
            "request": st.none() | st.just({"callback_url": "x?acedata_marker=12345678"}),
        },
    ),
    max_size=4,
)


@settings(deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=30), st.floats(0, 2e9), st.none() | st.floats(0, 2e9))
@example([[{"id": "a", "created_at": 9.0, "request": {"x": 1}}]], 0.0, None)
def test_any_answers(pages: list[list[dict[str, Any]]], lower: float, upper: float | None) -> None:
    """Whatever is answered, reading ends, and a list that never changes is read on no further."""
    listing, asked, again = Listing(lower, upper, 0.0), 0, True
    while again:
        again = listing.take(pages[min(asked, len(pages) - 1)], {"12345678"})
        asked += 1
        assert asked <= len(pages) + 4
    assert not again
