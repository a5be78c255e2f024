"""The state file: voices and speech that a sandbox knows again."""

from __future__ import annotations

import shutil
from pathlib import Path

from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock

from .conftest import Caller, as_killed, caller_of, started


async def test_voices_come_back(path: Path, clock: ManualClock) -> None:
    """Voices, trained or not, their uses, speech and what was counted of Fish are kept."""
    async with started(path, clock=clock) as (sandbox, caller):
        model = await caller.model(tags=["a", "b"], texts=["Say this."], visibility="private")
        training = await caller.order("voices", title="Slow")
        spoken = await caller.order(text="Hi.", reference_id=model["_id"], format="wav")
        await clock.advance(10.0)
        records = [await caller.record(one) for one in (training, spoken)]
        url = records[1]["response"]["audio_url"]
        speech = await caller.http.get(url)
        listed = (await caller.http.get("/fish/model?self=true")).json()
        await caller.generate()
        killed, stats = as_killed(path), sandbox.stats
    async with started(killed, clock=clock) as (again, caller):
        assert again.submissions == sandbox.submissions
        assert again.stats.submissions_by_action == stats.submissions_by_action
        assert again.stats.lookups_by_service == {"producer": 0, "fish": 2}
        assert again.stats.catalogue_requests == 1
        assert [await caller.record(one) for one in (training, spoken)] == records
        assert (await caller.http.get(url)).content == speech.content
        assert (await caller.http.get("/fish/model?self=true")).json() == listed
        assert [item["state"] for item in listed["items"]] == ["training", "trained"]
        assert listed["items"][1]["task_count"] == 1
        await clock.advance(80.0)
        assert (await caller.shown(listed["items"][0]["_id"]))["state"] == "trained"


async def test_the_same_voices(path: Path, clock: ManualClock) -> None:
    """With any number of restarts the voices are those of none, and no id is given twice."""

    async def make(caller: Caller) -> list[str]:
        return [(await caller.model())["_id"], (await caller.voice())["_id"], await caller.order()]

    async with Sandbox(clock=ManualClock(), seed=7) as sandbox, caller_of(sandbox) as http:
        expected = [one for _ in range(3) for one in await make(Caller(http))]
    made: list[str] = []
    for _ in range(3):
        async with started(path, clock=clock, seed=7) as (_, caller):
            made += await make(caller)
    assert made == expected
    assert len(set(made)) == 9


_OLD = Path(__file__).with_name("before-fish.jsonl")


async def test_file_from_before_fish(path: Path) -> None:
    """A state file of a version that had no voices is read as what it was."""
    shutil.copy(_OLD, path)
    async with started(path, seed=7, clock=ManualClock(start=2e9)) as (sandbox, caller):
        (task_id,) = sandbox.tasks
        assert (await caller.look_up(task_id))["response"]["data"]
        stats = sandbox.stats
        assert stats.submissions == 1
        assert stats.lookups_by_service == {"producer": 2 + 1, "fish": 0}
        assert await caller.voice()
        songs = [task_id, await caller.generate()]
    async with Sandbox(seed=7) as fresh, caller_of(fresh) as http:
        assert [await Caller(http).generate() for _ in range(2)] == songs
