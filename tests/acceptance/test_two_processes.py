"""The same command twice at once: one works, the other is refused or finds all done."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest

from tests.acceptance.accounts import Account, take_account
from tests.acceptance.crashing import Run, workplace
from tests.acceptance.selection import parameters

pytestmark = pytest.mark.skipif("sys.platform == 'win32'", reason="it has no SIGSTOP")

SONGS = [{"key": f"song-{n}", "action": "generate", "prompt": f"Song number {n}"} for n in range(6)]
SHORT, LONG = (0.3, 1.0), (8.0, 9.0)
DOUBTS = frozenset({"submitting", "unknown"})
PROGRAM = ("tests.acceptance.by_library",)
DISTANCES = ((0.7, LONG), (1.0, SHORT), (1.5, LONG), (2.0, SHORT))


def is_refused(run: Run, holder: Run) -> bool:
    """Say whether a command was refused because another one holds the ledger."""
    return run.code() not in {0, 5} and f"process {holder.process.pid} " in run.text


@pytest.fixture(scope="module", autouse=True)
def begun(request: pytest.FixtureRequest) -> Iterator[dict[tuple[Any, ...], Future[Account]]]:
    """The work of `test_started_twice`, at all distances at once."""
    with ThreadPoolExecutor(len(DISTANCES)) as pool:
        wanted = [tuple(given.values()) for given in parameters(request)]
        yield {given: pool.submit(start_twice, *given) for given in wanted}


def start_twice(distance: float, durations: tuple[float, float]) -> Account:
    """Start a command, and again so many seconds later."""
    with workplace(SONGS, durations=durations) as place:
        with place.bulk() as first:
            first.ends_within(distance)
            with place.bulk() as second:
                assert 0 in {first.code(), second.code()}, first.text + second.text
                # On a busy machine the second may be the first to hold the ledger.
                assert first.code() == 0 or is_refused(first, second), first.text
                assert second.code() == 0 or is_refused(second, first), second.text
        return take_account(place, doubtful=())


def test_second_beside_one_that_stands_still() -> None:
    """Beside a command that was stopped it is refused; the stopped one goes on afterwards."""
    with workplace(SONGS) as place, ExitStack() as stack:
        first = stack.enter_context(place.bulk())
        assert first.lasts_until(lambda: place.vendor.stats()["submissions"] >= 2), first.text
        first.process.send_signal(signal.SIGSTOP)
        second = place.finish()
        assert is_refused(second, first), second.text
        first.process.send_signal(signal.SIGCONT)
        assert first.code() == 0, first.text
        account = take_account(place, doubtful=())
    assert account.problems == []
    assert account.paid == account.saved == len(SONGS)


def test_second_takes_over() -> None:
    """One that waits for the ledger goes on where the one that held it was killed."""
    dying = ["tests.acceptance.dying", "before rename", "3"]
    with workplace(SONGS) as place, ExitStack() as stack:
        first = stack.enter_context(place.bulk(module=dying))
        assert first.lasts_until(lambda: place.vendor.stats()["submissions"] >= 1), first.text
        second = stack.enter_context(place.bulk())
        assert first.code() == -signal.SIGKILL, first.text
        doubtful = {key for key, one in place.entries().items() if one.state in DOUBTS}
        assert second.code() in {0, 5}, second.text
        account = take_account(place, doubtful=doubtful)
    assert account.problems == []
    assert account.paid == account.saved == len(SONGS) - account.unknown


def test_second_by_the_library() -> None:
    """A program of a user's that waits for the ledger sees what the one before it has saved."""
    with workplace(SONGS) as place, ExitStack() as stack:
        first = stack.enter_context(place.bulk(module=PROGRAM))
        assert first.lasts_until(lambda: place.vendor.stats()["submissions"] >= 1), first.text
        second = stack.enter_context(place.bulk(module=PROGRAM))
        assert first.code() == second.code() == 0, first.text + second.text
        account = take_account(place, doubtful=())
    assert account.problems == []
    assert account.paid == account.saved == len(SONGS)


@pytest.mark.parametrize(("distance", "durations"), DISTANCES)
def test_started_twice(
    begun: dict[tuple[Any, ...], Future[Account]], distance: float, durations: tuple[float, float]
) -> None:
    """Started again a little later, it is refused and told by whom, or finds all done."""
    account = begun[distance, durations].result()
    assert account.problems == []
    assert account.paid == account.saved == len(SONGS)
