"""Voices that are being trained, asked themselves."""

from __future__ import annotations

import json
from collections import defaultdict
from itertools import pairwise
from typing import Any

import httpx

from acedata_async import Voice
from acedata_async.testing import ManualClock
from tests.fish.conftest import Scripted


def record_of(task_id: str) -> dict[str, Any]:
    """Return the record of a task that is finished, and whose voice trains for ever."""
    made = {"_id": f"voice-{task_id}", "state": "training"}
    response = {"success": True, "task_id": task_id, "data": made}
    return {"id": task_id, "created_at": 1.0, "finished_at": 2.0, "response": response}


class Crowd(Scripted):
    """A vendor with many such tasks.

    Args:
        failing: Whether its voices cannot be read at first.

    Attributes:
        reads: When each voice was read.
        trained: From when on they are trained.
        clock: The time.
    """

    def __init__(self, *, failing: bool = False) -> None:
        self.reads: defaultdict[str, list[float]] = defaultdict(list)
        self.trained = 120.0
        self._failing = failing
        self.clock = ManualClock()
        super().__init__(self._by_address, clock=self.clock)

    def now(self) -> float:
        """Return the time."""
        return self.clock.monotonic()

    def _by_address(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tasks"):
            asked = json.loads(request.content)
            if "id" in asked:
                return httpx.Response(200, json=record_of(asked["id"]))
            items = [record_of(one) for one in asked["ids"]]
            return httpx.Response(200, json={"items": items, "count": len(items)})
        voice_id = request.url.path.rpartition("/")[2]
        self.reads[voice_id].append(self.now())
        if self._failing and self.now() < self.trained:
            return httpx.Response(503)
        state = "trained" if self.now() >= self.trained else "training"
        return httpx.Response(200, json={"_id": voice_id, "state": state})


async def test_many_voices() -> None:
    """Each is asked now and then, none more often than every 15 s, and all come to their end."""
    vendor = Crowd()
    made = await vendor.ace.fish.watch_many([f"t{number}" for number in range(20)]).results()
    voices = [one for one in made if isinstance(one, Voice)]
    assert {one.id for one in voices} == {f"voice-t{number}" for number in range(20)}
    assert len(voices) == 20
    for times in vendor.reads.values():
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) >= 15.0
    assert vendor.now() < 300.0


async def test_voice_that_cannot_be_read() -> None:
    """Trouble with reading a voice ends no wait."""
    vendor = Crowd(failing=True)
    made = await vendor.ace.fish.watch("t", result=Voice)
    assert made.trained
    assert vendor.now() >= vendor.trained


async def test_nobody_asks_for_nobody() -> None:
    """Once nobody waits any more, no voice is asked."""
    vendor = Crowd()
    async for task in vendor.ace.fish.watch("t", result=Voice):
        assert task.state == "running"
        break
    await vendor.clock.advance(1.0)
    reads = list(vendor.reads["voice-t"])
    await vendor.clock.advance(600.0)
    assert vendor.reads["voice-t"] == reads
