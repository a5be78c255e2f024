"""A bulk run from its first request to its last outcome, with ledgers good and bad."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, BulkItem, BulkOutcome, BulkRun, BulkStats, LedgerError
from acedata_async.ledger import Entry, Ledger, MemoryLedger, NewEntry, SqliteLedger
from acedata_async.ledger.entry import Step
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    check_files,
    cover,
    entries_of,
    make,
    marked,
    names_in,
    outcomes_of,
    song,
    songs,
    states,
    tally,
)
from tests.patience import until


class FullDisk(MemoryLedger):
    """Cannot write one step for one key, until it is well again."""

    def __init__(self, step: Step, key: str, clock: PatientClock) -> None:
        super().__init__(now=clock.time)
        self.well = False
        self._step, self._key = step, key

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Fail at that step."""
        if (step, key) == (self._step, self._key) and not self.well:
            raise LedgerError("the disk is full")
        return await super().apply(key, step, facts)


class Unreadable(MemoryLedger):
    """Cannot be added to."""

    async def add(self, entries: Any) -> list[Entry]:  # noqa: ARG002 - it is what ledgers take
        """Fail."""
        raise LedgerError("the disk is gone")


async def test_run_from_one_end_to_the_other(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Songs of every kind go in; files, records and figures come out."""
    directory = tmp_path / "out"
    requests = [
        *songs(30),
        cover("c", "s0"),
        {"key": "parts", "action": "stems", "source": "c"},
    ]
    async with ace.producer.bulk(requests, ledger=ledger, directory=directory) as run:
        assert isinstance(run, BulkRun)
        assert run.total == 32
        outcomes = await outcomes_of(run)
        stats = run.stats
    check_files(sandbox, outcomes, directory)
    assert stats == BulkStats(
        waiting=0,
        submitting=0,
        generating=0,
        downloading=0,
        looked_for=0,
        ended={"saved": 32},
        resumed=0,
        submitted=32,
        spent=32,
        credits=None,
        limit=stats.limit,
        in_flight={},
        paused=None,
        stopped=None,
    )
    assert run.stats == stats
    assert sandbox.stats.submissions == 32
    assert sandbox.stats.lookups < 90


async def test_outcomes_come_as_songs_are_made(ace: AceData, sandbox: Sandbox) -> None:
    """Nobody waits for the slowest one."""
    seen: list[tuple[int, int]] = []
    async with ace.producer.bulk(songs(30), max_in_flight=3) as run:
        async for _ in run:
            seen.append((len(seen) + 1, sandbox.stats.submissions))
    assert seen[0][1] <= 6
    assert [count for count, _ in seen] == list(range(1, 31))


async def test_stats_tell_how_it_goes(ace: AceData, sandbox: Sandbox) -> None:
    """They can be read at any time, and add up to what was taken in."""
    requests = [marked("x", "cut-before-accept"), song("a"), cover("b", "a"), *songs(20)]
    async with ace.producer.bulk(requests, max_in_flight=5) as run:
        while sum(run.stats.ended.values()) < len(requests):
            stats = run.stats
            assert stats.submitting + stats.generating <= 5 + stats.looked_for
            assert len(stats.in_flight) <= 5
            known = stats.waiting + stats.submitting + stats.generating + stats.looked_for
            assert known + sum(stats.ended.values()) <= len(requests)
            assert repr(run).startswith("<BulkRun ")
            await asyncio.sleep(0)
    assert run.stats.ended == {"succeeded": 22, "unknown": 1}
    assert run.stats.spent == 23


async def test_call_itself_does_nothing(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither a request nor a file comes of a run that is not opened."""
    ace.producer.bulk(songs(3), ledger=tmp_path / "songs.ledger", directory=tmp_path / "out")
    await asyncio.sleep(0)
    assert not names_in(tmp_path)
    assert not asyncio.all_tasks() - {asyncio.current_task()}


async def test_two_runs_at_once(ace: AceData, sandbox: Sandbox) -> None:
    """Runs of one client share its lookups, and nothing else."""
    one, other = await asyncio.gather(make(ace, songs(40)), make(ace, songs(40, "Another")))
    assert tally(one.values()) == tally(other.values()) == {"succeeded": 40}
    assert not {o.task_id for o in one.values()} & {o.task_id for o in other.values()}
    assert sandbox.stats.submissions == 80
    assert sandbox.stats.lookups < 80


async def test_two_runs_of_one_ledger(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """Two runs that share an open ledger do not pay for the same song twice."""
    ledger = MemoryLedger(now=clock.time)
    await asyncio.gather(make(ace, songs(20), ledger=ledger), make(ace, songs(20), ledger=ledger))
    assert sandbox.stats.submissions == 20


async def test_ledger_that_the_user_opened_stays_open(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, clock: PatientClock
) -> None:
    """Who gives a ledger keeps it; a path is closed with the run."""
    async with SqliteLedger(tmp_path / "songs.ledger", now=clock.time) as ledger:
        for _ in range(2):
            assert tally((await make(ace, songs(3), ledger=ledger)).values()) == {"succeeded": 3}
        assert (await ledger.totals()).paid == 3
    await make(ace, songs(3), ledger=tmp_path / "songs.ledger")
    async with SqliteLedger(tmp_path / "songs.ledger", now=clock.time) as ledger:
        assert (await ledger.totals()).paid == 3
    assert sandbox.stats.submissions == 3


async def test_ledger_that_cannot_be_used(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, clock: PatientClock
) -> None:
    """It is told before anything is sent."""
    (tmp_path / "songs.ledger").write_text("this is no ledger, and has never been one")
    with pytest.raises(LedgerError):
        await make(ace, songs(3), ledger=tmp_path / "songs.ledger")
    with pytest.raises(LedgerError, match="gone"):
        await make(ace, songs(3), ledger=Unreadable(now=clock.time))
    assert sandbox.stats.submission_requests == 0


async def test_ledger_that_fails_before_a_paid_call(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """What cannot be written down is not paid for; nothing more is, either."""
    ledger = FullDisk("begin", "s1", clock)
    outcomes = await make(ace, songs(20), ledger=ledger)
    assert outcomes["s1"].state == "skipped"
    assert isinstance(outcomes["s1"].error, LedgerError)
    assert sandbox.stats.submissions <= 5
    assert tally(outcomes.values())["skipped"] == 20 - sandbox.stats.submissions
    ledger.well = True
    assert tally((await make(ace, songs(20), ledger=ledger)).values()) == {"succeeded": 20}
    assert sandbox.stats.submissions == 20


async def test_ledger_that_fails_after_a_paid_call(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The id is in the outcome and in the log, and sending stops; the next run finds the task."""
    ledger = FullDisk("accept", "s1", clock)
    outcomes = await make(ace, songs(20), ledger=ledger, max_in_flight=5)
    assert outcomes["s1"].state == "submitted"
    assert isinstance(outcomes["s1"].error, LedgerError)
    assert outcomes["s1"].task_id in sandbox.tasks
    assert str(outcomes["s1"].task_id) in caplog.text
    assert sandbox.stats.submissions <= 6
    ledger.well = True
    await ledger.aclose()  # as another process would find it
    await ledger.open()
    assert tally((await make(ace, songs(20), ledger=ledger)).values()) == {"succeeded": 20}
    assert sandbox.stats.submissions == 20


@pytest.mark.parametrize("step", ["finish", "release", "fail", "doubt", "refuse", "lose"])
async def test_ledger_that_fails_at_another_step(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, step: Step
) -> None:
    """Every song still has one outcome, and nothing is sent twice then or later."""
    faults = {
        "release": "throttle",
        "fail": "fail-F1",
        "doubt": "cut-after-accept",
        "refuse": "moderation",
        "lose": "no-result",
    }
    ledger = FullDisk(step, "s0", clock)
    if step in faults:
        sandbox.inject(faults[step], times=1)
    outcomes = await make(ace, [*songs(3), cover("c", "s0")], ledger=ledger)
    assert set(outcomes) == {"s0", "s1", "s2", "c"}
    assert isinstance(outcomes["s0"].error, LedgerError) or step in {"doubt", "refuse", "release"}
    ledger.well = True
    await ledger.aclose()
    await ledger.open()
    again = await make(ace, songs(3), ledger=ledger)
    assert set(again) == {"s0", "s1", "s2"}
    assert sandbox.stats.submissions <= 5
    attempts = [entry.attempts for entry in (await entries_of(ledger)).values()]
    assert max(attempts) == 1


async def test_outcome_of_an_entry_that_was_given_up(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """What was ended by hand is reported, and left alone."""
    ledger = MemoryLedger(now=clock.time)
    await ledger.add([NewEntry(key="a", request={"action": "generate", "prompt": "A song"})])
    await ledger.begin("a")
    await ledger.doubt("a", RuntimeError("nobody knows"))
    await ledger.give_up("a")
    outcomes = await make(ace, [song("a"), cover("b", "a")], ledger=ledger, leftovers=True)
    assert states(outcomes) == {"a": "given_up", "b": "skipped"}
    assert sandbox.stats.submission_requests == 0
    assert sandbox.stats.lookups == 0


async def test_unknown_one_that_is_sent_again_by_hand(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """Who decides that it is not there gets it with the next run."""
    ledger = MemoryLedger(now=clock.time)
    sandbox.inject("cut-before-accept", times=1)
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "unknown"}
    await ledger.resubmit("a")
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "succeeded"}
    assert sandbox.stats.submissions == 1


async def test_outcome_is_readable(ace: AceData, sandbox: Sandbox) -> None:
    """Its repr is short, and shows neither the record nor what was asked for."""
    outcomes = await make(ace, [song("a", "a prompt of mine")])
    shown = repr(outcomes["a"])
    assert "a prompt of mine" not in shown
    assert "audio_url" not in shown
    assert "succeeded" in shown
    assert len(shown) < 250
    empty = BulkOutcome(None, 5, "invalid")
    assert (empty.task, empty.audios, empty.stems, empty.upload) == (None, [], None, None)
    assert (empty.title, empty.duration) == (None, None)


async def test_uncommon_request_survives_the_ledger(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Whatever its fields are, the second run knows the request again."""
    odd: list[Any] = [
        song("n", seed=12345678901234567890, weirdness=0, lyrics_strength=1),
        song("e", "Ümläut \u202e 🎵 \x00"),
        song("l", lyric="[Verse]\nA", title='"quoted" \\ back', instrumental=False),
        BulkItem.read(song("i", weirdness=-0.0)),
    ]
    for _ in range(2):
        outcomes = await make(ace, odd, ledger=ledger)
        assert tally(outcomes.values()) == {"succeeded": 4}
    assert sandbox.stats.submissions == 4


async def test_lookups_fail_while_it_runs(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """An outage of the lookups is waited out."""
    async with ace.producer.bulk(songs(10), ledger=ledger) as run:
        await until(lambda: run.stats.submitted)
        sandbox.inject("lookup-500", times=20)
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 10}
