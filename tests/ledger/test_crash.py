"""A process that is killed at any instant loses nothing that it was told is safe."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acedata_async.ledger import SqliteLedger
from tests.ledger.holding import process

WORK = """
import asyncio, os, sys
from acedata_async.ledger import NewEntry, SqliteLedger

def told(key, state):
    os.write(1, f"{key} {state}\\n".encode())

async def song(ledger, key):
    await ledger.add([NewEntry(key=key, request={"prompt": key * 50})])
    told(key, "pending")
    await ledger.begin(key)
    told(key, "submitting")
    await ledger.accept(key, f"task of {key}")
    told(key, "submitted")
    await ledger.finish(key, {"text": "x" * 3000}, cost=1.0, name=key)
    told(key, "succeeded")
    await ledger.save(key, f"{key}.mp3")
    told(key, "saved")

async def line(ledger, number):
    for turn in range(100000):
        await song(ledger, f"{number}-{turn}")

async def main():
    async with SqliteLedger(sys.argv[1]) as ledger:
        await asyncio.gather(*(line(ledger, number) for number in range(20)))

asyncio.run(main())
"""
ORDER = ["pending", "submitting", "unknown", "submitted", "succeeded", "saved"]


def killed_at(path: Path, lines: int) -> dict[str, str]:
    """Kill a process that writes after it was told a number of times that a change is safe."""
    acknowledged: dict[str, str] = {}
    with process(WORK, str(path)) as writer:
        assert writer.stdout is not None
        for number, line in enumerate(writer.stdout, 1):
            key, state = line.split()
            acknowledged[key] = state
            if number == lines:
                writer.kill()
    return acknowledged


@pytest.mark.parametrize("seed", range(4))
async def test_killed_while_writing(path: Path, seed: int) -> None:
    """Every change that was acknowledged is there; what was under way is unknown."""
    lines = random.Random(seed).randint(1, 1500)
    acknowledged = await asyncio.to_thread(killed_at, path, lines)
    assert len(acknowledged) >= 1
    async with SqliteLedger(path, patience=30) as ledger:
        entries = {entry.key: entry async for entry in ledger.entries()}
        assert "submitting" not in (await ledger.totals()).counts
    for key, state in acknowledged.items():
        entry = entries[key]
        assert ORDER.index(entry.state) >= ORDER.index(state)
        assert state != "submitting" or entry.attempts == 1
        if ORDER.index(state) >= ORDER.index("submitted"):
            assert entry.task_id == f"task of {key}"
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
