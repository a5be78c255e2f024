"""How submissions are answered."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.testing import ManualClock

from .conftest import LYRIC, Caller

_SUBMISSION_FAULTS = [name for name, fault in FAULTS.items() if fault.stage is Stage.SUBMISSION]


@pytest.mark.parametrize(
    "fields", [{"async": True}, {"callback_url": "https://a.example"}, {"async": True, "x": 1}]
)
async def test_asynchronous(sandbox: Sandbox, caller: Caller, fields: dict[str, Any]) -> None:
    """With async or a callback the answer is the task's id alone, at once."""
    reply = await caller.submit(action="generate", prompt="x", **fields)
    assert reply.json() == {"task_id": sandbox.tasks[0]}
    assert sandbox.submissions == [{"action": "generate", "prompt": "x", **fields}]


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8787/health?x=y",
        "https://sandbox.acedata.invalid/health?x=y#z",
        "https://user@a.example:8443/a%20b/?q=\u00e4&q=2",
    ],
)
async def test_any_callback(caller: Caller, address: str) -> None:
    """Any web address can be called back; none is, and the record shows it as it was sent."""
    task_id = await caller.generate(callback_url=address)
    assert (await caller.look_up(task_id))["request"]["callback_url"] == address


async def test_synchronous(caller: Caller, clock: ManualClock) -> None:
    """Without them the answer is the result, when it is there."""
    reply = await caller.submit(action="generate", prompt="x", callback_url="")
    assert clock.elapsed == pytest.approx(40.0)
    assert list(reply.json()) == ["success", "task_id", "trace_id", "data"]
    assert reply.json()["data"][0]["sound"] == "x"


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("cover", {"cover_strength": 0.5}),
        ("extend", {"continue_at": 3}),
        ("variation", {}),
        ("replace_section", {"replace_section_start": 3, "replace_section_end": 70}),
        ("swap_vocals", {}),
        ("swap_instrumentals", {"prompt": "happy"}),
    ],
)
async def test_actions_on_a_song(caller: Caller, action: str, fields: dict[str, Any]) -> None:
    """Each action makes a new song out of one made before."""
    source = await caller.song(lyric=LYRIC, custom=True)
    made = await caller.song(action=action, audio_id=source["id"], **fields)
    assert made["id"] != source["id"]
    assert made.keys() == source.keys()


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("upload_cover", {}),
        ("upload_extend", {"continue_at": 3}),
        ("upload_replace_section", {"replace_section_start": 3, "replace_section_end": 70}),
    ],
)
async def test_actions_on_an_upload(caller: Caller, action: str, fields: dict[str, Any]) -> None:
    """Upload actions take the id of an upload and refuse that of a song."""
    uploaded = await caller.submit("upload", audio_url="https://cdn.example/song.mp3")
    assert await caller.song(action=action, audio_id=uploaded.json()["data"]["audio_id"], **fields)
    song = await caller.song()
    refused = await caller.submit(action=action, audio_id=song["id"], **fields)
    assert refused.status_code == 400


async def test_stems(caller: Caller) -> None:
    """Stems are an archive below the task's id."""
    song = await caller.song(title="Mine")
    reply = await caller.submit(action="stems", audio_id=song["id"])
    (item,) = reply.json()["data"]
    assert item["title"] == "Mine"
    assert item["stems_url"].endswith(f"/{reply.json()['task_id']}.zip")
    archive = await caller.http.get(item["stems_url"])
    assert archive.content.startswith(b"PK")
    assert archive.headers["content-type"] == "application/zip"


async def test_siblings(caller: Caller, clock: ManualClock) -> None:
    """Lyrics, uploads, videos and WAV files are answered synchronously, and sooner."""
    song = await caller.song()
    before = clock.elapsed
    lyrics = await caller.submit("lyrics", prompt="rain")
    assert list(lyrics.json()) == ["success", "task_id", "data"]
    assert lyrics.json()["data"].keys() == {"title", "lyrics"}
    upload = await caller.submit("upload", audio_url="https://cdn.example/song.mp3")
    assert upload.json()["data"].keys() == {"audio_id", "lyric", "audio_url"}
    video = await caller.submit("videos", audio_id=song["id"])
    wav = await caller.submit("wav", audio_id=song["id"])
    assert wav.json()["data"][0]["title"] == song["title"]
    assert clock.elapsed - before == pytest.approx(4 * 4.0)
    for url, kind in (
        (upload.json()["data"]["audio_url"], "audio/mp4"),
        (video.json()["data"]["video_url"], "video/mp4"),
        (wav.json()["data"][0]["file_url"], "audio/wav"),
    ):
        file = await caller.http.get(url)
        assert (file.status_code, file.headers["content-type"]) == (200, kind)


async def test_refused_body(sandbox: Sandbox, caller: Caller) -> None:
    """A bad body is refused in the usual envelope and creates nothing."""
    reply = await caller.submit(action="generate")
    assert reply.status_code == 400
    assert reply.json().keys() == {"success", "error", "trace_id"}
    assert reply.json()["error"]["code"] == "bad_request"
    assert sandbox.tasks == []


