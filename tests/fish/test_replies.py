"""What Fish's answers are read as, however odd they are."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import AceData, AceDataError, Speech, Task, TaskWatcher, Voice, VoicePage
from tests.fish.conftest import RECORDING, Scripted

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "\ud800",
    [],
    {},
    ["a", 1, None],
    {"a": 1},
    [[]],
    10**400,
    "9" * 5000,
    float("nan"),
    float("inf"),
    {"_id": 5},
]
"""Values of no type that anybody expects."""

WHOLE: dict[str, Any] = {
    "success": True,
    "task_id": "t",
    "trace_id": "tr",
    "_id": "v",
    "id": "t",
    "title": "t",
    "state": "trained",
    "tags": ["a"],
    "samples": [{"title": "t", "text": "x", "task_id": "q", "audio": "task/a.mp3"}],
    "created_at": "2025-09-21T07:29:41.058506Z",
    "author": {"_id": "a", "nickname": "n", "avatar": "avatars/a.jpg"},
    "audio_url": "https://example.com/a.mp3",
    "data": {"_id": "v", "state": "trained"},
    "items": [{"_id": "v", "id": "t"}],
    "total": 3,
    "has_more": None,
    "error": None,
    "message": None,
    "status": None,
    "finished_at": None,
    "response": {"success": True, "_id": "v"},
    "request": {"text": "x"},
}
"""What every address at once could answer."""

BROKEN = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"text"',
    b"<html><body>502</body></html>",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"\xff\xfe\x00",
    b'{"audio_url": "https://exam',
    b'{"_id": 1e999}',
    b'{"\\ud800": 1, "_id": "\\ud800"}',
    b'{"status": 400, "message": "[{\\"loc\\": 5}, [], null]"}',
]
"""Bodies that are no answer."""

STATUSES = [200, 201, 204, 301, 400, 401, 403, 404, 500, 503]


async def first_page(ace: AceData) -> VoicePage:
    """Return the first page of voices."""
    return await ace.fish.models()


async def first_voices(ace: AceData) -> list[Voice]:
    """Return the first twenty voices."""
    found: list[Voice] = []
    async for one in ace.fish.models():
        found.append(one)
        if len(found) == 20:
            break
    return found


CALLS: dict[str, Callable[[AceData], Awaitable[Any]]] = {
    "speak": lambda ace: ace.fish.speak("Hello."),
    "create_voice": lambda ace: ace.fish.create_voice(RECORDING),
    "create_model": lambda ace: ace.fish.create_model(RECORDING, title="t"),
    "model": lambda ace: ace.fish.model("v"),
    "models": first_page,
    "all models": first_voices,
    "retrieve": lambda ace: ace.fish.retrieve("t"),
    "retrieve_batch": lambda ace: ace.fish.retrieve_batch(["t", "v"]),
}


async def ask(vendor: Scripted, name: str, answer: httpx.Response) -> object:
    """Make a call that is answered so, and use what comes; return our error if there is one."""
    vendor.say(answer)
    try:
        got = await CALLS[name](vendor.ace)
        if isinstance(got, TaskWatcher) and got.done():
            got = (got.task, await got)
    except AceDataError as error:
        repr(error)
        return error
    use(got)
    if name in {"speak", "create_voice", "create_model"}:
        assert len(vendor.requests) == 1
    return got


def use(got: object) -> None:
    """Look at everything of what came."""
    repr(got)
    if isinstance(got, tuple | list):
        for one in got:
            use(one)
    if isinstance(got, Task):
        use([got.voice, got.speech, got.audios, got.failure, got.progress, got.export()])
        assert got.voice is None or got.voice.id
        assert got.speech is None or got.speech.audio_url
    if isinstance(got, Voice):
        assert isinstance(got.id, str | None)
        use([got.cover_url, got.trained, [(one, one.audio_url) for one in got.samples]])
        use([] if got.author is None else [got.author, got.author.avatar_url])


TRUTH: dict[str, Any] = {
    "speak": "https://example.com/a.mp3",
    "create_voice": "v",
    "create_model": "v",
    "model": "v",
    "models": ["v"],
    "all models": ["v"],
    "retrieve": "t",
    "retrieve_batch": ["t"],
}
"""What comes out of `WHOLE`: addresses and ids."""

DECIDES = {
    "speak": {"success", "state", "status", "error", "audio_url"},
    "create_voice": {"success", "state", "status", "error", "data"},
    "create_model": {"data", "error"},
    "model": {"_id", "error"},
    "models": {"items", "error"},
    "all models": {"items", "error"},
    "retrieve": {"id"},
    "retrieve_batch": {"items"},
}
"""The fields that decide what comes out; no other one does."""


def told_by(got: object) -> Any:
    """Return the address or id of what came, or those of several."""
    if isinstance(got, tuple):
        got = got[1]
    if isinstance(got, VoicePage):
        got = got.items
    if isinstance(got, Speech):
        return got.audio_url
    if isinstance(got, Voice | Task | TaskWatcher):
        return got.id
    assert isinstance(got, list | dict)
    return [told_by(one) for one in (got.values() if isinstance(got, dict) else got)]


@pytest.mark.parametrize("name", CALLS)
async def test_wrong_types_in_answers(name: str) -> None:
    """A field of another type changes nothing, but for those that decide.

    Of those the answer is a refusal, a task to be watched, or what the field itself says.
    """
    vendor = Scripted(b"")
    for field in WHOLE:
        for odd in ODD:
            body = json.dumps({**WHOLE, field: odd}).encode()
            got = await ask(vendor, name, httpx.Response(200, content=body))
            if field not in DECIDES[name]:
                assert told_by(got) == TRUTH[name], (field, odd)
            elif isinstance(got, TaskWatcher):
                assert (got.id, got.done()) == ("t", False)
                assert field in {"success", "state", "status", "error"}
            elif not isinstance(got, AceDataError):
                assert told_by(got) in (TRUTH[name], as_told(odd)), (field, odd)


def as_told(odd: Any) -> Any:
    """Return what an odd value says, where it says something; nothing leaves it to `id`."""
    if odd is None:
        return WHOLE["id"]
    if isinstance(odd, dict):
        return as_told(odd.get("_id"))
    if isinstance(odd, list):
        return []
    return odd if isinstance(odd, str) and odd else repr(odd)


@pytest.mark.parametrize("name", CALLS)
async def test_wrong_types_deep_in_answers(name: str) -> None:
    """The same of fields of voices, samples, authors and records: no type is not what it says."""
    vendor = Scripted(b"")
    for odd in ODD:
        for field in ("_id", "audio", "state", "task_id", "text", "avatar", "audio_url"):
            inner = {"id": "t", "_id": "v", field: odd}
            bodies: list[dict[str, Any]] = [
                {"success": True, "task_id": "t", "data": inner},
                {"success": True, "data": [inner, odd], "items": [inner, odd]},
                {"_id": "v", "samples": [inner, odd], "author": inner, "items": [inner]},
                {"id": "t", "response": inner, "finished_at": 1, "request": inner},
                {"items": [{"id": "t", "response": odd, "finished_at": odd, "request": odd}]},
            ]
            for body in bodies:
                await ask(vendor, name, httpx.Response(200, content=json.dumps(body).encode()))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", CALLS)
async def test_broken_answers(name: str, status: int) -> None:
    """Cut JSON, web pages and nonsense of any status raise our errors, and none is a result."""
    vendor = Scripted(b"")
    for content in BROKEN:
        got = await ask(vendor, name, httpx.Response(status, content=content))
        assert isinstance(got, AceDataError) or name.startswith("retrieve") or b"_id" in content


@pytest.mark.parametrize("status", [200, 400, 404, 500])
async def test_odd_errors(status: int) -> None:
    """So do error bodies of whatever type."""
    vendor = Scripted(b"")
    for odd in [*ODD, "[]", "[" * 10_000, '{"status": 400, "message": 5}', "[{}]", "[1]"]:
        bodies: list[dict[str, Any]] = [
            {"status": status, "message": odd},
            {"error": odd, "message": odd},
            {"error": {"code": odd, "message": odd}, "trace_id": odd, "success": False},
        ]
        for body in bodies:
            got = await ask(
                vendor, "speak", httpx.Response(status, content=json.dumps(body).encode())
            )
            assert isinstance(got, AceDataError)


@pytest.mark.parametrize("kind", [Voice, Speech, VoicePage])
@given(raw=st.dictionaries(st.sampled_from(["_id", "samples", "author", "tags", "items"]), JSON))
def test_replies_of_odd_types(kind: type[Any], raw: dict[str, Any]) -> None:
    """No type of any field raises, and what was sent is in `raw`."""
    reply = kind.read(raw)
    repr(reply)
    assert reply.raw is raw


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(Voice.model_fields, JSON)))
def test_voices_of_odd_types(raw: dict[str, Any]) -> None:
    """Every field of a voice is what its type says, or None, or empty."""
    read = Voice.read({"_id": "v", **raw})
    assert read.id == "v"
    assert isinstance(read.cover_url, str | None)
    assert all(isinstance(one, str) for one in (*read.tags, *read.languages))
    assert all(isinstance(sample.audio_url, str | None) for sample in read.samples)
    assert isinstance(read.liked, bool | None)
    assert read.author is None or isinstance(read.author.avatar_url, str | None)
    repr((read, read.samples, read.author))


@given(JSON, JSON, JSON)
def test_records_of_odd_types(response: Any, finished_at: Any, request: Any) -> None:
    """No record raises anything when it is asked what it has made."""
    task = Task.read(
        {"id": "t", "response": response, "finished_at": finished_at, "request": request}
    )
    assert isinstance(task.voice, Voice | None)
    assert isinstance(task.speech, Speech | None)
    repr((task, task.state, task.failure, task.progress, task.voice, task.speech))


def test_unknown_fields_and_nulls() -> None:
    """Fields of later releases are kept; a null is as good as nothing."""
    raw = {"_id": "v", "dmca_taken_down": False, "quality": None, "state": None, "samples": None}
    read = Voice.read(raw)
    assert read.model_dump()["dmca_taken_down"] is False
    assert (read.state, read.samples, read.tags, read.author) == (None, [], [], None)
    assert read.trained is False


@pytest.mark.parametrize(
    ("audio", "url"),
    [
        ("task/a.mp3", "https://platform.r2.fish.audio/task/a.mp3"),
        ("/task/a.mp3", "https://platform.r2.fish.audio/task/a.mp3"),
        ("https://example.com/a.mp3?s=1", "https://example.com/a.mp3?s=1"),
        ("", None),
        (None, None),
        ("http://[", None),
    ],
)
def test_addresses(audio: str | None, url: str | None) -> None:
    """A path becomes an address at the host of the documents; an address stays as it is."""
    read = Voice.read({"samples": [{"audio": audio}], "cover_image": audio})
    assert (read.samples[0].audio_url, read.cover_url) == (url, url)
