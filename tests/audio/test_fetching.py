"""Bytes from an address into a file: whole and right, or an error and nothing left."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import httpx
import pytest
from anyio import to_thread
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from acedata_async import AceData, Audio, ClientClosed, DownloadError, DownloadPolicy, Progress
from acedata_async._clock import sleep
from acedata_async.sandbox import FAULTS, Sandbox
from acedata_async.testing import ManualClock
from tests.audio.test_download import files
from tests.patience import until

BASE = "https://sandbox.acedata.invalid"
MEDIA = "https://media.sandbox.acedata.invalid"


def box(name: bytes, content: bytes) -> bytes:
    """Return a box of an mp4 file."""
    return (len(content) + 8).to_bytes(4) + name + content


SOUND = (
    box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", b"") + box(b"mdat", Random(1).randbytes(250_000))
)
"""What an m4a looks like from outside."""
ANOTHER = SOUND.translate(bytes(byte ^ 0x55 for byte in range(256)))
"""What the sandbox has in its place once the file has changed."""


def client(
    sandbox: Sandbox,
    *,
    downloads: DownloadPolicy | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AceData:
    """Return a client of a sandbox that downloads as it is told to."""
    http = httpx.AsyncClient(transport=transport or sandbox.transport(), trust_env=False)
    return AceData(
        "good-token",
        base_url=BASE,
        http_client=http,
        clock=sandbox.clock,
        downloads=downloads,
        seed=1,
    )


def served(
    sandbox: Sandbox, content: bytes = SOUND, name: str = "a.m4a", kind: str = "audio/mp4"
) -> Audio:
    """Return a song that consists of these bytes."""
    path = sandbox.add_media(name, content=content, content_type=kind)
    return Audio(audio_url=MEDIA + path, id="1", title="Song")


@pytest.mark.parametrize(
    ("faults", "requests"),
    [
        (["media-cut"] * 3, 4),
        (["media-cut-random"] * 3, 4),
        (["media-hang"], 2),
        (["media-short"] * 2, 3),
        (["media-long"], 3),
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
                changed = sound.translate(bytes(byte ^ 0x55 for byte in range(256)))
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
        Audio(audio_url=MEDIA + sandbox.add_media(f"{number}.bin", size=size), id=str(number))
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


async def test_progress_is_told(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Whoever wants to know hears of each piece, up to the last byte."""
    song = served(sandbox)
    sandbox.inject("media-cut", times=1)
    heard: list[Progress] = []
    await ace.download(song, tmp_path, on_progress=heard.append)
    assert [one.received for one in heard] == sorted(one.received for one in heard)
    assert heard[-1] == Progress(song, len(SOUND), len(SOUND))
    assert {one.total for one in heard} == {len(SOUND)}


async def test_progress_without_a_length(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Where the server tells no length there is none to hear."""
    song = served(sandbox)
    sandbox.inject("media-no-length")
    heard: list[Progress] = []
    await ace.download(song, tmp_path, on_progress=heard.append)
    assert {one.total for one in heard} == {None}
    assert heard[-1].received == len(SOUND)


@pytest.mark.parametrize("error", [ValueError("no"), OSError(28, "full"), StopIteration()])
async def test_progress_that_raises(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
) -> None:
    """What a user's function raises is logged once, and the file comes all the same."""
    calls = 0

    def broken(_: Progress) -> None:
        nonlocal calls
        calls += 1
        raise error

    path = await ace.download(served(sandbox), tmp_path, on_progress=broken)
    assert path.read_bytes() == SOUND
    assert calls == 1
    assert [record.message for record in caplog.records if "on_progress" in record.message] == [
        "on_progress failed; it is not called again for this download"
    ]


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144])
async def test_cancelled_at_any_instant(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, turns: int
) -> None:
    """A caller that is cancelled leaves a whole file or none, and never a part of one."""
    call = asyncio.create_task(ace.download(served(sandbox), tmp_path / "new"))
    for _ in range(turns):
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await ace.aclose()
    left = files(tmp_path / "new") if (tmp_path / "new").exists() else []
    assert left in ([], ["Song - 1.m4a"])
    assert all((tmp_path / "new" / name).read_bytes() == SOUND for name in left)


