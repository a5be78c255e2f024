"""What is called back, and when."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.testing import ManualClock

from .conftest import VOICE_URL, Caller, caller_of
from .receiving import HOOK, calling_back

_FAILURES = [f"fail-F{number}" for number in range(1, 8)]


async def test_success() -> None:
    """The body is that of the synchronous answer, with the record's trace id."""
    async with calling_back() as scene:
        task_id = await scene.caller.generate(callback_url=HOOK)
        assert scene.inbox.arrivals == []
        arrival = await scene.arrival()
        record = await scene.caller.look_up(task_id)
    assert (arrival.method, arrival.path, arrival.query) == ("POST", "/hooks/secret", b"x=1")
    assert arrival.headers[b"content-type"] == b"application/json"
    assert arrival.headers[b"host"] == b"me.example"
    assert b"authorization" not in arrival.headers
    assert arrival.after == pytest.approx(40.5)
    assert arrival.body == {
        "success": True,
        "task_id": task_id,
        "trace_id": record["trace_id"],
        "data": record["response"]["data"],
    }


@pytest.mark.parametrize("fields", [{"action": "generate"}, {"action": "stems"}])
async def test_as_synchronous(fields: dict[str, Any]) -> None:
    """To the byte it is what the same sandbox answers who waits for the result."""
    sources: list[bytes] = []
    for way in ({}, {"callback_url": HOOK}):
        async with calling_back(durations=0.0, link_lifetime=9.0) as scene:
            fields["audio_id"] = (await scene.caller.song())["id"]
            reply = await scene.caller.submit(prompt="A song", **fields, **way)
            sources.append((await scene.arrival()).raw if way else reply.content)
    assert sources[0] == sources[1]


@pytest.mark.parametrize("fault", _FAILURES)
async def test_failure(fault: str) -> None:
    """A task that fails in whatever shape is told of in one form."""
    async with calling_back() as scene:
        scene.sandbox.inject(fault)
        task_id = await scene.caller.generate(callback_url=HOOK)
        arrival = await scene.arrival()
        record = await scene.caller.look_up(task_id)
    assert arrival.body == {
        "success": False,
        "task_id": task_id,
        "trace_id": record["trace_id"],
        "error": {"code": "api_error", "message": "fetch failed"},
    }


async def test_speech() -> None:
    """Of speech the address is told alone."""
    async with calling_back() as scene:
        task_id = await scene.caller.order(callback_url=HOOK)
        arrival = await scene.arrival()
        record = await scene.caller.record(task_id)
    assert arrival.after == pytest.approx(4.5)
    audio_url = record["response"]["audio_url"]
    assert arrival.body == {"task_id": task_id, "audio_url": audio_url}


async def test_voice() -> None:
    """A voice is told of as a synchronous answer has it, trained."""
    async with calling_back() as scene:
        task_id = await scene.caller.order("voices", callback_url=HOOK)
        arrival = await scene.arrival()
        record = await scene.caller.record(task_id)
    assert arrival.after == pytest.approx(80.5)
    assert arrival.body["data"] == record["response"]["data"]
    assert arrival.body["data"]["state"] == "trained"
    assert arrival.body["trace_id"] == record["trace_id"]


async def test_nobody_to_call() -> None:
    """Only those are called back who ask for it, about what is made in the background."""
    async with calling_back(durations=0.0) as scene:
        caller = scene.caller
        await caller.generate("#sandbox:callback-early")
        await caller.generate("#sandbox:callback-lost", callback_url="")
        await caller.submit("lyrics", prompt="a harbour", callback_url=HOOK)
        await caller.model(callback_url=HOOK)
        refused = await caller.submit(action="cover", audio_id="x", callback_url=HOOK)
        assert refused.status_code == 400
        await scene.clock.advance(1000.0)
        assert scene.inbox.arrivals == []
        stats = scene.sandbox.stats
        assert (stats.callbacks_sent, stats.callbacks_undelivered) == (0, 0)


