"""Every JSON body of the vendor's documents, read and made."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from acedata_async._rules.exchange import Reply
from acedata_async._rules.refusals import read_error
from acedata_async._rules.submission import Accepted, Refused, sort_answer
from acedata_async.errors import InvalidRequest, ServerError
from acedata_async.models.producer import (
    CoverRequest,
    ExtendRequest,
    GenerateRequest,
    ReplaceSectionRequest,
    SongRequest,
    StemsRequest,
    SwapInstrumentalsRequest,
    SwapVocalsRequest,
    VariationRequest,
    read_audios,
    read_stems,
)
from acedata_async.models.results import Audio
from acedata_async.models.task import Task

from .documents import (
    ACKNOWLEDGEMENT,
    ANSWERS,
    BATCH_LOOKUP,
    CALLBACK,
    ERROR_MESSAGES,
    FETCH_FAILED,
    LOOKUP,
    RECORD,
    REQUESTS,
    TRANSLATED,
    batch_answer,
)

TASK = "1a6ac2ad-10f2-4e2b-b500-66ec27fe82ad"
MEDIA = "https://storage.googleapis.com/corpusant-app-public/riffs"

CLASSES: dict[str, type[SongRequest | StemsRequest]] = {
    "prompt": GenerateRequest,
    "custom": GenerateRequest,
    "cover": CoverRequest,
    "extend": ExtendRequest,
    "variation": VariationRequest,
    "replace_section": ReplaceSectionRequest,
    "swap_instrumentals": SwapInstrumentalsRequest,
    "swap_vocals": SwapVocalsRequest,
    "stems": StemsRequest,
}

SONGS = {
    "prompt": (
        "82fd443a-903a-4f18-8028-12d2f8a0a4be",
        "d85839fa-0bb1-42da-a9fc-cd582c29027d",
        "6c947f13-a3c5-4b9c-8609-5639c37cdc2d",
        "2450882164",
        181.3014058956916,
        "FUZZ-2.0 Pro",
        "Untitled",
        datetime(2025, 12, 30, 17, 18, 23, 232911, UTC),
    ),
    "custom": (
        "9f58bbd4-855a-4233-ac45-b63bf9168e02",
        "145ad117-6ce7-42dd-af12-70751c5284fc",
        "38d3b9e2-0dfb-4338-b2a7-15e45656ed32",
        "3789209121",
        153.80897959183673,
        "FUZZ-2.0 Pro",
        "Woke up with the sun in my eyes",
        datetime(2025, 12, 30, 17, 26, 46, 357055, UTC),
    ),
    "cover": (
        "dbca350e-6fb9-46ca-9c7e-4c1a9080806f",
        "a39e0fff-ced8-4b31-ae23-aef3badd90fa",
        "e52dd729-38b4-4c2f-9031-59eb7953c593",
        "358803418",
        153.0659410430839,
        "FUZZ-2.0 Pro",
        "封面",
        datetime(2025, 12, 30, 17, 32, 32, 951948, UTC),
    ),
    "extend": (
        "834983cb-d62d-4750-b1aa-461da137e51f",
        "6923eee2-7403-432c-8bd1-e471086385b0",
        "d9ebc609-fb65-4a23-b914-c074747af6a4",
        "4294469624",
        173.87102040816328,
        "FUZZ-2.0 Pro",
        "续写",
        datetime(2025, 12, 30, 17, 36, 14, 520928, UTC),
    ),
    "variation": (
        "3a74da6d-a37d-4b5d-b116-821f455bce39",
        "8e28cce0-0400-4bfd-83db-6d27f97422c7",
        "c14ca458-cd5a-4700-83d4-5249e15f2707",
        "2082104582",
        173.12798185941043,
        "FUZZ-2.0",
        "Woke up with the sun in my eyes",
        datetime(2025, 12, 30, 17, 48, 40, 135187, UTC),
    ),
    "replace_section": (
        "3cb5ae96-01b0-4a37-afb0-e582608af56f",
        "3ebc6f63-5093-4499-bf9b-95c239e0da4f",
        "a54609c6-13e2-4176-be0f-4d7eebc68e1f",
        "14887454",
        174.6140589569161,
        "FUZZ-2.0 Pro",
        "在陽光下醒來",
        datetime(2025, 12, 30, 18, 1, 19, 907443, UTC),
    ),
    "swap_instrumentals": (
        "d17d8376-3a58-451d-a976-404719bac11d",
        "ab596807-910a-4e30-bae2-4647895f7d0b",
        "22d7d75c-9e0a-47a8-b22b-eea55eaa0c4b",
        "2157878068",
        172.3849433106576,
        "FUZZ-2.0 Pro",
        "延伸(聲音交換)",
        datetime(2025, 12, 30, 18, 9, 49, 594800, UTC),
    ),
    "swap_vocals": (
        "a903ac38-f129-4f85-9181-b1dc5579bd32",
        "9953af52-45e0-4808-bf13-88f0b21262c1",
        "7b2d653b-aaaa-41b0-b737-aee4c4c5693b",
        "2484735707",
        173.12798185941043,
        "FUZZ-2.0 Pro",
        "在陽光下醒來",
        datetime(2025, 12, 30, 18, 13, 1, 349875, UTC),
    ),
}


def born(answer: dict[str, Any]) -> Task:
    """Read a synchronous answer as the client does."""
    reply = Reply(200, {}, json.dumps(answer).encode())
    outcome = sort_answer(reply, now=0.0)
    assert isinstance(outcome, Accepted)
    assert outcome.record is not None
    return Task.read(outcome.record)


@pytest.mark.parametrize("name", SONGS)
def test_song(name: str) -> None:
    """The synchronous answer of each action is a task born done, with its one song."""
    task_id, trace_id, audio_id, seed, duration, model, title, created_at = SONGS[name]
    task = born(ANSWERS[name])
    assert (task.id, task.trace_id, task.state) == (task_id, trace_id, "succeeded")
    (audio,) = read_audios(task)
    assert (audio.id, audio.image_id, audio.task_id) == (audio_id, audio_id, task_id)
    assert (audio.seed, audio.duration, audio.model) == (seed, duration, model)
    assert (audio.title, audio.created_at) == (title, created_at)
    assert (audio.progress, audio.topic, audio.video_url) == (1.0, None, None)
    assert (audio.style, audio.prompt) == (None, None)
    assert audio.audio_url is not None
    assert audio.audio_url.startswith(MEDIA)
    assert audio.audio_url.endswith(f"/audio/{audio_id}.m4a")
    assert audio.image_url is not None
    assert audio.image_url.endswith(f"/image/{audio_id}.jpg")
    assert task.stems is None


@pytest.mark.parametrize(
    ("name", "sound", "state", "lyric"),
    [
        ("prompt", "A song for Christmas", "succeeded", "[Instrumental]"),
        ("custom", "", "succeeded", "[Verse]\nWoke up with the sun in my eyes"),
        ("cover", "", "成功", "[段落]\n在阳光照耀下醒来"),
        ("extend", "", "成功", "[段落]\n[段落]"),
        ("swap_instrumentals", "快樂", "succeeded", "[Verse]\n在陽光下醒來"),
        ("replace_section", "", "succeeded", "[Verse]\\n在陽光下醒來"),
    ],
)
def test_words(name: str, sound: str, state: str, lyric: str) -> None:
    """The sound, the vendor's word for the state and the lyrics stay as they are."""
    (audio,) = born(ANSWERS[name]).audios
    assert (audio.sound, audio.state, audio.lyric) == (sound, state, lyric)


