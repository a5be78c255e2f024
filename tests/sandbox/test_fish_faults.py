"""What can go wrong with voices and speech."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.testing import ManualClock

from .conftest import VOICE_URL, Caller

_SUBMISSION_FAULTS = [name for name, fault in FAULTS.items() if fault.stage is Stage.SUBMISSION]
_WITHOUT_EFFECT = {
    "speak": {"sync-training"},
    "create_model": {"sync", "ack-with-success", "task-id-in-error", "sync-training"},
}
"""Faults that an action cannot have: a model has no task, and speech is not trained."""

_BARE: dict[str, set[str]] = {"create_voice": set(), "speak": {"sync"}, "create_model": set()}
"""Faults whose answer has no id in it."""

_BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "create_voice": ("voices", {"voice_url": VOICE_URL, "callback_url": "https://a.example/"}),
    "speak": ("tts", {"text": "Hello.", "async": True}),
    "create_model": ("model", {"title": "t", "voices": VOICE_URL}),
}


@pytest.mark.parametrize("action", _BODIES)
@pytest.mark.parametrize("name", _SUBMISSION_FAULTS)
async def test_submissions(sandbox: Sandbox, caller: Caller, name: str, action: str) -> None:
    """Each fault of a submission strikes each action, and creates only what it says."""
    caller.http.timeout = httpx.Timeout(300.0)
    sandbox.inject(name, times=1, on=action)
    address, body = _BODIES[action]
    try:
        reply = await caller.fish(address, **body)
        right = reply.status_code == 200 and set(reply.json()) & {"task_id", "_id"}
    except (httpx.TransportError, ValueError):
        right = set()
    if name in _WITHOUT_EFFECT.get(action, ()):
        assert right
        assert sandbox.stats.submissions == 1
    else:
        assert bool(right) == (
            name in {"ack-with-success", "sync", "sync-training"} - _BARE[action]
        )
        created = FAULTS[name].effect.startswith("task created")
        assert sandbox.stats.submissions_by_action == ({action: 1} if created else {})


async def test_forms_of_refusals(sandbox: Sandbox, caller: Caller) -> None:
    """The message can be a list of problems, or an envelope of its own, both as JSON."""
    for name in ("e3-fields", "e3-nested"):
        sandbox.inject(name, times=1, on="speak")
    fields = (await caller.fish("tts", text="x")).json()
    (problem,) = json.loads(fields["message"])
    assert problem["loc"] == ["body", "text"]
    nested = (await caller.fish("tts", text="x")).json()
    assert json.loads(nested["message"]) == {"status": 400, "message": "Reference not found"}
    assert sandbox.stats.submissions == 0


async def test_sync(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """An answer that was not to come at once is the one that a synchronous call gets."""
    sandbox.inject("sync")
    address, body = _BODIES["speak"]
    speech = await caller.fish(address, **body)
    assert list(speech.json()) == ["audio_url"]
    voice = await caller.fish("voices", voice_url=VOICE_URL, callback_url="https://a.example/")
    assert list(voice.json()) == ["success", "task_id", "trace_id", "data"]
    assert clock.elapsed == pytest.approx(84.0)


@pytest.mark.parametrize("callback", ["", "https://a.example/"])
async def test_sync_training(caller: Caller, clock: ManualClock, callback: str) -> None:
    """A voice can be answered at once in training; its task goes on."""
    reply = await caller.fish(
        "voices", voice_url=VOICE_URL, description="#sandbox:sync-training", callback_url=callback
    )
    assert clock.elapsed == 0.0
    answer = reply.json()
    assert answer["data"]["state"] == "training"
    assert "finished_at" not in await caller.record(answer["task_id"])
    await clock.advance(80.0)
    record = await caller.record(answer["task_id"])
    assert record["response"]["data"] == {**answer["data"], "state": "trained"}


async def test_trained_late(caller: Caller, clock: ManualClock) -> None:
    """A voice can be finished in training and trained in twice the time, wherever it is shown."""
    task_id = await caller.order("voices", title="#sandbox:trained-late")
    states = []
    for _ in range(2):
        await clock.advance(80.0)
        record = await caller.record(task_id)
        assert record["finished_at"] - record["created_at"] == pytest.approx(80.0)
        voice = record["response"]["data"]
        states += [voice["state"], (await caller.shown(voice["_id"]))["state"]]
    assert states == ["training", "training", "trained", "trained"]


async def test_trained_late_at_once(caller: Caller, clock: ManualClock) -> None:
    """A synchronous answer comes when the task is finished, trained or not."""
    assert (await caller.voice(title="#sandbox:trained-late"))["state"] == "training"
    assert clock.elapsed == pytest.approx(80.0)


async def test_cost(caller: Caller, clock: ManualClock) -> None:
    """A record can tell what a song or a voice has cost; speech always tells its own."""
    song = await caller.generate("#sandbox:with-cost")
    voice = await caller.order("voices", title="#sandbox:with-cost")
    speech = await caller.order(text="#sandbox:with-cost")
    failing = await caller.generate("#sandbox:with-cost#sandbox:fail-F1")
    await clock.advance(80.0)
    assert (await caller.look_up(song))["response"]["cost"] == {"amount": 8}
    assert (await caller.record(voice))["response"]["cost"] == {"amount": 8}
    assert (await caller.record(speech))["response"]["cost"]["amount"] < 1
    assert "cost" not in (await caller.look_up(failing))["response"]


_ERROR = {"code": "api_error", "message": "fetch failed"}
_FAILURES: dict[str, dict[str, Any]] = {
    "fail-F1": {"success": False, "error": _ERROR, "data": []},
    "fail-F2": {"error": "fetch failed"},
    "fail-F3": {"error": {"message": "fetch failed"}},
    "fail-F5": {"success": False, "error": _ERROR},
    "fail-F6": {"success": False, "error": "fetch failed"},
    "fail-F7": {"status": 400, "message": "fetch failed"},
}


@pytest.mark.parametrize("address", ["tts", "voices"])
@pytest.mark.parametrize("name", _FAILURES)
async def test_failed(
    sandbox: Sandbox, caller: Caller, clock: ManualClock, name: str, address: str
) -> None:
    """Voices and speech fail in the shapes that songs do."""
    sandbox.inject(name)
    task_id = await caller.order(address)
    await clock.advance(80.0)
    record = await caller.record(task_id)
    assert record["response"].items() >= _FAILURES[name].items()
    assert ("finished_at" in record) == (name not in {"fail-F5", "fail-F6"})
    reply = await caller.fish(address, text="x", voice_url=VOICE_URL)
    assert (reply.status_code, reply.json()["error"]) == (500, _ERROR)


async def test_partial_success(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """A failure can have its result beside it."""
    sandbox.inject("fail-F4")
    speech, voice = await caller.order(), await caller.order("voices")
    await clock.advance(80.0)
    response = (await caller.record(speech))["response"]
    assert response["success"] is False
    assert (await caller.http.get(response["audio_url"])).status_code == 200
    assert (await caller.record(voice))["response"]["data"]["_id"]


async def test_while_it_runs(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """A voice has a preview in training, speech has none; both can store acknowledgements."""
    sandbox.inject("preview", times=2)
    voice, speech = await caller.order("voices"), await caller.order()
    sandbox.inject("ack-stored", times=1)
    stored = await caller.order()
    await clock.advance(3.0)
    preview = (await caller.record(voice))["response"]
    assert (list(preview), preview["data"]["state"]) == (["task_id", "data"], "training")
    assert "response" not in await caller.record(speech)
    assert (await caller.record(stored))["response"] == {"success": True, "task_id": stored}


async def test_no_result(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """A success can bring nothing."""
    sandbox.inject("no-result")
    speech, voice = await caller.order(), await caller.order("voices")
    await clock.advance(80.0)
    told = (await caller.record(speech))["response"]
    assert (told["success"], told.keys()) == (True, {"success", "task_id", "trace_id"})
    assert (await caller.record(voice))["response"]["data"] == []


async def test_batch_faults(sandbox: Sandbox, caller: Caller) -> None:
    """A stranger among the tasks of Fish is one of Fish."""
    sandbox.inject("batch-foreign")
    reply = await caller.fish("tasks", action="retrieve_batch", ids=["x"])
    assert [item["type"] for item in reply.json()["items"]] == ["fish_tts"]


async def test_marked_lookups(caller: Caller) -> None:
    """A marked task of Fish hurts its first lookups."""
    task_id = await caller.order(text="#sandbox:lookup-500")
    statuses = [(await caller.fish("tasks", id=task_id)).status_code for _ in range(4)]
    assert statuses == [500, 500, 500, 200]
