"""Every JSON body of the vendor's Fish documents, by way of a client."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from acedata_async import NotFound, ServerError, Speech, SubmissionUnknown, Task, Voice
from tests.fish.conftest import RECORDING, Scripted

VOICE_TASK = "b01db503-dd9e-4f92-861a-344f14756217"
VOICE_TRACE = "8731a2f1-7736-4a47-98e7-da942f9346a7"
CALLED_TASK = "9f626a13-96ec-4dec-8846-dc5aab7362a8"
CALLED_TRACE = "3fcdea82-7c1c-4a0a-b8d8-f7616f722d8f"
SPEECH_TASK = "79d82713-2897-4eeb-9934-e7544d471aa7"
SPEECH_URL = "https://platform.r2.fish.audio/task/05f81919f2e04e35bb404a88fb177854.mp3"
HOOK = "https://webhook.site/0d73431d-f833-4be4-9276-b6e1690d55c1"
MEDIA = "https://platform.r2.fish.audio"

REQUEST = {"voice_url": RECORDING, "title": "test", "description": "test"}
"""The request of the documents."""

CORAL = (
    "Протягом тривалого спостереження було виявлено, що риби в екосистемі коралових рифів мають"
    " складні моделі групової поведінки. Вони використовують зміни кольору та специфічні пози"
    " плавання для передачі інформації, ця складна система невербальної комунікації демонструє"
    " адаптивну мудрість морських організмів."
)
DOLPHINS = (
    "Дельфіни орієнтуються в океані за допомогою системи ехолокації, ця точна звукова технологія"
    " дозволяє їм виявляти навколишнє середовище, шукати їжу та уникати небезпеки. Це не лише"
    " демонструє адаптаційні можливості морських істот, але й розкриває чудовий дизайн природи."
)


def entity(voice_id: str, sample_id: str, text: str, created: str, updated: str) -> dict[str, Any]:
    """Return a voice as the documents print it."""
    sample = {
        "title": "Default Sample",
        "text": text,
        "task_id": sample_id,
        "audio": f"task/{sample_id}.mp3",
    }
    return {
        "_id": voice_id,
        "type": "tts",
        "title": "test",
        "description": "test",
        "cover_image": f"coverimage/{voice_id}",
        "train_mode": "fast",
        "state": "trained",
        "tags": [],
        "samples": [sample],
        "created_at": created,
        "updated_at": updated,
        "languages": ["zh"],
        "visibility": "public",
        "lock_visibility": False,
        "default_text": text,
        "like_count": 0,
        "mark_count": 0,
        "shared_count": 0,
        "task_count": 0,
        "unliked": False,
        "liked": False,
        "marked": False,
        "author": {
            "_id": "7ecad23df62a4174acd6a2a6cb5201ee",
            "nickname": "Matthew Garcia",
            "avatar": "avatars/7ecad23df62a4174acd6a2a6cb5201ee.jpg",
        },
    }


ANSWER: dict[str, Any] = {
    "success": True,
    "task_id": VOICE_TASK,
    "trace_id": VOICE_TRACE,
    "data": entity(
        "d5d21261512b4852b9ccd709facf93f3",
        "4ae961828fc94c07b2103dc039a8466b",
        CORAL,
        "2025-09-21T07:29:41.058506Z",
        "2025-09-21T07:29:41.057917Z",
    ),
}
"""The synchronous answer."""

CALLED_BACK: dict[str, Any] = {
    "success": True,
    "task_id": CALLED_TASK,
    "trace_id": CALLED_TRACE,
    "data": entity(
        "fa75e7c3f02f42e79a6aa622b6cf075e",
        "68cdda24d26e4794bae177e20da740db",
        DOLPHINS,
        "2025-09-21T07:36:20.200865Z",
        "2025-09-21T07:36:20.200353Z",
    ),
}
"""The body of the callback."""

FAILURE = {
    "success": False,
    "error": {"code": "api_error", "message": "fetch failed"},
    "trace_id": "2cf86e86-22a4-46e1-ac2f-032c0f2a4e89",
}
"""The error."""


def check_voice(voice: Voice, data: dict[str, Any]) -> None:
    """Make sure that a voice says what the document says, in every field."""
    text = data["default_text"]
    assert (voice.id, voice.type, voice.train_mode) == (data["_id"], "tts", "fast")
    assert (voice.title, voice.description) == ("test", "test")
    assert (voice.state, voice.trained) == ("trained", True)
    assert voice.cover_image == f"coverimage/{voice.id}"
    assert voice.cover_url == f"{MEDIA}/coverimage/{voice.id}"
    assert (voice.tags, voice.languages) == ([], ["zh"])
    assert (voice.visibility, voice.lock_visibility) == ("public", False)
    assert voice.default_text == text
    assert voice.like_count == voice.mark_count == voice.shared_count == voice.task_count == 0
    assert (voice.unliked, voice.liked, voice.marked) == (False, False, False)
    (sample,) = voice.samples
    sample_id = data["samples"][0]["task_id"]
    assert (sample.title, sample.text, sample.task_id) == ("Default Sample", text, sample_id)
    assert sample.audio == f"task/{sample_id}.mp3"
    assert sample.audio_url == f"{MEDIA}/task/{sample_id}.mp3"
    assert voice.author is not None
    assert voice.author.id == "7ecad23df62a4174acd6a2a6cb5201ee"
    assert voice.author.nickname == "Matthew Garcia"
    assert voice.author.avatar_url == f"{MEDIA}/avatars/7ecad23df62a4174acd6a2a6cb5201ee.jpg"
    assert voice.raw == data


def record(task_id: str, kind: str, response: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a finished record, with the ids of the documents' example."""
    return {
        "_id": "68cfad98550a4144a5476a92",
        "id": task_id,
        "api_id": "8e6f8083-4683-45fe-a993-3e1d993fc999",
        "trace_id": "e2d308bc-4df8-4c69-9369-a60f3c54f2b3",
        "type": kind,
        "request": {},
        "created_at": 1758439141.0,
        "finished_at": 1758439241.0,
        "response": response,
        **fields,
    }