def test_stems() -> None:
    """The answer of `stems` has a zip and no song."""
    task = born(ANSWERS["stems"])
    assert task.id == "561ac695-b4aa-47cf-978d-fb7be2b9ebfc"
    assert task.trace_id == "66d0d397-2987-4bde-84fb-a60d0023b217"
    assert task.audios == []
    stems = read_stems(task)
    assert stems.stems_url == f"https://platform.cdn.acedata.cloud/producer/{task.id}.zip"
    assert (stems.title, stems.task_id) == ("在陽光下醒來", task.id)


def test_acknowledgement() -> None:
    """The acknowledgement names the task and proves nothing."""
    assert ACKNOWLEDGEMENT == {"task_id": TASK}
    outcome = sort_answer(Reply(200, {}, json.dumps(ACKNOWLEDGEMENT).encode()), now=0.0)
    assert outcome == Accepted(TASK, None)


def test_callback_is_a_synchronous_answer() -> None:
    """What is posted to a callback_url has the shape of a synchronous answer."""
    assert CALLBACK.keys() == ANSWERS["custom"].keys()
    assert CALLBACK["data"][0].keys() == ANSWERS["custom"]["data"][0].keys()
    task, recorded = born(CALLBACK), Task.read(RECORD)
    assert (task.id, task.trace_id, task.state) == (TASK, recorded.trace_id, "succeeded")
    same = ("id", "seed", "duration", "model", "created_at", "audio_url", "image_url")
    for name in same:
        assert getattr(task.audios[0], name) == getattr(recorded.audios[0], name)


