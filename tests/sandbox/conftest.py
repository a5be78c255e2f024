"""A sandbox in memory and plain httpx to talk to it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.records import ACCOUNT
from acedata_async.testing import ManualClock

BASE = "https://sandbox.acedata.invalid"
TOKEN = {"Authorization": "Bearer sandbox-token"}
USER_ID = ACCOUNT["user_id"]
VOICE_URL = "https://a.example/voice.mp3"
CALLBACK = "https://a.example/called?secret=1"
LYRIC = "[Verse]\nWoke up with the sun in my eyes\n[Chorus]\nHappy days are rolling in"


class Caller:
    """Plain calls on a sandbox, without the client of this package."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    async def submit(self, address: str = "audios", **body: Any) -> httpx.Response:
        """Submit a body."""
        return await self.http.post(f"/producer/{address}", json=body)

    async def generate(self, prompt: str = "A song", **fields: Any) -> str:
        """Submit a song asynchronously and return its task id."""
        body = {"action": "generate", "prompt": prompt, "async": True, **fields}
        reply = await self.submit(**body)
        assert reply.status_code == 200, reply.text
        task_id: str = reply.json()["task_id"]
        return task_id

    async def song(self, **fields: Any) -> dict[str, Any]:
        """Have a song made synchronously and return its item."""
        reply = await self.submit(**{"action": "generate", "prompt": "A song", **fields})
        assert reply.status_code == 200, reply.text
        item: dict[str, Any] = reply.json()["data"][0]
        return item

    async def look_up(self, task_id: str) -> dict[str, Any]:
        """Return the record of one task."""
        reply = await self.http.post("/producer/tasks", json={"action": "retrieve", "id": task_id})
        assert reply.status_code == 200, reply.text
        record: dict[str, Any] = reply.json()
        return record

    async def batch(self, *ids: str) -> httpx.Response:
        """Look several tasks up at once."""
        return await self.http.post(
            "/producer/tasks", json={"action": "retrieve_batch", "ids": list(ids)}
        )

    async def listed(self, **fields: Any) -> httpx.Response:
        """List tasks, by default those of the one account there is."""
        body = {"action": "retrieve_batch", "user_id": USER_ID, **fields}
        return await self.http.post("/producer/tasks", json=body)

    async def fish(self, address: str, engine: str | None = None, **body: Any) -> httpx.Response:
        """Post a body to Fish, with an engine in the header."""
        headers = {} if engine is None else {"model": engine}
        return await self.http.post(f"/fish/{address}", json=body, headers=headers)

    async def voice(self, **fields: Any) -> dict[str, Any]:
        """Have a voice trained synchronously and return its entity."""
        reply = await self.fish("voices", **{"voice_url": VOICE_URL, **fields})
        assert reply.status_code == 200, reply.text
        entity: dict[str, Any] = reply.json()["data"]
        return entity

    async def model(self, **fields: Any) -> dict[str, Any]:
        """Have a voice made at once and return its entity."""
        reply = await self.fish("model", **{"title": "Harbour", "voices": VOICE_URL, **fields})
        assert reply.status_code == 200, reply.text
        entity: dict[str, Any] = reply.json()
        return entity

    async def order(self, address: str = "tts", **fields: Any) -> str:
        """Submit something to Fish asynchronously and return its task id."""
        needed = {"text": "Hello there."} if address == "tts" else {"voice_url": VOICE_URL}
        reply = await self.fish(address, **{**needed, "callback_url": CALLBACK, **fields})
        assert reply.status_code == 200, reply.text
        task_id: str = reply.json()["task_id"]
        return task_id

    async def record(self, task_id: str) -> dict[str, Any]:
        """Return the record of one task of Fish."""
        reply = await self.fish("tasks", action="retrieve", id=task_id)
        assert reply.status_code == 200, reply.text
        record: dict[str, Any] = reply.json()
        return record

    async def shown(self, voice_id: str) -> dict[str, Any]:
        """Return a voice as the catalogue shows it, or the refusal."""
        reply = await self.http.get(f"/fish/model/{voice_id}")
        entity: dict[str, Any] = reply.json()
        return entity


@pytest.fixture
def clock() -> ManualClock:
    """The vendor's clock; it jumps."""
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A sandbox whose songs take 40 s."""
    async with Sandbox(clock=clock, durations=40.0) as sandbox:
        yield sandbox


@pytest.fixture
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    """Somebody who calls that sandbox, without any timeout of their own."""
    async with caller_of(sandbox) as http:
        yield Caller(http)


def caller_of(sandbox: Sandbox, **options: Any) -> httpx.AsyncClient:
    """Return an httpx client on a sandbox in memory."""
    settings: dict[str, Any] = {"base_url": BASE, "headers": TOKEN, "timeout": None} | options
    return httpx.AsyncClient(transport=sandbox.transport(), **settings)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the state is."""
    return tmp_path / "state.jsonl"


@asynccontextmanager
async def started(path: Path, **options: Any) -> AsyncIterator[tuple[Sandbox, Caller]]:
    """Start a sandbox with a state file; at the end it closes it."""
    async with Sandbox(state=path, **options) as sandbox, caller_of(sandbox) as http:
        yield sandbox, Caller(http)


def as_killed(path: Path) -> Path:
    """Return the state file as a sandbox would leave it that was killed at this moment."""
    return Path(shutil.copy(path, path.with_suffix(".killed")))
