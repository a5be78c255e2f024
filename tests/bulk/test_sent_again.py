"""A song that is sent again: what its earlier calls left behind is not taken for the new one."""

from __future__ import annotations

from acedata_async import AceData, PollPolicy
from acedata_async.ledger import Entry, Ledger, MemoryLedger, NewEntry
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock, make, song, states


async def entry_of(ledger: Ledger, key: str) -> Entry:
    """Return an entry that is there."""
    entry = await ledger.get(key)
    assert entry is not None
    return entry


async def test_retried(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """The answer is lost: the new task is found, not the one that failed."""
    ledger = MemoryLedger(now=clock.time)
    sandbox.inject("fail-F1", times=1)
    await make(ace, [song("a")], ledger=ledger)
    await make(ace, [song("z")], ledger=ledger)
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a")], ledger=ledger, retry_failed=True)
    assert states(outcomes) == {"a": "succeeded"}
    assert outcomes["a"].task_id == (await entry_of(ledger, "a")).task_id == sandbox.tasks[-1]
    await make(ace, [song("a")], ledger=ledger, retry_failed=True)
    assert sandbox.stats.submission_requests == 3


async def test_corrected(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """The same with a request that was changed after its failure."""
    ledger = MemoryLedger(now=clock.time)
    sandbox.inject("fail-F1", times=1)
    await make(ace, [song("a")], ledger=ledger)
    await make(ace, [song("z")], ledger=ledger)
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a", "Another one")], ledger=ledger)
    assert states(outcomes) == {"a": "succeeded"}
    assert outcomes["a"].task_id == sandbox.tasks[-1]


async def test_resubmitted(sandbox: Sandbox, clock: PatientClock) -> None:
    """The same with a lost one that was sent again by hand."""
    ledger = MemoryLedger(now=clock.time)
    ace = sandbox.client(poll=PollPolicy(deadline=60.0))
    await make(ace, [song("z")], ledger=ledger)
    sandbox.inject("never", times=1)
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "lost"}
    await ledger.resubmit("a")
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a")], ledger=ledger)
    assert states(outcomes) == {"a": "succeeded"}
    assert outcomes["a"].task_id == sandbox.tasks[-1]


async def test_failed_one_that_runs_again(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """What the vendor has taken up again is not sent a second time."""
    watcher = await ace.producer.generate("A song")
    ledger = MemoryLedger(now=clock.time)
    await make(ace, [song("z")], ledger=ledger)
    await ledger.add([_new("a")])
    await ledger.begin("a")
    await ledger.accept("a", str((await ace.producer.generate("A song")).id))
    await ledger.fail("a", RuntimeError("as it seemed"), {"id": watcher.id})
    before = sandbox.stats.submissions
    outcomes = await make(ace, [song("a")], ledger=ledger, retry_failed=True)
    assert states(outcomes) == {"a": "failed"}
    assert "failed once, and is" in outcomes["a"].reason
    assert sandbox.stats.submissions == before


async def test_task_of_another_song(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """A task that is another song's already is not taken, and nothing is sent for it."""
    ledger = MemoryLedger(now=clock.time)
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a")], ledger=ledger, marking="placeholder")
    task_id = sandbox.tasks[0]
    assert states(outcomes) == {"a": "unknown"}  # no record has told the account's id yet
    await ledger.add([_new("b")])
    await ledger.begin("b")
    await ledger.accept("b", task_id)
    outcomes = await make(ace, [song("a"), song("b")], ledger=ledger, on_unknown="resubmit_absent")
    assert states(outcomes) == {"a": "unknown", "b": "succeeded"}
    assert "is already that of b" in outcomes["a"].reason
    assert sandbox.stats.submissions == 1


def _new(key: str) -> NewEntry:
    return NewEntry(key=key, request={"action": "generate", "prompt": "A song"})
