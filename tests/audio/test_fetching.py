"""Bytes from an address into a file: whole and right, or an error and nothing left."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from acedata_async import AceData, Audio, DownloadError, DownloadPolicy
from acedata_async.sandbox import FAULTS, Sandbox
from acedata_async.testing import ManualClock
from tests.audio.serving import ANOTHER, MEDIA, OTHERWISE, SOUND, box, client, served
from tests.audio.test_download import files


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        (["media-cut"] * 3, 4),
        (["media-cut-random"] * 3, 4),
        (["media-hang"], 2),
        (["media-short"] * 2, 3),
        (["media-long"], 2),
        (["media-no-length"], 1),
        (["media-no-length-cut"], 2),
        (["media-empty"], 2),
        (["media-cut", "media-no-range"], 2),
        (["media-cut", "media-bad-range"], 3),
        (["media-cut", "media-empty"], 3),
        (["media-cut", "media-no-length"], 2),
        (["media-no-length-cut", "media-short"], 3),
        (["media-redirect"], 2),
        (["media-cut", "media-redirect"], 3),
        (["media-408", "media-429", "media-500"], 4),
    ],
)
async def test_file_is_whole_and_right(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, faults: list[str], requests: int
) -> None:
    """What goes wrong for a while leaves a file with each byte as it is, and nothing beside it."""
    song = served(sandbox)
    for fault in faults:
        sandbox.inject(fault, times=1)
    path = await ace.download(song, tmp_path)
    assert path.read_bytes() == SOUND
    assert files(tmp_path) == [path.name]
    assert sandbox.stats.media_requests == requests
    assert sandbox.stats.media_requests_with_token == 0


@pytest.mark.parametrize(
    ("fault", "words", "requests"),
    [
        ("media-short", "bytes came of", None),
        ("media-long", "bytes came of", None),
        ("media-no-length-cut", "without its end", None),
        ("media-hang", "tried", None),
        ("media-slow", "slower than 64 bytes a second", 4),
        ("media-empty", "no bytes came", 4),
        ("media-json", "not a file", 1),
        ("media-html", "not a file", 1),
        ("media-gzip", "compressed", 1),
        ("media-redirect-loop", "redirects", 6),
        ("media-redirect-private", "169.254.169.254", 1),
        ("media-403", "expired", 1),
        ("media-404", "expired", 1),
        ("media-410", "expired", 1),
        ("media-408", "HTTP 408", 4),
        ("media-429", "HTTP 429", 4),
        ("media-500", "HTTP 500", 4),
    ],
)
async def test_fault_that_stays(
    ace: AceData,
    sandbox: Sandbox,
    clock: ManualClock,
    tmp_path: Path,
    *,
    fault: str,
    words: str,
    requests: int | None,
) -> None:
    """What stays wrong is an error in words, soon, and leaves nothing."""
    song = served(sandbox)
    sandbox.inject(fault)
    before = clock.elapsed
    with pytest.raises(DownloadError, match=words):
        await ace.download(song, tmp_path)
    assert files(tmp_path) == []
    assert requests in {None, sandbox.stats.media_requests}
    assert clock.elapsed - before < 3600.0


@pytest.mark.parametrize("fault", ["media-no-length", "media-no-range", "media-redirect"])
async def test_fault_that_can_be_lived_with(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    """What happens each time, and still brings the bytes, brings all of them."""
    song = served(sandbox)
    sandbox.inject(fault)
    for _ in range(3):
        path = await ace.download(song, tmp_path, overwrite=True)
        assert path.read_bytes() == SOUND
    assert files(tmp_path) == [path.name]


async def test_file_that_changes_on_the_way(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Bytes of two files are never put together: the new one comes, all of it."""
    song = served(sandbox)
    sandbox.inject("media-cut", times=1)
    sandbox.inject("media-other", times=1)
    path = await ace.download(song, tmp_path)
    assert path.read_bytes() == ANOTHER


_PLAYED = sorted(name for name, fault in FAULTS.items() if fault.stage == "media")


