"""Several at work on one ledger: two runs, or a run and its own search."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from acedata_async import AceData
from acedata_async._clock import sleep
from acedata_async.ledger import Entry, MemoryLedger, NewEntry
from acedata_async.ledger.entry import new_marker
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock, make, outcomes_of, song, songs, states, tally
from tests.patience import until


class LateLedger(MemoryLedger):
    """Takes half a minute to return what it was given, once it is made to."""

    def __init__(self, clock: PatientClock) -> None:
        super().__init__(now=clock.time)
        self.late = False
        self._clock = clock

    async def add(self, entries: Sequence[NewEntry]) -> list[Entry]:
        """Remember entries, and return them as they stood."""
        added = await super().add(entries)
        if self.late:
            await sleep(self._clock, 30.0)
        return added


async def leave_absent(ace: AceData, sandbox: Sandbox, ledger: MemoryLedger) -> None:
    """Leave a song `a` in a ledger whose call never arrived, long ago, between two that did."""
    await make(ace, [song("before")], ledger=ledger)
    sandbox.inject("cut-before-accept", times=1)
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "unknown"}
    await sleep(sandbox.clock, 5.0)
    await make(ace, [song("after")], ledger=ledger)
    await sleep(sandbox.clock, 700.0)


@pytest.mark.parametrize("fault", [None, "cut-after-accept"])
async def test_two_runs_with_songs_in_common(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, fault: str | None
) -> None:
    """What the other one has sent is no reason to stop; each song is paid for once."""
    ledger = MemoryLedger(now=clock.time)
    await make(ace, [song("z")], ledger=ledger)
    if fault is not None:
        sandbox.inject(fault, times=4)
    other = sandbox.client(seed=7)
    every = songs(18)
    async with (
        ace.producer.bulk(every[:12], ledger=ledger) as first,
        other.producer.bulk(every[6:], ledger=ledger) as second,
    ):
        outcomes = await asyncio.gather(outcomes_of(first), outcomes_of(second))
        assert first.stats.stopped is second.stats.stopped is None
    assert [len(some) for some in outcomes] == [12, 12]
    made = {one.key for some in outcomes for one in some if one.state == "succeeded"}
    assert made == {one["key"] for one in every}
    assert tally((await make(ace, every, ledger=ledger)).values()) == {"succeeded": 18}
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 19


async def test_call_that_another_run_has_sent_again(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """It is another call than the one that was looked for, whose absence says nothing of it."""
    ledger = MemoryLedger(now=clock.time)
    await make(ace, [song("before")], ledger=ledger)
    sandbox.inject("cut-before-accept", times=1)
    async with ace.producer.bulk(
        [song("a"), song("after")], ledger=ledger, on_unknown="resubmit_absent"
    ) as run:
        await until(lambda: run.stats.ended.get("succeeded") == 1)
        await ledger.resubmit("a")
        await ledger.begin("a", new_marker())
        await ledger.doubt("a", RuntimeError("no answer to the other run either"))
        outcomes = await outcomes_of(run)
    assert {one.key: one.state for one in outcomes} == {"a": "unknown", "after": "succeeded"}
    entry = await ledger.get("a")
    assert entry is not None
    assert (entry.state, entry.attempts) == ("unknown", 2)
    assert sandbox.stats.submission_requests == 3


async def test_leftover_that_is_absent_while_its_request_is_taken_in(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """It is sent again for the request that names it, which gets its one outcome."""
    ledger = LateLedger(clock)
    await leave_absent(ace, sandbox, ledger)
    ledger.late = True
    outcomes = await make(
        ace, [song("a")], ledger=ledger, leftovers=True, on_unknown="resubmit_absent"
    )
    assert states(outcomes) == {"a": "succeeded"}
    assert sandbox.stats.submissions == 3


async def test_leftover_that_is_absent_and_not_named(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """It waits for a run whose requests name it: nothing is bought that nobody asks for."""
    ledger = MemoryLedger(now=clock.time)
    await leave_absent(ace, sandbox, ledger)
    outcomes = await make(
        ace, [song("b")], ledger=ledger, leftovers=True, on_unknown="resubmit_absent"
    )
    assert states(outcomes) == {"b": "succeeded"}
    entry = await ledger.get("a")
    assert entry is not None
    assert entry.state == "pending"
    assert sandbox.stats.submissions == 3
