"""Files that are added, and files of any size."""

from __future__ import annotations

import io
import wave

import pytest

from acedata_async.sandbox import Sandbox

from .conftest import Caller


async def test_added_file(sandbox: Sandbox, caller: Caller) -> None:
    """A file that was added has its size and type, and is the same bytes each time."""
    path = sandbox.add_media("large/a b.bin", size=300_000)
    assert path == "/media/large/a%20b.bin"
    first = await caller.http.get(path)
    assert len(first.content) == int(first.headers["content-length"]) == 300_000
    assert first.headers["content-type"] == "application/octet-stream"
    assert (await caller.http.get(path)).content == first.content
    async with Sandbox() as other:
        other.add_media("large/a b.bin", size=300_000)
        again = other._vendor.media_file("/media/large/a b.bin")
        assert again is not None
        assert again.read() == first.content


async def test_added_content(sandbox: Sandbox, caller: Caller) -> None:
    """Certain bytes can be served, also in place of a song."""
    url = (await caller.song())["audio_url"]
    sandbox.add_media(url.removeprefix("https://media.sandbox.acedata.invalid"), content=b"OggS")
    reply = await caller.http.get(url, headers={"range": "bytes=1-2"})
    assert (reply.status_code, reply.content) == (206, b"gg")


async def test_containers(sandbox: Sandbox, caller: Caller) -> None:
    """Noise as WAV is sound, and as MPEG-4 it stands in a box behind a melody."""
    sound = sandbox.add_media("a.wav", size=1_000_000, content_type="audio/wav")
    with wave.open(io.BytesIO((await caller.http.get(sound)).content)) as opened:
        assert 44 + 2 * opened.getnframes() == 1_000_000
    song = sandbox.add_media("a.m4a", size=1_000_000, content_type="audio/mp4")
    rest = (await caller.http.get(song)).content
    assert len(rest) == 1_000_000
    boxes = []
    while rest:
        size, name = int.from_bytes(rest[:4]), rest[4:8]
        size = int.from_bytes(rest[8:16]) if size == 1 else size
        boxes.append(name)
        assert 8 <= size <= len(rest)
        rest = rest[size:]
    assert boxes[0] == b"ftyp"
    assert {b"moov", b"mdat"} < set(boxes)
    assert boxes[-1] == b"free"


async def test_noise_by_its_address(caller: Caller) -> None:
    """Another process gets noise of any size and seed without having added it."""
    one = await caller.http.get("/media/noise/70000.bin?seed=1")
    assert len(one.content) == 70_000
    assert (await caller.http.get("/media/noise/70000.bin?seed=1")).content == one.content
    assert (await caller.http.get("/media/noise/70000.bin?seed=2")).content != one.content
    assert (await caller.http.get("/media/noise/70000.wav")).headers["content-type"] == "audio/wav"
    assert (await caller.http.get("/media/noise/10.m4a")).status_code == 404
    assert (await caller.http.get("/media/noise/x.bin")).status_code == 404


async def test_large_file(sandbox: Sandbox, caller: Caller) -> None:
    """The last bytes of a terabyte come at once, and a reader who leaves stops the rest."""
    path = sandbox.add_media("large.bin", size=10**12)
    reply = await caller.http.get(path, headers={"range": f"bytes={10**12 - 5}-"})
    assert len(reply.content) == 5
    async with caller.http.stream("GET", path) as response:
        await anext(response.aiter_raw())
    assert sandbox.stats.media_bytes_sent < 10_000_000


def test_what_cannot_be(sandbox: Sandbox) -> None:
    """A file needs a size or content, and a size that its type can have."""
    for wrong in ({}, {"size": 1, "content": b"x"}):
        with pytest.raises(ValueError, match="either"):
            sandbox.add_media("a", **wrong)  # type: ignore[arg-type]  # what must not be possible
    for size in (-1, 10, 2**32):
        with pytest.raises(ValueError, match=r"must be|at most"):
            sandbox.add_media("a", size=size, content_type="audio/wav")
