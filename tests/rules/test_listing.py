"""Finding a paid call whose answer was lost in the list of the account's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from acedata_async._rules.listing import (
    ABSENT_AFTER,
    FIRST_LOOK,
    LAST_LOOK,
    MOST_PAGES,
    Doubt,
    Finding,
    Listing,
    Own,
    judge,
    window,
)

from .vendor_list import START, Listed, Manner, Vendor, marker_of, named, own_of, read

LOST = 10
"""The number of the call whose answer was lost."""


def tasks(number: int = 40, *, gap: float = 3.0, lost: bool = True) -> list[Listed]:
    """Return tasks of ours, one after the other; the lost one may not be among them."""
    every = [Listed(one, one * gap, marker_of(one), one * gap) for one in range(number)]
    return [one for one in every if lost or one.number != LOST]


def look(
    listed: Sequence[Listed], manner: Manner, *, gap: float = 3.0, age: float = LAST_LOOK
) -> Finding | str:
    """Look for the lost call; return the id of its task, or what is said of it."""
    sent = LOST * gap - 0.01
    vendor, doubt = Vendor(listed, manner), Doubt(marker_of(LOST), START + sent)
    listing, now = read(vendor, [doubt], sent + age)
    known = {
        one.marker or "": (one.created - 0.01, one.created + 0.01)
        for one in listed
        if one.number != LOST
    }
    own = own_of(vendor, listing, known)
    return listing.found.get(doubt.marker) or judge(doubt, listing, own, START + now)


GOOD = [
    Manner(),
    Manner(page=5),
    Manner(page=50),
    Manner(page=2),
    Manner(exclusive=True),
    Manner(page=5, exclusive=True),
    Manner(rounding="down"),
    Manner(rounding="up"),
    Manner(rounding="nearest"),
    Manner(digits=0),
    Manner(digits=6),
    Manner(ties="any"),
    Manner(duplicates=True),
    Manner(page=5, ignores=frozenset({"min"})),
    Manner(cut=0),
    Manner(cut=1),
    Manner(ahead=300.0),
    Manner(ahead=-300.0),
]


@pytest.mark.parametrize("manner", GOOD, ids=named)
def test_well_behaved(manner: Manner) -> None:
    """What is in the list is found, at any age; what is not is absent after ten minutes."""
    assert look(tasks(), manner) == f"task-{LOST}"
    assert look(tasks(), manner, age=130.0) == f"task-{LOST}"
    assert look(tasks(lost=False), manner) == "absent"
    assert look(tasks(lost=False), manner, age=ABSENT_AFTER - 1) == "too_early"


BAD = [
    Manner(page=1),
    Manner(ignores=frozenset({"max"})),
    Manner(ignores=frozenset({"max", "min"})),
    Manner(rounding="minute"),
    Manner(rounding="milliseconds"),
    Manner(order="oldest"),
    Manner(order="shuffled"),
    Manner(lacking="id"),
    Manner(lacking="created_at"),
    Manner(lacking="request"),
    Manner(hides="request"),
    Manner(hides="created_at"),
    Manner(empty=0),
    Manner(empty=1),
]


@pytest.mark.parametrize("manner", BAD, ids=named)
def test_badly_behaved(manner: Manner) -> None:
    """A list that cannot be read for sure proves nothing."""
    assert look(tasks(lost=False), manner) == "not_whole"


@pytest.mark.parametrize("hides", ["callback_url", "query"])
def test_no_marker_is_shown(hides: str) -> None:
    """A list that shows our tasks without their markers would not show the lost one either."""
    assert look(tasks(), Manner(hides=hides)) == "no_control"


@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("page", [2, 5, 12])
def test_dense(page: int, *, exclusive: bool) -> None:
    """Pages that do not reach beyond the overlap are read with a smaller one."""
    manner = Manner(page=page, exclusive=exclusive)
    assert look(tasks(gap=0.05), manner, gap=0.05) == f"task-{LOST}"
    assert look(tasks(lost=False, gap=0.05), manner, gap=0.05) == "absent"


@pytest.mark.parametrize("exclusive", [False, True])
def test_equal_times(*, exclusive: bool) -> None:
    """A task that was created with more others than a page has is never called absent."""
    listed = [Listed(one, float(3 < one < 30), marker_of(one), 0.0) for one in range(40)]
    assert look(listed, Manner(exclusive=exclusive)) in {f"task-{LOST}", "not_whole", "no_control"}


@pytest.mark.parametrize("known", [range(LOST), range(LOST + 1, 40), range(0)])
def test_controls(known: Sequence[int]) -> None:
    """Without a task of ours from before the call and one from after it, nothing is proven."""
    listed = [
        Listed(one, one * 3.0, marker_of(one) if one in known else None, 0.0)
        for one in range(40)
        if one != LOST
    ]
    assert look(listed, Manner()) == "no_control"


@pytest.mark.parametrize(
    ("own", "finding"),
    [
        ([], "no_control"),
        ([Own(800, 801)], "no_control"),
        ([Own(1001, 1002)], "no_control"),
        ([Own(999, 1001)], "no_control"),
        ([Own(800, 801), Own(802, 803)], "no_control"),
        ([Own(800, 801), Own(1000, 1001)], "no_control"),
        ([Own(800, 1000), Own(1001, 1002)], "no_control"),
        ([Own(800, 801), Own(1001, 1002)], "absent"),
        ([Own(1001, 1002), Own(999, 1001), Own(800, 801)], "absent"),
    ],
)
def test_both_sides(own: list[Own], finding: str) -> None:
    """One was accepted before the call was sent, and one was begun after it."""
    listing = Listing(0.0, None, 2000.0, whole=True)
    assert judge(Doubt("m", 1000.0), listing, own, 2000.0) == finding


@pytest.mark.parametrize(
    ("begun", "now", "finding"),
    [
        (1599.9, 1599.9, "too_early"),
        (1600.0, 1600.0, "absent"),
        (1130.0, 5000.0, "too_early"),
        (1700.0, 1590.0, "too_early"),
    ],
)
def test_never_too_early(begun: float, now: float, finding: str) -> None:
    """Ten minutes are counted to the begin of reading, however long it takes."""
    listing = Listing(0.0, None, begun, whole=True)
    own = [Own(1.0, 2.0), Own(1001.0, 1002.0)]
    assert judge(Doubt("m", 1000.0), listing, own, now) == finding


def test_window() -> None:
    """A window reaches ten minutes around all that may be due to the calls, and not past now."""
    doubts = [Doubt("a", 10_000.0), Doubt("b", 12_000.0)]
    assert window(doubts, 20_000.0) == (9_400.0, 13_200.0, 20_000.0)
    assert window(doubts, 13_200.0) == (9_400.0, None, 13_200.0)


def test_looks() -> None:
    """A call is looked for after 5 s, 30 s, two minutes, and once more when it may be absent."""
    doubt, ages = Doubt("m", 1000.0), []
    while (moment := doubt.next_look()) is not None:
        ages.append(moment - doubt.sent)
        doubt = doubt.looked(moment)
    assert ages == [5.0, 30.0, 120.0, 605.0]
    assert (FIRST_LOOK, LAST_LOOK) == (5.0, 605.0)
    assert Doubt("m", 1000.0).looked(1100.0).next_look() == 1120.0


def record(task_id: object, moment: object, **request: object) -> dict[str, Any]:
    """Return a record."""
    return {"id": task_id, "created_at": moment, "request": {"action": "generate", **request}}


def test_first_of_several() -> None:
    """Where several tasks have a marker, the oldest is the one."""
    listing = Listing(0.0, None, 0.0)
    pages = [record(name, 100 - number, callback_url="x?m=abc") for number, name in enumerate("xy")]
    listing.take(pages, {"abc"})
    assert listing.found == {"abc": "y"}


@pytest.mark.parametrize("address", [None, 5, ["abc"], {"abc": "abc"}, "x?m=ab"])
def test_odd_addresses(address: object) -> None:
    """An address that is none shows no marker."""
    listing = Listing(0.0, None, 0.0)
    listing.take([record("x", 100, callback_url=address)], {"abc"})
    assert not listing.found
    assert not listing.task_ids


def test_found_in_disorder() -> None:
    """What is found is found, however bad the rest of the list is."""
    listing = Listing(0.0, None, 0.0)
    pages: list[dict[str, Any]] = [record("x", None, callback_url="x?m=abc"), {}, record(None, 7)]
    assert not listing.take(pages, {"abc"})
    assert listing.found == {"abc": "x"}
    assert not listing.whole


def test_an_empty_list() -> None:
    """An empty list is not read on, and proves nothing."""
    listing = Listing(0.0, None, 0.0)
    assert not listing.take([], {"abc"})
    assert not listing.whole


A, B = record("a", 90.0), record("b", 80.0)


@pytest.mark.parametrize(
    "pages",
    [
        [[A, B], [record("c", 79.0), record("d", 70.0)], [record("d", 70.0)]],
        [[A, B], [A]],
        [[A, B, record("c", 80.0)], [B]],
        [[A, B], []],
    ],
)
def test_a_gap(pages: list[list[dict[str, Any]]]) -> None:
    """A page that lacks the oldest task of the one before leaves a gap, and shows no end."""
    listing, rest = Listing(0.0, None, 0.0), [*pages, *pages[-1:] * 9]
    while listing.take(rest.pop(0), ()):
        pass
    assert not listing.whole


def test_one_page_past_the_bound() -> None:
    """A single page that goes on past the lower bound shows no bound that was understood."""
    listing = Listing(100.0, None, 0.0)
    assert not listing.take([record("a", 150.0), record("b", 50.0)], ())
    assert not listing.whole


def test_past_the_bound() -> None:
    """Where only the lower bound is ignored, reading ends past it."""
    assert look(tasks(), Manner(page=5, ignores=frozenset({"min"}))) == f"task-{LOST}"
    listing = Listing(100.0, None, 0.0)
    assert listing.take([record("a", 150.0), record("b", 120.0)], ())
    assert not listing.take([record("b", 120.0), record("c", 50.0)], ())
    assert listing.whole


def test_most_pages() -> None:
    """A list without an end is not read for ever, and what was read proves nothing."""
    listing, pages, again = Listing(0.0, None, 0.0), 0, True
    while again:
        moment = 1e9 - pages * 10.0
        page = [record(str(pages), moment), record(str(pages + 1), moment - 10)]
        pages += 1
        again = listing.take(page, ())
    assert (pages, listing.whole) == (MOST_PAGES, False)


def test_pages_read() -> None:
    """A list of four pages is read in about as many requests, and two for its end."""
    vendor, doubt = Vendor(tasks(48), Manner()), Doubt(marker_of(LOST), START)
    asked = (read(vendor, [doubt], 700.0)[1] - 700.0) / 0.2
    assert round(asked) <= 8


def test_while_tasks_are_created() -> None:
    """Tasks that are created while it is read hide nothing."""
    listed = [Listed(one, one * 3.0, marker_of(one), one * 3.0) for one in range(600)]
    assert look(listed, Manner()) == f"task-{LOST}"
    assert look([one for one in listed if one.number != LOST], Manner()) == "absent"
