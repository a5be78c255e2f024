"""What a measured client process notes about itself. Standard library only: both sides use it."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import sys
import time
import tracemalloc
import urllib.request
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

NEVER_ENDED = "never ended"
_BEAT = 0.005


@dataclass(slots=True)
class Wait:
    """One song, from the submission to the moment at which its await returned."""

    task_id: str | None = None
    ended_at: float = 0.0
    error: str | None = None


def orders() -> dict[str, Any]:
    """Return what this process was told to do: its only argument, JSON; and take its core."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    pin(told["core"])
    return told


def pin(core: int | None) -> None:
    """Keep this process on one core, where the system knows of such a thing."""
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def answer(found: dict[str, Any], *packages: str) -> None:
    """Print what was found, with the versions of what was used."""
    print(json.dumps({**found, "versions": {name: version(name) for name in packages}}))


def seed_tasks(base_url: str, count: int) -> list[str]:
    """Let the server create tasks, and return their ids."""
    body = json.dumps({"count": count}).encode()
    request = urllib.request.Request(f"{base_url}/bench/tasks", data=body)  # noqa: S310
    with urllib.request.urlopen(request) as reply:  # noqa: S310 - our own server
        ids: list[str] = json.load(reply)
    return ids


class Wave:
    """A wave of songs that is measured from now, its first submission, to its last result."""

    def __init__(self, waits: list[Wait]) -> None:
        self.waits = waits
        self._memory_before = _resident()
        self._began, self._cpu = time.time(), time.process_time()

    def found(self) -> dict[str, Any]:
        """Return what the wave has cost, now that it is over."""
        return {
            "cpu": time.process_time() - self._cpu,
            "began": self._began,
            "ended": time.time(),
            "memory_before": self._memory_before,
            "memory_peak": peak_memory(),
            "waits": [asdict(wait) for wait in self.waits],
        }


async def wave(
    songs: int, make: Callable[[Wait], Awaitable[object]], patience: float
) -> dict[str, Any]:
    """Make so many songs at once, and return what was measured.

    Args:
        songs: How many.
        make: Submits a song, enters the id of its task as soon as it is known, and waits.
        patience: Seconds after which a wait that has not ended counts as lost.
    """
    measured = Wave([Wait() for _ in range(songs)])
    users = [asyncio.create_task(_user(make, wait)) for wait in measured.waits]
    _, late = await asyncio.wait(users, timeout=patience)
    found = measured.found()
    for user in late:
        user.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    return found


async def _user(make: Callable[[Wait], Awaitable[object]], wait: Wait) -> None:
    wait.error = NEVER_ENDED
    try:
        await make(wait)
        wait.error = None
    except Exception as error:  # noqa: BLE001 - counted by its name
        wait.error = type(error).__name__
    finally:
        wait.ended_at = time.time()


class Heartbeat:
    """A call every 5 ms that notes how long the event loop kept it waiting."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.perf_counter()
        self._timer = asyncio.get_running_loop().call_later(_BEAT, self._beat)

    def stop(self) -> float:
        """End it and return the longest time between two beats, in seconds."""
        self._timer.cancel()
        return self.longest

    def _beat(self) -> None:
        now = time.perf_counter()
        self.longest = max(self.longest, now - self._last)
        self._last = now
        self._timer = asyncio.get_running_loop().call_later(_BEAT, self._beat)


async def hold(
    users: Sequence[Callable[[], Awaitable[object]]], seconds: float, *, traced: bool
) -> dict[str, Any]:
    """Let users wait for what never ends, and return by how many bytes their waits grow memory.

    The users' own tasks exist before the first measurement, so that they are not counted.

    Args:
        users: What each of them awaits.
        seconds: How long.
        traced: Count what Python has allocated, in place of the resident memory.
    """
    if traced:
        tracemalloc.start()
    gate = asyncio.Event()

    async def user(begin: Callable[[], Awaitable[object]]) -> None:
        await gate.wait()
        await begin()

    waiting = [asyncio.create_task(user(begin)) for begin in users]
    await asyncio.sleep(0.2)
    before = _size(traced=traced)
    gate.set()
    await asyncio.sleep(seconds)
    grown = _size(traced=traced) - before
    broken = sum(one.done() for one in waiting)
    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return {"grown": grown, "broken": broken}


def _size(*, traced: bool) -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] if traced else _resident() * 1e6


def _resident() -> float:
    """Return the memory that is resident now, in MB."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except OSError:
        return peak_memory()
    return pages * resource.getpagesize() / 1e6


def peak_memory() -> float:
    """Return the most memory that was ever resident, in MB."""
    # ru_maxrss would begin with that of the process which started this one.
    try:
        lines = Path("/proc/self/status").read_text("ascii").splitlines()
    except OSError:
        unit = 1e6 if sys.platform == "darwin" else 1e3
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    return next(int(line.split()[1]) * 1.024e-3 for line in lines if line.startswith("VmHWM"))
