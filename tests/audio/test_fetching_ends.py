"""How fetching is told of, broken off, and kept from by the disk."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from anyio import to_thread

from acedata_async import AceData, Audio, ClientClosed, DownloadError, InvalidRequest, Progress
from acedata_async.sandbox import Sandbox
from tests.audio.serving import MEDIA, SOUND, client, served
from tests.audio.test_download import files
from tests.patience import until


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


@pytest.mark.parametrize(
    "error", [ValueError("no"), OSError(28, "full"), StopIteration(), asyncio.CancelledError()]
)
async def test_progress_that_raises(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
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


class Async:
    """What is called like a function, and would have to be awaited."""

    async def __call__(self, progress: Progress) -> None:
        """Take a piece of news."""


async def test_progress_that_would_have_to_be_awaited(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What nobody awaits is refused before anything is fetched, a function or an object."""
    for told in (Async(), Async().__call__):
        with pytest.raises(InvalidRequest, match="on_progress"):
            await ace.download(served(sandbox), tmp_path, on_progress=told)
    assert sandbox.stats.media_requests == 0


@pytest.mark.parametrize("fault", ["media-hang", "media-slow", "media-500", "media-endless", None])
async def test_client_closed_meanwhile(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, fault: str | None
) -> None:
    """Closing the client ends downloads in the middle, with its own error, and sweeps up."""
    if fault:
        sandbox.inject(fault)
    song = served(sandbox)
    call = asyncio.create_task(ace.download(song, tmp_path))
    await until(lambda: sandbox.stats.media_requests or call.done())
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
