"""Songs and speech through one client: many of both, and trouble with one of them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from itertools import pairwise
from typing import Any

import httpx
import pytest

from acedata_async import AceData, RateLimited, TaskWatcher
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock, outcomes_of, songs, tally
from tests.fish.conftest import calls, make, speech, speeches
from tests.patience import until
from tests.tasks.watching import client


class Door(httpx.AsyncBaseTransport):
    """Notes which ids are looked up where, and may refuse what is paid for at Fish.

    Attributes:
        asked: How often each id was asked for, at each service.
        sent: When paid calls came to each service.
        closed: Whether Fish answers them with 429.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.asked: dict[str, Counter[str]] = {"producer": Counter(), "fish": Counter()}
        self.sent: dict[str, list[float]] = {"producer": [], "fish": []}
        self.closed = False
        self._clock = sandbox.clock
        self._inner = sandbox.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note a request and hand it on."""
        service = request.url.path.split("/")[1]
        if request.url.path.endswith("/tasks"):
            body = json.loads(request.content)
            self.asked[service].update(body.get("ids") or [body["id"]])
        elif request.method == "POST":
            self.sent[service].append(self._clock.monotonic())
            if self.closed and service == "fish":
                error = {"code": "too_many_requests", "message": "slow down"}
                return httpx.Response(429, json={"error": error, "trace_id": "t"})
        return await self._inner.handle_async_request(request)


async def ended(watcher: TaskWatcher[Any]) -> Any:
    """Return what comes of a task."""
    return await watcher


async def test_a_hundred_of_both(sandbox: Sandbox) -> None:
    """Lookups of each service are far fewer than its tasks, and name none of the other's."""
    door = Door(sandbox)
    ace = client(sandbox, transport=door)

    async def song(number: int) -> Any:
        return (await (await ace.producer.generate(f"Song {number}")))[0].task_id

    async def said(number: int) -> Any:
        return (await (await ace.fish.speak(f"Sentence {number}."))).task_id

    work = [made(number) for number in range(100) for made in (song, said)]
    ids = await asyncio.gather(*work)
    assert len(set(ids)) == 200
    assert calls(sandbox) == (200, 200)
    stats = sandbox.stats
    assert stats.submissions_by_action == {"generate": 100, "speak": 100}
    assert stats.lookups == sum(stats.lookups_by_service.values())
    assert stats.lookups_by_service["producer"] <= 33
    assert stats.lookups_by_service["fish"] <= 33
    assert set(door.asked["producer"]) == set(ids[::2])
    assert set(door.asked["fish"]) == set(ids[1::2])
    assert (ace.stats().mean_lag or 0.0) < 1.5


async def test_runs_of_both_side_by_side(ace: AceData, sandbox: Sandbox, tmp_path: Any) -> None:
    """Two runs of one client share nothing but its lookups' pace; each gets all of its own."""
    async with (
        ace.producer.bulk(songs(100), ledger=tmp_path / "songs") as first,
        ace.fish.bulk(speeches(100), ledger=tmp_path / "speech") as second,
    ):
        made, said = await asyncio.gather(outcomes_of(first), outcomes_of(second))
    assert tally(made) == tally(said) == {"succeeded": 100}
    assert calls(sandbox) == (200, 200)
    assert sandbox.stats.lookups < 150


@pytest.mark.parametrize(
    "kind",
    [
        "submissions",
        "bulk",
    ],
)
async def test_storm_at_fish(sandbox: Sandbox, clock: PatientClock, kind: str) -> None:
    """While Fish answers each paid call with 429, songs go out and come back as if nothing was."""
    door = Door(sandbox)
    ace = client(sandbox, transport=door)
    door.closed = True
    run = ace.fish.bulk(speeches(50))
    async with run:
        waiting = [asyncio.create_task(ace.fish.speak(f"Sentence {n}.")) for n in range(50)]
        if kind == "bulk":
            for one in waiting:
                one.cancel()
        await until(lambda: len(door.sent["fish"]) >= 3)
        begun = clock.elapsed
        watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(30)))
        assert clock.elapsed - begun < 1.0
        made = await asyncio.gather(*(watcher.result() for watcher in watchers))
        assert len(made) == 30
        assert clock.elapsed - begun < 20.0
        assert len(door.sent["fish"]) < 30
        door.closed = False
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 50}
    results = await asyncio.gather(*waiting, return_exceptions=True)
    said = [await one for one in results if not isinstance(one, BaseException)]
    assert len(said) == (50 if kind == "submissions" else 0)
    assert sandbox.stats.submissions_by_action["speak"] == 50 + len(said)


