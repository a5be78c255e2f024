"""What can go wrong with a file, in memory."""

from __future__ import annotations

import gzip
import zipfile
from io import BytesIO

import httpx
import pytest

from acedata_async.sandbox import FAULTS, Sandbox, Stage
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of

_ANSWERS = {
    "media-403": (403, "application/xml"),
    "media-404": (404, "text/plain"),
    "media-408": (408, "text/plain"),
    "media-410": (410, "application/xml"),
    "media-429": (429, "text/plain"),
    "media-500": (500, "text/plain"),
    "media-html": (200, "text/html; charset=utf-8"),
    "media-json": (200, "application/json"),
    "media-redirect-loop": (302, "text/plain"),
    "media-redirect-private": (302, "text/plain"),
}
_BREAKS = {
    "media-cut": httpx.RemoteProtocolError,
    "media-cut-random": httpx.RemoteProtocolError,
    "media-hang": httpx.ReadTimeout,
}


@pytest.fixture
async def url(caller: Caller) -> str:
    """Where a song is."""
    address: str = (await caller.song())["audio_url"]
    return address


@pytest.fixture
async def whole(caller: Caller, url: str) -> bytes:
    """The song."""
    return (await caller.http.get(url)).content


async def _read(caller: Caller, url: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Return an answer and what comes of its body before it breaks."""
    received = bytearray()
    async with caller.http.stream("GET", url, headers=headers, timeout=15.0) as response:
        try:
            async for piece in response.aiter_raw():
                received += piece
        except httpx.TransportError as error:
            response.extensions["broken"] = type(error)
    return response, bytes(received)


async def test_each_fault_passes(sandbox: Sandbox, caller: Caller, url: str, whole: bytes) -> None:
    """After any fault that strikes once, the file comes as if nothing had been."""
    names = [name for name, fault in FAULTS.items() if fault.stage is Stage.MEDIA]
    assert len(names) == 25
    for name in set(names) - {"media-other", "media-endless"}:
        sandbox.inject(name, times=1, on="media")
        await _read(caller, url, range="bytes=10-")
        assert (await caller.http.get(url)).content == whole, name


@pytest.mark.parametrize("name", _ANSWERS)
async def test_answers_in_its_place(sandbox: Sandbox, caller: Caller, url: str, name: str) -> None:
    """Another answer comes in place of the file."""
    sandbox.inject(name)
    reply = await caller.http.get(url)
    assert (reply.status_code, reply.headers["content-type"]) == _ANSWERS[name]
    head = await caller.http.head(url)
    assert (head.status_code, head.content) == (reply.status_code, b"")


@pytest.mark.parametrize("name", _BREAKS)
async def test_breaks(sandbox: Sandbox, caller: Caller, url: str, whole: bytes, name: str) -> None:
    """What is sent breaks off, of a part as of the whole."""
    sandbox.inject(name)
    for start in (0, 40_000):
        reply, received = await _read(caller, url, range=f"bytes={start}-")
        left = len(whole) - start
        assert reply.status_code == 206
        assert int(reply.headers["content-length"]) == left
        assert reply.extensions["broken"] is _BREAKS[name]
        assert whole[start:].startswith(received)
        assert len(received) < left if name == "media-cut-random" else len(received) == left // 2


async def test_random_places(sandbox: Sandbox, caller: Caller, url: str) -> None:
    """Cuts are at another place each time, and at the same ones for the same seed."""
    sandbox.inject("media-cut-random")
    lengths = [len((await _read(caller, url))[1]) for _ in range(5)]
    assert len(set(lengths)) == 5
    async with Sandbox(durations=40.0) as again, caller_of(again) as http:
        address = (await Caller(http).song())["audio_url"]
        again.inject("media-cut-random")
        assert [len((await _read(Caller(http), address))[1]) for _ in range(5)] == lengths


@pytest.mark.parametrize(
    ("name", "announced", "sent"),
    [
        ("media-short", 1.0, 0.5),
        ("media-no-length", None, 1.0),
        ("media-no-length-cut", None, 0.5),
        ("media-empty", 0.0, 0.0),
    ],
)
async def test_lengths(
    sandbox: Sandbox,
    caller: Caller,
    url: str,
    whole: bytes,
    *,
    name: str,
    announced: float | None,
    sent: float,
) -> None:
    """What is announced is not what comes, and nothing but the length tells."""
    sandbox.inject(name)
    reply, received = await _read(caller, url)
    assert reply.status_code == 200
    assert "broken" not in reply.extensions
    expected = None if announced is None else str(int(announced * len(whole)))
    assert reply.headers.get("content-length") == expected
    assert received == whole[: int(sent * len(whole))]


async def test_more_than_announced(
    sandbox: Sandbox, caller: Caller, url: str, whole: bytes
) -> None:
    """More comes than is announced."""
    sandbox.inject("media-long")
    reply, received = await _read(caller, url, range="bytes=10-")
    assert int(reply.headers["content-length"]) == len(whole) - 10
    assert received == whole[10:] + bytes(1000)


async def test_slow(sandbox: Sandbox, caller: Caller, clock: ManualClock, whole: bytes) -> None:
    """A few bytes come each second, and who leaves is seen to have left."""
    sandbox.inject("media-slow")
    before = clock.elapsed
    await _read(caller, "/media/noise/160.bin")
    assert clock.elapsed - before == pytest.approx(10.0)
    async with caller.http.stream("GET", "/media/noise/1000.bin") as response:
        await anext(response.aiter_raw())
    await clock.advance(10.0)
    assert sandbox.stats.media_bytes_sent < len(whole) + 160 + 100


async def test_endless(sandbox: Sandbox, caller: Caller, url: str, whole: bytes) -> None:
    """A file goes on for ever, without a length, until the reader leaves."""
    sandbox.inject("media-endless")
    received = bytearray()
    async with caller.http.stream("GET", url) as response:
        assert "content-length" not in response.headers
        async for piece in response.aiter_raw():
            received += piece
            if len(received) > 1_000_000:
                break
    assert received.startswith(whole)
    sent = sandbox.stats.media_bytes_sent
    await caller.http.get("/media/none")
    assert sandbox.stats.media_bytes_sent - sent < 200_000


async def test_ranges(sandbox: Sandbox, caller: Caller, url: str, whole: bytes) -> None:
    """A range can be ignored, or another one come; neither fault wears off without a range."""
    for name in ("media-no-range", "media-bad-range"):
        sandbox.inject(name, times=3)
    await caller.http.get(url)
    for start in (0, 1, 500):
        reply = await caller.http.get(url, headers={"range": f"bytes={start}-"})
        assert (reply.status_code, reply.content) == (200, whole)
    for asked, expected in (("0-", 1), ("1-1", 0), ("500-", 250)):
        reply = await caller.http.get(url, headers={"range": f"bytes={asked}"})
        assert reply.status_code == 206
        assert reply.headers["content-range"].startswith(f"bytes {expected}-")
        last = int(reply.headers["content-range"].partition("-")[2].partition("/")[0])
        assert reply.content == whole[expected : last + 1]


async def test_ignored_range_and_a_cut(
    sandbox: Sandbox, caller: Caller, url: str, whole: bytes
) -> None:
    """A range can be ignored in an answer that another fault strikes as well."""
    sandbox.inject("media-cut")
    sandbox.inject("media-no-range")
    reply, received = await _read(caller, url, range="bytes=1000-")
    assert (reply.status_code, received) == (200, whole[: len(whole) // 2])


async def test_another_file(sandbox: Sandbox, caller: Caller, url: str) -> None:
    """From its second request on there is another file of the same kind, and it stays."""
    sandbox.inject("media-other", times=6)
    wav = await caller.submit("wav", audio_id=url.rpartition("/")[2].removesuffix(".m4a"))
    song = await caller.song()
    body = {"action": "stems", "audio_id": song["id"]}
    stems = (await caller.submit(**body)).json()["data"][0]["stems_url"]
    video = (await caller.submit("videos", audio_id=song["id"])).json()["data"]["video_url"]
    speech = (await caller.fish("tts", text="Hello.")).json()["audio_url"]
    added = sandbox.add_media("a", content=b"abc")
    addresses = [wav.json()["data"][0]["file_url"], url, stems, video, speech, song["image_url"]]
    for address in (*addresses, added):
        first = await caller.http.get(address)
        known = {"range": "bytes=1-", "if-range": first.headers["etag"]}
        second = await caller.http.get(address, headers=known)
        struck = address != added
        assert second.status_code == (200 if struck else 206)
        assert (second.headers["etag"] != first.headers["etag"]) == struck
        assert (second.headers["last-modified"] != first.headers["last-modified"]) == struck
        assert second.headers["content-type"] == first.headers["content-type"]
        assert second.content[:2] == first.content[:2] or not struck
        third = await caller.http.get(address)
        assert (third.content == first.content) == (not struck)
        if address == stems:
            assert zipfile.ZipFile(BytesIO(third.content)).testzip() is None
    sandbox.inject("media-other")
    for address in (added, "/media/noise/1000.bin", "/media/noise/1000.bin"):
        last = await caller.http.get(address)
    assert last.headers["last-modified"] == "Wed, 31 Dec 2025 18:36:00 GMT"
    assert (await caller.http.get(added)).content != b"abc"


async def test_compressed(sandbox: Sandbox, caller: Caller, url: str, whole: bytes) -> None:
    """A file comes compressed although nobody asked for it."""
    sandbox.inject("media-gzip")
    reply, received = await _read(caller, url, range="bytes=10-")
    assert (reply.status_code, reply.headers["content-encoding"]) == (200, "gzip")
    assert reply.headers["etag"].startswith("W/")
    assert gzip.decompress(received) == whole


async def test_throttled(sandbox: Sandbox, caller: Caller, url: str) -> None:
    """Too many requests for files are told to wait."""
    sandbox.inject("media-429")
    assert (await caller.http.get(url)).headers["retry-after"] == "2"


async def test_a_file_of_no_bytes(sandbox: Sandbox, caller: Caller) -> None:
    """Faults can strike an empty file, as far as they have anything to strike."""
    path = sandbox.add_media("empty", size=0)
    for name in ("media-cut-random", "media-bad-range", "media-slow"):
        sandbox.inject(name, times=1)
        assert (await _read(caller, path))[1] == b""
    reply = await caller.http.get(path, headers={"range": "bytes=0-"})
    assert (reply.status_code, reply.headers["content-range"]) == (416, "bytes */0")
