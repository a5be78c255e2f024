"""The whole client against a server process, over real sockets and in real time."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from acedata_async import AceData, SubmissionUnknown

T = TypeVar("T")

SERVER = """
import asyncio
from acedata_async.sandbox import Sandbox, SystemClock

async def main():
    sandbox = Sandbox(clock=SystemClock(), seed=1, durations=(1.5, 4.0))
    async with sandbox.listen() as base_url:
        print(base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

Run = Callable[[Coroutine[Any, Any, T]], T]


class Vendor:
    """A sandbox in a process of its own."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url

    def stats(self) -> dict[str, Any]:
        """Return what the server counted."""
        with urllib.request.urlopen(f"{self.base_url}/sandbox/stats") as answer:  # noqa: S310
            counted: dict[str, Any] = json.load(answer)
            return counted

    def inject(self, fault: str, **options: Any) -> None:
        """Make something go wrong at the server."""
        body = json.dumps({"fault": fault, **options}).encode()
        request = urllib.request.Request(f"{self.base_url}/sandbox/faults", data=body)  # noqa: S310
        urllib.request.urlopen(request).close()  # noqa: S310

    def client(self) -> AceData:
        """Return a client of it."""
        return AceData("sandbox-token", base_url=self.base_url, seed=1)


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    """A server process for one test."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield Vendor(process.stdout.readline().strip())
        finally:
            process.terminate()


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run[Any]:
    """Run a coroutine on each kind of event loop."""
    if request.param == "asyncio":
        return asyncio.run
    uvloop = pytest.importorskip("uvloop", reason="uvloop does not exist for this platform")

    def run_on_uvloop(main: Coroutine[Any, Any, Any]) -> Any:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)

    return run_on_uvloop


async def nothing_left_after(ace: AceData) -> None:
    """Close a client and make sure that no task of it is left on the event loop."""
    await ace.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}


def test_two_hundred_songs(vendor: Vendor, run: Run[Any]) -> None:
    """200 songs at once all arrive, for 200 submissions and at most half a lookup each."""

    async def main() -> list[str | None]:
        ace = vendor.client()
        watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(200)))
        songs = await asyncio.gather(*(watcher.result() for watcher in watchers))
        await nothing_left_after(ace)
        return [song[0].id for song in songs]

    assert len(set(run(main()))) == 200
    stats = vendor.stats()
    assert stats["submissions"] == stats["submission_requests"] == 200
    assert stats["lookups"] <= 100
    assert stats["connections"] <= 30


def test_another_engine(vendor: Vendor) -> None:
    """With aiohttp under httpx the same songs arrive, on as few connections."""

    async def main() -> int:
        async with (
            httpx.AsyncClient(transport=AiohttpTransport()) as http,
            AceData("sandbox-token", base_url=vendor.base_url, http_client=http) as ace,
        ):
            watchers = await asyncio.gather(*(ace.producer.generate(f"{n}") for n in range(50)))
            return len(await asyncio.gather(*(watcher.result() for watcher in watchers)))

    assert asyncio.run(main()) == 50
    stats = vendor.stats()
    assert stats["submissions"] == stats["submission_requests"] == 50
    assert stats["connections"] <= 30


def test_lost_acknowledgements(vendor: Vendor) -> None:
    """Ten cut and ten failing answers are twenty unknown outcomes of twenty submissions."""
    vendor.inject("cut-after-accept", times=10)
    vendor.inject("error-500-after-accept", times=10)

    async def main() -> list[object]:
        async with vendor.client() as ace:
            calls = (ace.producer.generate(f"Song {n}") for n in range(20))
            return await asyncio.gather(*calls, return_exceptions=True)

    assert [type(outcome) for outcome in asyncio.run(main())] == [SubmissionUnknown] * 20
    assert vendor.stats()["submission_requests"] == 20


def test_failing_lookups(vendor: Vendor) -> None:
    """With nearly a third of the lookups failing in five ways, every song arrives."""
    for fault in ("lookup-500", "lookup-429", "lookup-cut", "lookup-cut-body", "lookup-502-html"):
        vendor.inject(fault, probability=0.07)

    async def main() -> int:
        async with vendor.client() as ace:
            watchers = [await ace.producer.generate(f"Song {n}") for n in range(100)]
            return len(await asyncio.gather(*(watcher.result() for watcher in watchers)))

    assert asyncio.run(main()) == 100


def test_cancelled_waiters(vendor: Vendor, run: Run[Any]) -> None:
    """Fifty of a hundred waiters are cancelled: the others arrive, and no slot is lost."""
    rng = random.Random(1)

    async def main() -> None:
        ace = vendor.client()
        watchers = [await ace.producer.generate(f"Song {n}") for n in range(100)]
        waits = [asyncio.create_task(watcher.result()) for watcher in watchers]
        cancelled = rng.sample(waits, 50)
        for wait in cancelled:
            await asyncio.sleep(rng.random() * 0.02)
            wait.cancel()
        results = await asyncio.gather(*waits, return_exceptions=True)
        kept = [r for r, wait in zip(results, waits, strict=True) if wait not in cancelled]
        assert all(isinstance(result, list) for result in kept)
        ids = [str(watcher.id) for watcher in watchers[:20]]
        found = await asyncio.gather(*(ace.producer.retrieve(task_id) for task_id in ids))
        assert [task.id for task in found] == ids
        await nothing_left_after(ace)

    run(main())
