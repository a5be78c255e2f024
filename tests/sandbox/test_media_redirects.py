"""Files that are said to be elsewhere."""

from __future__ import annotations

import httpx
import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.replies import Reply
from acedata_async.sandbox.request import Request
from acedata_async.sandbox.routes import respond
from acedata_async.testing import ManualClock

from .conftest import Caller, caller_of


@pytest.fixture
async def url(caller: Caller) -> str:
    """Where a song is."""
    address: str = (await caller.song())["audio_url"]
    return address


@pytest.fixture
async def whole(caller: Caller, url: str) -> bytes:
    """The song."""
    return (await caller.http.get(url)).content


async def test_redirect(sandbox: Sandbox, caller: Caller, url: str, whole: bytes) -> None:
    """Another host has the file, and whether the token travels there is counted."""
    sandbox.inject("media-redirect")
    redirect = await caller.http.get(url)
    assert redirect.status_code == 302
    assert httpx.URL(redirect.headers["location"]).host == "cdn.sandbox.acedata.invalid"
    before = sandbox.stats
    reply = await caller.http.get(url, follow_redirects=True)
    assert (reply.content, len(reply.history)) == (whole, 1)
    after = sandbox.stats
    assert after.media_requests - before.media_requests == 2
    # Plain httpx leaves the token behind at the second host, though not at the first.
    assert after.media_requests_with_token - before.media_requests_with_token == 1


async def test_redirect_of_a_signed_link(clock: ManualClock) -> None:
    """A link goes on being signed where it leads."""
    async with Sandbox(clock=clock, link_lifetime=9.0) as sandbox, caller_of(sandbox) as http:
        url = (await Caller(http).song())["audio_url"]
        sandbox.inject("media-redirect")
        assert (await http.get(url, follow_redirects=True)).status_code == 200


async def test_redirect_loop(sandbox: Sandbox, caller: Caller, url: str) -> None:
    """An address leads to itself."""
    sandbox.inject("media-redirect-loop")
    assert (await caller.http.get(url)).headers["location"] == url
    asked = "/media/noise/9.bin?seed=1"
    assert (await caller.http.get(asked)).headers["location"].endswith(asked)


async def test_private_redirect(sandbox: Sandbox, caller: Caller, url: str) -> None:
    """An address leads into a machine's own network."""
    sandbox.inject("media-redirect-private")
    location = (await caller.http.get(url)).headers["location"]
    assert location == "http://169.254.169.254/latest/"


@pytest.mark.parametrize("host", ["http://[::1", "http://a:port", "http://"])
async def test_strange_hosts(sandbox: Sandbox, host: str) -> None:
    """A host that cannot be is no reason to fail."""
    sandbox.inject("media-redirect")
    request = Request(
        method="GET",
        path="/media/noise/9.bin",
        authorization="",
        body=b"",
        media_base="",
        asked=host,
    )
    reply = respond(sandbox._vendor, request, 0.0)
    assert isinstance(reply, Reply)
    assert reply.status == 302