@given(st.lists(st.sampled_from(_PLAYED), max_size=6), st.sampled_from([1000, 90_000, len(SOUND)]))
@example(["media-cut", "media-other", "media-cut", "media-bad-range"], len(SOUND))
@example(["media-cut", "media-bad-range", "media-long", "media-redirect"], len(SOUND))
@example(["media-no-length-cut", "media-no-length-cut", "media-no-range"], 90_000)
@settings(deadline=None)
def test_any_order_of_faults(faults: list[str], size: int) -> None:
    """Whatever answers come one after the other, the file is right or there is none."""
    # What has neither a length nor an inner structure may end anywhere.
    assume(not {"media-other", "media-no-length-cut"} <= set(faults))
    sound = SOUND[:20] + box(b"mdat", SOUND[40 : size - 8])

    async def play(directory: Path) -> None:
        async with Sandbox(seed=1) as sandbox:
            ace = client(sandbox, downloads=DownloadPolicy(largest=400_000))
            song = served(sandbox, sound)
            for fault in faults:
                sandbox.inject(fault, times=1)
            try:
                path = await ace.download(song, directory)
            except DownloadError:
                assert files(directory) == []
            else:
                changed = sound[:64] + sound[64:].translate(OTHERWISE)
                right = {sound, changed} if "media-other" in faults else {sound}
                # Without a length, and without a container that tells, an early end is an end.
                cut = {"media-other", "media-no-length-cut"} <= set(faults)
                assert path.read_bytes() in right or (cut and path.read_bytes() in changed)
                assert files(directory) == [path.name]
            await ace.aclose()

    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(play(Path(directory)))


async def test_cuts_cost_few_bytes(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """With every second answer cut somewhere, what is here is not asked for again."""
    size = 3_000_000
    songs = [
        Audio(
            audio_url=MEDIA
            + sandbox.add_media(f"{number}.mp3", size=size, content_type="audio/mpeg"),
            id=str(number),
        )
        for number in range(20)
    ]
    right = [(await ace.download(song, tmp_path / "right")).read_bytes() for song in songs]
    before = sandbox.stats.media_bytes_sent
    sandbox.inject("media-cut-random", probability=0.5)
    fetched = await ace.download_many(songs, tmp_path / "cut")
    got = [one.path.read_bytes() if one.path else None for one in fetched]
    assert sum(one is None for one in got) <= 2  # four cuts in a row near the end
    assert all(one in {None, whole} for one, whole in zip(got, right, strict=True))
    assert sandbox.stats.media_bytes_sent - before <= 1.2 * size * len(songs)
    assert len(files(tmp_path / "cut")) == sum(one is not None for one in got)


async def test_endless_file_ends(sandbox: Sandbox, tmp_path: Path) -> None:
    """A file is not larger than allowed, and one that has no end is not waited for."""
    song = served(sandbox)
    sandbox.inject("media-endless")
    ace = client(sandbox, downloads=DownloadPolicy(largest=2_000_000))
    with pytest.raises(DownloadError, match="larger than 2,000,000 bytes"):
        await ace.download(song, tmp_path)
    assert files(tmp_path) == []
    assert sandbox.stats.media_requests == 1
    assert sandbox.stats.media_bytes_sent < 6_000_000
    await ace.aclose()


async def test_slow_file_is_taken_up_by_another_connection(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path
) -> None:
    """A connection that drips is given up after a minute, and the next one goes on."""
    song = served(sandbox)
    sandbox.inject("media-slow", times=2)
    before = clock.elapsed
    path = await ace.download(song, tmp_path)
    assert path.read_bytes() == SOUND
    assert 100.0 < clock.elapsed - before < 300.0
    assert sandbox.stats.media_bytes_sent < len(SOUND) + 5_000


async def test_file_that_says_that_it_is_too_large(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is announced as too large is refused before any of it is taken."""
    song = served(sandbox)
    ace = client(sandbox, downloads=DownloadPolicy(largest=len(SOUND) - 1))
    heard: list[object] = []
    with pytest.raises(DownloadError, match="larger than"):
        await ace.download(song, tmp_path, on_progress=heard.append)
    assert heard == []
    await ace.aclose()


class Dripping(httpx.AsyncBaseTransport):
    """Gives one byte more each time, and then falls silent."""

    def __init__(self) -> None:
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        self.requests += 1
        headers = {"etag": '"a"', "content-length": str(len(SOUND) - start)}
        if start:
            headers["content-range"] = f"bytes {start}-{len(SOUND) - 1}/{len(SOUND)}"
        status = 206 if start else 200
        return httpx.Response(status, headers=headers, content=self._drip(start))

    async def _drip(self, start: int) -> AsyncIterator[bytes]:
        yield SOUND[start : start + 1]
        raise httpx.ReadTimeout("")


async def test_dripping_server_is_given_up(sandbox: Sandbox, tmp_path: Path) -> None:
    """A byte for each connection is no progress that is worth hours."""
    dripping = Dripping()
    ace = client(sandbox, transport=dripping)
    with pytest.raises(DownloadError, match="tried"):
        await ace.download(Audio(audio_url="https://cdn.test/a.m4a"), tmp_path)
    assert dripping.requests <= 20
    assert files(tmp_path) == []
    await ace.aclose()


async def test_server_that_asks_to_wait_is_obeyed(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path
) -> None:
    """`Retry-After` is waited for."""
    song = served(sandbox)
    sandbox.inject("media-429", times=2)
    before = clock.elapsed
    await ace.download(song, tmp_path)
    assert clock.elapsed - before >= 4.0
