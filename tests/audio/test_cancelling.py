"""A download whose caller goes: nothing is left of it, and it holds up no other."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acedata_async import AceData, Audio, ClientClosed
from acedata_async._clock import sleep
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.audio.serving import SOUND, client, served
from tests.audio.test_download import files
from tests.patience import until


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


AT_ONCE = 6
"""How many files are fetched at once."""
PIECE = 1024 * 1024
"""Bytes of which so many have come that they are written."""


class Stalling(httpx.AsyncBaseTransport):
    """Begins files and falls silent, but for those that are called otherwise."""

    def __init__(self) -> None:
        self.stalled = 0
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        stalls = "stalls" in request.url.path
        headers = {"content-length": str(10 * PIECE if stalls else len(SOUND))}
        return httpx.Response(200, headers=headers, content=self._sent(stalls=stalls))

    async def _sent(self, *, stalls: bool) -> AsyncIterator[bytes]:
        if not stalls:
            yield SOUND
            return
        yield SOUND[:1000] + bytes(PIECE)
        self.stalled += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.closed += 1


async def test_cancelled_downloads_hold_up_nobody(sandbox: Sandbox, tmp_path: Path) -> None:
    """Those that get no bytes give their places back at once, and remove what they began.

    Those that waited for a place ask for nothing any more.
    """
    stalling = Stalling()
    ace = client(sandbox, transport=stalling)
    calls = [
        asyncio.create_task(
            ace.download(Audio(audio_url=f"https://cdn.test/stalls-{number}.m4a"), tmp_path)
        )
        for number in range(2 * AT_ONCE)
    ]
    await until(lambda: stalling.stalled == len(files(tmp_path)) == AT_ONCE)
    for call in calls:
        call.cancel()
    before = sandbox.clock.monotonic()
    async with asyncio.timeout(30.0):
        path = await ace.download(Audio(audio_url="https://cdn.test/a.m4a", id="1"), tmp_path)
    assert sandbox.clock.monotonic() == before
    await until(lambda: files(tmp_path) == [path.name])
    assert all(
        isinstance(one, asyncio.CancelledError)
        for one in await asyncio.gather(*calls, return_exceptions=True)
    )
    assert (stalling.stalled, stalling.closed) == (AT_ONCE, AT_ONCE)
    await ace.aclose()


async def test_one_that_waits_on_is_not_cancelled_with_another(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Who goes ends what it has asked for, and nothing else."""
    stalling = Stalling()
    ace = client(sandbox, transport=stalling)
    stays, goes = (
        asyncio.create_task(
            ace.download(Audio(audio_url=f"https://cdn.test/stalls-{name}.m4a"), tmp_path)
        )
        for name in ("stays", "goes")
    )
    await until(lambda: stalling.stalled == len(files(tmp_path)) == 2)
    goes.cancel()
    await until(lambda: stalling.closed == 1)
    await until(lambda: len(files(tmp_path)) == 1)
    assert not stays.done()
    await ace.aclose()
    [ended] = await asyncio.gather(stays, return_exceptions=True)
    assert isinstance(ended, ClientClosed)
    await asyncio.gather(goes, return_exceptions=True)


async def test_cancelled_while_the_disk_is_busy(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody waits for any more gets no name, not even once all of it is here."""
    real, is_busy, go_on = os.fsync, threading.Event(), threading.Event()

    def slow(handle: int) -> None:
        is_busy.set()
        go_on.wait(30.0)
        real(handle)

    monkeypatch.setattr(os, "fsync", slow)
    call = asyncio.create_task(ace.download(served(sandbox), tmp_path))
    await until(is_busy.is_set)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    go_on.set()
    await ace.aclose()
    assert files(tmp_path) == []


async def test_cancelled_in_a_pause(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path
) -> None:
    """Who is cancelled between two tries asks no more."""
    sandbox.inject("media-429")
    call = asyncio.create_task(ace.download(served(sandbox), tmp_path))
    await until(lambda: sandbox.stats.media_requests == 1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    before = clock.elapsed
    await until(lambda: files(tmp_path) == [])
    assert clock.elapsed == before
    await sleep(clock, 600.0)
    assert sandbox.stats.media_requests == 1
