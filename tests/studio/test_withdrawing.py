"""Taking an order back: before it is sent it costs nothing, and after that it is too late."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from acedata_async import BulkItem, GenerateRequest
from examples.studio.production import Feed
from tests.studio.conftest import Opening, Service


async def _withdraw(service: Service, key: str) -> httpx.Response:
    return await service.http.post(f"/api/songs/{key}/withdraw", content=b"")


async def _status(service: Service) -> Any:
    return (await service.http.get("/api/songs")).json()


async def test_order_that_waits_is_taken_back(service: Service) -> None:
    """Also twice; it is not sent after a stop, and not counted; it can be ordered anew."""
    service.sandbox.inject("used-up", times=1)
    first = (await service.order(prompt="No money")).json()["key"]
    await service.until_stopped()
    second = (await service.order(prompt="Meanwhile", title="Regretted")).json()["key"]
    assert (await _status(service))["waiting"] == 2
    for _ in range(2):
        answer = await _withdraw(service, second)
        assert (answer.status_code, answer.json()["stage"]) == (200, "withdrawn")
    assert answer.json()["advice"] == "Nothing was paid."
    assert (await _status(service))["waiting"] == 1

    await service.http.post("/api/resume", content=b"")
    await service.wait_for(first, "ready")
    assert service.sandbox.stats.submissions == 1
    status = await _status(service)
    assert (status["spent"], status["waiting"]) == (1, 0)
    anew = await service.http.post(f"/api/songs/{second}/again", json={"key": str(uuid4())})
    assert (await service.wait_for(anew.json()["key"], "ready"))["title"] == "Regretted"


async def test_order_that_the_run_has_taken_in_is_not_sent(opened: Opening) -> None:
    """The run finds out when its turn comes, and goes on with the next one."""
    async with opened(max_in_flight=1) as service:
        keys = [(await service.order(prompt=f"Song {n}")).json()["key"] for n in range(4)]
        await service.wait_for(keys[0], "sending", "making", "fetching", "ready")
        assert (await _withdraw(service, keys[2])).status_code == 200
        for key in (keys[0], keys[1], keys[3]):
            await service.wait_for(key, "ready")
        assert (await service.song(keys[2]))["stage"] == "withdrawn"
        status = await _status(service)
        assert (status["stopped"], status["spent"]) == (None, 3)
    assert service.sandbox.stats.submissions == 3


async def test_order_that_was_sent_is_not_taken_back(service: Service) -> None:
    """It says that it is too late, and the song is what it was."""
    song = await service.make(prompt="Made")
    answer = await _withdraw(service, song["key"])
    assert (answer.status_code, answer.json()["error"]) == (409, "too_late")
    assert "Too late" in answer.json()["detail"]
    assert (await service.song(song["key"]))["stage"] == "ready"
    assert (await _withdraw(service, str(uuid4()))).status_code == 404


async def test_failed_order_was_not_withdrawn(service: Service) -> None:
    """What the vendor has refused cannot be taken back."""
    service.sandbox.inject("moderation", times=1)
    failed = await service.make(stage="failed", prompt="Something rude")
    assert (await _withdraw(service, failed["key"])).status_code == 409


async def test_feed_does_not_hand_over_what_was_dropped() -> None:
    """The order behind it is the next one; dropping what is not there is harmless."""
    feed = Feed()
    for key in ("a", "b"):
        feed.put(BulkItem.of(GenerateRequest(prompt="A song"), key=key))
    feed.drop("a")
    feed.drop("z")
    assert (await anext(feed)).key == "b"
