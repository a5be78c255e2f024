"""What is not this run's, or not this song's, is kept apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData
from acedata_async.ledger import MemoryLedger, NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    check_files,
    cover,
    make,
    outcomes_of,
    song,
    songs,
    states,
)


@pytest.mark.parametrize("beside", ["a.txt", "a.jpg", "A.m4a"])
async def test_another_file_is_no_song(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, beside: str
) -> None:
    """A song that could not be fetched is fetched, whatever stands beside it by that name."""
    directory, ledger = tmp_path / "out", tmp_path / "x.ledger"
    sandbox.inject("media-404")
    outcomes = await make(ace, [song("a")], ledger=ledger, directory=directory)
    assert states(outcomes) == {"a": "succeeded"}
    sandbox.clear_faults()
    (directory / beside).write_text("something else")
    outcomes = await make(ace, [song("a")], ledger=ledger, directory=directory)
    assert outcomes["a"].path == directory / "a.m4a"
    (directory / beside).unlink()
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == 1


async def test_saved_file_that_another_took_the_place_of(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A saved song whose file is gone is fetched again, although its cover picture is there."""
    directory, ledger = tmp_path / "out", tmp_path / "x.ledger"
    await make(ace, [song("b")], ledger=ledger, directory=directory)
    (directory / "b.m4a").rename(directory / "b.jpg")
    outcomes = await make(ace, [song("b")], ledger=ledger, directory=directory)
    assert outcomes["b"].path is not None
    assert outcomes["b"].path.is_file()
    assert sandbox.stats.submissions == 1


async def test_keys_that_differ_by_case_between_runs(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The file of `song` is not that of `Song`, which was paid for too and is fetched."""
    directory, ledger = tmp_path / "out", tmp_path / "x.ledger"
    sandbox.inject("media-404")
    await make(ace, [song("Song", "One")], ledger=ledger, directory=directory)
    sandbox.clear_faults()
    other = await make(ace, [song("song", "Two")], ledger=ledger, directory=directory)
    outcomes = await make(ace, [song("Song", "One")], ledger=ledger, directory=directory)
    check_files(sandbox, [*other.values(), *outcomes.values()], directory)
    assert sandbox.stats.submissions == 2


async def test_part_that_cannot_be_removed(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """What is called like a half fetched file, and is none, stops nothing."""
    directory, ledger = tmp_path / "out", tmp_path / "x.ledger"
    await make(ace, songs(1), ledger=ledger, directory=directory)
    (directory / ".s0.m4a.deadbeef.part").mkdir()
    outcomes = await make(ace, songs(2), ledger=ledger, directory=directory)
    assert states(outcomes) == {"s0": "saved", "s1": "saved"}
    assert sandbox.stats.submissions == 2


async def test_cover_of_a_refused_request(ace: AceData, clock: PatientClock) -> None:
    """What starts from a song whose request contradicts the ledger is not made from the old one."""
    ledger = MemoryLedger(now=clock.time)
    await make(ace, [song("a", "One")], ledger=ledger)
    outcomes = await make(ace, [song("a", "Two"), cover("b", "a")], ledger=ledger)
    assert states(outcomes) == {"a": "invalid", "b": "skipped"}


@pytest.mark.parametrize("request_", [{"action": "remix"}, {}])
async def test_row_of_another_release(
    ace: AceData, clock: PatientClock, request_: dict[str, Any]
) -> None:
    """An action that is not known is an outcome, and stops nothing else."""
    ledger = MemoryLedger(now=clock.time)
    await ledger.add([NewEntry(key="r", request=request_)])
    await ledger.begin("r", "0123456789abcdef")
    await ledger.doubt("r", RuntimeError("no answer"))
    outcomes = await make(ace, [song("a")], ledger=ledger, leftovers=True)
    assert states(outcomes) == {"r": "unknown", "a": "succeeded"}


async def test_ledger_that_was_not_open(ace: AceData, clock: PatientClock, tmp_path: Path) -> None:
    """What the run has opened it closes; what was open stays so."""
    ledger = SqliteLedger(tmp_path / "x.ledger", now=clock.time)
    seen = [ledger.is_open]
    await make(ace, songs(1), ledger=ledger)
    seen.append(ledger.is_open)
    async with ledger:
        seen.append(ledger.is_open)
        await make(ace, songs(1), ledger=ledger)
        seen.append(ledger.is_open)
    assert seen == [False, False, True, True]


async def test_closed_client(ace: AceData, clock: PatientClock) -> None:
    """Nothing is begun one by one that must all end alike."""
    await ace.aclose()
    async with ace.producer.bulk(songs(300)) as run:
        outcomes = await outcomes_of(run)
    assert {outcome.state for outcome in outcomes} == {"skipped"}
    assert clock.elapsed < 1.0
    assert run.stats.stopped is not None


async def test_failures_do_not_use_the_budget_up(ace: AceData, sandbox: Sandbox) -> None:
    """Where the first two of six fail, a budget of three makes three."""
    sandbox.inject("fail-F1", times=2)
    async with ace.producer.bulk(songs(6), budget=3) as run:
        outcomes = await outcomes_of(run)
    made: dict[str, Any] = {}
    for outcome in outcomes:
        made[outcome.state] = made.get(outcome.state, 0) + 1
    assert made == {"succeeded": 3, "failed": 2, "skipped": 1}


async def test_wrong_account_is_not_remembered(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """A `user_id` that was given counts for its run; the next one finds what it did not."""
    ledger = MemoryLedger(now=clock.time)
    await make(ace, songs(1), ledger=ledger)
    sandbox.inject("cut-after-accept", times=1)
    wrong = await make(ace, [song("a")], ledger=ledger, user_id="nobody")
    assert states(wrong) == {"a": "unknown"}
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "succeeded"}
    assert sandbox.stats.submissions == 2
