"""The catalogue of voices."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of


async def _listed(caller: Caller, **query: Any) -> dict[str, Any]:
    reply = await caller.http.get("/fish/model", params=query)
    assert reply.status_code == 200, reply.text
    answer: dict[str, Any] = reply.json()
    return answer


async def _titles(caller: Caller, **query: Any) -> list[str]:
    return [item["title"] for item in (await _listed(caller, page_size=100, **query))["items"]]


async def test_voices_of_others(caller: Caller) -> None:
    """There are voices of others in several languages, ten a page."""
    page = await _listed(caller)
    assert (page["total"], len(page["items"]), page["has_more"]) == (25, 10, None)
    everything = await _listed(caller, page_size=100)
    assert len({item["_id"] for item in everything["items"]}) == 25
    assert len({item["languages"][0] for item in everything["items"]}) > 5
    for item in everything["items"]:
        assert item["state"] == "trained"
        assert (await caller.shown(item["_id"])) == item
        sample = await caller.http.get(item["samples"][0]["audio"])
        assert sample.headers["content-type"] == "audio/mpeg"


async def test_pages(caller: Caller) -> None:
    """Pages follow each other without a gap; beyond the last one there is nothing."""
    everything = await _titles(caller)
    paged = []
    for number in (1, 2, 3, 4):
        page = await _listed(caller, page_size=8, page_number=number)
        paged += [item["title"] for item in page["items"]]
        assert page["total"] == 25
    assert paged == everything
    assert (await _listed(caller, page_size=8, page_number=5))["items"] == []


async def test_filters(caller: Caller) -> None:
    """Title, tag, language and author each leave out what does not fit."""
    assert await _titles(caller, title="CLAR") == ["Clara"]
    assert "Anna" in await _titles(caller, language="de")
    assert await _titles(caller, language="de") == await _titles(caller, title_language="de")
    assert await _titles(caller, tag="child") == ["Small Wonder"]
    assert await _titles(caller, tag="child", language="de") == []
    item = (await _listed(caller, title="Clara"))["items"][0]
    of_author = await _titles(caller, author_id=item["author"]["_id"])
    assert "Clara" in of_author
    assert len(of_author) < 25


async def test_own(caller: Caller) -> None:
    """Those of the account are found by self; private ones only so, or by their author."""
    for visibility in ("public", "private", "unlist"):
        await caller.model(title=visibility, visibility=visibility)
    voice = await caller.voice(title="trained")
    assert await _titles(caller, self="true") == ["trained", "unlist", "private", "public"]
    assert len(await _titles(caller)) == 25 + 2
    assert len(await _titles(caller, self="false")) == 25 + 2
    assert len(await _titles(caller, author_id=voice["author"]["_id"])) == 4
    assert await _titles(caller, self="true", language="de") == []


async def test_order(caller: Caller) -> None:
    """The newest come first, or those that were spoken with most."""
    assert (await caller.voice(title="New"))["task_count"] == 0
    assert (await _titles(caller))[0] == "New"
    counts = [
        item["task_count"]
        for item in (await _listed(caller, page_size=100, sort_by="task_count"))["items"]
    ]
    assert counts == sorted(counts, reverse=True)


async def test_uses_are_counted(caller: Caller) -> None:
    """Each speech with a voice counts for it."""
    voice = await caller.model()
    for _ in range(3):
        await caller.fish("tts", text="x", reference_id=voice["_id"])
    assert (await caller.shown(voice["_id"]))["task_count"] == 3


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("page_size=0", ["page_size"]),
        ("page_size=101", ["page_size"]),
        ("page_size=x&page_number=-1", ["page_size", "page_number"]),
        ("page_number=99999999999999999999", ["page_number"]),
        ("page_size=%C2%B2", ["page_size"]),
        ("self=perhaps", ["self"]),
        ("sort_by=score", ["sort_by"]),
        ("sort_by=CREATED_AT", ["sort_by"]),
    ],
)
async def test_bad_queries(caller: Caller, query: str, names: list[str]) -> None:
    """A query that cannot be is refused with what is wrong."""
    reply = await caller.http.get(f"/fish/model?{query}")
    assert reply.status_code == 400
    problems = json.loads(reply.json()["message"])
    assert [problem["loc"] for problem in problems] == [["query", name] for name in names]


@pytest.mark.parametrize("voice_id", ["", "x", "0" * 32, "a/b", "%F0%9F%90%9F"])
async def test_unknown(caller: Caller, voice_id: str) -> None:
    """A voice that there is not is 400, as it was tested and not as it is documented."""
    reply = await caller.http.get(f"/fish/model/{voice_id}")
    assert (reply.status_code, reply.json()) == (400, {"status": 400, "message": "Model not found"})


async def test_token_and_rate(clock: ManualClock) -> None:
    """The catalogue wants a token and knows the limit on requests, not that on lookups."""
    sandbox = Sandbox(clock=clock, requests_per_second=2.0, lookups_per_second=0.001)
    async with sandbox, caller_of(sandbox) as http:
        assert (await http.get("/fish/model", headers={"Authorization": ""})).status_code == 401
        statuses = [(await http.get("/fish/model")).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    assert (sandbox.stats.catalogue_requests, sandbox.stats.lookups) == (4, 0)


@pytest.mark.parametrize("on", [None, "catalogue"])
@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.stage is Stage.LOOKUP])
async def test_faults(sandbox: Sandbox, caller: Caller, name: str, on: str | None) -> None:
    """The faults of a lookup strike a look at the catalogue, once if they were asked once."""
    caller.http.timeout = httpx.Timeout(15.0)
    sandbox.inject(name, times=1, on=on)
    try:
        reply = await caller.http.get("/fish/model")
        struck = reply.status_code != 200 or not reply.json()
    except (httpx.TransportError, ValueError):
        struck = True
    assert struck
    assert await _listed(caller)


async def test_faults_of_lookups_alone(sandbox: Sandbox, caller: Caller) -> None:
    """A fault limited to lookups of tasks, or of many, leaves the catalogue alone."""
    sandbox.inject("lookup-500", on="retrieve")
    sandbox.inject("batch-empty-count")
    sandbox.inject("list-refused")
    assert await _listed(caller)
    sandbox.inject("lookup-500", on="catalogue")
    assert (await caller.http.get("/fish/model/x")).status_code == 500
    assert (await caller.batch("x")).status_code == 200
