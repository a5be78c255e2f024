"""The one file that speaks to the network."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from acedata_async import AceData, ConfigurationError, SubmissionUnknown
from acedata_async._rules.exchange import Call
from acedata_async._transport import http as module
from acedata_async._transport.http import HttpTransport
from acedata_async._transport.seam import Interrupted, NotDelivered
from acedata_async.config import Credentials

BASE = "https://api.acedata.cloud"
CALL = Call("/producer/tasks", {"id": "Grüße"}, "lookup")


def transport(client: httpx.AsyncClient | None = None) -> HttpTransport:
    """Return a transport to the documented address."""
    credentials = Credentials(BASE, SecretStr("secret-token"))
    return HttpTransport(credentials, connect_timeout=1, user_agent="test/1", client=client)


@respx.mock
async def test_call_carries_token_and_json() -> None:
    """A call is a POST of UTF-8 JSON with the bearer token, and returns the whole answer."""
    route = respx.post(f"{BASE}/producer/tasks").respond(200, json={"a": 1}, headers={"X-Y": "z"})
    sender = transport()
    reply = await sender.send(CALL, timeout=5)
    await sender.aclose()
    request = route.calls.last.request
    assert json.loads(request.content) == {"id": "Grüße"}
    assert request.headers["authorization"] == "Bearer secret-token"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["user-agent"] == "test/1"
    assert (reply.status, reply.body, reply.headers["x-y"]) == (200, {"a": 1}, "z")


@respx.mock
async def test_redirect_is_not_followed() -> None:
    """A redirect is an answer like any other: the token goes nowhere else."""
    respx.post(f"{BASE}/producer/tasks").respond(307, headers={"location": "https://evil.test/"})
    elsewhere = respx.route(host="evil.test").respond(200)
    reply = await transport(httpx.AsyncClient(follow_redirects=True)).send(CALL, timeout=5)
    assert reply.status == 307
    assert not elsewhere.called


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (httpx.ConnectError("no"), NotDelivered),
        (httpx.ConnectTimeout("no"), NotDelivered),
        (httpx.PoolTimeout("no"), NotDelivered),
        (httpx.ProxyError("no"), NotDelivered),
        (httpx.UnsupportedProtocol("no"), NotDelivered),
        (httpx.LocalProtocolError("no"), NotDelivered),
        (httpx.ReadTimeout("no"), Interrupted),
        (httpx.WriteTimeout("no"), Interrupted),
        (httpx.ReadError("no"), Interrupted),
        (httpx.WriteError("no"), Interrupted),
        (httpx.CloseError("no"), Interrupted),
        (httpx.RemoteProtocolError("no"), Interrupted),
        (httpx.DecodingError("no"), Interrupted),
        (RuntimeError("a hook of the injected client"), Interrupted),
    ],
)
@respx.mock
async def test_errors_are_sorted_by_whether_it_may_have_arrived(
    error: Exception, fault: type[Exception]
) -> None:
    """What never left is one thing, all else is the other; the cause is chained."""
    respx.post(f"{BASE}/producer/tasks").mock(side_effect=error)
    with pytest.raises(fault) as caught:
        await transport().send(CALL, timeout=5)
    assert caught.value.__cause__ is error


@respx.mock
async def test_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is too large, or too slow, is no answer."""
    respx.post(f"{BASE}/producer/tasks").respond(200, content=b"x" * 1000)
    monkeypatch.setattr(module, "_MOST_BYTES", 999)
    with pytest.raises(Interrupted, match="more than 999 bytes"):
        await transport().send(CALL, timeout=5)
    monkeypatch.setattr(module, "_MOST_BYTES", 1000)
    with pytest.raises(Interrupted, match="too long"):
        await transport().send(CALL, timeout=-1)


class Auth(httpx.Auth):
    """An injected client's own authentication."""

    def auth_flow(self, request: httpx.Request) -> Any:
        """Replace the token."""
        request.headers["authorization"] = "Basic other"
        yield request


@respx.mock
async def test_injected_client_is_used_as_it_is_and_not_closed() -> None:
    """Its headers travel to the API, its authentication does not, and it stays open."""
    route = respx.post(f"{BASE}/producer/tasks").respond(200, json={})
    client = httpx.AsyncClient(auth=Auth(), headers={"x-mine": "1"})
    sender = transport(client)
    await sender.send(CALL, timeout=5)
    await sender.aclose()
    request = route.calls.last.request
    assert request.headers["authorization"] == "Bearer secret-token"
    assert request.headers["x-mine"] == "1"
    assert not client.is_closed


@respx.mock
async def test_download_carries_no_token_and_nothing_of_the_client() -> None:
    """A file is fetched bare, whatever the injected client would add."""
    route = respx.get("https://cdn.test/a.m4a").respond(200, content=b"song")
    client = httpx.AsyncClient(
        auth=Auth(), headers={"authorization": "Bearer mine"}, cookies={"session": "1"}
    )
    async with transport(client).fetch("https://cdn.test/a.m4a", timeout=5) as stream:
        assert [chunk async for chunk in stream.chunks()] == [b"song"]
        assert stream.status == 200
    headers = route.calls.last.request.headers
    assert not {"authorization", "cookie"} & set(headers)


async def test_closed_injected_client_is_named() -> None:
    """A client that its owner closed is a mistake of the set-up, told before anything is sent."""
    client = httpx.AsyncClient()
    await client.aclose()
    with pytest.raises(ConfigurationError, match="http_client is closed"):
        await transport(client).send(CALL, timeout=5)


async def test_unused_transport_closes_without_ado() -> None:
    """Nothing is opened until something is sent."""
    await transport().aclose()


@respx.mock
async def test_token_is_in_no_repr_and_no_error() -> None:
    """The token appears in no repr, log or message."""
    respx.post(f"{BASE}/producer/audios").respond(500, text="oh no")
    async with AceData("secret-token") as ace:
        with pytest.raises(SubmissionUnknown) as caught:
            await ace.producer.generate("A song")
        shown = [repr(ace), repr(ace.__dict__), str(caught.value), repr(caught.value.__cause__)]
        assert "secret-token" not in "".join(shown)
    assert repr(ace) == "<AceData https://api.acedata.cloud closed>"


async def test_refused_connection_on_a_real_socket() -> None:
    """Nobody listens there: nothing was delivered."""
    credentials = Credentials("http://127.0.0.1:9", SecretStr("token"))
    sender = HttpTransport(credentials, connect_timeout=1, user_agent="test/1")
    with pytest.raises(NotDelivered, match="ConnectError"):
        await sender.send(CALL, timeout=1)
    await sender.aclose()
