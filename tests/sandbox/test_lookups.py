"""How lookups are answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.sandbox.faults import MARKED_LOOKUPS
from acedata_async.testing import ManualClock

from .conftest import USER_ID, Caller, caller_of


async def test_life_of_a_task(caller: Caller, clock: ManualClock) -> None:
    """A record goes from queued through running to succeeded, with the submitted body in it."""
    task_id = await caller.generate("x", callback_url="https://a.example/?secret=1")
    queued = await caller.look_up(task_id)
    assert queued["request"] == {
        "action": "generate",
        "prompt": "x",
        "async": True,
        "callback_url": "https://a.example/?secret=1",
    }
    await clock.advance(20.0)
    running = await caller.look_up(task_id)
    assert running.keys() - queued.keys() == {"started_at"}
    await clock.advance(20.0)
    done = await caller.look_up(task_id)
    assert done["finished_at"] - done["created_at"] == pytest.approx(40.0)
    assert done["response"]["data"][0]["state"] == "succeeded"


async def test_unknown(caller: Caller) -> None:
    """An unknown id is an empty object alone, and left out of a batch."""
    assert await caller.look_up("no-such") == {}
    assert (await caller.batch("no-such")).json() == {"items": [], "count": 0}


async def test_default_action(caller: Caller) -> None:
    """Without an action a lookup is a retrieve."""
    task_id = await caller.generate()
    reply = await caller.http.post("/producer/tasks", json={"id": task_id})
    assert reply.json()["id"] == task_id


async def test_batch(caller: Caller) -> None:
    """A batch returns each known task once, in an order of its own."""
    ids = [await caller.generate() for _ in range(20)]
    reply = (await caller.batch(*ids, "no-such", *ids)).json()
    found = [item["id"] for item in reply["items"]]
    assert sorted(found) == sorted(ids)
    assert found != ids
    assert reply["count"] == 20


async def test_page_size(clock: ManualClock) -> None:
    """A truncated batch says how many there were."""
    async with Sandbox(clock=clock, page_size=12) as sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        ids = [await caller.generate() for _ in range(15)]
        reply = (await caller.batch(*ids)).json()
        assert (len(reply["items"]), reply["count"]) == (12, 15)


@pytest.mark.parametrize(
    "body",
    [
        {"action": "no_such"},
        {"action": ["retrieve"]},
        {},
        {"id": 7},
        {"id": ""},
        {"action": "retrieve_batch"},
        {"action": "retrieve_batch", "ids": "x"},
        {"action": "retrieve_batch", "ids": [["x"]]},
        {"action": "retrieve_batch", "ids": ["x"], "created_at_min": "yesterday"},
    ],
)
async def test_bad_bodies(caller: Caller, body: dict[str, Any]) -> None:
    """What is no lookup is refused."""
    assert (await caller.http.post("/producer/tasks", json=body)).status_code == 400


async def test_filters(caller: Caller, clock: ManualClock) -> None:
    """The filters of lists hold for a batch of ids as well."""
    early = await caller.generate()
    await clock.advance(10.0)
    await caller.submit("lyrics", prompt="a harbour")
    late = await caller.generate()
    records = [await caller.look_up(task_id) for task_id in (early, late)]

    async def found(**filters: Any) -> set[str]:
        body = {"action": "retrieve_batch", "ids": [early, late], **filters}
        reply = (await caller.http.post("/producer/tasks", json=body)).json()
        assert reply["count"] == len(reply["items"])
        return {item["id"] for item in reply["items"]}

    assert await found(type="audios", user_id=USER_ID) == {early, late}
    assert await found(type="lyrics") == await found(user_id="somebody else") == set()
    assert await found(created_at_max=records[0]["created_at"]) == {early}
    assert await found(created_at_min=records[0]["created_at"] + 1) == {late}


async def test_rate(clock: ManualClock) -> None:
    """Above the rate lookups are refused, and the pace that is right is not."""
    async with Sandbox(clock=clock, lookups_per_second=1.0) as sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        assert (await caller.batch("x")).status_code == 200
        assert (await caller.batch("x")).status_code == 429
        await clock.advance(1.0)
        assert (await caller.batch("x")).status_code == 200


async def test_tasks_in_flight(clock: ManualClock) -> None:
    """Above the limit submissions are refused until a task is over."""
    sandbox = Sandbox(clock=clock, durations=9.0, max_tasks=1)
    async with sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        await caller.generate()
        refused = await caller.submit(action="generate", prompt="x")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
        await clock.advance(9.0)
        assert await caller.generate()


_EXPECTED: dict[str, object] = {
    "lookup-500": 500,
    "lookup-502-html": 502,
    "lookup-429": 429,
    "lookup-429-retry-after": 429,
    "lookup-cut": httpx.RemoteProtocolError,
    "lookup-cut-body": httpx.RemoteProtocolError,
    "lookup-truncated": json.JSONDecodeError,
    "lookup-hang": httpx.ReadTimeout,
    "lookup-not-json": json.JSONDecodeError,
    "lookup-401": 401,
    "lookup-403": 403,
}


@pytest.mark.parametrize("batch", [False, True])
@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.stage is Stage.LOOKUP])
async def test_faults(sandbox: Sandbox, caller: Caller, name: str, *, batch: bool) -> None:
    """Each fault of a lookup strikes both kinds, once if it was asked once."""
    caller.http.timeout = httpx.Timeout(15.0)
    task_id = await caller.generate()
    sandbox.inject(name, times=1)
    expected = _EXPECTED[name]
    body = {"action": "retrieve_batch", "ids": [task_id]} if batch else {"id": task_id}
    if isinstance(expected, type):
        with pytest.raises((httpx.TransportError, ValueError)) as caught:
            (await caller.http.post("/producer/tasks", json=body)).json()
        assert type(caught.value) is expected
    else:
        reply = await caller.http.post("/producer/tasks", json=body)
        assert reply.status_code == expected
        assert ("retry-after" in reply.headers) == (name == "lookup-429-retry-after")
    assert (await caller.http.post("/producer/tasks", json=body)).json()


async def test_marked_lookup_fault(caller: Caller) -> None:
    """A marked task hurts its first lookups, those of others in the same batch as well."""
    marked = await caller.generate("#sandbox:lookup-500")
    other = await caller.generate()
    statuses = [(await caller.batch(other, marked)).status_code for _ in range(MARKED_LOOKUPS + 1)]
    assert statuses == [500] * MARKED_LOOKUPS + [200]


async def test_marked_batch_fault(caller: Caller) -> None:
    """A marked fault of batches leaves single lookups alone."""
    task_id = await caller.generate("#sandbox:batch-empty-count")
    assert (await caller.look_up(task_id))["id"] == task_id
    assert (await caller.batch(task_id)).json() == {"items": [], "count": 1}


async def test_batch_faults(sandbox: Sandbox, caller: Caller) -> None:
    """A batch can be empty in spite of its count, hold strangers, or say things twice."""
    task_id = await caller.generate()
    for name in ("batch-empty-count", "batch-foreign", "batch-duplicates"):
        sandbox.inject(name, times=1)
    empty = (await caller.batch(task_id)).json()
    assert empty == {"items": [], "count": 1}
    foreign = (await caller.batch(task_id)).json()
    assert len({item["id"] for item in foreign["items"]} - {task_id}) == 1
    twice = (await caller.batch(task_id)).json()
    assert [item["id"] for item in twice["items"]] == [task_id, task_id]


@pytest.mark.parametrize(
    ("name", "status"), [("batch-too-many-400", 400), ("batch-too-large-413", 413)]
)
async def test_too_large(sandbox: Sandbox, caller: Caller, name: str, status: int) -> None:
    """A batch is too large from one id above the limit on."""
    sandbox.inject(name)
    assert (await caller.batch(*"x" * 20)).status_code == 200
    assert (await caller.batch(*"x" * 21)).status_code == status


async def test_failed_lookup_shows_nothing(sandbox: Sandbox, caller: Caller) -> None:
    """A task vanishes only once a lookup has really shown it."""
    task_id = await caller.generate("#sandbox:vanish")
    sandbox.inject("lookup-500", times=1)
    await caller.http.post("/producer/tasks", json={"id": task_id})
    assert await caller.look_up(task_id)
    assert await caller.look_up(task_id) == {}
