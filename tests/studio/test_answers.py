"""Answers that can be sent whatever the vendor or a user has put into them."""

from __future__ import annotations

from uuid import uuid4

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from tests.studio.conftest import Between, Exchange, Opening, Service

JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("field", ["title", "lyric"])
async def test_half_a_character_of_the_vendor_breaks_no_list(
    sandbox: Sandbox, opened: Opening, field: str
) -> None:
    """One song's odd text is shown as it is; this song, the list and the news are answered."""

    async def odd(request: httpx.Request, vendor: Exchange) -> httpx.Response:
        answer = await vendor(request)
        if "json" not in answer.headers.get("content-type", ""):
            return answer
        start = f'"{field}":"'.encode()
        body = (await answer.aread()).replace(start, start + rb"\ud83d")
        return httpx.Response(answer.status_code, content=body, headers=JSON)

    async with opened(Between(sandbox, odd).client) as service:
        key = (await service.order(prompt="Odd", title="Tune")).json()["key"]
        song = await service.wait_for(key, "ready")
        assert song[field].startswith("\ud83d")
        listed = await service.http.get("/api/songs")
        assert [one["key"] for one in listed.json()["songs"]] == [key]
        assert listed.json()["stopped"] is None
        assert (await service.order(key=key, prompt="Odd", title="Tune")).json() == song
        assert (await service.http.get("/" + song["download"])).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        rb'{"key":"KEY","action":"\ud800","fields":{}}',
        rb'{"key":"KEY","action":"generate","fields":{},"\udfff":1}',
        rb'{"key":"\ud800","action":"generate","fields":{}}',
        rb'{"key":"KEY","action":"generate","fields":NaN}',
        rb'{"key":"KEY","action":"generate","fields":{"prompt":"a","weirdness":NaN}}',
        rb'{"key":"KEY","action":"generate","fields":{"\ud800":1}}',
        rb'{"key":"KEY","action":"generate","fields":{"prompt":"\ud800"}}',
    ],
)
async def test_odd_texts_and_numbers_are_refused(service: Service, body: bytes) -> None:
    """In an answer that says what is wrong, and repeats none of it where the form is wrong."""
    body = body.replace(b"KEY", str(uuid4()).encode())
    answer = await service.http.post("/api/songs", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")
    assert answer.content.isascii()


async def test_wrong_form_is_told_in_words(service: Service) -> None:
    """With the place of what is wrong."""
    answer = await service.http.post("/api/songs", json={"key": "no-uuid", "fields": {}})
    assert "body.key: " in answer.json()["detail"]
    assert "body.action: Field required" in answer.json()["detail"]
    repeated = await service.http.post(
        f"/api/songs/{uuid4()}/again", content=rb'{"key":"\ud800"}', headers=JSON
    )
    assert (repeated.status_code, repeated.json()["error"]) == (422, "invalid_request")
