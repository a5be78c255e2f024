"""Answers that hold the result, or part of it, of which the vendor may keep no record."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from acedata_async import LedgerError, Speech, SubmissionUnknown, TaskFailed, Voice, WatchTimeout
from acedata_async.ledger import MemoryLedger
from tests.bulk.conftest import entries_of
from tests.fish.conftest import RECORDING, Scripted, make, voice

ID = "d5d21261512b4852b9ccd709facf93f3"
URL = "https://platform.r2.fish.audio/task/0.mp3"
VOICE: dict[str, Any] = {"_id": ID, "title": "test", "state": "trained"}
TRAINING = {**VOICE, "state": "training"}
SNAPSHOT = {"success": True, "task_id": "t1", "data": TRAINING}


class Vendor(Scripted):
    """A vendor that answers lookups and reads of the voice apart from submissions.

    Args:
        answer: What a submission is answered with.
        record: What a lookup is answered with.
        read: What a read of the voice is answered with, if not with "Model not found".
    """

    def __init__(
        self,
        answer: dict[str, Any],
        record: dict[str, Any] | None = None,
        read: dict[str, Any] | None = None,
    ) -> None:
        self.reads = 0
        self._said = answer
        self._record = record or {}
        self._read = read
        super().__init__(self._by_address)

    def _by_address(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/tasks"):
            return httpx.Response(200, json=self._record)
        if request.method == "POST":
            return httpx.Response(200, json=self._said)
        self.reads += 1
        if self._read is None:
            return httpx.Response(400, json={"status": 400, "message": "Model not found"})
        return httpx.Response(200, json=self._read)


@pytest.mark.parametrize(
    "answer",
    [
        {"task_id": "t1", "data": VOICE},
        {"task_id": "t1", "data": [VOICE]},
        {"task_id": "t1", **VOICE},
        {"success": None, "task_id": "t1", "data": VOICE},
    ],
)
async def test_voice_in_the_answer(answer: dict[str, Any]) -> None:
    """A trained voice in the answer is the result, with a `success` or without; none is asked."""
    vendor = Vendor(answer)
    watcher = await vendor.ace.fish.create_voice(RECORDING)
    assert (watcher.id, watcher.done(), watcher.state) == ("t1", True, "succeeded")
    made = await watcher
    assert (made.id, made.task_id, len(vendor.requests)) == (ID, "t1", 1)


@pytest.mark.parametrize(
    ("answer", "task_id"),
    [
        ({"task_id": "t1", "audio_url": URL}, "t1"),
        ({"task_id": "t1", "data": {"audio_url": URL}}, "t1"),
        ({"data": {"audio_url": URL}}, None),
        ({"data": [{"audio_url": URL}]}, None),
        ({"audio_url": URL, "status": "success"}, None),
        ({"audio_url": URL, "status": 200}, None),
        ({"audio_url": URL, "status": "200"}, None),
    ],
)
async def test_speech_in_the_answer(answer: dict[str, Any], task_id: str | None) -> None:
    """So is a speech, in the shape of a callback or any other without a word that it failed."""
    vendor = Vendor(answer)
    watcher = await vendor.ace.fish.speak("Hello.")
    assert (watcher.id, watcher.done()) == (task_id, True)
    assert (await watcher).audio_url == URL
    assert len(vendor.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        {"task_id": "t1", "audio_url": URL},
        {"task_id": "t1", "data": [{"id": "s", "audio_url": URL}]},
        {"task_id": "t1", "data": [{"id": "s", "audio_url": URL, "state": "processing"}]},
        {
            "task_id": "t1",
            "data": [{"id": "s", "audio_url": URL, "state": "succeeded"}, {"audio_url": URL}],
        },
    ],
)
async def test_song_in_the_answer_may_be_a_preview(answer: dict[str, Any]) -> None:
    """At Producer an address without a word that it is done proves nothing: it is watched."""
    watcher = await Vendor(answer).ace.producer.generate("A song")
    assert (watcher.id, watcher.done()) == ("t1", False)
    with pytest.raises(WatchTimeout, match=f"the address {URL} was shown, which may be a preview"):
        await watcher


async def test_song_in_the_answer() -> None:
    """With a word that it is done the song is the result."""
    song = {"id": "s", "audio_url": URL, "state": "succeeded", "progress": "100%"}
    watcher = await Vendor({"task_id": "t1", "data": [song]}).ace.producer.generate("A song")
    assert [one.id for one in await watcher] == ["s"]


@pytest.mark.parametrize(
    "more",
    [
        {"error": "x"},
        {"error": {"code": "x"}, "success": True},
        {"status": 500, "message": "x"},
        {"status": "failed"},
        {"audio_url": None, "_id": "68cfad98550a4144a5476a92"},
    ],
)
async def test_result_beside_a_failure(more: dict[str, Any]) -> None:
    """A result in an answer that says something else as well is no result yet."""
    watcher = await Vendor({"task_id": "t1", "audio_url": URL, **more}).ace.fish.speak("Hello.")
    assert not watcher.done()


@pytest.mark.parametrize("answer", [SNAPSHOT, {"task_id": "t1", **TRAINING}])
async def test_voice_that_is_trained_later(answer: dict[str, Any]) -> None:
    """A voice that trains, and of which there is no record, is asked itself; `trained` ends it."""
    vendor = Vendor(answer, read=TRAINING)
    watcher = await vendor.ace.fish.create_voice(RECORDING)
    assert (watcher.done(), watcher.state) == (False, "running")
    assert watcher.task is not None
    assert watcher.task.voice is not None
    assert watcher.task.voice.id == ID
    with pytest.raises(WatchTimeout):
        await watcher.result(timeout=60.0)
    assert 2 <= vendor.reads <= 5
    vendor._read = {**VOICE, "title": "now"}
    made = await watcher
    assert (made.id, made.title, made.trained, made.task_id) == (ID, "now", True, "t1")
    assert watcher.done()


async def test_record_that_stays_as_it_was() -> None:
    """The same goes for a record that is finished, and says `training` for ever."""
    record = {"id": "t1", "created_at": 1.0, "finished_at": 9.0, "response": SNAPSHOT}
    vendor = Vendor({"task_id": "t1"}, record, read=VOICE)
    watcher = await vendor.ace.fish.create_voice(RECORDING)
    assert (await watcher).trained
    assert vendor.reads == 1


async def test_voice_that_is_trained_is_not_asked() -> None:
    """A voice that a running task shows as trained may be a preview: its record decides."""
    record = {"id": "t1", "created_at": 1.0, "response": {"data": VOICE}}
    vendor = Vendor({"task_id": "t1"}, record, read=VOICE)
    watcher = await vendor.ace.fish.create_voice(RECORDING)
    with pytest.raises(WatchTimeout):
        await watcher.result(timeout=60.0)
    assert vendor.reads == 0


async def test_voice_that_cannot_be_trained() -> None:
    """A voice that says `failed` ends the wait as well."""
    vendor = Vendor(SNAPSHOT, read={**VOICE, "state": "failed"})
    with pytest.raises(TaskFailed, match="could not be trained"):
        await (await vendor.ace.fish.create_voice(RECORDING))


async def test_other_voice() -> None:
    """A read that answers with another voice counts for nothing."""
    vendor = Vendor(SNAPSHOT, read={**VOICE, "_id": "0" * 32})
    with pytest.raises(WatchTimeout):
        await (await vendor.ace.fish.create_voice(RECORDING))
    assert vendor.reads


async def test_voice_that_never_says_more() -> None:
    """At the deadline the error names the voice, and who tells more of it."""
    vendor = Vendor(SNAPSHOT)
    watcher = await vendor.ace.fish.create_voice(RECORDING)
    with pytest.raises(WatchTimeout) as late:
        await watcher
    assert late.value.shown == (ID,)
    assert f'ace.fish.model("{ID}")' in str(late.value)
    with pytest.raises(WatchTimeout) as late:
        [_ async for _ in vendor.ace.fish.watch_many(["t1"])]
    assert late.value.shown == (ID,)


async def test_voice_is_known_though_the_record_is_empty() -> None:
    """A record that shows nothing yet does not make the voice forgotten."""
    vendor = Vendor(SNAPSHOT, {"id": "t1", "created_at": 1.0})
    watcher = await vendor.ace.fish.create_voice(RECORDING)
    with pytest.raises(WatchTimeout) as late:
        await watcher
    assert late.value.shown == (ID,)


async def test_lost_voice_in_the_ledger() -> None:
    """A run keeps what the answer showed, says it, and goes on with it in the next process."""
    ledger = MemoryLedger()
    outcome = (await make(Vendor(SNAPSHOT).ace, [voice("v")], ledger=ledger))["v"]
    assert outcome.state == "lost"
    assert f'ace.fish.model("{ID}")' in outcome.reason
    assert outcome.voice is not None
    assert outcome.voice.id == ID
    entry = (await entries_of(ledger))["v"]
    assert entry.error is not None
    assert ID in entry.error.message
    later = Vendor({"task_id": "t2"}, read=VOICE)
    outcome = (await make(later.ace, [voice("v")], ledger=ledger))["v"]
    assert (outcome.state, outcome.task_id) == ("succeeded", "t1")
    assert all(request.method == "GET" or b"t1" in request.content for request in later.requests)


async def test_answer_is_kept_before_it_is_finished() -> None:
    """What a ledger has once the id is written down is enough to finish, without any lookup."""
    ledger = Stopping()
    await make(Vendor({"task_id": "t1", "data": VOICE}).ace, [voice("v")], ledger=ledger)
    assert (await entries_of(ledger))["v"].state == "submitted"
    ledger.stops = False
    later = Vendor({"task_id": "t2"})
    outcome = (await make(later.ace, [voice("v")], ledger=ledger))["v"]
    assert outcome.state == "succeeded"
    assert outcome.voice is not None
    assert (outcome.voice.id, later.requests) == (ID, [])


class Stopping(MemoryLedger):
    """A ledger that can write no result."""

    stops = True

    async def finish(self, *args: Any, **facts: Any) -> Any:
        """Fail, as with a full disk."""
        if self.stops:
            raise LedgerError("the disk is full")
        return await super().finish(*args, **facts)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (TRAINING, f'ace.fish.model("{ID}") tells how it stands'),
        ({"success": True, "data": TRAINING}, f'ace.fish.model("{ID}") tells how it stands'),
    ],
)
async def test_voice_without_a_task_that_trains(answer: dict[str, Any], words: str) -> None:
    """A voice that trains, without a task to watch, is an unknown outcome that names the voice."""
    with pytest.raises(SubmissionUnknown) as unknown:
        await Vendor(answer).ace.fish.create_voice(RECORDING)
    assert words in str(unknown.value)


async def test_address_beside_a_failure_without_a_task() -> None:
    """So is an address: the error has it, for it may be what was paid for."""
    answer = {"audio_url": URL, "status": 500, "message": "x"}
    with pytest.raises(SubmissionUnknown, match=URL):
        await Vendor(answer).ace.fish.speak("Hello.")


async def test_types() -> None:
    """What an answer holds has the type of the request's result."""
    speech = await (await Vendor({"audio_url": URL}).ace.fish.speak("Hello."))
    assert isinstance(speech, Speech)
    assert isinstance(await (await Vendor(VOICE).ace.fish.create_voice(RECORDING)), Voice)


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_model_in_any_success(status: int) -> None:
    """A voice in the answer to `create_model` is the result, wherever it stands in it."""
    for body in (VOICE, {"data": [{}, VOICE]}, {"success": True, "data": VOICE}):
        vendor = Scripted(httpx.Response(status, json=body))
        made = await vendor.ace.fish.create_model(RECORDING, title="Me")
        assert made.id == ID


@pytest.mark.parametrize(
    ("answer", "task_id", "words"),
    [
        ({"task_id": "t1"}, "t1", "accepted as task t1, without what was asked for"),
        ({"task_id": "t1"}, "t1", "watch('t1', result=Voice) may tell what came of it"),
        ({"audio_url": URL, "success": True}, None, f"the address {URL} was shown"),
    ],
)
async def test_model_without_the_voice(
    answer: dict[str, Any], task_id: str | None, words: str
) -> None:
    """An answer to it that holds no voice is unknown; a task in it is told, and how to watch it."""
    with pytest.raises(SubmissionUnknown) as unknown:
        await Vendor(answer).ace.fish.create_model(RECORDING, title="Me")
    assert words in str(unknown.value)
    assert unknown.value.task_id == task_id
    assert "task None" not in str(unknown.value)
