"""A measured process: this package."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, cast

import httpx

from acedata_async import AceData
from benchmarks import probe

_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing but the sandbox
_PLENTY = httpx.Limits(max_connections=1000, max_keepalive_connections=1000)


async def _main(told: dict[str, Any]) -> dict[str, Any]:
    async with _client(told) as ace:
        match told["kind"]:
            case "songs":
                return {"waves": await _songs(ace, told)}
            case "watch":
                return await _watch(ace, told)
            case _:
                return await _hold(ace, told)


@contextlib.asynccontextmanager
async def _client(told: dict[str, Any]) -> AsyncIterator[AceData]:
    if told["transport"] != "aiohttp":
        async with AceData(_TOKEN, base_url=told["base_url"]) as ace:
            yield ace
        return
    transport = importlib.import_module("httpx_aiohttp").AiohttpTransport(limits=_PLENTY)
    async with (
        httpx.AsyncClient(transport=cast("httpx.AsyncBaseTransport", transport)) as http,
        AceData(_TOKEN, base_url=told["base_url"], http_client=http) as ace,
    ):
        yield ace


async def _songs(ace: AceData, told: dict[str, Any]) -> list[dict[str, Any]]:
    async def make(wait: probe.Wait) -> None:
        watcher = await ace.producer.generate("A song")
        wait.task_id = watcher.id
        await watcher

    waves = []
    for _ in range(told["waves"]):
        waves.append(await probe.wave(told["songs"], make, told["patience"]))
        await asyncio.sleep(1.5)
    return waves


async def _watch(ace: AceData, told: dict[str, Any]) -> dict[str, Any]:
    """Watch tasks that exist already, and feel the pulse of the event loop meanwhile."""
    ids = probe.seed_tasks(told["base_url"], told["songs"])
    await ace.check_token()  # the first request sets up TLS, which takes some 40 ms, once
    waits = {one: probe.Wait(one, error=probe.NEVER_ENDED) for one in ids}
    measured = probe.Wave(list(waits.values()))
    heartbeat = probe.Heartbeat()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(told["patience"]):
            async for watcher in ace.producer.watch_many(ids):
                wait = waits[watcher.id or ""]
                wait.ended_at = time.time()
                wait.error = None if watcher.state == "succeeded" else watcher.state
    return {"waves": [measured.found() | {"longest_gap": heartbeat.stop()}]}


async def _hold(ace: AceData, told: dict[str, Any]) -> dict[str, Any]:
    ids = probe.seed_tasks(told["base_url"], told["songs"])
    await ace.producer.retrieve(ids[0])  # so that no import and no first connection is counted
    if told["together"]:
        watched = ace.producer.watch_many
        users: list[Callable[[], Awaitable[object]]] = [
            lambda: watched(ids).results(return_exceptions=True, timeout=told["patience"])
        ]
    else:
        users = [partial(_result, ace, one) for one in ids]
    return await probe.hold(users, told["seconds"], traced=told["traced"])


async def _result(ace: AceData, task_id: str) -> None:
    await ace.producer.watch(task_id).result()


if __name__ == "__main__":
    instructions = probe.orders()
    packages = ["acedata-async", "httpx", "pydantic"]
    if instructions["transport"] == "aiohttp":
        packages += ["aiohttp", "httpx-aiohttp"]
    probe.answer(asyncio.run(_main(instructions)), *packages)
