"""Runs whose songs are called back: their markers, and lost answers that a callback finds."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from acedata_async import BulkOutcome, Callbacks
from acedata_async._rules.listing import FIRST_LOOK
from acedata_async.ledger import Entry, MemoryLedger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import entries_of, make, song, songs
from tests.patience import until

URL = "https://songs.example.org/callbacks"
CALLBACKS = Callbacks(URL, "a-secret-that-nobody-knows")


def marker(sandbox: Sandbox, number: int) -> str:
    """Return the marker that a submission carried."""
    found = CALLBACKS.marker_of(sandbox.submissions[number]["callback_url"])
    assert found is not None
    return found


async def test_marker_goes_into_the_path() -> None:
    """Each call carries its own, in the address of our receiver; nothing shows its signature."""
    async with Sandbox() as sandbox:
        ledger = MemoryLedger()
        outcomes = await make(sandbox.client(callbacks=CALLBACKS), songs(3), ledger=ledger)
        entries = await entries_of(ledger)
        addresses = [body["callback_url"] for body in sandbox.submissions]
        assert [marker(sandbox, n) for n in range(3)] == [one.marker for one in entries.values()]
        shown = f"{entries} {outcomes} {[outcome.record for outcome in outcomes.values()]}"
        assert not [one for one in addresses if one.rpartition("/")[2] in shown]


async def test_own_receiver_of_a_request() -> None:
    """A `callback_url` of a request's own stays as it is."""
    async with Sandbox() as sandbox:
        await make(
            sandbox.client(callbacks=CALLBACKS), [song("a", callback_url="https://me.example/x")]
        )
        assert sandbox.submissions[0]["callback_url"] == "https://me.example/x"


async def test_without_markers() -> None:
    """With `marking="off"` the address carries a random one, which the ledger does not know."""
    async with Sandbox() as sandbox:
        ledger = MemoryLedger()
        await make(sandbox.client(callbacks=CALLBACKS), [song("a")], ledger=ledger, marking="off")
        [entry] = (await entries_of(ledger)).values()
        assert marker(sandbox, 0) != entry.marker


class Lost:
    """A run of one song whose answer was lost, while lists are refused."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.ace = sandbox.client(callbacks=CALLBACKS, seed=1)
        self.ledger = MemoryLedger(now=sandbox.clock.time)
        sandbox.inject("list-refused")
        sandbox.inject("cut-after-accept", times=1)

    async def run(self, *hints: tuple[str, str]) -> BulkOutcome:
        """Make it, with hints (task id, marker) once its answer is lost; `` for the real one."""
        async with self.ace.producer.bulk([song("a")], ledger=self.ledger) as run:
            await until(lambda: bool(run.stats.looked_for))
            for task_id, shown in hints:
                real = task_id or self.sandbox.tasks[0], shown or marker(self.sandbox, 0)
                self.ace.hint(real[0], marker=real[1])
            [outcome] = [outcome async for outcome in run]
            return outcome

    async def entry(self) -> Entry:
        """Return how it stands."""
        return (await entries_of(self.ledger))["a"]


async def test_lost_answer_found_by_its_callback() -> None:
    """A callback with its marker names the task; the record proves it, and the song goes on."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        lost = Lost(sandbox)
        outcome = await lost.run(("", ""))
        assert outcome.state == "succeeded"
        assert (await lost.entry()).task_id == sandbox.tasks[0]
        assert sandbox.stats.submissions == 1


@pytest.mark.parametrize(
    "hints",
    [
        [],
        [("nobodys", "")],
        [("", "0123456789abcdef")],
        [("nobodys", ""), ("nobodys 2", ""), ("nobodys 3", ""), ("nobodys 4", "")],
    ],
)
async def test_not_found_by_another_callback(hints: Any) -> None:
    """One that names another task, or shows another marker, proves nothing."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        lost = Lost(sandbox)
        assert (await lost.run(*hints)).state == "unknown"
        assert (await lost.entry()).task_id is None
        assert sandbox.stats.submissions == 1


async def test_somebody_elses_task() -> None:
    """A task of ours that carries another marker is not taken for it."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        ace = sandbox.client(callbacks=CALLBACKS)
        other = await ace.producer.generate("Another")
        lost = Lost(sandbox)
        async with lost.ace.producer.bulk([song("a")], ledger=lost.ledger) as run:
            await until(lambda: bool(run.stats.looked_for))
            lost.ace.hint(str(other.id), marker=marker(sandbox, 1))
            [outcome] = [outcome async for outcome in run]
        assert outcome.state == "unknown"


async def test_called_before_it_was_lost() -> None:
    """A callback that comes before the answer is known to be lost is remembered."""
    async with Sandbox(seed=1, durations=5.0) as sandbox:
        lost = Lost(sandbox)
        sandbox.clear_faults()
        sandbox.inject("list-refused")
        sandbox.inject("hang-after-accept", times=1)
        async with lost.ace.producer.bulk([song("a")], ledger=lost.ledger) as run:
            await until(lambda: bool(sandbox.tasks))
            lost.ace.hint(sandbox.tasks[0], marker=marker(sandbox, 0))
            [outcome] = [outcome async for outcome in run]
        assert outcome.state == "succeeded"


async def test_found_while_the_run_ends() -> None:
    """It is found as well while the run waits for its last look at the list."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        lost = Lost(sandbox)
        async with lost.ace.producer.bulk([song("a")], ledger=lost.ledger) as run:
            await until(lambda: bool(run.stats.looked_for))
            reading = asyncio.create_task(anext(run))
            now = sandbox.clock.monotonic()
            await until(lambda: sandbox.clock.monotonic() > now + FIRST_LOOK / 4)
            lost.ace.hint(sandbox.tasks[0], marker=marker(sandbox, 0))
            assert (await reading).state == "succeeded"


async def test_task_that_cannot_be_looked_at_yet() -> None:
    """The task that a callback names is looked at again and again, while its record is late."""
    async with Sandbox(seed=1, durations=5.0) as sandbox:
        lost = Lost(sandbox)
        async with lost.ace.producer.bulk([song("a")], ledger=lost.ledger) as run:
            await until(lambda: bool(run.stats.looked_for))
            sandbox.inject("lookup-502-html", times=6, on="retrieve")
            lost.ace.hint(sandbox.tasks[0], marker=marker(sandbox, 0))
            [outcome] = [outcome async for outcome in run]
        assert outcome.state == "succeeded"


async def test_left_while_looked_for() -> None:
    """A run that is left asks about its markers no more."""
    async with Sandbox(seed=1, durations=5.0) as sandbox:
        lost = Lost(sandbox)
        async with lost.ace.producer.bulk([song("a")], ledger=lost.ledger) as run:
            await until(lambda: bool(run.stats.looked_for))
        assert lost.ace._claims._asked == {}
