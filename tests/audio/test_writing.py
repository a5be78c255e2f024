"""Part files: written whole, in threads that are waited for."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acedata_async import AceData, Audio
from acedata_async.audio.writing import Threads
from acedata_async.sandbox import Sandbox
from tests.audio.serving import SOUND, client, served
from tests.audio.test_download import files
from tests.patience import until


class Crumbling(httpx.AsyncBaseTransport):
    """Gives a file in pieces of one size."""

    def __init__(self, size: int) -> None:
        self.size = size

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        """Answer a request."""
        headers = {"content-length": str(len(SOUND))}
        return httpx.Response(200, headers=headers, content=self._pieces())

    async def _pieces(self) -> AsyncIterator[bytes]:
        for start in range(0, len(SOUND), self.size):
            yield SOUND[start : start + self.size]


@pytest.mark.parametrize("size", [7, 1000, len(SOUND)])
async def test_pieces_of_any_size(sandbox: Sandbox, tmp_path: Path, size: int) -> None:
    """More pieces than a system takes at once are written all the same."""
    ace = client(sandbox, transport=Crumbling(size))
    path = await ace.download(Audio(audio_url="https://cdn.test/a.m4a"), tmp_path)
    assert path.read_bytes() == SOUND
    await ace.aclose()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such call")
@pytest.mark.parametrize("taken", [0, 1, 999, 250_000])
async def test_system_that_takes_a_part(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    """What a system did not take at once is given to it again."""
    song = served(sandbox)

    def part(handle: int, chunks: list[bytes]) -> int:
        return os.write(handle, b"".join(chunks)[:taken])

    monkeypatch.setattr(os, "writev", part)
    path = await ace.download(song, tmp_path)
    assert path.read_bytes() == SOUND
    assert files(tmp_path) == [path.name]


async def test_work_that_was_begun_is_waited_for() -> None:
    """Who is cancelled, however often, goes when the thread has ended, and not before."""
    threads, go, ended = Threads(), threading.Event(), threading.Event()

    def work() -> None:
        go.wait()
        ended.set()

    waiting = asyncio.create_task(threads.run(work))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_failure_of_what_nobody_waits_for_is_not_told_again() -> None:
    """A thread that fails after its caller was cancelled is no news."""
    threads, go = Threads(), threading.Event()

    def work() -> None:
        go.wait()
        raise OSError(28, "No space left on device")

    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    waiting = asyncio.create_task(threads.run(work))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.sleep(0)
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    del waiting
    await asyncio.sleep(0)
    assert told == []


@pytest.mark.parametrize("overwrite", [False, True])
async def test_cancelled_while_the_disk_is_slow(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    overwrite: bool,
) -> None:
    """A caller that goes while the last bytes are put on the disk gets no file afterwards."""
    slow, go, real = threading.Event(), threading.Event(), os.fsync

    def fsync(handle: int) -> None:
        slow.set()
        go.wait()
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    call = asyncio.create_task(ace.download(served(sandbox), tmp_path, overwrite=overwrite))
    await until(slow.is_set)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    go.set()
    await ace.aclose()
    assert files(tmp_path) == []


async def test_no_thread_outlives_the_client(tmp_path: Path) -> None:
    """The threads that files are written in end with the client."""
    async with Sandbox() as sandbox:
        ace = sandbox.client()
        before = set(threading.enumerate())
        [song] = await (await ace.producer.generate("A song"))
        await ace.download(song, tmp_path)
        ours = set(threading.enumerate()) - before
        assert ours
        await ace.aclose()
        for thread in ours:
            thread.join(10.0)
        assert not [thread for thread in ours if thread.is_alive()]
