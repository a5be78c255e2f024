"""Requests from wherever they come: lists, generators, without end, or broken."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acedata_async import (
    AceData,
    BulkItem,
    BulkOutcome,
    BulkRun,
    CoverRequest,
    GenerateRequest,
    InvalidRequest,
    Task,
    TaskWatcher,
)
from acedata_async._rules.seats import Seat
from acedata_async.bulk.passage import Passage
from acedata_async.ledger import Entry, Ledger
from acedata_async.models.siblings import WavRequest
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    cover,
    make,
    outcomes_of,
    song,
    songs,
    tally,
)
from tests.examples import IN_HASTE
from tests.patience import until

_OF_SONGS = (Passage, Entry, BulkItem, BulkOutcome, Task, TaskWatcher, Seat, asyncio.Task)


class Queue:
    """Endless requests that can be watched: how many were taken, and whether it was closed."""

    def __init__(self) -> None:
        self.taken = 0
        self.closed = False

    async def __call__(self) -> AsyncIterator[dict[str, Any]]:
        """Yield songs without end."""
        try:
            while True:
                self.taken += 1
                yield song(prompt=f"Song {self.taken}")
        finally:
            await asyncio.sleep(0.01)  # a database takes its time to close, say
            self.closed = True


def generator(items: Iterable[Any]) -> Iterator[Any]:
    """Yield requests, without telling how many there are."""
    yield from items


async def asynchronous(items: Iterable[Any]) -> AsyncIterator[Any]:
    """Yield requests as an asynchronous source does."""
    for item in items:
        await asyncio.sleep(0)
        yield item


async def collect(run: BulkRun, outcomes: list[BulkOutcome]) -> None:
    """Gather outcomes as they come, also where they end in an error."""
    async for outcome in run:
        outcomes += [outcome]


@pytest.mark.parametrize("kind", [list, tuple, generator, asynchronous])
async def test_every_kind_of_source(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, kind: Any
) -> None:
    """All of it is made; how many there are is known where the source knows."""
    async with ace.producer.bulk(kind(songs(20)), ledger=ledger) as run:
        assert run.total == (20 if kind in {list, tuple} else None)
        assert tally(await outcomes_of(run)) == {"succeeded": 20}
    assert sandbox.stats.submissions == 20


async def test_every_kind_of_request(ace: AceData, sandbox: Sandbox) -> None:
    """Requests, items and mappings may be mixed; the outcome holds what was given."""
    requests: list[Any] = [
        GenerateRequest(prompt="x"),
        BulkItem.of(GenerateRequest(prompt="y"), key="y"),
        song("z"),
        cover("c", "z"),
    ]
    async with ace.producer.bulk(requests) as run:
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 4}
    assert {id(outcome.request) for outcome in outcomes} == {id(one) for one in requests}
    [made] = [outcome for outcome in outcomes if outcome.key == "z"]
    assert made.task is not None
    assert made.task.id == made.task_id
    assert made.audios[0].title == made.title
    assert made.duration


async def test_no_requests(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """A run of nothing ends at once."""
    assert await make(ace, [], ledger=ledger) == {}
    assert await make(ace, generator([]), ledger=ledger) == {}
    assert await make(ace, asynchronous([]), ledger=ledger) == {}
    assert sum(sandbox.stats.statuses.values()) == 0


@pytest.mark.parametrize(
    "wrong", [5, None, "text", b"bytes", {"action": "generate"}, GenerateRequest(prompt="x")]
)
async def test_what_is_not_many_requests(ace: AceData, wrong: Any) -> None:
    """It is refused by the call itself."""
    with pytest.raises(InvalidRequest, match="requests"):
        ace.producer.bulk(wrong)


async def test_items_of_a_wrong_type(ace: AceData, sandbox: Sandbox) -> None:
    """Each has its outcome, and the others go on."""
    wrong: list[Any] = [
        5,
        None,
        "a song",
        [],
        {},
        {1: 2},
        {"action": "generate", 3: "x"},
        {"action": ["generate"]},
        {"action": "sing", "prompt": "x"},
        WavRequest(audio_id="x"),
        GenerateRequest,
        object(),
    ]
    mixed = [one for pair in zip(wrong, songs(len(wrong)), strict=True) for one in pair]
    async with ace.producer.bulk(mixed) as run:
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"invalid": len(wrong), "succeeded": len(wrong)}
    refused = [outcome for outcome in outcomes if outcome.state == "invalid"]
    assert [outcome.request for outcome in refused] == wrong
    assert all(isinstance(outcome.error, InvalidRequest) for outcome in refused)
    assert all(outcome.reason and outcome.key is None for outcome in refused)
    assert sandbox.stats.submission_requests == len(wrong)


async def test_key_that_is_taken(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """The first one has it; the second is wrong, whatever it asks for."""
    async with ace.producer.bulk([song("a"), song("a", "other"), song("b")], ledger=ledger) as run:
        outcomes = await outcomes_of(run)
    assert sorted((str(one.key), one.state) for one in outcomes) == [
        ("a", "invalid"),
        ("a", "succeeded"),
        ("b", "succeeded"),
    ]
    assert sandbox.stats.submissions == 2


async def test_alike_requests_are_as_many_songs(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Without keys, the same request three times is three songs, and stays three."""
    for _ in range(2):
        outcomes = await make(ace, [GenerateRequest(prompt="x")] * 3, ledger=ledger)
        assert tally(outcomes.values()) == {"succeeded": 3}
    assert sandbox.stats.submissions == 3