async def test_voice_request() -> None:
    """The body is exactly the documented one, with the documented headers."""
    vendor = Scripted(ANSWER)
    await vendor.ace.fish.create_voice(RECORDING, title="test", description="test")
    (request,) = vendor.requests
    assert str(request.url) == "https://api.acedata.cloud/fish/voices"
    assert (request.method, json.loads(request.content)) == ("POST", REQUEST)
    head = request.headers
    assert head["authorization"] == "Bearer token"
    assert head["content-type"] == head["accept"] == "application/json"
    assert "model" not in head


async def test_voice_answered_at_once() -> None:
    """The watcher is done, has the task's id, and its result is the voice in every field."""
    vendor = Scripted(ANSWER)
    watcher = await vendor.ace.fish.create_voice(RECORDING, title="test", description="test")
    assert (watcher.id, watcher.state, watcher.done()) == (VOICE_TASK, "succeeded", True)
    made = await watcher
    check_voice(made, ANSWER["data"])
    assert made.task_id == VOICE_TASK
    assert made.created_at == datetime(2025, 9, 21, 7, 29, 41, 58506, UTC)
    assert made.updated_at == datetime(2025, 9, 21, 7, 29, 41, 57917, UTC)
    assert watcher.task is not None
    assert watcher.task.trace_id == VOICE_TRACE
    assert len(vendor.requests) == 1


async def test_voice_acknowledged() -> None:
    """With a callback_url the answer names the task, which then is watched; nothing is proved."""
    vendor = Scripted({"task_id": CALLED_TASK}, record(CALLED_TASK, "voices", CALLED_BACK))
    watcher = await vendor.ace.fish.create_voice(
        RECORDING, title="test", description="test", callback_url=HOOK
    )
    assert json.loads(vendor.requests[0].content) == {**REQUEST, "callback_url": HOOK}
    assert (watcher.id, watcher.state, watcher.done()) == (CALLED_TASK, "pending", False)
    check_voice(await watcher, CALLED_BACK["data"])
    lookup = vendor.requests[1]
    assert lookup.url.path == "/fish/tasks"
    assert json.loads(lookup.content) == {"id": CALLED_TASK, "action": "retrieve"}


async def test_callback_body() -> None:
    """What is posted to a callback_url is a synchronous answer, and the record has it too."""
    assert CALLED_BACK.keys() == ANSWER.keys()
    vendor = Scripted(record(CALLED_TASK, "voices", CALLED_BACK))
    made = await vendor.ace.fish.watch(CALLED_TASK, result=Voice)
    check_voice(made, CALLED_BACK["data"])
    assert made.created_at == datetime(2025, 9, 21, 7, 36, 20, 200865, UTC)
    assert made.task_id == CALLED_TASK


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_voice_that_fails(status: int) -> None:
    """The documented error, as a 500, leaves it unknown whether there is a voice."""
    vendor = Scripted(httpx.Response(status, json=FAILURE))
    with pytest.raises(SubmissionUnknown) as unknown:
        await vendor.ace.fish.create_voice(RECORDING, title="test", description="test")
    assert unknown.value.status == status
    cause = unknown.value.__cause__
    assert isinstance(cause, ServerError)
    assert (cause.code, cause.message) == ("api_error", "fetch failed")
    assert cause.trace_id == "2cf86e86-22a4-46e1-ac2f-032c0f2a4e89"
    assert len(vendor.requests) == 1


