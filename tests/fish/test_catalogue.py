"""Looking at voices: at one, at a page, at all of them."""

from __future__ import annotations

from itertools import count
from typing import Any

import httpx
import pytest

from acedata_async import AceData, APIError, InvalidRequest, NotFound, Voice
from acedata_async.sandbox import Sandbox
from tests.fish.conftest import RECORDING, Scripted

UNKNOWN = "0" * 32


async def test_one_voice(ace: AceData, sandbox: Sandbox) -> None:
    """A voice is asked for by its id or by itself, for free."""
    made = await ace.fish.create_model(RECORDING, title="Me")
    by_id, by_itself = await ace.fish.model(str(made.id)), await ace.fish.model(made)
    assert by_id == by_itself
    assert by_id.title == "Me"
    stats = sandbox.stats
    assert (stats.catalogue_requests, stats.lookups, stats.submission_requests) == (2, 0, 1)


async def test_unknown_voice(ace: AceData, sandbox: Sandbox) -> None:
    """The tested answer, a 400 without a code, is NotFound, asked for once."""
    with pytest.raises(NotFound, match="Model not found") as missing:
        await ace.fish.model(UNKNOWN)
    assert (missing.value.status, missing.value.code) == (400, None)
    assert sandbox.stats.catalogue_requests == 1


async def test_unknown_voice_as_documented() -> None:
    """So is the documented 404; another 400 is not."""
    error = {"error": {"code": "not_found", "message": "voice"}, "trace_id": "t"}
    with pytest.raises(NotFound) as missing:
        await Scripted(httpx.Response(404, json=error)).ace.fish.model(UNKNOWN)
    assert (missing.value.status, missing.value.code) == (404, "not_found")
    other = httpx.Response(400, json={"status": 400, "message": "bad id"})
    with pytest.raises(APIError, match="bad id") as refused:
        await Scripted(other).ace.fish.model(UNKNOWN)
    assert not isinstance(refused.value, NotFound)


@pytest.mark.parametrize(
    "answer",
    [
        {"status": 400, "message": "Model not found"},
        {"status": 404, "message": "Model not found"},
        {"success": False, "error": {"code": "not_found", "message": "gone"}},
    ],
)
async def test_unknown_voice_in_a_200(answer: dict[str, Any]) -> None:
    """So is the same in the body of a 200; it is asked once."""
    vendor = Scripted(answer)
    with pytest.raises(NotFound):
        await vendor.ace.fish.model(UNKNOWN)
    assert len(vendor.requests) == 1


async def test_a_page(ace: AceData, sandbox: Sandbox) -> None:
    """Awaiting gives one page: the first, or the one that was asked for."""
    listing = ace.fish.models()
    assert sandbox.stats.catalogue_requests == 0
    first = await listing
    second = await ace.fish.models(page_number=2, page_size=10)
    assert len(first.items) == 10
    assert first.total is not None
    assert first.total > 20
    assert not {one.id for one in first.items} & {one.id for one in second.items}
    assert (await listing).items == first.items
    assert sandbox.stats.catalogue_requests == 3


