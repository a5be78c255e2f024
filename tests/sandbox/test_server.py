"""The door on the network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox, SystemClock
from acedata_async.sandbox.server import _Server
from tests.patience import until

from .conftest import TOKEN, Caller


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox on the real clock with quick songs."""
    async with Sandbox(clock=SystemClock(), durations=0.01) as sandbox:
        yield sandbox


@pytest.fixture
async def caller(sandbox: Sandbox) -> AsyncIterator[Caller]:
    """Somebody who calls it over a socket."""
    async with (
        sandbox.listen() as base_url,
        httpx.AsyncClient(base_url=base_url, headers=TOKEN, timeout=5.0) as http,
    ):
        yield Caller(http)


async def test_song(sandbox: Sandbox, caller: Caller) -> None:
    """A song is made and downloaded from the same address; connections are counted."""
    song = await caller.song()
    assert song["audio_url"].startswith(str(caller.http.base_url))
    assert (await caller.http.get(song["audio_url"])).headers["content-type"] == "audio/mp4"
    stats = (await caller.http.get("/sandbox/stats")).json()
    assert (stats["submissions"], stats["connections"]) == (1, 1)
    assert sandbox.stats.media_requests == 1


async def test_voice(sandbox: Sandbox, caller: Caller) -> None:
    """A voice is made, found, spoken with and heard at the same address."""
    voice = await caller.voice(title="Harbour")
    listed = (await caller.http.get("/fish/model?self=true&page_size=5")).json()
    shown = (await caller.http.get(f"/fish/model/{voice['_id']}")).json()
    assert listed["items"] == [shown]
    assert (await caller.http.get("/fish/model/none")).status_code == 400
    speech = await caller.fish("tts", engine="s1", text="x", reference_id=voice["_id"])
    for url in (speech.json()["audio_url"], shown["samples"][0]["audio"]):
        assert url.startswith(str(caller.http.base_url))
        assert (await caller.http.get(url)).headers["content-type"] == "audio/mpeg"
    assert (await caller.fish("tts", engine="s9", text="x")).status_code == 400
    stats = (await caller.http.get("/sandbox/stats")).json()
    assert (stats["catalogue_requests"], stats["submissions"]) == (3, 2)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("cut-after-accept", httpx.RemoteProtocolError),
        ("reset-after-accept", httpx.ReadError),
        ("refuse-connection", httpx.RemoteProtocolError),
        ("hang-after-accept", httpx.ReadTimeout),
    ],
)
async def test_broken_connections(
    sandbox: Sandbox,
    caller: Caller,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    error: type[Exception],
) -> None:
    """A connection ends as the fault says, the next one works, and nothing is logged."""
    caller.http.timeout = httpx.Timeout(5.0, read=0.05)
    with pytest.raises(error):
        await caller.generate(f"#sandbox:{fault}")
    assert len(sandbox.tasks) == fault.endswith("-after-accept")
    assert await caller.generate()
    assert [entry for entry in caplog.records if entry.name.startswith("uvicorn")] == []


async def test_cut_in_a_body(sandbox: Sandbox, caller: Caller) -> None:
    """A file breaks off in the middle."""
    song = await caller.song()
    sandbox.inject("media-cut", times=1)
    with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
        await caller.http.get(song["audio_url"])


async def _received(caller: Caller, url: str) -> tuple[bytes, str]:
    """Return what comes of a file before it breaks off, and its ETag."""
    received = bytearray()
    async with caller.http.stream("GET", url) as response:
        try:
            async for piece in response.aiter_raw():
                received += piece
        except httpx.RemoteProtocolError as error:
            assert "complete message body" in str(error)  # noqa: PT017 - what came counts too
        else:
            pytest.fail("it did not break off")
    return bytes(received), response.headers["etag"]


async def test_parts_of_files(sandbox: Sandbox, caller: Caller) -> None:
    """A cut file goes on where it broke off."""
    whole = (await caller.http.get("/media/noise/300000.bin")).content
    sandbox.inject("media-cut", times=1, on="media")
    received, etag = await _received(caller, "/media/noise/300000.bin")
    known = {"range": f"bytes={len(received)}-", "if-range": etag}
    rest = await caller.http.get("/media/noise/300000.bin", headers=known)
    assert rest.status_code == 206
    assert received + rest.content == whole