@pytest.mark.parametrize(
    "address",
    ["https://api.acedata.cloud/health", "https://sandbox.acedata.invalid/health?marker=1"],
)
async def test_placeholder(address: str) -> None:
    """The address that stands for nobody is not called, and not counted either."""
    async with calling_back() as scene:
        await scene.caller.generate(callback_url=address)
        await scene.clock.advance(1000.0)
        assert scene.inbox.arrivals == []
        assert scene.sandbox.stats.callbacks_undelivered == 0


async def test_never() -> None:
    """A task that never ends is never called back."""
    async with calling_back() as scene:
        await scene.caller.generate("#sandbox:never", callback_url=HOOK)
        await scene.clock.advance(1e6)
        assert scene.inbox.arrivals == []


async def test_lost() -> None:
    """A callback that is lost never comes, and is counted."""
    async with calling_back() as scene:
        scene.sandbox.inject("callback-lost", times=1)
        await scene.caller.generate()
        lost = await scene.caller.generate(callback_url=HOOK)
        await scene.caller.generate(callback_url=HOOK)
        assert (await scene.arrival()).body["task_id"] != lost
        assert scene.sandbox.stats.callbacks_undelivered == 1
        assert scene.sandbox.stats.callbacks_sent == 1


async def test_twice() -> None:
    """The same comes a second time a second later."""
    async with calling_back() as scene:
        await scene.caller.generate("#sandbox:callback-twice", callback_url=HOOK)
        await scene.clock.advance(1000.0)
        first, second = scene.inbox.arrivals
        assert first.raw == second.raw
        assert scene.inbox.times == [40.5, 41.5]
        assert scene.sandbox.stats.callbacks_sent == 2


async def test_late() -> None:
    """It comes half a minute after it should."""
    async with calling_back() as scene:
        await scene.caller.generate("#sandbox:callback-late", callback_url=HOOK)
        assert (await scene.arrival()).after == pytest.approx(70.5)


async def test_early() -> None:
    """It is there before the submission is answered, and is the only one."""
    async with calling_back() as scene:
        reply = await scene.caller.generate("#sandbox:callback-early", callback_url=HOOK)
        (arrival,) = scene.inbox.arrivals
        assert (arrival.after, arrival.body["task_id"]) == (0.0, reply)
        assert arrival.body["data"][0]["state"] == "succeeded"
        assert "response" not in await scene.caller.look_up(reply)
        await scene.arrival()


async def test_early_and_again() -> None:
    """Neither tries after the first nor a repeat hold the answer up."""
    async with calling_back([500], callback_retries=(5.0,)) as scene:
        scene.sandbox.inject("callback-twice")
        await scene.caller.generate("#sandbox:callback-early", callback_url=HOOK)
        assert scene.inbox.times == [0.0]
        await scene.clock.advance(1000.0)
        assert scene.inbox.times == [0.0, 5.0, 6.0]


async def test_early_and_unacknowledged() -> None:
    """It may be all that comes of a submission."""
    async with calling_back() as scene:
        scene.sandbox.inject("callback-early")
        scene.sandbox.inject("error-500-after-accept", times=1)
        reply = await scene.caller.submit(action="generate", prompt="x", callback_url=HOOK)
        assert reply.status_code == 500
        assert [one.body["task_id"] for one in scene.inbox.arrivals] == scene.sandbox.tasks


@pytest.mark.parametrize("fault", ["", "#sandbox:never"])
async def test_while_running(fault: str) -> None:
    """It comes when the task has just started, and a lookup then shows that it runs."""
    async with calling_back() as scene:
        prompt = f"#sandbox:callback-while-running{fault}"
        task_id = await scene.caller.generate(prompt, callback_url=HOOK)
        arrival = await scene.arrival(2.0)
        assert arrival.after == pytest.approx(0.8 + 0.5)
        assert arrival.body["success"] is True
        record = await scene.caller.look_up(task_id)
        assert record.keys() & {"started_at", "finished_at"} == {"started_at"}
        await scene.arrival()


