"""Leaving a run while files are fetched: the next one in the same process has each file once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acedata_async import AceData
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock, check_files, make, names_in, songs
from tests.patience import until
from tests.tasks.watching import client


class Halting(httpx.AsyncBaseTransport):
    """Gives nothing of the first file, or its first piece, and the rest of it when told to."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, has_begun: bool) -> None:
        self.reached, self.go_on = asyncio.Event(), asyncio.Event()
        self._has_begun = has_begun
        self._struck = False
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a call."""
        response = await self._inner.handle_async_request(request)
        if request.method != "GET" or self._struck:
            return response
        self._struck = True
        content = await response.aread()
        headers = {"content-type": response.headers["content-type"]}
        if not self._has_begun:
            self.reached.set()
            await self.go_on.wait()
        return httpx.Response(200, headers=headers, content=self._halted(content))

    async def _halted(self, content: bytes) -> AsyncIterator[bytes]:
        yield content[:10]
        self.reached.set()  # what came so far was taken in
        await self.go_on.wait()
        yield content[10:]


@pytest.mark.parametrize("turns", range(0, 120, 6))
async def test_left_while_files_are_fetched_and_named(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, turns: int
) -> None:
    """Once the block is left no more files appear, at whatever instant that is."""
    ledger, directory = tmp_path / "x.ledger", tmp_path / "out"
    async with ace.producer.bulk(songs(3), ledger=ledger, directory=directory) as run:
        await until(lambda: run.stats.downloading)
        for _ in range(turns):
            await asyncio.sleep(0)
    before = names_in(directory)
    assert not any(name.endswith(".part") for name in before)
    for _ in range(200):
        await asyncio.sleep(0)
    assert names_in(directory) == before
    outcomes = await make(ace, songs(3), ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == 3


@pytest.mark.parametrize("has_begun", [True, False])
async def test_left_while_a_file_stands_still(
    sandbox: Sandbox, clock: PatientClock, tmp_path: Path, *, has_begun: bool
) -> None:
    """It ends at once; one that has not begun gets two seconds, and no name should it go on."""
    ledger, directory = tmp_path / "x.ledger", tmp_path / "out"
    halting = Halting(sandbox.transport(), has_begun=has_begun)
    ace = client(sandbox, transport=halting)
    async with ace.producer.bulk(songs(1), ledger=ledger, directory=directory):
        await halting.reached.wait()
        left = clock.elapsed
    waited = clock.elapsed - left
    assert waited == 0.0 if has_begun else 2.0 <= waited < 3.0
    outcomes = await make(ace, songs(1), ledger=ledger, directory=directory)
    assert outcomes["s0"].path == directory / "s0.m4a"
    halting.go_on.set()
    await until(lambda: names_in(directory) == {"s0.m4a"})
    check_files(sandbox, outcomes.values(), directory)
    await ace.aclose()
