"""A measured process: single songs on a client that knows how long songs take, in memory.

Nothing here takes real time: the sandbox and its clock are in the same process, and the network
takes none. What is left is how well the client guesses when to look.
"""

from __future__ import annotations

import asyncio
import math
from random import Random
from typing import Any

from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from benchmarks import probe

_APART = 5.0


async def _series(seed: int, told: dict[str, Any]) -> list[tuple[int, float]]:
    """Return the lookups and the lag of each measured song, after some that only teach."""
    rng = Random(seed)
    clock = ManualClock()
    middle, sigma = math.log(told["median"]), told["sigma"]
    found = []
    async with Sandbox(
        clock=clock, seed=seed, durations=lambda rng: rng.lognormvariate(middle, sigma)
    ) as sandbox:
        ace = sandbox.client(seed=seed)
        for _ in range(told["taught"] + told["songs"]):
            before = sandbox.stats.lookups
            watcher = await ace.producer.generate("A song")
            await watcher
            now, task = clock.time(), watcher.task
            finished = task.finished_at if task else None
            if finished is None:
                raise RuntimeError("a finished task without its time")
            found.append((sandbox.stats.lookups - before, now - finished.timestamp()))
            await clock.advance(_APART + rng.random())
    return found[told["taught"] :]


async def _main(told: dict[str, Any]) -> dict[str, Any]:
    songs = [await _series(seed, told) for seed in range(told["series"])]
    return {"songs": [song for series in songs for song in series]}


if __name__ == "__main__":
    probe.answer(asyncio.run(_main(probe.orders())), "acedata-async")
