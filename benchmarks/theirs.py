"""A measured process: the vendor's own SDK, used as its README says, with its defaults."""

from __future__ import annotations

import asyncio
import importlib
from functools import partial
from typing import Any

from benchmarks import probe


async def _main(told: dict[str, Any]) -> dict[str, Any]:
    # It has no types, and an environment of its own.
    sdk: Any = importlib.import_module("acedatacloud")
    client = sdk.AsyncAceDataCloud("sandbox-token", base_url=told["base_url"])
    try:
        if told["kind"] == "songs":
            return {"waves": await _songs(client, told)}
        return await _hold(client, told)
    finally:
        await client.close()


async def _songs(client: Any, told: dict[str, Any]) -> list[dict[str, Any]]:
    async def make(wait: probe.Wait) -> None:
        handle = await client.producer.generate(action="generate", prompt="A song", lyric="")
        wait.task_id = handle.id
        await handle.wait()

    return [await probe.wave(told["songs"], make, told["patience"]) for _ in range(told["waves"])]


async def _hold(client: Any, told: dict[str, Any]) -> dict[str, Any]:
    ids = probe.seed_tasks(told["base_url"], told["songs"])
    await client.tasks.get(ids[0], service="producer")
    users = [partial(client.tasks.wait, one, service="producer") for one in ids]
    return await probe.hold(users, told["seconds"], traced=told["traced"])


if __name__ == "__main__":
    probe.answer(asyncio.run(_main(probe.orders())), "acedatacloud", "httpx")
