"""Measure bulk runs and their ledger: `nox -s bench_bulk`, or `python -m benchmarks.bulk`.

Each measure is a process of its own. `songs` meets a sandbox in another process, in real time over
loopback, once with a ledger in memory and once with one in a file, by turns. The others take no
real time, or nothing but computing.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from acedata_async import AceData, GenerateRequest
from acedata_async._clock import sleep
from acedata_async.bulk import read_form
from acedata_async.ledger import Ledger, MemoryLedger, SqliteLedger
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from benchmarks.page import machine
from benchmarks.probe import peak_memory
from benchmarks.serving import serving

_ROOT = Path(__file__).resolve().parent.parent
_PAGE = _ROOT / "docs" / "benchmarks-bulk.md"
_TURNS = 3

Found = dict[str, Any]


async def songs(told: Found) -> Found:
    """Make songs over loopback, with a ledger in memory or in a file."""
    with tempfile.TemporaryDirectory() as directory:
        ledger: Ledger = (
            SqliteLedger(Path(directory) / "ledger") if told["file"] else MemoryLedger()
        )
        requests = [GenerateRequest(prompt=f"Song {number}") for number in range(told["songs"])]
        async with ledger, AceData("sandbox-token", base_url=told["base_url"]) as ace:
            await ace.check_token()
            gc.collect()
            cpu, began = time.process_time(), time.monotonic()
            async with ace.producer.bulk(
                requests, ledger=ledger, max_in_flight=told["songs"]
            ) as run:
                made = sum([outcome.state == "succeeded" async for outcome in run])
            wall, cpu = time.monotonic() - began, time.process_time() - cpu
    return {"made": made, "wall": wall, "cpu": cpu}


async def lines(told: Found) -> Found:
    """Read and check a form."""
    form = b"".join(
        json.dumps({"action": "generate", "prompt": f"Song {number}", "title": "x"}).encode()
        + b"\n"
        for number in range(told["songs"])
    )
    began = time.process_time()
    items = read_form(io.BytesIO(form), name="songs.jsonl")
    return {"read": len(items), "cpu": time.process_time() - began, "bytes": len(form)}


class _Forgetful(httpx.AsyncBaseTransport):
    """A vendor that remembers nothing: each task is over when it is looked up."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self._count = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a submission or a lookup."""
        body = json.loads(await request.aread())
        if request.url.path == "/producer/audios":
            self._count += 1
            return httpx.Response(200, json={"task_id": f"task-{self._count:036}"})
        ids = body.get("ids") or [body["id"]]
        records = [self._record(task_id) for task_id in ids]
        answer = {"items": records, "count": len(ids)} if "ids" in body else records[0]
        return httpx.Response(200, json=answer)

    def _record(self, task_id: str) -> Found:
        now = self._clock.time()
        song = {
            "id": f"song of {task_id}",
            "title": "A song",
            "lyric": "[Verse]\nOne line\nAnother line\n" * 10,
            "audio_url": f"https://media.invalid/{task_id}.m4a",
            "state": "succeeded",
            "progress": "100%",
        }
        response = {"success": True, "task_id": task_id, "data": [song]}
        return {"id": task_id, "created_at": now - 1, "finished_at": now, "response": response}


async def endless(told: Found) -> Found:
    """Make songs out of a generator without end, until so many have ended; nothing is kept."""

    async def requests() -> AsyncIterator[GenerateRequest]:
        number = 0
        while True:
            number += 1
            yield GenerateRequest(prompt=f"Song {number}")

    clock = ManualClock()
    http = httpx.AsyncClient(transport=_Forgetful(clock))
    early, ended = 0.0, 0
    async with (
        http,
        AceData("token", http_client=http, clock=clock, seed=1) as ace,
        ace.producer.bulk(requests(), max_in_flight=100) as run,
    ):
        async for outcome in run:
            ended += outcome.state == "succeeded"
            if ended == told["songs"] // 10:
                early = peak_memory()
            if ended == told["songs"]:
                break
    return {"ended": ended, "early": early, "peak": peak_memory()}


async def restart(told: Found) -> Found:
    """Break a run off with all its songs at the vendor, and run it again when they are over."""
    count = told["songs"]
    requests = [GenerateRequest(prompt=f"Song {number}") for number in range(count)]
    with tempfile.TemporaryDirectory() as directory:
        ledger = Path(directory) / "ledger"
        async with Sandbox(durations=10_000.0) as sandbox:
            ace = sandbox.client(seed=1)
            async with ace.producer.bulk(requests, ledger=ledger, max_in_flight=count) as run:
                while run.stats.submitted < count:
                    await sleep(sandbox.clock, 1.0)
            await sleep(sandbox.clock, 20_000.0)
            before, began = sandbox.stats, time.process_time()
            async with sandbox.client(seed=2).producer.bulk(requests, ledger=ledger) as run:
                made = sum([outcome.state == "succeeded" async for outcome in run])
            cpu, after = time.process_time() - began, sandbox.stats
    return {
        "made": made,
        "lookups": after.lookups - before.lookups,
        "submissions": after.submissions - before.submissions,
        "cpu": cpu,
    }


