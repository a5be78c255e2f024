"""Load on the example service: `nox -s bench_studio`, or `python -m benchmarks.studio_load`.

One studio in a process, a sandbox that calls it back in another, and so many users here: each
orders one song, and follows it by server-sent events until its file is there. Then the studio is
ended by SIGTERM while others follow their songs, and started again.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from acedata_async.ledger import SqliteLedger
from benchmarks.page import machine
from tests.studio.processes import House, house

_GIVE_UP = 300.0
"""Seconds after which a song counts as lost."""


@dataclass(slots=True)
class User:
    """Somebody who orders a song and follows it.

    Attributes:
        key: The song's key.
        stages: What the stream told, each once.
        lag: Seconds from the song's end at the vendor to the event that told it.
        cut: Whether the stream ended before the song did, and how.
    """

    key: str = field(default_factory=lambda: str(uuid4()))
    stages: list[str] = field(default_factory=list)
    lag: float | None = None
    cut: str | None = None

    async def order(self, http: httpx.AsyncClient) -> None:
        """Order the song."""
        body = {"key": self.key, "action": "generate", "fields": {"prompt": f"Song {self.key}"}}
        answer = await http.post("/api/songs", json=body)
        answer.raise_for_status()

    async def follow(self, http: httpx.AsyncClient) -> None:
        """Follow it until its file is there, or the stream ends."""
        try:
            async for song in _events(http, self.key):
                if song["stage"] not in self.stages:
                    self.stages.append(song["stage"])
                if self.lag is None and song["made_at"] is not None:
                    self.lag = time.time() - song["made_at"]
                if song["stage"] == "ready":
                    return
            self.cut = "ended as it should"
        except httpx.HTTPError as error:
            self.cut = f"broke off ({type(error).__name__})"


async def _events(http: httpx.AsyncClient, key: str) -> AsyncIterator[dict[str, Any]]:
    """Yield how a song stands, each time that it changes."""
    async with http.stream("GET", "/api/events", params={"key": key}) as answer:
        answer.raise_for_status()
        kind = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "event":
                kind = value
            elif name == "data" and kind == "song":
                yield json.loads(value)
            elif name == "data" and kind == "hello":
                for song in json.loads(value)["songs"]:
                    yield song


def _memory(process: int) -> float | None:
    """Return what a process holds, in MB; None where the system does not tell."""
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text("ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return None


def _client(running: House) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=running.url,
        limits=httpx.Limits(max_connections=None),
        timeout=httpx.Timeout(30.0, read=_GIVE_UP),
        trust_env=False,
    )


async def crowd(running: House, count: int) -> dict[str, Any]:
    """Let so many users order and follow at the same time."""
    process = running.studio.process.pid
    before, memory = running.counted(), [_memory(process)]
    users = [User() for _ in range(count)]
    began = time.monotonic()
    async with _client(running) as http:
        await asyncio.gather(*[user.order(http) for user in users])
        accepted = time.monotonic() - began
        following = [asyncio.create_task(user.follow(http)) for user in users]
        while sum(one.done() for one in following) < count / 2:  # noqa: ASYNC110 - a rough middle
            await asyncio.sleep(0.1)
        memory.append(_memory(process))
        await asyncio.gather(*following)
    after = running.counted()
    memory.append(_memory(process))
    lags = sorted(user.lag for user in users if user.lag is not None)
    return {
        "users": count,
        "ready": sum(user.stages[-1:] == ["ready"] for user in users),
        "submissions": after["submissions"] - before["submissions"],
        "lookups": after["lookups"] - before["lookups"],
        "callbacks": after["callbacks_sent"] - before["callbacks_sent"],
        "accepted": accepted,
        "seconds": time.monotonic() - began,
        "median": statistics.median(lags),
        "p95": lags[int(0.95 * (len(lags) - 1))],
        "memory": memory,
    }


async def restart(running: House, directory: Path, count: int) -> dict[str, Any]:
    """End the studio while so many follow their songs, and start it again."""
    before = running.counted()
    users = [User() for _ in range(count)]
    async with _client(running) as http:
        await asyncio.gather(*[user.order(http) for user in users])
        following = [asyncio.create_task(user.follow(http)) for user in users]
        while not _is_in_the_middle(users):  # noqa: ASYNC110 - it is asked rarely
            await asyncio.sleep(0.02)
        began = time.monotonic()
        await asyncio.to_thread(running.studio.stop)
        ended = time.monotonic() - began
        await asyncio.gather(*following)
    cuts = Counter(user.cut for user in users if user.cut is not None)
    async with SqliteLedger(directory / "studio" / "studio.ledger", read_only=True) as ledger:
        kept = dict((await ledger.totals()).counts)
    await asyncio.to_thread(running.start_studio)
    async with _client(running) as http:
        again = [user for user in users if user.stages[-1:] != ["ready"]]
        await asyncio.gather(*[user.follow(http) for user in again])
    after = running.counted()
    return {
        "users": count,
        "ended": ended,
        "cuts": dict(cuts),
        "kept": {state: kept.get(state, 0) for state in ("pending", "submitted", "unknown")},
        "ready": sum(user.stages[-1:] == ["ready"] for user in users),
        "submissions": after["submissions"] - before["submissions"],
    }


def _is_in_the_middle(users: list[User]) -> bool:
    """Say whether all streams are open, and half of the songs are at the vendor."""
    at_vendor = sum("making" in user.stages for user in users)
    return all(user.stages for user in users) and at_vendor >= len(users) / 2


def _rows(load: dict[str, Any], again: dict[str, Any]) -> dict[str, str]:
    memory = ", ".join("?" if one is None else f"{one:.0f}" for one in load["memory"])
    cuts = ", ".join(f"{count} {how}" for how, count in again["cuts"].items())
    kept = ", ".join(f"{count} {state}" for state, count in again["kept"].items())
    return {
        f"{load['users']} users, each with a song and a stream": f"{load['ready']} ready after"
        f" {load['seconds']:.1f} s, all orders taken after {load['accepted']:.2f} s;"
        f" {load['submissions']} paid, {load['callbacks']} callbacks",
        "lookups a song": f"{load['lookups'] / load['submissions']:.2f}",
        "from a song's end to its event": f"median {load['median']:.2f} s,"
        f" 95 of 100 within {load['p95']:.2f} s",
        "memory at the start, in the middle, at the end": f"{memory} MB",
        f"SIGTERM with {again['users']} streams open": f"ended after {again['ended']:.2f} s;"
        f" streams: {cuts}",
        "kept in the ledger": kept,
        "after the next start": f"{again['ready']} of {again['users']} ready,"
        f" {again['submissions']} paid",
    }


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="nox -s bench_studio --", description=__doc__)
    parser.add_argument("--users", type=int, default=200, help="how many users")
    parser.add_argument("--smoke", action="store_true", help="few users: only see that it runs")
    options = parser.parse_args()
    count = 8 if options.smoke else options.users
    seconds = (1.0, 2.0) if options.smoke else (10.0, 20.0)
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        with house(directory, seconds, STUDIO_MAX_IN_FLIGHT=str(2 * count)) as running:
            load = asyncio.run(crowd(running, count))
            again = asyncio.run(restart(running, directory, max(4, count // 4)))
    table = [f"| {name} | {found} |" for name, found in _rows(load, again).items()]
    print("\n".join([*(f"- {line}" for line in machine()), "", "| | |", "|---|---|", *table]))
    whole = load["ready"] == load["users"] == load["submissions"]
    if not (whole and again["ready"] == again["users"] == again["submissions"]):
        raise SystemExit("songs were lost, or paid twice")


if __name__ == "__main__":
    main()