@pytest.mark.parametrize("size", [1, 7, 10, 100])
async def test_all_voices(ace: AceData, sandbox: Sandbox, size: int) -> None:
    """Iterating gives each voice once, in as few requests as there are pages."""
    found = [one async for one in ace.fish.models(page_size=size)]
    total = (await ace.fish.models(page_size=1)).total
    assert len({one.id for one in found}) == len(found) == total
    assert sandbox.stats.catalogue_requests == -(-len(found) // size) + 1


async def test_voices_from_a_later_page(ace: AceData) -> None:
    """Iterating begins with the page that was asked for."""
    every = [one.id async for one in ace.fish.models(page_size=10)]
    later = [one.id async for one in ace.fish.models(page_size=10, page_number=2)]
    assert later == every[10:]


async def test_pages(ace: AceData) -> None:
    """Pages can be had one after the other; there is none beyond the last."""
    sizes = [len(page.items) async for page in ace.fish.models(page_size=10).pages()]
    assert sizes[:-1] == [10] * (len(sizes) - 1)
    beyond = [page async for page in ace.fish.models(page_number=1000).pages()]
    assert beyond == []


async def test_filters(ace: AceData) -> None:
    """Only what was looked for comes: own voices, by language, by title; private ones as own."""
    await ace.fish.create_model(RECORDING, title="Quiet Me", tags=["calm"])
    own = [one.title async for one in ace.fish.models(mine=True)]
    assert own == ["Quiet Me"]
    assert [one.title async for one in ace.fish.models(title="quiet me")] == []
    german = [one async for one in ace.fish.models(language="de")]
    assert german
    assert all("de" in one.languages for one in german)
    used = [one.task_count or 0 async for one in ace.fish.models(sort_by="task_count")]
    assert used == sorted(used, reverse=True)


def paged(*pages: list[str], **more: Any) -> Scripted:
    """Return a vendor with these pages, the last of which it repeats for ever."""
    return Scripted(*({"items": [{"_id": one} for one in page], **more} for page in pages))


async def test_repeated_pages() -> None:
    """A vendor that answers each page with the same voices is not asked for ever."""
    vendor = paged(["a", "b"])
    assert [one.id async for one in vendor.ace.fish.models()] == ["a", "b"]
    assert len(vendor.requests) == 2


async def test_list_that_moves_on() -> None:
    """A voice that has moved to the next page meanwhile comes once."""
    vendor = paged(["a", "b"], ["b", "c"], [])
    assert [one.id async for one in vendor.ace.fish.models()] == ["a", "b", "c"]


async def test_list_that_moves_on_by_a_page() -> None:
    """Nor does the list end where as many new voices have come as a page has."""
    first = [f"v{number}" for number in range(30)]
    later = [*(f"new{number}" for number in range(10)), *first]

    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page_number"])
        there = first if number == 1 else later
        items = [{"_id": one} for one in there[10 * number - 10 : 10 * number]]
        return httpx.Response(200, json={"total": len(there), "items": items})

    assert [one.id async for one in Scripted(page).ace.fish.models()] == first


@pytest.mark.parametrize(
    ("more", "requests"),
    [
        ({"has_more": False}, 1),
        ({"has_more": True, "total": 2}, 3),
        ({"has_more": None, "total": 2}, 1),
        ({"total": 4}, 2),
        ({"total": 12}, 3),
        ({}, 3),
    ],
)
async def test_end_of_the_list(more: dict[str, Any], requests: int) -> None:
    """`has_more` decides where it is told, else the total, else the first page without voices."""
    vendor = paged(["a", "b"], ["c", "d"], [], **more)
    found = [one.id async for one in vendor.ace.fish.models()]
    assert len(vendor.requests) == requests
    assert found == ["a", "b", "c", "d"][: 2 * requests]


async def test_pages_shorter_than_asked_for() -> None:
    """A vendor that gives at most so many a page is read to the end, whatever was asked for."""

    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page_number"])
        items = [{"_id": f"v{one}"} for one in range(500)][10 * number - 10 : 10 * number]
        return httpx.Response(200, json={"total": 500, "items": items, "has_more": None})

    vendor = Scripted(page)
    found = [one.id async for one in vendor.ace.fish.models(page_size=100)]
    assert found == [f"v{one}" for one in range(500)]
    assert len(vendor.requests) == 50
    later = [one.id async for one in vendor.ace.fish.models(page_size=100, page_number=41)]
    assert later == found[400:]


async def test_voices_without_an_id() -> None:
    """Voices of which the list shows no id are others, if they are shown otherwise."""

    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page_number"])
        items = [{"title": f"{number}-{one}"} for one in range(10)] if number < 4 else []
        return httpx.Response(200, json={"total": 30, "items": items})

    found = [one.title async for one in Scripted(page).ace.fish.models()]
    assert len(set(found)) == len(found) == 30


async def test_same_voices_with_other_counts() -> None:
    """Nor is one asked for ever whose voices are the same but for how often they were used."""
    used = count()

    def page(request: httpx.Request) -> httpx.Response:
        items = [{"_id": one, "task_count": next(used)} for one in "ab"]
        assert next(used) < 1000
        return httpx.Response(200, json={"items": items})

    vendor = Scripted(page)
    assert [one.id async for one in vendor.ace.fish.models()] == ["a", "b"]
    assert len(vendor.requests) <= 3


async def test_catalogue_heals(ace: AceData, sandbox: Sandbox) -> None:
    """What may pass is asked again, four times in all."""
    for fault in ("lookup-500", "lookup-cut", "lookup-truncated"):
        sandbox.inject(fault, on="catalogue", times=1)
    assert (await ace.fish.models()).items
    sandbox.inject("lookup-502-html", on="catalogue")
    with pytest.raises(APIError, match="502"):
        await ace.fish.model(UNKNOWN)
    assert sandbox.stats.catalogue_requests == 8


@pytest.mark.parametrize(
    "voice_id",
    [
        *("..", ".", "../x", "?x=1", "a/b", "#a", "%2e", "é", " a", "日本", "a\\b", "a;b"),
        *("", " ", "a\r\nb", "\x00", "\ud800", "\u202e", "x" * 10_000),
        *(5, None, [], ["a"], Voice.read({})),
    ],
)
async def test_what_is_no_id(voice_id: Any) -> None:
    """What cannot be an id, or could lead elsewhere, is refused before anything is sent."""
    vendor = Scripted({"_id": "v"})
    with pytest.raises(InvalidRequest, match="voice_id"):
        await vendor.ace.fish.model(voice_id)
    assert not vendor.requests