_MEASURES = {"songs": songs, "lines": lines, "endless": endless, "restart": restart}


def _ask(name: str, **told: Any) -> Found:
    """Take a measure in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.bulk", "--measure", name, json.dumps(told)],
        cwd=_ROOT,
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: Found = json.loads(ended.stdout)
    print(name, told, found, file=sys.stderr, flush=True)
    return found


def _ask_with_server(median: float, **told: Any) -> Found:
    orders = {
        "median": median,
        "sigma": 0.3,
        "seed": 1,
        "never": False,
        "outage": None,
        "requests_per_second": None,
        "retry_after": None,
        "core": None,
    }
    with serving(sys.executable, "server", orders) as base_url:
        return _ask("songs", base_url=base_url, **told)


def _table(share: int) -> list[str]:
    """Take every measure, of a part of its songs, and return the rows."""
    count = 1000 // share
    pairs = [
        [_ask_with_server(12.0 / share, songs=count, file=in_file) for in_file in (False, True)]
        for _ in range(_TURNS if share == 1 else 1)
    ]
    cpu = [[found["cpu"] / count * 1000 for found in pair] for pair in pairs]
    wall = [[found["wall"] for found in pair] for pair in pairs]
    made = min(found["made"] for pair in pairs for found in pair)
    extra = statistics.median(ours - plain for plain, ours in cpu)
    longer = statistics.median(ours / plain - 1 for plain, ours in wall)
    form = _ask("lines", songs=100_000 // share)
    stream = _ask("endless", songs=100_000 // share)
    again = _ask("restart", songs=5000 // share)
    middle = [
        [statistics.median(values) for values in zip(*rows, strict=True)] for rows in (cpu, wall)
    ]
    rows = {
        f"{count} songs, ledger in memory": f"{made} made; {middle[0][0]:.2f} ms of CPU a song;"
        f" {middle[1][0]:.1f} s",
        "the same, ledger in a file": f"{middle[0][1]:.2f} ms; {middle[1][1]:.1f} s",
        "what the file adds, side by side": f"{extra:+.2f} ms of CPU a song; {longer:+.1%} of the"
        " time",
        f"{form['read']:,} lines read and checked": f"{form['cpu']:.1f} s of CPU"
        f" ({form['bytes'] / 1e6:.1f} MB)",
        f"{stream['ended']:,} songs from a generator without end": f"peak memory"
        f" {stream['peak']:.0f} MB; after a tenth of them {stream['early']:.0f} MB",
        f"restart with {again['made']:,} songs at the vendor": f"{again['lookups']} lookups,"
        f" {again['submissions']} submissions, {again['cpu']:.1f} s of CPU",
    }
    return [f"| {name} | {found} |" for name, found in rows.items()]


_HOW = """\
# Benchmarks of bulk runs

The figures of one run of `nox -s bench_bulk -- --write`. Each measure is a process of its own.

- The songs of 12 s (log-normal, sigma 0.3) are made in real time, over HTTP on the loopback
  interface, by a sandbox in another process; a paid call goes every 50 ms, so that the pace of the
  run decides about its time. Memory and file take turns; the row between them is the median of
  {turns} differences, and CPU is user and system time of the client process.
- The lines are read from memory; each becomes a checked item with its key.
- The generator is asynchronous, and there is no ledger. The network is replaced by a vendor that
  remembers nothing and whose songs are over at once; the clock jumps. Peak memory is that of the
  process, with Python and all packages.
- The restart is in memory, too: a run is left when all its songs were accepted, and run again
  once they are over; its ledger is a file. Lookups and submissions are counted at the sandbox,
  which is in the same process, as is its CPU.
"""


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="nox -s bench_bulk --", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {_PAGE.name}")
    parser.add_argument("--smoke", action="store_true", help="few songs: only see that it runs")
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "ORDERS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        name, told = options.measure
        print(json.dumps(asyncio.run(_MEASURES[name](json.loads(told)))))
        return
    table = ["| Measure | Found |", "|---|---|", *_table(50 if options.smoke else 1)]
    about = [f"- {line}" for line in machine()]
    page = "\n".join([_HOW.format(turns=_TURNS), *table, "", *about, ""])
    print("\n".join([*about, "", *table]))
    if options.write:
        _PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