@pytest.mark.parametrize(
    ("fault", "length", "sent"),
    [
        ("media-long", 100_000, 100_000),
        ("media-no-length", None, 100_000),
        ("media-no-length-cut", None, 50_000),
        ("media-empty", 0, 0),
    ],
)
async def test_lengths(
    sandbox: Sandbox, caller: Caller, fault: str, length: int | None, sent: int
) -> None:
    """Without a length an answer is chunked; more than announced cannot be sent."""
    sandbox.inject(fault)
    reply = await caller.http.get("/media/noise/100000.bin")
    told = None if length is None else str(length)
    assert reply.headers.get("content-length") == told
    assert reply.headers.get("transfer-encoding") == (None if told else "chunked")
    assert len(reply.content) == sent


async def test_less_than_announced(
    sandbox: Sandbox, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    """All that was sent arrives before the orderly end."""
    sandbox.inject("media-short", times=1)
    received, _ = await _received(caller, "/media/noise/10000000.bin")
    assert len(received) == 5_000_000
    assert len((await caller.http.get("/media/noise/9.bin")).content) == 9
    assert [entry for entry in caplog.records if entry.name.startswith("uvicorn")] == []


async def test_endless(sandbox: Sandbox, caller: Caller) -> None:
    """What never ends does end when the reader leaves."""
    sandbox.inject("media-endless", times=1)
    async with caller.http.stream("GET", "/media/noise/9.bin") as response:
        pieces = response.aiter_raw()
        for _ in range(5):
            await anext(pieces)
    assert (await caller.http.get("/media/noise/9.bin")).status_code == 200
    before = sandbox.stats.media_bytes_sent
    await asyncio.sleep(0.05)
    assert sandbox.stats.media_bytes_sent == before


async def test_large_file(sandbox: Sandbox, caller: Caller) -> None:
    """A reader who leaves a large file stops it, and one who is slow is waited for."""
    async with caller.http.stream("GET", "/media/noise/900000000000.bin") as response:
        await anext(response.aiter_raw())
        await asyncio.sleep(0.05)
    assert sandbox.stats.media_bytes_sent < 100_000_000


async def test_redirect(sandbox: Sandbox, caller: Caller) -> None:
    """Another name of this machine has the file; the token stays behind with plain httpx."""
    sandbox.inject("media-redirect")
    reply = await caller.http.get("/media/noise/9.bin", follow_redirects=True)
    assert reply.status_code == 200
    assert (caller.http.base_url.host, reply.url.host) == ("127.0.0.1", "localhost")
    stats = sandbox.stats
    assert (stats.media_requests, stats.media_requests_with_token) == (2, 1)


async def test_caller_leaves_before_the_answer(sandbox: Sandbox) -> None:
    """A synchronous answer nobody waits for any more is dropped quietly."""
    slow = Sandbox(clock=SystemClock(), durations=60.0)
    async with slow.listen("::1") as base_url, httpx.AsyncClient(timeout=0.05) as http:
        assert base_url.startswith("http://[::1]:")
        with pytest.raises(httpx.ReadTimeout):
            await http.post(
                f"{base_url}/producer/audios",
                json={"action": "generate", "prompt": "x"},
                headers=TOKEN,
            )
        await until(lambda: not slow.stats.in_flight)


async def test_address_in_use(sandbox: Sandbox) -> None:
    """An address that cannot be had is the system's own error."""
    async with sandbox.listen() as base_url:
        with pytest.raises(OSError, match="in use"):
            async with sandbox.listen(port=int(base_url.rpartition(":")[2])):
                pass


async def test_closing_with_a_request_that_hangs(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The end of the server breaks off what hangs, at once and without a word in the log."""
    async with httpx.AsyncClient(headers=TOKEN, timeout=30.0) as http:
        async with sandbox.listen() as base_url:
            http.base_url = httpx.URL(base_url)
            call = asyncio.create_task(Caller(http).generate("#sandbox:hang-after-accept"))
            await until(lambda: sandbox.tasks)
        with pytest.raises(httpx.RemoteProtocolError):
            await call
    assert sandbox.stats.in_flight == 0
    assert [entry for entry in caplog.records if entry.name.startswith("uvicorn")] == []


async def test_failing_start(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that cannot start says why, and nobody waits for it."""

    async def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(_Server, "startup", fail)
    with pytest.raises(ZeroDivisionError):
        async with sandbox.listen():
            pass


async def test_large_body(caller: Caller) -> None:
    """A body beyond all reason is refused although it comes in pieces."""
    reply = await caller.submit(action="generate", prompt="x", lyric="x" * 3_000_000)
    assert reply.status_code == 413
