"""Measure what callbacks save: `nox -s bench_callbacks`, or `python -m benchmarks.callbacks`.

Songs are submitted one after the other by a client in this process, to a sandbox in another one,
over loopback and in real time; once with polling alone, once with callbacks to a receiver under
uvicorn, beside the client on its event loop, and once more while a thousand forged callbacks come
in. Lookups are counted at the sandbox. How late a song is known is the time from its record's
`finished_at` until its watcher is done; both processes have the same clock.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import uvicorn

from acedata_async import AceData, Callbacks
from acedata_async.webhooks import Receiver
from benchmarks.page import machine
from benchmarks.serving import serving

_PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-callbacks.md"
_SECRET = "a-secret-of-this-benchmark"  # noqa: S105 - it opens nothing
_FORGED = 1000


@dataclass
class Found:
    """What a turn has shown.

    Attributes:
        late: How late each song was known, in seconds.
        lookups: How many were sent.
        wrong: Songs that were not what was asked for.
        statuses: How forged callbacks were answered.
    """

    late: list[float] = field(default_factory=list)
    lookups: int = 0
    wrong: int = 0
    statuses: dict[int, int] = field(default_factory=dict)

    def row(self, name: str) -> str:
        """Return it as a row of a table."""
        late = sorted(self.late)
        forged = ", ".join(f"{count} times {status}" for status, count in self.statuses.items())
        return (
            f"| {name} | {self.lookups / len(late):.2f} | {statistics.median(late):.2f} s"
            f" | {late[int(0.95 * len(late))]:.2f} s | {self.wrong} | {forged or '-'} |"
        )


@contextlib.asynccontextmanager
async def receiving(receiver: Receiver, listener: socket.socket) -> AsyncIterator[None]:
    """Serve a receiver while the context is open."""
    config = uvicorn.Config(receiver, lifespan="off", log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    serving_it = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving_it


async def measure(base_url: str, songs: int, every: float, *, called: bool, forged: int) -> Found:
    """Make songs, and say what it took."""
    found = Found()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}/callbacks"
        callbacks = Callbacks(address, _SECRET) if called else None
        async with contextlib.AsyncExitStack() as stack:
            ace = await stack.enter_async_context(
                AceData("sandbox-token", base_url=base_url, callbacks=callbacks)
            )
            if called:
                await stack.enter_async_context(receiving(Receiver(ace), listener))
            http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
            await _make(ace, "The first one", Found(), [])
            before = (await http.get(f"{base_url}/sandbox/stats")).json()["lookups"]
            ids: list[str] = []
            making = []
            for number in range(songs):
                making.append(asyncio.create_task(_make(ace, f"Song {number}", found, ids)))
                await asyncio.sleep(every)
            for number in range(forged):
                status = await _forge(http, callbacks, ids, number)
                found.statuses[status] = found.statuses.get(status, 0) + 1
            await asyncio.gather(*making)
            found.lookups = (await http.get(f"{base_url}/sandbox/stats")).json()["lookups"] - before
    return found


async def _make(ace: AceData, prompt: str, found: Found, ids: list[str]) -> None:
    watcher = await ace.producer.generate(prompt)
    ids.append(watcher.id or "")
    task = await watcher.wait()
    known = time.time()
    over = task.finished_at
    if task.state != "succeeded" or over is None or task.request.get("prompt") != prompt:
        found.wrong += 1
        return
    found.late.append(known - over.timestamp())


async def _forge(
    http: httpx.AsyncClient, callbacks: Callbacks | None, ids: list[str], number: int
) -> int:
    """Post a callback that nobody sent: signed or not, about a task of ours or about none."""
    if callbacks is None:
        return 0
    signed = number % 2 == 0
    address = callbacks.address() if signed else f"{callbacks.url}/0123456789abcdef/{'x' * 32}"
    task_id = ids[number % len(ids)] if number % 4 < 2 else f"nobody's {number}"
    lie = {"audio_url": "https://example.org/not-yours.mp3", "state": "succeeded"}
    body = {"success": True, "task_id": task_id, "data": [lie]}
    return (await http.post(address, json=body)).status_code


async def run(songs: int, every: float, median: float) -> str:
    """Return the table of one run."""
    rows = []
    lone, apart = max(1, songs // 25), median * 1.5
    kinds = [
        ("one song at a time, polling alone", lone, apart, False, 0),
        ("the same with callbacks", lone, apart, True, 0),
        (f"a song every {every} s, polling alone", songs, every, False, 0),
        ("the same with callbacks", songs, every, True, 0),
        (f"the same, and {_FORGED:,} forged callbacks", songs, every, True, _FORGED),
    ]
    for name, count, pause, called, forged in kinds:
        told = {"median": median, "sigma": 0.3, "seed": 1}
        with serving(sys.executable, "callbacks_server", told) as base_url:
            found = await measure(base_url, count, pause, called=called, forged=forged)
        rows.append(found.row(name))
        print(rows[-1], flush=True)
    head = "| | lookups a song | median lateness | 95 % | wrong results | forged ones answered |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


_TEXT = """# Benchmarks of callbacks

The figures of one run of `nox -s bench_callbacks -- --write`: {songs} songs of {median:.0f} s
(log-normal, sigma 0.3), one every {every} s, or {lone} songs one after the other, over the loopback
interface and in real time. Client and receiver share a process; the sandbox is another. Lookups are
counted there, after a first song: callbacks are relied on once one has come. How late a song is
known is the time from `finished_at` in its record until its watcher is done. Half of the forged
callbacks have a signature that is none of ours, the others one of another task's; half name one of
the tasks under way, the others none.

Many songs at once share their lookups, which callbacks do not need: there they save time, and alone
they save lookups as well.

{table}

{machine}
"""


def main() -> None:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--songs", type=int, default=200)
    parser.add_argument("--every", type=float, default=0.2, help="seconds between two songs")
    parser.add_argument("--median", type=float, default=12.0, help="seconds that a song takes")
    parser.add_argument("--smoke", action="store_true", help="a few songs, to see that it runs")
    parser.add_argument("--write", action="store_true", help=f"write {_PAGE.name}")
    told = parser.parse_args()
    if told.smoke:
        told.songs, told.every, told.median = 6, 0.1, 1.0
    table = asyncio.run(run(told.songs, told.every, told.median))
    page = _TEXT.format(
        songs=told.songs,
        lone=max(1, told.songs // 25),
        median=told.median,
        every=told.every,
        table=table,
        machine="\n".join(f"- {line}" for line in machine()),
    )
    if told.write:
        _PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
