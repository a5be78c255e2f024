"""The vendor of `benchmarks.callbacks`: a sandbox in a process of its own, which calls back.

python -m benchmarks.callbacks_server '{"median": 12.0, "sigma": 0.3, "seed": 1}' prints its address
and serves until it is terminated.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from random import Random
from typing import Any

from acedata_async.sandbox import Sandbox, SystemClock


async def serve(told: dict[str, Any]) -> None:
    """Serve until cancelled."""

    def duration(rng: Random) -> float:
        return rng.lognormvariate(math.log(told["median"]), told["sigma"])

    sandbox = Sandbox(clock=SystemClock(), seed=told["seed"], durations=duration)
    async with sandbox, sandbox.listen() as base_url:
        print(base_url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