async def test_storm_that_does_not_end(sandbox: Sandbox, clock: PatientClock) -> None:
    """A paid call gives up after ten minutes of 429, having asked ever more rarely."""
    door = Door(sandbox)
    ace = client(sandbox, transport=door)
    door.closed = True
    results = await asyncio.gather(
        *(ace.fish.speak(f"Sentence {n}.") for n in range(20)), return_exceptions=True
    )
    assert [type(one) for one in results] == [RateLimited] * 20
    assert clock.elapsed < 700.0
    assert len(door.sent["fish"]) < 200
    assert min(b - a for a, b in pairwise(door.sent["fish"][-10:])) > 1.0
    assert sandbox.stats.submissions == 0


@pytest.mark.parametrize("fault", ["lookup-500", "lookup-429", "lookup-cut"])
async def test_lookups_that_fail_at_times(ace: AceData, sandbox: Sandbox, fault: str) -> None:
    """All of both arrive although a third of all lookups fails."""
    sandbox.inject(fault, probability=0.3)
    made = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(30)))
    said = await asyncio.gather(*(ace.fish.speak(f"Sentence {n}.") for n in range(30)))
    assert len(await asyncio.gather(*map(ended, made), *map(ended, said))) == 60
    assert calls(sandbox) == (60, 60)


async def test_lookups_are_limited_together(clock: PatientClock) -> None:
    """With one token both services share the rate of lookups that the vendor allows."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, lookups_per_second=2) as sandbox:
        ace = sandbox.client(seed=1)
        made = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(60)))
        said = await asyncio.gather(*(ace.fish.speak(f"Sentence {n}.") for n in range(60)))
        await asyncio.gather(*map(ended, made), *map(ended, said))
        assert sandbox.stats.statuses.get(429, 0) <= 6
        assert clock.elapsed < 60.0


async def test_limit_of_tasks(clock: PatientClock) -> None:
    """A run at Fish finds out how many may be under way, and loses none of them."""
    async with Sandbox(clock=clock, seed=1, durations=60.0, max_tasks=8) as sandbox:
        outcomes = await make(sandbox.client(seed=1), speeches(40))
        assert tally(outcomes.values()) == {"succeeded": 40}
        assert sandbox.stats.submissions == 40
        assert sandbox.stats.statuses[429] <= 10


async def test_thousands_of_texts(ace: AceData, sandbox: Sandbox) -> None:
    """A run of thousands of texts ends with each of them, in few lookups for a hundred."""
    number_of_texts = 1_500
    texts = (speech(f"t{number}", "Yes.") for number in range(number_of_texts))
    async with ace.fish.bulk(texts, max_in_flight=1000) as run:
        states = Counter([outcome.state async for outcome in run])
    assert states == {"succeeded": number_of_texts}
    assert calls(sandbox) == (number_of_texts, number_of_texts)
    assert sandbox.stats.lookups <= 0.15 * number_of_texts


async def test_a_thousand_at_once(ace: AceData, sandbox: Sandbox) -> None:
    """So do a thousand submissions in one breath; few are on their way at a time."""
    watchers = await asyncio.gather(*(ace.fish.speak("Yes.") for _ in range(1_000)))
    assert len({watcher.id for watcher in watchers}) == 1_000
    results = await asyncio.gather(*(watcher.result() for watcher in watchers))
    assert all(one.audio_url for one in results)
    assert sandbox.stats.max_in_flight <= 30
    assert sandbox.stats.lookups <= 100


async def test_reading_voices_starves_nobody(ace: AceData, sandbox: Sandbox) -> None:
    """Songs are watched as ever while somebody reads voices, again and again."""

    async def read() -> None:
        while True:
            await ace.fish.models(page_size=1)

    watchers = [await ace.producer.generate(f"Song {n}") for n in range(10)]
    reading = asyncio.create_task(read())
    try:
        made = await asyncio.gather(*(watcher.result(timeout=60) for watcher in watchers))
    finally:
        reading.cancel()
    assert len(made) == 10
    assert (ace.stats().mean_lag or 0.0) < 5.0
