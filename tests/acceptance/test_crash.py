"""A command that is killed, at random instants and at exact ones, loses and doubles nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from acedata_async.ledger import EntryState
from tests.acceptance.accounts import Account, take_account
from tests.acceptance.crashing import workplace
from tests.acceptance.selection import parameters
from tests.acceptance.series import TROUBLES, play
from tests.examples import IN_HASTE

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="it has no SIGSTOP")

SERIES = [("killed", seed) for seed in range(5 if IN_HASTE else 20)]
SERIES += [(kind, 4) for kind in TROUBLES if kind != "killed"]

AT_ONCE = 6
"""How many of these tests run at once: most of the time they wait."""

AHEAD = 660.0
"""Seconds after which what is in no list counts as absent."""


@dataclass(frozen=True)
class Point:
    """An instant at which the command is killed, at its second song.

    Attributes:
        name: The instant, as `tests.acceptance.dying` calls it; `answer`: while it waits for one.
        state: How the song then stands in the ledger.
        paid: How many songs the server has then.
        files: Which files the song has then.
    """

    name: str
    state: EntryState
    paid: int = 2
    files: tuple[str, ...] = ()


PART, WHOLE = "part", "whole"

POINTS = (
    Point("after begin", "submitting", paid=1),
    Point("answer", "submitting"),
    Point("before accept", "submitting"),
    Point("after accept", "submitted"),
    Point("before finish", "submitted"),
    Point("before rename", "succeeded", files=(PART,)),
    Point("after rename", "succeeded", files=(PART, WHOLE)),
    Point("before save", "succeeded", files=(WHOLE,)),
)

Begun = Mapping[tuple[Any, ...], Future[Any]]


@pytest.fixture(scope="module", autouse=True)
def begun(request: pytest.FixtureRequest) -> Iterator[Begun]:
    """The work of all tests here that are selected, several at once; by their parameters."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        work: dict[tuple[Any, ...], Future[Any]] = {}
        for given in parameters(request):
            begin: Callable[..., Any] = play if "kind" in given else kill_at
            work[tuple(given.values())] = pool.submit(begin, **given)
        try:
            yield work
        finally:
            pool.shutdown(cancel_futures=True)


def test_looked_for_later() -> None:
    """Ten minutes later: what the list has is taken up, and what it lacks is sent once more.

    As long as the list is refused nothing is known to be absent, and so nothing is sent.
    """
    songs = [song(0), song(1), song(2), song(3, "#sandbox:hang-after-accept"), song(4)]
    dying = ["tests.acceptance.dying", "after begin", "2"]
    later = "tests.acceptance.ahead", str(AHEAD)
    with workplace(songs) as place:
        vendor = place.vendor
        vendor.inject("list-refused")
        with place.bulk("--max-in-flight", "1", module=dying) as run:
            assert run.code() == -9, run.text
        with place.bulk("--max-in-flight", "1") as run:
            assert run.lasts_until(lambda: vendor.stats()["submissions"] == 3), run.text
            run.kill()
        vendor.kill()
        vendor.start(ahead=AHEAD)
        vendor.inject("list-refused")
        with place.bulk("--on-unknown", "resubmit-absent", module=later) as run:
            assert run.code() == 5, run.text
        assert {key for key, one in place.entries().items() if one.state == "unknown"} == {
            "song-1",
            "song-3",
        }
        assert vendor.stats()["submissions"] == 4
        vendor.clear_faults()
        with place.bulk("--on-unknown", "resubmit-absent", module=later) as run:
            assert run.code() == 0, run.text
        account = take_account(place, doubtful=())
    assert account.problems == []
    assert account.paid == account.saved == 5


@pytest.mark.parametrize(("kind", "seed"), SERIES)
def test_killed_at_random(begun: Begun, kind: str, seed: int) -> None:
    """Struck at random until it is done, it has paid once for each song, and saved each."""
    series = begun[kind, seed].result()
    assert series.account.problems == []
    assert series.account.duplicates == series.account.lost == 0


@dataclass(frozen=True)
class Aftermath:
    """What there was after a kill, and after the next run.

    Attributes:
        state: How the song stood in the ledger after the kill.
        paid: How many songs the server had.
        files: Which files the song had.
        code: How the next run ended.
        account: What is there after it.
    """

    state: EntryState
    paid: int
    files: tuple[str, ...]
    code: int
    account: Account


@pytest.mark.parametrize("point", POINTS, ids=lambda point: point.name)
def test_killed_exactly(begun: Begun, point: Point) -> None:
    """Killed between two steps, it goes on with what the server has; only the rest is unknown."""
    after = begun[point,].result()
    assert (after.state, after.paid, after.files) == (point.state, point.paid, point.files)
    assert after.account.problems == []
    # What was about to be sent may have been: it is held, and not sent again.
    held = point.name == "after begin"
    assert (after.account.unknown, after.code) == ((1, 5) if held else (0, 0))
    assert after.account.paid == after.account.saved == (1 if held else 2)


def kill_at(point: Point) -> Aftermath:
    """Kill a command at an instant, and run it again."""
    hangs = point.name == "answer"
    with workplace([song(0), song(1, "#sandbox:hang-after-accept" if hangs else "")]) as place:
        module = ["acedata_async"] if hangs else ["tests.acceptance.dying", point.name, "2"]
        with place.bulk("--max-in-flight", "1", module=module) as run:
            if hangs:
                assert run.lasts_until(lambda: place.vendor.stats()["submissions"] == 2), run.text
                run.kill()
            assert run.code() == -9, run.text
        entry, paid = place.entries()["song-1"], place.vendor.stats()["submissions"]
        files = place.files()
        kinds = [PART] * any(name.startswith(".song-1.") for name in files)
        kinds += [WHOLE] * ("song-1.m4a" in files)
        code = place.finish().code()
        account = take_account(place, doubtful={"song-1"})
    return Aftermath(entry.state, paid, tuple(kinds), code, account)


def song(number: int, marker: str = "") -> dict[str, Any]:
    """Return a line of a form."""
    prompt = f"Song number {number} {marker}".strip()
    return {"key": f"song-{number}", "action": "generate", "prompt": prompt}