async def test_cancelled_in_a_pause(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path
) -> None:
    """Who is cancelled between two tries asks no more."""
    sandbox.inject("media-429")
    call = asyncio.create_task(ace.download(served(sandbox), tmp_path))
    await until(lambda: sandbox.stats.media_requests == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await until(lambda: files(tmp_path) == [])
    await sleep(clock, 600.0)
    assert sandbox.stats.media_requests == 1


@pytest.mark.parametrize("fault", ["media-hang", "media-slow", "media-500", "media-endless", None])
async def test_client_closed_meanwhile(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, fault: str | None
) -> None:
    """Closing the client ends downloads in the middle, with its own error, and sweeps up."""
    if fault:
        sandbox.inject(fault)
    song = served(sandbox)
    call = asyncio.create_task(ace.download(song, tmp_path))
    await until(lambda: files(tmp_path) or call.done())
    await ace.aclose()
    [ended] = await asyncio.gather(call, return_exceptions=True)
    if isinstance(ended, Path):
        assert files(tmp_path) == [ended.name]
    else:
        assert isinstance(ended, ClientClosed | DownloadError)
        assert files(tmp_path) == []
    with pytest.raises(ClientClosed):
        await ace.download(song, tmp_path)


@pytest.mark.parametrize("is_gone", [True, False])
async def test_directory_removed_meanwhile(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, *, is_gone: bool
) -> None:
    """A directory that goes away, or becomes a file, is one of our errors."""
    place = tmp_path / "songs"

    def spoil(_: Progress) -> None:
        if place.is_dir():
            shutil.rmtree(place)
            if not is_gone:
                place.write_text("a file")

    with pytest.raises(DownloadError, match="could not save"):
        await ace.download(served(sandbox), place, on_progress=spoil)
    assert place.exists() is not is_gone


async def test_name_too_long_for_a_directory(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A directory that no file system can make is told before anything is fetched."""
    with pytest.raises(DownloadError, match="too long"):
        await ace.download(served(sandbox), tmp_path / ("x" * 300))
    assert sandbox.stats.media_requests == 0


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
async def test_directory_that_is_read_only(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """A directory that may not be written to is told before anything is fetched."""
    tmp_path.chmod(0o500)  # noqa: ASYNC240 - nothing else runs
    with pytest.raises(DownloadError, match="ermission denied"):
        await ace.download(served(sandbox), tmp_path)
    assert sandbox.stats.media_requests == 0


async def test_directory_that_cannot_be_synced(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole file that has its name is no failure, whatever comes after."""
    real = os.open

    def refused(path: os.PathLike[str], flags: int, *rest: int) -> int:
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied")
        return real(path, flags, *rest)

    monkeypatch.setattr(os, "open", refused)
    for overwrite in (False, True):
        path = await ace.download(served(sandbox), tmp_path, overwrite=overwrite)
        assert path.read_bytes() == SOUND
    assert files(tmp_path) == ["Song - 1.m4a"]


_LIMITED = """
import asyncio, resource, sys
from pathlib import Path
from acedata_async import Audio, DownloadError
from acedata_async.sandbox import Sandbox

async def main(name, kind, size, limit, directory):
    async with Sandbox(seed=1) as sandbox:
        head = {"m4a": bytes([0, 0, 0, 8]) + b"ftyp", "mp3": b"ID3" + bytes(7)}[kind]
        path = sandbox.add_media(name, content=head + bytes(size), content_type="audio/" + kind)
        song = Audio(audio_url="https://cdn.test" + path, id="1", title="Song")
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            print("saved", (await sandbox.client().download(song, directory)).stat().st_size)
        except DownloadError as error:
            print("error", sandbox.stats.media_requests, error)

name, kind, size, limit, directory = sys.argv[1:]
asyncio.run(main(name, kind, int(size), int(limit), Path(directory)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on the size of files")
@pytest.mark.parametrize("size", [700_000, 5_000_000])
async def test_limit_on_the_size_of_files(tmp_path: Path, size: int) -> None:
    """Where no more can be written, wherever that begins, there is an error and no file."""
    command = [sys.executable, "-c", _LIMITED, "a.mp3", "mp3", str(size), "500000", str(tmp_path)]
    ended = await to_thread.run_sync(
        lambda: subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603 - our own
    )
    assert ended.stdout.startswith("error 1 could not save")
    assert files(tmp_path) == []


async def test_large_file_needs_little_memory(sandbox: Sandbox, tmp_path: Path) -> None:
    """200 MB go through a few of them."""
    size = 200_000_000
    path = sandbox.add_media("large.wav", size=size, content_type="audio/wav")
    ace = client(sandbox)
    tracemalloc.start()
    try:
        saved = await ace.download(Audio(audio_url=MEDIA + path, id="1"), tmp_path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert saved.stat().st_size == size
    assert peak < 64 * 1024 * 1024
    await ace.aclose()
