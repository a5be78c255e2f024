"""Which address leads where."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.access import Tokens
from acedata_async.sandbox.limits import Limits
from acedata_async.sandbox.replies import Reply
from acedata_async.sandbox.request import Request
from acedata_async.sandbox.routes import control, respond
from acedata_async.sandbox.vendor import Vendor
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of

_ADDRESSES = [
    *(
        f"producer/{address}"
        for address in ("audios", "tasks", "lyrics", "upload", "videos", "wav")
    ),
    *(f"fish/{address}" for address in ("voices", "tts", "model", "tasks")),
]


@pytest.mark.parametrize("address", _ADDRESSES)
async def test_token_needed(sandbox: Sandbox, address: str) -> None:
    """Every address of the API wants a token."""
    async with caller_of(sandbox, headers={}) as http:
        reply = await http.post(f"/{address}", json={})
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "no_token")
    assert reply.json()["trace_id"]


async def test_tokens_of_their_own() -> None:
    """With a token for Fish each service takes its own, and knows the other's."""
    sandbox = Sandbox(token="mine", fish_token="its")
    expected = {
        ("producer", "mine"): 200,
        ("producer", "its"): "token_mismatched",
        ("producer", "no"): "invalid_token",
        ("fish", "its"): 200,
        ("fish", "mine"): "token_mismatched",
        ("fish", "no"): "invalid_token",
    }
    async with sandbox, caller_of(sandbox) as http:
        for (service, token), answer in expected.items():
            headers = {"Authorization": f"Bearer {token}"}
            reply = await http.post(f"/{service}/tasks", json={"id": "x"}, headers=headers)
            code = reply.json()["error"]["code"] if reply.json() else reply.status_code
            assert code == answer, (service, token)


async def test_only_token() -> None:
    """A sandbox with a token takes no other."""
    async with Sandbox(token="mine") as sandbox, caller_of(sandbox) as http:
        reply = await http.post("/producer/tasks", json={"id": "x"})
        assert reply.json()["error"]["code"] == "invalid_token"
        good = {"Authorization": "Bearer mine"}
        assert (await http.post("/producer/tasks", json={"id": "x"}, headers=good)).json() == {}


async def test_rate(clock: ManualClock) -> None:
    """Above the rate requests of any kind are refused, and told for how long."""
    sandbox = Sandbox(clock=clock, requests_per_second=2.0, retry_after=5.0)
    async with sandbox, caller_of(sandbox) as http:
        caller = Caller(http)
        task_id = await caller.generate()
        await caller.look_up(task_id)
        for refused in (await caller.batch(task_id), await caller.submit(action="generate")):
            assert refused.status_code == 429
            assert refused.json()["error"]["code"] == "too_many_requests"
            assert refused.headers["retry-after"] == "5"
        await clock.advance(0.5)
        await caller.look_up(task_id)
        assert sandbox.stats.submissions == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/producer/no_such"),
        ("GET", "/producer/audios"),
        ("GET", "/"),
        ("PUT", "/sandbox"),
        ("GET", "/fish/tts"),
        ("GET", "/fish/models"),
        ("PUT", "/fish/model"),
        ("POST", "/fish/audios"),
    ],
)
async def test_unknown_path(caller: Caller, method: str, path: str) -> None:
    """What is not an API is said to be none."""
    reply = await caller.http.request(method, path)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "no_api")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a": ' + b'{"a":' * 100 + b"1" + b"}" * 101,
    ],
)
@pytest.mark.parametrize("address", _ADDRESSES)
async def test_hostile_bodies(caller: Caller, address: str, body: bytes) -> None:
    """A body that is no plain JSON object is refused."""
    reply = await caller.http.post(f"/{address}", content=body)
    assert reply.status_code == 400
    if address.startswith("producer/") or address.endswith("/tasks"):
        assert reply.json()["error"]["code"] == "bad_request"
    else:
        assert reply.json().keys() == {"status", "message"}


