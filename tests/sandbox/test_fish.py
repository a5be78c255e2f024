"""Voices and speech: how their submissions are answered, and their tasks looked up."""

from __future__ import annotations

import io
import wave
from typing import Any

import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.mp3 import frames_of
from acedata_async.testing import ManualClock

from .conftest import CALLBACK, USER_ID, VOICE_URL, Caller, caller_of

_ENTITY = {
    "_id",
    "type",
    "title",
    "description",
    "cover_image",
    "train_mode",
    "state",
    "tags",
    "samples",
    "created_at",
    "updated_at",
    "languages",
    "visibility",
    "lock_visibility",
    "default_text",
    "like_count",
    "mark_count",
    "shared_count",
    "task_count",
    "unliked",
    "liked",
    "marked",
    "author",
}
"""The fields of a voice in the documents' examples."""


async def test_voice(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """A voice takes twice as long as a song and comes in the documents' own shape."""
    reply = await caller.fish(
        "voices", voice_url=VOICE_URL, title="test", description="d", image_urls=[VOICE_URL]
    )
    assert clock.elapsed == pytest.approx(80.0)
    assert list(reply.json()) == ["success", "task_id", "trace_id", "data"]
    voice = reply.json()["data"]
    assert voice.keys() == _ENTITY
    assert (voice["title"], voice["description"], voice["state"]) == ("test", "d", "trained")
    assert voice["cover_image"] == f"coverimage/{voice['_id']}"
    (sample,) = voice["samples"]
    assert sample["audio"] == f"task/{sample['task_id']}.mp3"
    author = voice["author"]
    assert author["avatar"] == f"avatars/{author['_id']}.jpg"
    assert all(len(one) == 32 for one in (voice["_id"], sample["task_id"], author["_id"]))
    assert sandbox.stats.submissions_by_action == {"create_voice": 1}


async def test_voice_in_the_background(caller: Caller, clock: ManualClock) -> None:
    """With a callback there is an id at once, and the record has the synchronous answer."""
    body: dict[str, Any] = {"voice_url": VOICE_URL, "title": "t", "callback_url": CALLBACK}
    reply = await caller.fish("voices", **body)
    task_id = reply.json()["task_id"]
    assert (reply.json(), clock.elapsed) == ({"task_id": task_id}, 0.0)
    early = await caller.record(task_id)
    assert (early["type"], early["request"], early.get("response")) == ("voices", body, None)
    await clock.advance(80.0)
    record = await caller.record(task_id)
    assert list(record["response"]) == ["success", "task_id", "trace_id", "data"]
    assert record["response"]["data"]["state"] == "trained"
    assert record["finished_at"] - record["created_at"] == pytest.approx(80.0)


async def test_training(caller: Caller, clock: ManualClock) -> None:
    """A voice is in the catalogue from the start, and training until its task is finished."""
    await caller.order("voices", title="Slow")
    (voice,) = (await caller.http.get("/fish/model?self=true")).json()["items"]
    assert voice["state"] == "training"
    await clock.advance(79.9)
    assert (await caller.shown(voice["_id"]))["state"] == "training"
    await clock.advance(0.2)
    assert (await caller.shown(voice["_id"]))["state"] == "trained"


async def test_voice_that_fails(caller: Caller, clock: ManualClock) -> None:
    """A voice whose training fails is gone."""
    await caller.order("voices", title="#sandbox:fail-F1")
    (voice,) = (await caller.http.get("/fish/model?self=true")).json()["items"]
    await clock.advance(80.0)
    assert await caller.shown(voice["_id"]) == {"status": 400, "message": "Model not found"}
    assert (await caller.http.get("/fish/model?self=true")).json()["total"] == 0


async def test_speech(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """Speech takes a tenth of a song's time and comes as a bare address."""
    reply = await caller.fish("tts", text="Hello there, how are you?", callback_url="")
    assert clock.elapsed == pytest.approx(4.0)
    assert list(reply.json()) == ["audio_url"]
    file = await caller.http.get(reply.json()["audio_url"])
    assert file.headers["content-type"] == "audio/mpeg"
    assert frames_of(file.content)
    assert sandbox.stats.submissions_by_action == {"speak": 1}


@pytest.mark.parametrize("fields", [{"async": True}, {"callback_url": CALLBACK}])
async def test_speech_in_the_background(
    caller: Caller, clock: ManualClock, fields: dict[str, Any]
) -> None:
    """With async or a callback there is an id and a start, and a record with the cost."""
    body = {"text": "Hello.", "model": "no-such", "unheard_of": [1], **fields}
    reply = (await caller.fish("tts", **body)).json()
    assert list(reply) == ["task_id", "started_at"]
    assert isinstance(reply["started_at"], float)
    await clock.advance(4.0)
    record = await caller.record(reply["task_id"])
    assert (record["type"], record["request"]) == ("fish_tts", body)
    assert list(record["response"]) == ["success", "task_id", "trace_id", "audio_url", "cost"]
    assert record["response"]["trace_id"] == record["trace_id"]


async def test_cost(caller: Caller, clock: ManualClock) -> None:
    """What speech costs grows with the bytes of its text."""
    ids = [await caller.order(text=text) for text in ("a", "aa", "ää", "ä" * 100)]
    await clock.advance(4.0)
    costs = [(await caller.record(one))["response"]["cost"]["amount"] for one in ids]
    assert costs == sorted(set(costs))


@pytest.mark.parametrize(
    ("fields", "kind", "rate"),
    [
        ({}, "audio/mpeg", None),
        ({"format": "mp3", "sample_rate": 16000}, "audio/mpeg", None),
        ({"format": "wav"}, "audio/wav", 44100),
        ({"format": "pcm", "sample_rate": 16000}, "audio/wav", 16000),
    ],
)
async def test_formats(caller: Caller, fields: dict[str, Any], kind: str, rate: int | None) -> None:
    """The address ends in mp3 whatever it is; PCM is a WAV file as well."""
    url = (await caller.fish("tts", text="Hello there.", **fields)).json()["audio_url"]
    assert url.endswith(".mp3")
    file = await caller.http.get(url)
    assert file.headers["content-type"] == kind
    if rate is not None:
        with wave.open(io.BytesIO(file.content)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (
                rate,
                1,
                2,
            )


async def test_prosody(caller: Caller) -> None:
    """Twice as fast is half as long."""
    files = []
    for prosody in ({}, {"speed": 2, "volume": -3, "normalize_loudness": True}):
        reply = await caller.fish("tts", text="slow and steady " * 9, prosody=prosody)
        files.append((await caller.http.get(reply.json()["audio_url"])).content)
    slow, fast = (len(frames_of(file)) for file in files)
    assert fast == pytest.approx(slow / 2, abs=1)


@pytest.mark.parametrize("engine", ["s1", "s2-pro", "s2.1-pro"])
async def test_engines(caller: Caller, engine: str) -> None:
    """The engine is a header."""
    assert (await caller.fish("tts", engine=engine, text="x")).status_code == 200


async def test_unknown_engine(sandbox: Sandbox, caller: Caller) -> None:
    """An engine that there is not is refused in words."""
    reply = await caller.fish("tts", engine="s9", text="x")
    assert reply.status_code == 400
    assert "s2-pro" in reply.json()["message"]
    assert sandbox.stats.submissions == 0


async def test_model(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """A model is made at once, bare, with a sample at an absolute address; it is no task."""
    model = await caller.model(tags=["a"], texts=["Say this."], visibility="private")
    assert model.keys() == _ENTITY | {"dmca_taken_down", "default_mode", "quality"}
    assert (model["state"], model["tags"], model["visibility"]) == ("trained", ["a"], "private")
    (sample,) = model["samples"]
    assert sample["audio"].startswith("https://media.sandbox.acedata.invalid/task/")
    assert sample["text"] == "Say this."
    assert (clock.elapsed, sandbox.tasks) == (0.0, [])
    assert sandbox.stats.submissions_by_action == {"create_model": 1}
    assert [body["title"] for body in sandbox.submissions] == ["Harbour"]


async def test_services_see_their_own_tasks(caller: Caller, clock: ManualClock) -> None:
    """Neither service knows or lists the tasks of the other."""
    song, speech = await caller.generate(), await caller.order()
    assert await caller.look_up(speech) == {}
    assert await caller.record(song) == {}
    both = {"action": "retrieve_batch", "ids": [song, speech]}
    every = {"action": "retrieve_batch", "user_id": USER_ID}
    for service, own in (("producer", song), ("fish", speech)):
        for body in (both, every):
            reply = (await caller.http.post(f"/{service}/tasks", json=body)).json()
            assert [item["id"] for item in reply["items"]] == [own]
            assert reply["count"] == 1


async def test_songs_stay_what_they_are(caller: Caller) -> None:
    """Voices and speech in between change no song."""
    first = await caller.song()
    async with Sandbox(durations=40.0) as other, caller_of(other) as http:
        asking = Caller(http)
        await asking.voice()
        await asking.fish("tts", text="x")
        await asking.model()
        second = await asking.song()
    assert (first["id"], first["seed"]) == (second["id"], second["seed"])


async def test_limits_hold_for_both(clock: ManualClock) -> None:
    """Tasks in flight are those of both services; a model is none."""
    async with Sandbox(clock=clock, max_tasks=1) as sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        await caller.generate()
        refused = await caller.fish("tts", text="x")
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "rate_limited")
        assert await caller.model()