async def test_unknown_marker(sandbox: Sandbox, caller: Caller) -> None:
    """A marker that names no fault is refused loudly."""
    reply = await caller.submit(action="generate", prompt="#sandbox:no-such")
    assert reply.status_code == 400
    assert "cut-after-accept" in reply.json()["error"]["message"]
    assert sandbox.tasks == []


_EXPECTED: dict[str, object] = {
    # What arrives: a status and a distinctive part of the body, or httpx's error.
    "cut-after-accept": httpx.RemoteProtocolError,
    "reset-after-accept": httpx.ReadError,
    "hang-after-accept": httpx.ReadTimeout,
    "error-500-after-accept": (500, '"api_error"'),
    "error-502-after-accept": (502, '"upstream_error"'),
    "error-504-after-accept": (504, '"timeout"'),
    "empty-after-accept": (200, ""),
    "html-after-accept": (200, "<html>"),
    "truncated-after-accept": (200, '{"task_id"'),
    "task-id-in-error": (500, '"task_id"'),
    "ack-with-success": (200, '{"success":true,"task_id"'),
    "sync": (200, '"data"'),
    # Of voices only: to a song nothing happens.
    "sync-training": (200, '{"task_id"'),
    "cut-before-accept": httpx.RemoteProtocolError,
    "refuse-connection": httpx.ConnectError,
    "error-500": (500, '"api_error"'),
    "redirect": (307, ""),
    "throttle": (429, '"too_many_requests"'),
    "throttle-retry-after": (429, '"too_many_requests"'),
    "throttle-retry-after-date": (429, '"too_many_requests"'),
    "payment-required": (402, '"x402Version"'),
    "used-up": (403, '"used_up"'),
    "insufficient-balance": (402, '"insufficient_balance"'),
    "moderation": (403, '"forbidden"'),
    "invalid-token": (401, '"invalid_token"'),
    "token-mismatched-400": (400, '"token_mismatched"'),
    "token-mismatched-401": (401, '"token_mismatched"'),
    "bad-request": (400, '{"error":{"code":"bad_request"'),
    "e3-error": (400, '{"status":400,"message"'),
    "e3-fields": (400, '"message":"[{'),
    "e3-nested": (400, '"message":"{'),
    "bare-error": (402, '{"error":"'),
    "not-json-error": (503, "upstream unavailable"),
    "success-false": (200, '"success":false'),
}


@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("name", _SUBMISSION_FAULTS)
async def test_faults(sandbox: Sandbox, caller: Caller, name: str, *, marked: bool) -> None:
    """Each fault gives its answer, injected or marked, and creates a task only if it says so."""
    if not marked:
        sandbox.inject(name, times=1)
    prompt = f"#sandbox:{name}" if marked else "x"
    caller.http.timeout = httpx.Timeout(300.0)
    expected = _EXPECTED[name]
    if isinstance(expected, type):
        with pytest.raises(httpx.TransportError) as caught:
            await caller.generate(prompt)
        assert type(caught.value) is expected
    else:
        body: dict[str, Any] = {"action": "generate", "prompt": prompt, "async": True}
        reply = await caller.submit(**body)
        assert isinstance(expected, tuple)
        assert reply.status_code == expected[0]
        assert expected[1] in reply.text
    assert len(sandbox.tasks) == FAULTS[name].effect.startswith("task created")


async def test_retry_after(sandbox: Sandbox, caller: Caller) -> None:
    """Retry-After is absent, a number, or a date two seconds ahead by the sandbox's clock."""
    headers = []
    for name in ("throttle", "throttle-retry-after", "throttle-retry-after-date"):
        sandbox.inject(name, times=1)
        reply = await caller.submit(action="generate", prompt="x")
        headers.append(reply.headers.get("retry-after"))
    assert headers == [None, "2", "Tue, 30 Dec 2025 18:35:47 GMT"]


async def test_payment_challenge(sandbox: Sandbox, caller: Caller) -> None:
    """The challenge is in a header as well as in the body, and a redirect leads away."""
    sandbox.inject("payment-required", times=1)
    assert (await caller.submit(action="generate", prompt="x")).headers["payment-required"]
    sandbox.inject("redirect", times=1)
    reply = await caller.submit(action="generate", prompt="x")
    assert httpx.URL(reply.headers["location"]).host == "elsewhere.sandbox.acedata.invalid"


async def test_broken_synchronous_answers(caller: Caller, clock: ManualClock) -> None:
    """A synchronous answer can be cut in half; one of a failure is an error without a task id."""
    reply = await caller.submit(action="generate", prompt="#sandbox:truncated-after-accept")
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert clock.elapsed == pytest.approx(40.0)
    failed = await caller.submit(action="generate", prompt="#sandbox:fail-F1")
    assert failed.status_code == 500
    assert failed.json().keys() == {"success", "error", "trace_id"}
    empty = await caller.submit(action="generate", prompt="#sandbox:no-result")
    assert empty.json()["data"] == []


async def test_never_answers_synchronously(caller: Caller) -> None:
    """A task that never ends has no synchronous answer."""
    caller.http.timeout = httpx.Timeout(300.0)
    for prompt in ("#sandbox:never", "#sandbox:never #sandbox:truncated-after-accept"):
        with pytest.raises(httpx.ReadTimeout):
            await caller.submit(action="generate", prompt=prompt)
