"""Lists of tasks: what a `retrieve_batch` without ids answers."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.testing import ManualClock

from .conftest import USER_ID, Caller, caller_of


async def _listed(caller: Caller, **fields: Any) -> tuple[list[str], int]:
    """Return the ids of a page, in its order, and the count."""
    reply = await caller.listed(**fields)
    assert reply.status_code == 200, reply.text
    page = reply.json()
    return [item["id"] for item in page["items"]], page["count"]


@pytest.fixture
async def ids(caller: Caller, clock: ManualClock) -> list[str]:
    """Fifteen songs, one each second, the newest first."""
    made = []
    for number in range(15):
        made.append(await caller.generate(f"Song {number}"))
        await clock.advance(1.0)
    return made[::-1]


async def test_a_page(caller: Caller, ids: list[str]) -> None:
    """The newest twelve come first, with the number of all that match."""
    assert await _listed(caller) == (ids[:12], 15)


async def test_records(caller: Caller) -> None:
    """A record in a list is that of a lookup, with the submitted body as it was sent."""
    address = "https://a.example/?acedata=some-marker"
    task_id = await caller.generate("\u00e4 \u2603", callback_url=address)
    (item,) = (await caller.listed()).json()["items"]
    assert item == await caller.look_up(task_id)
    assert item["request"] == {
        "action": "generate",
        "prompt": "\u00e4 \u2603",
        "async": True,
        "callback_url": address,
    }


async def test_ties(caller: Caller) -> None:
    """Of tasks made at the same moment the later one is the newer one, each time."""
    made = [await caller.generate() for _ in range(5)]
    assert await _listed(caller) == await _listed(caller) == (made[::-1], 5)


async def test_account(caller: Caller, ids: list[str]) -> None:
    """Nobody else has any tasks; the account is named in each record."""
    assert (await caller.look_up(ids[0]))["user_id"] == USER_ID
    assert await _listed(caller, user_id="somebody else") == ([], 0)
    assert await _listed(caller, user_id="") == ([], 0)


async def test_bounds(caller: Caller, ids: list[str]) -> None:
    """Both bounds belong to what they bound."""
    low, high = [(await caller.look_up(ids[n]))["created_at"] for n in (9, 4)]
    assert await _listed(caller, created_at_min=low, created_at_max=high) == (ids[4:10], 6)
    assert await _listed(caller, created_at_min=high + 0.001) == (ids[:4], 4)
    assert await _listed(caller, created_at_max=int(low) - 10_000) == ([], 0)


async def test_types(caller: Caller, clock: ManualClock) -> None:
    """A list can be of one type of task."""
    song = await caller.generate()
    await caller.submit("lyrics", prompt="a harbour")
    assert await _listed(caller, type="audios") == ([song], 1)
    assert (await _listed(caller, type="lyrics"))[1] == 1
    assert (await _listed(caller))[1] == 2


async def test_limit_and_offset(caller: Caller, ids: list[str]) -> None:
    """Fewer than a page can be had, more cannot, and the first ones can be passed over."""
    assert await _listed(caller, limit=2) == (ids[:2], 15)
    assert await _listed(caller, limit=100) == (ids[:12], 15)
    assert await _listed(caller, offset=12) == (ids[12:], 15)
    assert await _listed(caller, limit=1, offset=3) == ([ids[3]], 15)
    assert await _listed(caller, offset=10**30) == ([], 15)


async def test_page_and_delay(clock: ManualClock) -> None:
    """The page's size is the sandbox's, and a task can be late in lists, though not in lookups."""
    sandbox = Sandbox(clock=clock, list_page=2, list_delay=3.0)
    async with sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        made = [await caller.generate() for _ in range(3)]
        await clock.advance(2.9)
        assert await _listed(caller) == ([], 0)
        assert await caller.look_up(made[0])
        await clock.advance(0.1)
        assert await _listed(caller) == (made[:0:-1], 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"user_id": 7},
        {"user_id": None},
        {"type": ["audios"]},
        {"created_at_min": "0"},
        {"created_at_max": True},
        {"created_at_max": None},
        {"limit": 0},
        {"limit": 1.5},
        {"limit": True},
        {"offset": -1},
        {"offset": "0"},
        {"ids": None},
    ],
)
async def test_bad_fields(sandbox: Sandbox, caller: Caller, fields: dict[str, Any]) -> None:
    """What no list can be made of is refused."""
    reply = await caller.listed(**fields)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "bad_request")
    assert (sandbox.stats.lookups, sandbox.stats.lookups_listing) == (1, 0)


async def test_no_ids_are_no_list(sandbox: Sandbox, caller: Caller, ids: list[str]) -> None:
    """An empty list of ids asks for nothing, and filters alone for a list of nobody."""
    assert await _listed(caller, ids=[]) == ([], 0)
    assert (sandbox.stats.lookups_batch, sandbox.stats.lookups_listing) == (1, 0)
    body = {"action": "retrieve_batch", "type": "audios"}
    assert (await caller.http.post("/producer/tasks", json=body)).status_code == 400


_EXPECTED: dict[str, object] = {
    "lookup-500": 500,
    "lookup-502-html": 502,
    "lookup-429": 429,
    "lookup-429-retry-after": 429,
    "lookup-cut": httpx.RemoteProtocolError,
    "lookup-cut-body": httpx.RemoteProtocolError,
    "lookup-truncated": ValueError,
    "lookup-hang": httpx.ReadTimeout,
    "lookup-not-json": ValueError,
    "lookup-401": 401,
    "lookup-403": 403,
}


@pytest.mark.parametrize("on", [None, "list"])
@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.stage is Stage.LOOKUP])
async def test_lookup_faults(sandbox: Sandbox, caller: Caller, name: str, on: str | None) -> None:
    """What strikes any lookup strikes a list too, or lists alone if it was so asked."""
    caller.http.timeout = httpx.Timeout(15.0)
    task_id = await caller.generate()
    sandbox.inject(name, times=1, on=on)
    if on:
        assert await caller.look_up(task_id)
    expected = _EXPECTED[name]
    if isinstance(expected, type):
        with pytest.raises(expected):
            (await caller.listed()).json()
    else:
        assert (await caller.listed()).status_code == expected
    assert await _listed(caller) == ([task_id], 1)


async def test_what_strikes_no_list(sandbox: Sandbox, caller: Caller) -> None:
    """Faults of batches and of marked tasks are not used up by lists."""
    marked = await caller.generate("#sandbox:lookup-500")
    sandbox.inject("batch-empty-count", times=1)
    for _ in range(5):
        assert await _listed(caller) == ([marked], 1)
    assert (await caller.batch(marked)).json() == {"items": [], "count": 1}
    assert (await caller.batch(marked)).status_code == 500


async def test_refused(sandbox: Sandbox, caller: Caller, ids: list[str]) -> None:
    """A vendor can be one without lists; it counts that somebody asked."""
    sandbox.inject("list-refused", times=1)
    refused = await caller.listed()
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
    assert sandbox.stats.lookups_listing == 1
    assert await _listed(caller) == (ids[:12], 15)


async def test_list_faults(sandbox: Sandbox, caller: Caller, ids: list[str]) -> None:
    """A list can be empty, deaf to what limits it, or the wrong way round."""
    newest = (await caller.look_up(ids[0]))["created_at"]
    fields = {"created_at_max": newest - 3.5, "limit": 2, "offset": 1}
    assert await _listed(caller, **fields) == (ids[5:7], 11)
    expected = {
        "list-empty": ([], 0),
        "list-ignores-limit": (ids[4:], 11),
        "list-ignores-bounds": (ids[1:3], 15),
        "list-oldest-first": ([ids[13], ids[12]], 11),
    }
    for name, page in expected.items():
        sandbox.inject(name, times=1, on="list")
        assert await _listed(caller, **fields) == page, name


async def test_several_list_faults(sandbox: Sandbox, caller: Caller, ids: list[str]) -> None:
    """Faults of lists add up, and batches of ids feel none of them."""
    for name in ("list-ignores-limit", "list-ignores-bounds", "list-oldest-first"):
        sandbox.inject(name)
    oldest = (ids[: -12 - 1 : -1], 15)
    assert await _listed(caller, limit=1, offset=2, created_at_max=0) == oldest
    sandbox.inject("list-empty")
    assert len((await caller.batch(*ids)).json()["items"]) == 15


async def test_late_visible(caller: Caller, clock: ManualClock) -> None:
    """A task that lookups do not see yet is in no list."""
    task_id = await caller.generate("#sandbox:late-visible")
    assert await _listed(caller) == ([], 0)
    await clock.advance(5.0)
    assert await _listed(caller) == ([task_id], 1)


async def test_vanish(sandbox: Sandbox, caller: Caller) -> None:
    """A task that vanishes once it has been seen does so after a list that really showed it."""
    task_id = await caller.generate("#sandbox:vanish")
    other = await caller.generate()
    sandbox.inject("list-empty", times=1)
    assert await _listed(caller) == ([], 0)
    assert await _listed(caller, limit=1) == ([other], 2)
    assert await _listed(caller) == ([other, task_id], 2)
    assert await _listed(caller) == ([other], 1)
    assert await caller.look_up(task_id) == {}


@settings(max_examples=25, deadline=None)
@given(
    gaps=st.lists(st.floats(0.001, 100.0), max_size=40),
    page=st.integers(2, 12),
    limit=st.none() | st.integers(2, 20),
)
def test_scrolling_back(gaps: list[float], page: int, limit: int | None) -> None:
    """Going back from the oldest task shown finds every task, if no two are of one moment."""

    async def main() -> tuple[list[str], list[str]]:
        clock = ManualClock(jump=False)
        async with Sandbox(clock=clock, list_page=page) as sandbox, caller_of(sandbox) as http:
            caller = Caller(http)
            for gap in gaps:
                await caller.generate()
                await clock.advance(gap + 0.001)
            return await _scrolled(caller, limit), sandbox.tasks

    found, made = asyncio.run(main())
    assert found == made[::-1]


async def _scrolled(caller: Caller, limit: int | None) -> list[str]:
    """Return all tasks as somebody finds them who scrolls back, as the vendor's own page does."""
    found: dict[str, None] = {}
    fields: dict[str, Any] = {"type": "audios"} if limit is None else {"limit": limit}
    while True:
        items = (await caller.listed(**fields)).json()["items"]
        fresh = [item for item in items if item["id"] not in found]
        if not fresh:
            return list(found)
        found |= dict.fromkeys(item["id"] for item in fresh)
        fields["created_at_max"] = fresh[-1]["created_at"]
