"""How many songs are under way at once, and how fast they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, Event
from acedata_async.events import CallSent
from acedata_async.ledger import Ledger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock, check_files, make, song, songs, tally
from tests.patience import until


@pytest.mark.parametrize("limit", [1, 3, 40])
async def test_limit_is_kept_at_the_vendor(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, limit: int
) -> None:
    """Never are more tasks unfinished there, and the limit is made use of."""
    outcomes = await make(ace, songs(3 * limit), ledger=ledger, max_in_flight=limit)
    assert tally(outcomes.values()) == {"succeeded": 3 * limit}
    assert sandbox.stats.max_tasks_in_flight == limit


async def test_limit_is_kept_through_a_restart(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """What an earlier run has sent counts."""
    async with ace.producer.bulk(songs(9), ledger=ledger, max_in_flight=3):
        await until(lambda: sandbox.stats.submissions == 3)
    outcomes = await make(ace, songs(9), ledger=ledger, max_in_flight=3)
    assert tally(outcomes.values()) == {"succeeded": 9}
    assert sandbox.stats.max_tasks_in_flight == 3


async def test_limit_is_kept_while_files_are_slow(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A song whose file is being fetched is finished at the vendor, and makes room."""
    sandbox.inject("media-hang", times=3)
    directory = tmp_path / "out"
    outcomes = await make(ace, songs(12), max_in_flight=3, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.max_tasks_in_flight == 3


async def test_limit_of_the_vendor_is_found(clock: PatientClock, tmp_path: Path) -> None:
    """All songs come, with few refusals, and the limit is used to the full."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, max_tasks=5) as sandbox:
        ace, directory = sandbox.client(seed=1), tmp_path / "out"
        outcomes = await make(ace, songs(60), directory=directory)
        check_files(sandbox, outcomes.values(), directory)
        assert sandbox.stats.submissions == 60
        assert sandbox.stats.max_tasks_in_flight == 5
        assert sandbox.stats.statuses[429] <= 12
        assert clock.elapsed < 12 * 12 * 2.5


async def test_limit_grows_where_the_vendor_has_none(ace: AceData, sandbox: Sandbox) -> None:
    """It starts at five, and grows with each song that is taken."""
    outcomes = await make(ace, songs(200))
    assert tally(outcomes.values()) == {"succeeded": 200}
    assert sandbox.stats.max_tasks_in_flight > 30
    assert sandbox.stats.statuses.get(429, 0) == 0


async def test_fixed_limit_gives_way_to_the_vendors(clock: PatientClock) -> None:
    """Who asks for more than the vendor takes gets all songs all the same."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, max_tasks=3) as sandbox:
        outcomes = await make(sandbox.client(seed=1), songs(30), max_in_flight=20)
        assert tally(outcomes.values()) == {"succeeded": 30}
        assert sandbox.stats.statuses[429] <= 15


async def test_vendor_with_room_for_one(clock: PatientClock, ledger: Ledger | Path) -> None:
    """The smallest limit there can be is lived with."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, max_tasks=1) as sandbox:
        outcomes = await make(sandbox.client(seed=1), songs(12), ledger=ledger)
        assert tally(outcomes.values()) == {"succeeded": 12}
        assert sandbox.stats.submissions == 12


async def test_paid_calls_are_paced(sandbox: Sandbox, clock: PatientClock) -> None:
    """Two of them are at least 50 ms apart, so that a killed process leaves few in doubt."""
    sent: list[float] = []

    def watch(event: Event) -> None:
        if isinstance(event, CallSent) and event.purpose == "submit":
            sent.append(clock.monotonic())

    ace = sandbox.client(seed=1, observers=[watch])
    await make(ace, songs(100), max_in_flight=100)
    assert len(sent) == 100
    assert min(after - before for before, after in pairwise(sent)) >= 0.05 - 1e-9
    assert sandbox.stats.max_requests_per_second <= 30


async def test_other_calls_are_not_held_up(ace: AceData, sandbox: Sandbox) -> None:
    """A song beside the run takes no longer than without it."""
    async with ace.producer.bulk(songs(300), max_in_flight=100) as run:
        await until(lambda: run.stats.submitted >= 20)
        begun = sandbox.clock.monotonic()
        assert await (await ace.producer.generate("A song"))
        assert sandbox.clock.monotonic() - begun < 16


async def test_nothing_is_sent_while_nobody_reads(ace: AceData, sandbox: Sandbox) -> None:
    """After a thousand outcomes that wait to be read, sending waits as well."""

    def endless() -> Iterator[dict[str, Any]]:
        number = 0
        while True:
            number += 1
            yield song(prompt=f"Song {number}", weirdness=5 if number % 2 else 0.5)

    async with ace.producer.bulk(endless(), max_in_flight=1000) as run:
        await until(lambda: len(run._outcomes) >= 1000 and not run.stats.generating)
        sent = sandbox.stats.submissions
        assert sent < 900
        heard = 0
        async for _ in run:
            heard += 1
            if heard == 1500:
                break
    assert sandbox.stats.submissions > sent