async def test_error_with_status_200() -> None:
    """The same error with a 200 is a refusal: nothing was made."""
    vendor = Scripted(FAILURE)
    with pytest.raises(ServerError) as refused:
        await vendor.ace.fish.create_voice(RECORDING)
    assert (refused.value.status, refused.value.code) == (200, "api_error")
    assert refused.value.trace_id == "2cf86e86-22a4-46e1-ac2f-032c0f2a4e89"


@pytest.mark.parametrize("more", [{}, {"latency_ms": 812}])
async def test_speech_answered_at_once(more: dict[str, Any]) -> None:
    """A bare address is the result: a watcher that is done and never was a task."""
    vendor = Scripted({"audio_url": SPEECH_URL, **more})
    watcher = await vendor.ace.fish.speak("Hello.", format="wav")
    assert (watcher.id, watcher.state, watcher.done()) == (None, "succeeded", True)
    said = await watcher
    assert (said.audio_url, said.task_id) == (SPEECH_URL, None)
    assert (said.text, said.format) == ("Hello.", "wav")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("started_at", [1778462584.742, "2026-05-11T01:23:04.742Z"])
async def test_speech_acknowledged(started_at: float | str) -> None:
    """The newest acknowledgement, and the older one with its time in words, name a task."""
    callback = {"task_id": SPEECH_TASK, "audio_url": SPEECH_URL}
    acknowledgement = {"task_id": SPEECH_TASK, "started_at": started_at}
    asked = {"text": "Hello.", "format": "mp3"}
    finished = record(SPEECH_TASK, "fish_tts", callback, started_at=started_at, request=asked)
    vendor = Scripted(acknowledgement, finished)
    watcher = await vendor.ace.fish.speak("Hello.")
    assert (watcher.id, watcher.state, watcher.done()) == (SPEECH_TASK, "pending", False)
    said = await watcher
    assert (said.audio_url, said.task_id) == (SPEECH_URL, SPEECH_TASK)
    assert (said.text, said.format) == ("Hello.", "mp3")
    assert watcher.task is not None
    assert watcher.task.started_at is not None


async def test_speech_request() -> None:
    """The engine is a header; the documented defaults and `async` are in the body."""
    vendor = Scripted({"audio_url": SPEECH_URL})
    await vendor.ace.fish.speak("Hello.", reference_id="d7900c21663f485ab63ebdb7e5905036")
    (request,) = vendor.requests
    assert str(request.url) == "https://api.acedata.cloud/fish/tts"
    assert request.headers["model"] == "s2-pro"
    assert json.loads(request.content) == {
        "text": "Hello.",
        "reference_id": "d7900c21663f485ab63ebdb7e5905036",
        "format": "mp3",
        "async": True,
    }


async def test_record() -> None:
    """The record's own ids, and that of a voice made in the newer way."""
    task_id = "2725a2d3-f87e-4905-9c53-9988d5a7b2f5"
    made = record(task_id, "audios", {"success": True, "data": [{"audio_url": SPEECH_URL}]})
    task = await Scripted(made).ace.fish.retrieve(task_id)
    assert (task.id, task.type, task.state) == (task_id, "audios", "succeeded")
    assert task.trace_id == "e2d308bc-4df8-4c69-9369-a60f3c54f2b3"
    assert task.raw["api_id"] == "8e6f8083-4683-45fe-a993-3e1d993fc999"
    assert isinstance(task.speech, Speech)
    assert (task.speech.audio_url, task.audios[0].audio_url) == (SPEECH_URL, SPEECH_URL)
    bare = Task.read(record(task_id, "fish_model_create", ANSWER["data"]))
    assert bare.state == "succeeded"
    assert bare.voice is not None
    check_voice(bare.voice, ANSWER["data"])


async def test_unknown_record() -> None:
    """An unknown id is answered with an empty object."""
    assert await Scripted({}).ace.fish.retrieve_batch([SPEECH_TASK]) == {}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(400, json={"status": 400, "message": "Model not found"}),
        httpx.Response(404, json={"error": {"code": "not_found", "message": "no such voice"}}),
    ],
)
async def test_unknown_voice(answer: httpx.Response) -> None:
    """A voice that is not there is NotFound, whichever way the API says so."""
    with pytest.raises(NotFound):
        await Scripted(answer).ace.fish.model("d5d21261512b4852b9ccd709facf93f3")


async def test_page() -> None:
    """The documented page: a total, items that may be sparse, and has_more without a value."""
    answer = {"total": 1829200, "items": [{"_id": "a" * 32}, {}], "has_more": None}
    page = await Scripted(answer).ace.fish.models()
    assert (page.total, page.has_more) == (1829200, None)
    assert [(one.id, one.title) for one in page.items] == [("a" * 32, None), (None, None)]
