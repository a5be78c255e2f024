"""Links that expire."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.links import is_good, signed
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of, started


async def _link(caller: Caller, task_id: str) -> str:
    """Return the link to a song that its record shows now."""
    item: dict[str, Any] = (await caller.look_up(task_id))["response"]["data"][0]
    url: str = item["audio_url"]
    return url


async def test_lifetime(clock: ManualClock) -> None:
    """A link is good for a while after it was shown; a new lookup shows a new one."""
    async with (
        Sandbox(clock=clock, durations=40.0, link_lifetime=30.0) as sandbox,
        caller_of(sandbox) as http,
    ):
        caller = Caller(http)
        task_id = await caller.generate()
        await clock.advance(50.0)
        old = await _link(caller, task_id)
        assert f"?expires={clock.time() + 30.0:.3f}&sig=" in old
        await clock.advance(29.0)
        assert (await http.get(old)).status_code == 200
        await clock.advance(2.0)
        refused = await http.get(old)
        assert (refused.status_code, refused.headers["content-type"]) == (403, "application/xml")
        assert (await http.get(await _link(caller, task_id))).status_code == 200


async def test_other_links(clock: ManualClock) -> None:
    """Pictures, speech and synchronous answers have such links too; voices' samples do not."""
    async with (
        Sandbox(clock=clock, link_lifetime=1000.0) as sandbox,
        caller_of(sandbox) as http,
    ):
        caller = Caller(http)
        song = await caller.song()
        speech = (await caller.fish("tts", text="Hello.")).json()
        for url in (song["image_url"], song["audio_url"], speech["audio_url"]):
            assert "&sig=" in url
            assert (await http.get(url)).status_code == 200
            assert (await http.get(url.partition("?")[0])).status_code == 403
        voice = await caller.voice()
        assert (await http.get(f"/{voice['samples'][0]['audio']}")).status_code == 200


async def test_fault(caller: Caller, clock: ManualClock) -> None:
    """A task alone can have links that expire, after a minute."""
    marked, other = await caller.generate("#sandbox:media-expires"), await caller.generate()
    await clock.advance(50.0)
    links = [await _link(caller, task_id) for task_id in (marked, other)]
    assert ["&sig=" in link for link in links] == [True, False]
    assert [(await caller.http.get(link)).status_code for link in links] == [200, 200]
    await clock.advance(61.0)
    assert [(await caller.http.get(link)).status_code for link in links] == [403, 200]


async def test_restart(path: Path, clock: ManualClock) -> None:
    """Links go on being good, and being needed, in a sandbox that takes up the state."""
    async with started(path, clock=clock, link_lifetime=30.0) as (_, caller):
        url = (await caller.song())["audio_url"]
    async with started(path, clock=clock) as (_, caller):
        assert (await caller.http.get(url)).status_code == 200
        await clock.advance(100.0)
        assert (await caller.http.get(url)).status_code == 403


@pytest.mark.parametrize("query", ["", "expires=nan&sig=x", "expires=9e9", "sig=", "a=b&&="])
def test_forged(query: str) -> None:
    """Nothing but a signature opens a file, and only that file."""
    assert not is_good("/media/a", query, 0.0)
    right = httpx.URL(signed("/media/a", 10.0)).query.decode()
    assert is_good("/media/a", right, 10.0)
    assert not is_good("/media/b", right, 10.0)
    assert not is_good("/media/a", right.replace("expires=10", "expires=90"), 11.0)