async def test_media(caller: Caller) -> None:
    """Media are served to GET and HEAD, without a token, and only those that there are."""
    song = await caller.song()
    async with httpx.AsyncClient(transport=caller.http._transport) as http:
        cover = await http.get(song["image_url"])
        assert cover.headers["content-type"] == "image/jpeg"
        assert cover.headers["content-length"] == str(len(cover.content))
        head = await http.head(song["audio_url"])
        assert head.headers["content-type"] == "audio/mp4"
        assert int(head.headers["content-length"]) > 1000
        assert head.content == b""
        assert (await http.post(song["audio_url"])).status_code == 404
        assert (await http.get(f"{song['audio_url']}x")).status_code == 404
    assert httpx.URL(song["audio_url"]).host == "media.sandbox.acedata.invalid"
    assert song["audio_url"].endswith(".m4a")


async def test_health(sandbox: Sandbox) -> None:
    """Whoever starts a server can ask whether it is up, without a token and uncounted."""
    async with caller_of(sandbox, headers={}) as http:
        reply = await http.get("/health?x=y")
    assert (reply.status_code, reply.json()) == (200, {"status": "ok"})
    assert sandbox.stats.statuses == {}


async def test_control(sandbox: Sandbox, caller: Caller) -> None:
    """Another process reads the counts and sets the faults; that itself is not counted."""
    fault = {"fault": "throttle", "times": 1, "probability": 1, "on": "generate"}
    assert (await caller.http.post("/sandbox/faults", json=fault)).status_code == 200
    assert (await caller.submit(action="generate", prompt="x")).status_code == 429
    assert await caller.generate()
    await caller.http.post("/sandbox/faults", json={"fault": "throttle"})
    assert (await caller.http.delete("/sandbox/faults")).status_code == 200
    assert await caller.generate()
    stats = (await caller.http.get("/sandbox/stats")).json()
    assert stats["submissions"] == 2
    assert stats["statuses"] == {"200": 2, "429": 1}
    assert stats == json.loads(json.dumps(stats))
    assert sandbox.stats.media_requests == 0


@pytest.mark.parametrize(
    "wish",
    [
        {},
        [],
        {"fault": "no-such"},
        {"fault": "throttle", "times": "1"},
        {"fault": "throttle", "times": True},
        {"fault": "throttle", "probability": None},
        {"fault": "throttle", "on": ["generate"]},
        {"fault": "throttle", "on": "retrieve"},
    ],
)
async def test_bad_wishes(caller: Caller, wish: Any) -> None:
    """A fault that cannot be is refused with the reason."""
    reply = await caller.http.post("/sandbox/faults", json=wish)
    assert reply.status_code == 400
    assert reply.json()["error"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=5,
)
_PRODUCER_KEYS = ["prompt", "lyric", "title", "custom", "seed", "model", "audio_id", "async"]
_FISH_KEYS = ["text", "voices", "voice_url", "reference_id", "prosody", "format", "references"]
_KEYS = st.sampled_from([*_PRODUCER_KEYS, *_FISH_KEYS, "tags", "ids", "id"])
_BODIES = st.dictionaries(_KEYS | st.text(max_size=3), _JSON, max_size=6)
_ACTIONS = st.sampled_from(["generate", "cover", "retrieve", "retrieve_batch", "stems"]) | _JSON


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(address=st.sampled_from(_ADDRESSES), body=_BODIES, action=_ACTIONS)
def test_any_json(address: str, body: dict[str, Any], action: Any) -> None:
    """Whatever JSON comes, the answer is JSON with a sensible status."""
    vendor = Vendor(
        seed=0, tokens=Tokens(), durations=1.0, page_size=None, batch_limit=20, limits=Limits()
    )
    request = Request(
        method="POST",
        path=f"/{address}",
        authorization="Bearer x",
        body=json.dumps({"action": action, **body}).encode(),
        media_base="https://media",
    )
    assert control(vendor, request, 0.0) is None
    reply = respond(vendor, request, 0.0)
    assert isinstance(reply, Reply)
    assert reply.status in {200, 400}
    json.loads(reply.body)
