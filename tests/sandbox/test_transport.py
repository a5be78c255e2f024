"""The door in memory, as a user of httpx sees it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.vendor import Vendor
from acedata_async.testing import ManualClock
from tests.patience import until

from .conftest import Caller, caller_of


async def test_read_timeout(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """An answer that takes too long by the sandbox's clock is a read timeout."""
    caller.http.timeout = httpx.Timeout(15.0)
    with pytest.raises(httpx.ReadTimeout) as caught:
        await caller.song()
    assert clock.elapsed == 15.0
    assert caught.value.request.url.path == "/producer/audios"
    assert len(sandbox.tasks) == 1


async def test_hanging_ends_with_the_caller(sandbox: Sandbox, caller: Caller) -> None:
    """An answer that never comes occupies the sandbox only until the caller hangs up."""
    sandbox.inject("lookup-hang", times=1)
    call = asyncio.create_task(caller.look_up("x"))
    await until(lambda: sandbox.stats.in_flight)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await until(lambda: not sandbox.stats.in_flight)


async def test_submission_outlives_its_caller() -> None:
    """A submission that was sent is accepted although its caller has been cancelled."""
    clock = ManualClock(jump=False)
    async with Sandbox(clock=clock, latency=1.0) as sandbox, caller_of(sandbox) as http:
        call = asyncio.create_task(Caller(http).generate())
        await clock.advance(0.5)
        call.cancel()
        await clock.advance(0.5)
        assert len(sandbox.tasks) == 1


async def test_streaming(caller: Caller) -> None:
    """A body comes in pieces and can be left in the middle."""
    song = await caller.song()
    async with caller.http.stream("GET", song["audio_url"]) as response:
        first = await anext(response.aiter_raw())
    assert len(first) < int(response.headers["content-length"])


async def test_cut_in_a_body(sandbox: Sandbox, caller: Caller) -> None:
    """A body that breaks off delivers what came before."""
    song = await caller.song()
    sandbox.inject("media-cut", times=1)
    received = bytearray()

    async def receive(response: httpx.Response) -> None:
        async for piece in response.aiter_raw():
            received.extend(piece)

    async with caller.http.stream("GET", song["audio_url"]) as response:
        with pytest.raises(httpx.RemoteProtocolError, match="complete message body"):
            await receive(response)
    assert len(received) == int(response.headers["content-length"]) // 2


async def test_defect_comes_out(
    sandbox: Sandbox, caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect in the sandbox is not hidden behind a network error."""

    def fail(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(Vendor, "accept", fail)
    with pytest.raises(ZeroDivisionError):
        await caller.generate()
    assert sandbox.stats.in_flight == 0
