"""The studio's runs: one after the other, none of which is stopped by a single song."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from acedata_async import BulkItem, GenerateRequest
from acedata_async.ledger import MemoryLedger, NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox, SystemClock
from examples.studio.production import Production
from examples.studio.settings import Settings
from tests.patience import until
from tests.studio.conftest import Between, Door, Exchange, Opening, Service

MEDIA = "media.sandbox.acedata.invalid"


async def nothing(*_: Any) -> None:
    """Do nothing."""


async def test_end_in_the_middle_of_resuming_waits_for_the_paid_call(tmp_path: Path) -> None:
    """Resume leaves the old run; the server's end meanwhile lets it write down what was paid."""
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slow(request: httpx.Request, vendor: Exchange) -> httpx.Response:
        if not request.url.path.endswith("/producer/audios"):
            return await vendor(request)
        if asked.is_set():
            return httpx.Response(401, json={"error": {"code": "invalid_token", "message": "no"}})
        asked.set()
        accepted = await vendor(request)
        await accepted.aread()
        await answered.wait()
        return accepted

    ledger = MemoryLedger()
    async with (
        Sandbox(clock=SystemClock(), durations=60.0) as sandbox,
        Between(sandbox, slow).client() as ace,
    ):
        production = Production(
            ace,
            ledger,
            Settings(directory=tmp_path),
            told=lambda _: None,
            refused=lambda *_: None,
            beginning=nothing,
        )
        carrying = asyncio.create_task(production.carry_on())
        items = [
            BulkItem.of(GenerateRequest(prompt="A song"), key=key) for key in ("paid", "refused")
        ]
        await ledger.open()
        for item in items:
            await ledger.add([NewEntry(key=str(item.key), request=item.shown())])
            production.put(item)
            await asked.wait()
        await until(lambda: production.stopped)

        production.resume()
        for _ in range(100):
            await asyncio.sleep(0)
        carrying.cancel()
        for _ in range(100):
            await asyncio.sleep(0)
        assert not carrying.done()
        answered.set()
        await asyncio.wait([carrying])
        assert carrying.cancelled()
        entry = await ledger.get("paid")
        assert entry is not None
        assert (entry.state, [entry.task_id]) == ("submitted", sandbox.tasks)


async def test_order_that_is_not_allowed_any_more_stops_no_other(
    opened: Opening, tmp_path: Path
) -> None:
    """Such as one of an older release: it waits, and says why."""
    async with opened():
        pass
    odd = str(uuid4())
    asked = {"action": "generate", "prompt": "x", "model": "FUZZ-0.1", "weirdness": 7}
    async with SqliteLedger(tmp_path / "studio.ledger") as ledger:
        await ledger.add([NewEntry(key=odd, request=asked)])
    async with opened() as service:
        await service.make(prompt="Another one")
        song = await service.song(odd)
        assert (song["stage"], song["advice"]) == ("waiting", "Nothing was paid.")
        assert "weirdness: 7 is not allowed" in song["detail"]
        assert (await service.http.get("/api/songs")).json()["stopped"] is None
        again = await service.http.post(f"/api/songs/{odd}/again", json={"key": str(uuid4())})
        assert again.status_code == 422


class Gate:
    """Holds downloads back until it is opened."""

    def __init__(self) -> None:
        self.opened = asyncio.Event()
        self.asked = 0

    async def __call__(self, request: httpx.Request, vendor: Exchange) -> httpx.Response:
        """Carry a request."""
        if request.url.host == MEDIA:
            self.asked += 1
            await self.opened.wait()
        return await vendor(request)


def files_of(service: Service) -> list[str]:
    """Return the names of the files that were fetched."""
    return sorted(path.name for path in (service.directory / "songs").iterdir())


async def test_file_that_the_run_fetches_is_not_fetched_beside_it(
    opened: Opening, door: Door
) -> None:
    """Whoever asks for it meanwhile is told that it is being fetched."""
    gate = Gate()
    async with (
        Sandbox(clock=SystemClock(), durations=0.05, receiver=door) as sandbox,
        opened(Between(sandbox, gate).client) as service,
    ):
        key = (await service.order(prompt="Once")).json()["key"]
        await until(lambda: gate.asked)
        path = f"/api/songs/{key}/fetch"
        for _ in range(3):
            answer = await service.http.post(path, content=b"")
            assert (answer.status_code, answer.json()["stage"]) == (200, "fetching")
        gate.opened.set()
        await service.wait_for(key, "ready")
        assert files_of(service) == [f"{key}.m4a"]


async def test_run_after_a_stop_waits_for_a_file_that_is_fetched_by_hand(
    opened: Opening, door: Door
) -> None:
    """It takes up what is made and not fetched, which by then is there."""
    gate = Gate()
    gate.opened.set()
    async with (
        Sandbox(clock=SystemClock(), durations=0.05, receiver=door) as sandbox,
        opened(Between(sandbox, gate).client) as service,
    ):
        sandbox.inject("media-404")
        key = (await service.order(prompt="Behind a wall")).json()["key"]
        await service.wait_for(key, "made")
        sandbox.clear_faults()
        sandbox.inject("used-up", times=1)
        waiting = (await service.order(prompt="No money")).json()["key"]
        await service.until_stopped()

        gate.opened.clear()
        before = gate.asked
        path = f"/api/songs/{key}/fetch"
        fetching = asyncio.create_task(service.http.post(path, content=b""))
        await until(lambda: gate.asked > before)
        assert (await service.http.post("/api/resume", content=b"")).status_code == 204
        await service.wait_for(key, "fetching")
        gate.opened.set()
        assert (await fetching).json()["stage"] == "ready"
        await service.wait_for(waiting, "ready")
        assert files_of(service) == sorted(f"{one}.m4a" for one in (key, waiting))
