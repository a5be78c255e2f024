"""The page docs/benchmarks.md: what is measured and how, and the tables of one run."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.cases import SINGLE

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"

_HOW = """\
# Benchmarks

The figures of one run: this package beside the vendor's own SDK (`acedatacloud` on PyPI). The
page is written by `nox -s bench -- --write`; `nox -s bench` alone prints the tables, and
`--only`, followed by {scenarios}, takes one scenario.

## What is measured, and how

- All tables but "{single}" are of real time, over
  HTTP on the loopback interface of one machine. The server is the sandbox of this package in a
  process of its own. The real API is further away, and may set limits that nobody wrote down.
- Each client is a process of its own, in its own virtual environment, with its defaults: only the
  address and the token are given. In each row both meet the same server, with the same songs.
- A song takes {seconds} at the median, log-normal with sigma 0.3, from its submission on.
- The songs of a row are submitted at once; there is no limit on how many are in flight. Each is
  waited for as the README of its package says: `await (await ace.producer.generate(…))` here,
  `handle = await client.producer.generate(…)` and `await handle.wait()` there.
- `cold` is a new client. `warm` is a second wave of as many songs on the same client after the
  first has ended; only the second is measured.
- Polls are the requests to `/producer/tasks`; one may ask for many tasks. All requests are counted
  at the server; the peak is that of any whole second.
- The lag is the time from `finished_at` of the task's record at the server to the return of the
  user's await, by the clock that both share. `beyond slowest` is the time from the end of the
  slowest song to the return of the last wait. Both are of the waits that brought a result.
- CPU is user and system time of the client process from the first submission to the last result:
  without start and imports, shared out over all songs. Peak memory is that of the process;
  growth is the peak beyond what was resident before the first submission.
- After {patience} s the measuring stops. A wait is lost if it had not ended by then, or ended with
  an error although its task succeeds. A song is not submitted if `generate` raised an error or had
  not returned by then.
- `server busy` is the CPU of the server in its busiest second: below 100 % it held nobody up.
- The longest gap is that between two beats of a timer of 5 ms on the client's event loop, after a
  first request: that one sets up TLS, which takes some 40 ms, once.
- The CPU of a single song is mostly that of a start: models are built when they are first used.
- That one table takes no real time: client, sandbox and a clock that jumps are one process, and
  the network takes none. Songs take 45 s at the median with sigma 0.35; 20 are made first, one
  after the other, and of the 40 after them the figures are taken; forty times with other songs.
- Memory of waits: tasks that never end are waited for {held} s, and memory is compared with that
  before, when client, connection and the users' own coroutines existed already. Allocated is what
  `tracemalloc` counts, resident what the system does, each in a run of its own.
- Memory and the runs of one song are measured several at a time, since their processes are nearly
  idle. All else is measured one at a time, with a core for the server and one for the client.
- Each figure is the median over so many runs as the last column says.

## The machine

"""


def page(tables: str, about: Sequence[str], facts: Mapping[str, str]) -> str:
    """Return the whole page.

    Args:
        tables: The tables as Markdown.
        about: What the figures depend on, a line each.
        facts: What the text above leaves open: seconds, patience, held, scenarios.
    """
    lines = "\n".join(f"- {line}" for line in about)
    return f"{_HOW.format(single=SINGLE, **facts)}{lines}\n\n{tables}"


def machine() -> list[str]:
    """Return what machine this is and how busy it is at this moment, a line each."""
    load = f", load before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return [
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        f"Processor: {os.cpu_count()} cores of {_processor()}{load}",
        f"Memory: {_memory()}",
        f"System: {platform.system()} {platform.release()}, {platform.machine()}",
        f"{platform.python_implementation()} {platform.python_version()}",
    ]


def _processor() -> str:
    found = _first(r"model name\s*: (.+)", "/proc/cpuinfo")
    return found or platform.processor() or "unknown"


def _memory() -> str:
    found = _first(r"MemTotal:\s*(\d+) kB", "/proc/meminfo")
    return f"{int(found) / 1024**2:.0f} GiB" if found else "unknown"


def _first(pattern: str, path: str) -> str | None:
    try:
        match = re.search(pattern, Path(path).read_text("utf-8"))
    except OSError:
        return None
    return match[1] if match else None