async def test_endless_source(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """It is read no further than needed, and closed when the run is left."""
    queue = Queue()
    outcomes: list[BulkOutcome] = []
    async with ace.producer.bulk(queue(), ledger=ledger) as run:
        async for outcome in run:
            outcomes.append(outcome)
            if len(outcomes) == 50:
                break
    assert queue.closed
    assert tally(outcomes) == {"succeeded": 50}
    assert queue.taken <= 50 + 256 + 100


async def test_endless_source_of_a_stopped_run(ace: AceData, sandbox: Sandbox) -> None:
    """It is closed as soon as nothing more is taken in."""
    queue = Queue()
    async with ace.producer.bulk(queue()) as run:
        await until(lambda: run.stats.submitted == 3)
        run.stop()
        await outcomes_of(run)
        assert queue.closed


async def test_source_that_is_used_up_is_closed(ace: AceData, sandbox: Sandbox) -> None:
    """A refusal that all would meet ends an endless source as well."""
    ace = sandbox.client(api_token="used-up-token")
    queue = Queue()
    async with ace.producer.bulk(queue()) as run:
        outcomes = await outcomes_of(run)
    assert queue.closed
    assert set(tally(outcomes)) == {"skipped"}
    assert len(outcomes) < 300
    assert sandbox.stats.submission_requests <= 5


@pytest.mark.parametrize("kind", [generator, asynchronous])
@pytest.mark.parametrize("error", [ZeroDivisionError, InvalidRequest("x", 1, "y"), OSError("gone")])
async def test_source_that_breaks(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, kind: Any, error: Any
) -> None:
    """What came before is made; then its error comes out, again for whoever asks again."""

    def broken() -> Iterator[dict[str, Any]]:
        yield from songs(10)
        raise error

    outcomes: list[BulkOutcome] = []
    async with ace.producer.bulk(kind(broken()), ledger=ledger) as run:
        with pytest.raises(error if isinstance(error, type) else type(error)):
            await collect(run, outcomes)
        with pytest.raises(error if isinstance(error, type) else type(error)):
            await anext(run)
    assert tally(outcomes) == {"succeeded": 10}
    assert tally((await make(ace, songs(12), ledger=ledger)).values()) == {"succeeded": 12}
    assert sandbox.stats.submissions == 12


async def test_source_that_is_slow(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """Songs are made and told while the source thinks about the next one."""
    heard: list[str] = []

    async def slow() -> AsyncIterator[dict[str, Any]]:
        yield song("a")
        await until(lambda: heard == ["a"])
        yield song("b")

    async with ace.producer.bulk(slow()) as run:
        async for outcome in run:
            heard += [str(outcome.key)]
    assert heard == ["a", "b"]


async def test_a_crowd_of_songs(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """It takes seconds of this machine, and few lookups."""
    count = 500 if IN_HASTE else 2000
    begun = time.process_time()
    outcomes = await make(ace, songs(count), max_in_flight=240)
    assert time.process_time() - begun < 0.01 * count
    assert tally(outcomes.values()) == {"succeeded": count}
    assert sandbox.stats.submissions == count
    assert sandbox.stats.lookups < 0.25 * count
    assert clock.elapsed < 20 + 0.06 * count


async def test_request_is_not_changed(ace: AceData, sandbox: Sandbox) -> None:
    """What the user gave stays as it was."""
    given = song("a", seed=7)
    request = CoverRequest(audio_id="x", callback_url="https://me.example/")
    before = dict(given), request.model_dump()
    async with ace.producer.bulk([given, request], marking="everywhere") as run:
        await outcomes_of(run)
    assert (dict(given), request.model_dump()) == before


async def test_memory_of_an_endless_run(ace: AceData, sandbox: Sandbox) -> None:
    """A run without a ledger keeps no object of a song that is over; only what it is called."""
    heard = 0
    counts: list[int] = []
    async with ace.producer.bulk(Queue()(), max_in_flight=100) as run:
        async for _ in run:
            heard += 1
            if heard % 200 == 0:
                gc.collect()
                counts.append(sum(isinstance(one, _OF_SONGS) for one in gc.get_objects()))
            if heard == 600:
                break
    assert counts[-1] - counts[0] < 200