def test_record() -> None:
    """The record of a task that succeeded, without any `success` in it."""
    task = Task.read(RECORD)
    assert (task.id, task.type, task.state, task.final) == (TASK, "audios", "succeeded", True)
    assert task.trace_id == "1da03537-4eb8-410d-b849-43f03085a3bb"
    assert task.created_at == datetime(2025, 12, 30, 18, 35, 45, 524000, UTC)
    assert task.finished_at == datetime(2025, 12, 30, 18, 36, 25, 589000, UTC)
    assert task.started_at is None
    assert task.elapsed == 40.06500005722046
    assert (task.progress, task.failure, task.stems) == (1.0, None, None)
    assert task.request["action"] == "generate"
    assert task.request["callback_url"] == RECORD["request"]["callback_url"]
    (audio,) = task.audios
    assert audio.id == "1dd08826-478e-43a6-868f-aff5ababac2c"
    assert (audio.seed, audio.duration) == ("1490770667", 135.2330158730159)
    assert audio.title == "Woke up with the sun in my eyes"
    assert audio.created_at == datetime(2025, 12, 30, 18, 36, 0, 994141, UTC)
    assert audio.task_id == TASK


def test_record_keeps_unknown_fields() -> None:
    """The fields that no attribute is made of are there all the same."""
    dumped = Task.read(RECORD).model_dump()
    for name in ("_id", "api_id", "application_id", "credential_id", "user_id"):
        assert dumped[name] == RECORD[name]
    assert Task.read(RECORD).raw == RECORD


@pytest.mark.parametrize("language", TRANSLATED)
def test_batch(language: str) -> None:
    """Both items of the batch are the same task, the second with its title translated."""
    answer = batch_answer(**TRANSLATED[language])
    assert answer["count"] == len(answer["items"]) == len(BATCH_LOOKUP["ids"]) == 2
    first, second = (Task.read(item) for item in answer["items"])
    assert first.id == second.id == LOOKUP["id"] == BATCH_LOOKUP["ids"][0]
    assert first.news == second.news
    assert second.audios[0].title == TRANSLATED[language]["title"]
    assert second.state == "succeeded"


@pytest.mark.parametrize("language", ERROR_MESSAGES)
@pytest.mark.parametrize("status", [200, 500])
def test_error(language: str, status: int) -> None:
    """The error body is known by its code, in whatever language its message is printed."""
    error_body = {**FETCH_FAILED["error"], "message": ERROR_MESSAGES[language]}
    reply = Reply(status, {}, json.dumps({**FETCH_FAILED, "error": error_body}).encode())
    error = read_error(reply, now=0.0)
    assert isinstance(error, ServerError)
    assert (error.code, error.message) == ("api_error", ERROR_MESSAGES[language])
    assert error.trace_id == "2cf86e86-22a4-46e1-ac2f-032c0f2a4e89"
    assert isinstance(sort_answer(reply, now=0.0), Refused) == (status == 200)


@pytest.mark.parametrize("name", [name for name in REQUESTS if name != "replace_section"])
def test_requests(name: str) -> None:
    """Our requests, built from the documents' fields, are exactly the documents' bodies."""
    body = REQUESTS[name]
    fields = {key: value for key, value in body.items() if key != "action"}
    request = CLASSES[name].model_validate(fields)
    made = {"action": request.action, **request.fields_to_send()}
    assert made == body
    assert json.loads(json.dumps(made)) == body


def test_recorded_request() -> None:
    """So is the body that the record echoes."""
    fields = {key: value for key, value in RECORD["request"].items() if key != "action"}
    assert GenerateRequest(**fields).fields_to_send() == fields


def test_replace_section_request() -> None:
    """The one sample with backslash-n in its lyrics is refused; with real lines it is the same."""
    fields = {k: v for k, v in REQUESTS["replace_section"].items() if k != "action"}
    assert "\\n" in fields["lyric"]
    with pytest.raises(InvalidRequest, match="real line breaks"):
        ReplaceSectionRequest(**fields)
    fields["lyric"] = fields["lyric"].replace("\\n", "\n")
    assert ReplaceSectionRequest(**fields).fields_to_send() == fields


def test_audio_keeps_everything() -> None:
    """Every value of a song item is there under its own name or in `raw`."""
    item = ANSWERS["prompt"]["data"][0]
    audio = Audio.read(item)
    assert audio.raw == item
    assert set(item) <= set(audio.model_dump())
