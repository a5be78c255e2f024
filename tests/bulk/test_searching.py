"""Looking for lost answers, while other things happen."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData
from acedata_async._clock import sleep
from acedata_async.ledger import Entry, MemoryLedger, NewEntry
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.bulk.conftest import make, song, states
from tests.patience import until


class SlowLedger(MemoryLedger):
    """Takes its time with what was unknown."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(now=clock.time)
        self._clock = clock

    async def apply(self, key: str, step: Any, facts: Mapping[str, Any]) -> Entry:
        """Let an entry take a step, slowly."""
        before = await self.get(key)
        after = await super().apply(key, step, facts)
        if before is not None and before.state == "unknown":
            await sleep(self._clock, 0.4)
        return after


@pytest.mark.parametrize("turns", range(0, 80, 4))
async def test_left_while_another_answer_is_lost(tmp_path: Path, turns: int) -> None:
    """Nothing is looked for once the block is left, at whatever instant that is."""
    clock = ManualClock()
    async with Sandbox(clock=clock, seed=1, durations=6.0) as sandbox:
        ace, ledger = sandbox.client(seed=1), MemoryLedger(now=clock.time)
        await make(ace, [song("z")], ledger=ledger)
        sandbox.inject("cut-after-accept", times=2)
        requests = [song("a"), song("b")]
        async with ace.producer.bulk(requests, ledger=ledger, directory=tmp_path) as run:
            await until(lambda: run.stats.looked_for)
            for _ in range(turns):
                await asyncio.sleep(0)
        ours = {task.get_name() for task in asyncio.all_tasks()}
        assert not {name for name in ours if name.startswith("acedata: ")}
        outcomes = await make(ace, requests, ledger=ledger, directory=tmp_path)
        assert states(outcomes) == {"a": "saved", "b": "saved"}
        assert sandbox.stats.submissions == 3


@pytest.mark.parametrize("seconds", [4.6, 5.0, 5.4, 5.8, 6.2])
async def test_all_else_ends_while_a_find_is_written(seconds: float) -> None:
    """What was found goes on, however long it takes to write that down."""
    clock = ManualClock()
    async with Sandbox(clock=clock, seed=1, durations=seconds) as sandbox:
        ace: AceData = sandbox.client(seed=1)
        ledger = SlowLedger(clock)
        await make(ace, [song("z")], ledger=ledger)
        sandbox.inject("cut-after-accept", times=1)
        outcomes = await make(ace, [song("a"), song("b")], ledger=ledger, max_in_flight=2)
        assert states(outcomes) == {"a": "succeeded", "b": "succeeded"}
        assert sandbox.stats.submissions == 3


async def test_unknown_one_of_an_earlier_run_counts_as_resumed(ace: AceData) -> None:
    """The run says of it what its outcome says."""
    ledger = MemoryLedger()
    await ledger.add([NewEntry(key="a", request=song("a"))])
    await ledger.begin("a", "")
    await ledger.doubt("a", RuntimeError("no answer"))
    async with ace.producer.bulk([], ledger=ledger, leftovers=True) as run:
        [outcome] = [outcome async for outcome in run]
    assert (outcome.state, outcome.resumed) == ("unknown", True)
    assert run.stats.resumed == 1
