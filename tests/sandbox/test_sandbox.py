"""The sandbox as a whole."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from acedata_async import AceDataError, AuthenticationError
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.patience import until

from .conftest import Caller, caller_of


async def test_closing_ends_what_is_under_way() -> None:
    """Closing the sandbox ends the requests that nobody answers."""
    async with Sandbox() as sandbox, caller_of(sandbox) as http:
        sandbox.inject("lookup-hang")
        call = asyncio.create_task(Caller(http).look_up("x"))
        await until(lambda: sandbox.stats.in_flight)
        await sandbox.aclose()
        assert sandbox.stats.in_flight == 0
        with pytest.raises(httpx.ReadError):
            await call


async def test_faults_can_be_cleared(sandbox: Sandbox, caller: Caller) -> None:
    """After clearing everything goes well again."""
    sandbox.inject("throttle")
    sandbox.clear_faults()
    assert await caller.generate()
    with pytest.raises(ValueError, match="there are"):
        sandbox.inject("no-such")


async def test_jumping_clock() -> None:
    """By default the clock jumps, so that a song takes no time at all."""
    async with Sandbox() as sandbox, caller_of(sandbox) as http:
        assert await Caller(http).song()
        assert isinstance(sandbox.clock, ManualClock)
        assert sandbox.clock.elapsed > 10.0
        assert repr(sandbox).startswith("Sandbox(tasks=1, clock=ManualClock(")


async def test_client(tmp_path: Path) -> None:
    """Its own client makes a song and downloads it, without showing its token to the media."""
    async with Sandbox(token="mine") as sandbox:
        ace = sandbox.client(seed=1)
        (song,) = await (await ace.producer.generate("A song for Christmas"))
        path = await ace.download(song, tmp_path)
        assert path.read_bytes()[4:8] == b"ftyp"
        assert sandbox.stats.submissions == 1
        assert (sandbox.stats.media_requests, sandbox.stats.media_requests_with_token) == (1, 0)
        with pytest.raises(AuthenticationError):
            _ = await sandbox.client(api_token="yours").producer.generate("x")


async def test_client_with_two_tokens() -> None:
    """Its own client has the right token for each service, unless it is given another."""
    async with Sandbox(token="mine", fish_token="its") as sandbox:
        ace = sandbox.client()
        assert await (await ace.producer.generate("A song for Christmas"))
        assert (await ace.fish.models()).total == 25
        wrong = sandbox.client(fish_token="mine")
        with pytest.raises(AuthenticationError):
            await wrong.fish.models()
        assert sandbox.stats.catalogue_requests == 2


async def test_closing_closes_clients() -> None:
    """A client is closed with its sandbox, even in the middle of a paid call."""
    async with Sandbox(clock=ManualClock(jump=False)) as sandbox:
        ace = sandbox.client()
        call = asyncio.create_task(ace.producer.generate("#sandbox:hang-after-accept"))
        await until(lambda: sandbox.tasks)
    with pytest.raises(AceDataError):
        _ = await call
    assert "closed" in repr(ace)


def test_listening_needs_a_clock(sandbox: Sandbox) -> None:
    """A sandbox on its own jumping clock refuses to listen: its songs would never end."""
    sandbox.listen()
    with pytest.raises(ValueError, match="SystemClock"):
        Sandbox().listen()