async def test_garbled() -> None:
    """Half of the JSON comes."""
    async with calling_back() as scene:
        await scene.caller.generate("#sandbox:callback-garbled", callback_url=HOOK)
        arrival = await scene.arrival()
    assert arrival.raw.startswith(b'{"success":true')
    with pytest.raises(json.JSONDecodeError):
        arrival.body  # noqa: B018 - reading it is what fails


async def test_wrong_type() -> None:
    """It is called a web page."""
    async with calling_back() as scene:
        await scene.caller.generate("#sandbox:callback-wrong-type", callback_url=HOOK)
        arrival = await scene.arrival()
    assert arrival.headers[b"content-type"] == b"text/html; charset=utf-8"
    assert arrival.body["success"] is True


@pytest.mark.parametrize(("fault", "seconds"), [("fail-F1", 40.5), ("preview", 1.3)])
async def test_lies(fault: str, seconds: float) -> None:
    """Success is told, with files of another host, of a task that fails or runs."""
    async with calling_back() as scene:
        prompt = f"#sandbox:callback-lies#sandbox:{fault}"
        task_id = await scene.caller.generate(prompt, callback_url=HOOK)
        arrival = await scene.arrival(50.0)
        assert arrival.after == pytest.approx(seconds)
        assert (arrival.body["success"], arrival.body["task_id"]) == (True, task_id)
        (item,) = arrival.body["data"]
        assert item["audio_url"].startswith("https://audio.elsewhere.invalid/")
        assert item["state"] == "succeeded"
        record = await scene.caller.look_up(task_id)
        assert "elsewhere" not in json.dumps(record)


async def test_lies_of_speech() -> None:
    """The same is done with speech."""
    async with calling_back() as scene:
        task_id = await scene.caller.order(text="#sandbox:callback-lies", callback_url=HOOK)
        arrival = await scene.arrival()
    assert arrival.body["audio_url"].startswith("https://audio.elsewhere.invalid/")
    assert arrival.body["task_id"] == task_id


@pytest.mark.parametrize("speech", [False, True])
async def test_wrong_id(*, speech: bool) -> None:
    """It names a task that is not to be found."""
    async with calling_back() as scene:
        marker = "#sandbox:callback-wrong-id"
        if speech:
            task_id = await scene.caller.order(text=marker, callback_url=HOOK)
        else:
            task_id = await scene.caller.generate(marker, callback_url=HOOK)
        told = (await scene.arrival()).body["task_id"]
        assert told != task_id
        assert await scene.caller.look_up(told) == await scene.caller.record(told) == {}


async def test_several_faults() -> None:
    """Several may strike one callback."""
    async with calling_back() as scene:
        for fault in ("callback-late", "callback-twice", "callback-wrong-type"):
            scene.sandbox.inject(fault, on="create_voice")
        await scene.caller.fish("voices", voice_url=VOICE_URL, callback_url=HOOK)
        await scene.clock.advance(1000.0)
        assert scene.inbox.times == [110.5, 111.5]
        types = {one.headers[b"content-type"] for one in scene.inbox.arrivals}
        assert types == {b"text/html; charset=utf-8"}
        with pytest.raises(ValueError, match="generate, cover"):
            scene.sandbox.inject("callback-late", on="lyrics")


@pytest.mark.parametrize("name", [n for n, f in FAULTS.items() if f.stage is Stage.CALLBACK])
async def test_songs_are_the_same(name: str, clock: ManualClock) -> None:
    """Neither callbacks nor their faults change what is made, or what is shown of it."""
    records = []
    for fault in (None, name):
        async with Sandbox(clock=ManualClock(), seed=3) as sandbox, caller_of(sandbox) as http:
            if fault:
                sandbox.inject(fault)
            task_id = await Caller(http).generate(callback_url=HOOK)
            records.append(await Caller(http).look_up(task_id))
    assert records[0] == records[1]
