"""How files are served: ranges, validators, and what was sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acedata_async.sandbox import Sandbox

from .conftest import Caller, started


@pytest.fixture
async def url(caller: Caller) -> str:
    """Where a song is."""
    address: str = (await caller.song())["audio_url"]
    return address


async def test_whole(caller: Caller, url: str) -> None:
    """A file says that it can be had in parts, and by what its bytes are known."""
    reply = await caller.http.get(url)
    assert reply.status_code == 200
    assert reply.headers["accept-ranges"] == "bytes"
    assert reply.headers["etag"].startswith('"')
    assert reply.headers["last-modified"] == "Tue, 30 Dec 2025 18:36:00 GMT"
    assert "content-range" not in reply.headers


@pytest.mark.parametrize(("asked", "first", "last"), [("100-", 100, None), ("100-199", 100, 199)])
async def test_part(caller: Caller, url: str, asked: str, first: int, last: int | None) -> None:
    """A range is answered with that part; HEAD with the same headers."""
    whole = await caller.http.get(url)
    size = len(whole.content)
    last = size - 1 if last is None else last
    part = await caller.http.get(url, headers={"range": f"bytes={asked}"})
    assert part.status_code == 206
    assert part.content == whole.content[first : last + 1]
    assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
    assert part.headers["etag"] == whole.headers["etag"]
    head = await caller.http.head(url, headers={"range": f"bytes={asked}"})
    assert (head.status_code, head.headers, head.content) == (206, part.headers, b"")


async def test_beyond_the_end(caller: Caller, url: str) -> None:
    """A range that the file does not have is 416 and tells its size."""
    size = len((await caller.http.get(url)).content)
    reply = await caller.http.get(url, headers={"range": f"bytes={size}-"})
    assert (reply.status_code, reply.headers["content-range"]) == (416, f"bytes */{size}")


async def test_if_range(caller: Caller, url: str) -> None:
    """A part comes only of the file that is known already; otherwise the whole new one comes."""
    headers = (await caller.http.get(url)).headers
    for known, status in (
        (headers["etag"], 206),
        (headers["last-modified"], 206),
        (f"W/{headers['etag']}", 200),
        ('"another"', 200),
        ("Mon, 29 Dec 2025 18:36:00 GMT", 200),
    ):
        asked = {"range": "bytes=5-", "if-range": known}
        reply = await caller.http.get(url, headers=asked)
        assert reply.status_code == status
        assert ("content-range" in reply.headers) == (status == 206)


async def test_several_ranges(caller: Caller, url: str) -> None:
    """Several ranges at once bring the whole file."""
    assert (await caller.http.get(url, headers={"range": "bytes=0-1,4-5"})).status_code == 200


async def test_other_files(caller: Caller) -> None:
    """Samples of voices can be had in parts as well."""
    voice = await caller.voice()
    sample = f"/{voice['samples'][0]['audio']}"
    reply = await caller.http.get(sample, headers={"range": "bytes=0-9"})
    assert (reply.status_code, len(reply.content)) == (206, 10)


async def test_bytes_sent(sandbox: Sandbox, caller: Caller, url: str) -> None:
    """The bytes of files are counted as they go out, apart from all else."""
    await caller.http.get(url, headers={"range": "bytes=0-999"})
    await caller.http.head(url)
    await caller.http.get(f"{url}x")
    assert sandbox.stats.media_bytes_sent == 1000
    assert sandbox.stats.bytes_sent > 1000


async def test_bytes_are_remembered(path: Path) -> None:
    """A sandbox that takes up a state goes on counting the bytes of files."""
    async with started(path) as (_, caller):
        await caller.http.get("/media/noise/5000.bin")
    async with started(path) as (sandbox, caller):
        await caller.http.get("/media/noise/70.bin")
        assert sandbox.stats.media_bytes_sent == 5070


async def test_reader_who_does_not_read(sandbox: Sandbox, caller: Caller) -> None:
    """No more is made than somebody reads: what is on its way stays small."""
    async with caller.http.stream("GET", "/media/noise/200000000.bin") as response:
        pieces = response.aiter_raw()
        await anext(pieces)
        for _ in range(200):
            await asyncio.sleep(0)
        unread = sandbox.stats.media_bytes_sent
        assert 1_000_000 < unread < 4_000_000
        for _ in range(100):
            await anext(pieces)
        assert sandbox.stats.media_bytes_sent > unread
