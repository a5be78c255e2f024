"""Kill `acedata run` again and again, start it anew, and count at the server what was paid.

    python scripts/crash_run.py [SERIES]

Each series runs examples/songs.jsonl against a sandbox process, kills the run up to six times at
a random moment, and lets the last one finish. It fails if more songs were submitted than there
are jobs, or if a job is neither saved nor exactly known to be uncertain or skipped for that.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

JOBS = Path(__file__).resolve().parent.parent / "examples" / "songs.jsonl"
MOST_KILLS = 6

SERVER = """
import asyncio
from acedata_async.sandbox import Sandbox, SystemClock

async def main():
    sandbox = Sandbox(clock=SystemClock(), durations=(0.3, 1.0), latency=0.05)
    async with sandbox.listen() as base_url:
        print(base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@contextmanager
def _vendor() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def _run_until_done(address: str, directory: str, rng: random.Random) -> tuple[int, int]:
    """Return how often the run was killed, and how the last one ended."""
    command = [sys.executable, "-m", "acedata_async", "run", str(JOBS), "-o", directory, "-q"]
    environment = {
        **os.environ,
        "ACEDATACLOUD_API_TOKEN": "sandbox-token",
        "ACEDATACLOUD_API_BASE_URL": address,
    }
    for kills in range(MOST_KILLS + 1):
        patience = None if kills == MOST_KILLS else 0.6 + rng.random() * 2.5
        try:
            done = subprocess.run(
                command, env=environment, timeout=patience, capture_output=True, check=False
            )
        except subprocess.TimeoutExpired:  # subprocess.run has killed it
            continue
        return kills, done.returncode
    raise AssertionError("the last run has no timeout")


def _series(seed: int) -> Counter[str]:
    rng = random.Random(seed)
    with _vendor() as address, tempfile.TemporaryDirectory() as directory:
        kills, code = _run_until_done(address, directory, rng)
        with urllib.request.urlopen(f"{address}/sandbox/stats") as answer:  # noqa: S310 - our own
            paid: int = json.load(answer)["submissions"]
        records: list[dict[str, Any]] = [
            json.loads(path.read_text("utf-8")) for path in Path(directory).glob("*.json")
        ]
    states = Counter(str(record["state"]) for record in records)
    jobs = sum(line.startswith("{") for line in JOBS.read_text("utf-8").splitlines())
    uncertain = states["submitting"] + states["unknown"]
    print(f"series {seed}: {kills} kills, exit {code}, {paid} paid, {dict(states)}", flush=True)
    if paid > jobs or code not in {0, 5} or (uncertain == 0 and states["saved"] != jobs):
        raise SystemExit(f"series {seed} is wrong")
    return Counter(jobs=jobs, paid=paid, saved=states["saved"], uncertain=uncertain, kills=kills)


def main() -> None:
    """Run the series and print the sums."""
    total: Counter[str] = Counter()
    for seed in range(int(sys.argv[1]) if len(sys.argv) > 1 else 10):
        total += _series(seed)
    print(", ".join(f"{name} {number}" for name, number in total.items()))


if __name__ == "__main__":
    main()
