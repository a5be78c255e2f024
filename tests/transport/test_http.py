"""The one file that speaks to the network."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import httpcore
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


class Failing(httpx.AsyncBaseTransport):
    """An engine that fails with an error, after a cause of its own."""

    def __init__(self, error: Exception, cause: Exception | None) -> None:
        self.error = error
        self.cause = cause

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        """Fail."""
        raise self.error from self.cause


@pytest.mark.parametrize(
    ("error", "cause", "fault"),
    [
        (httpx.ConnectError("no"), httpcore.ConnectError(), NotDelivered),
        (httpx.ConnectTimeout("no"), httpcore.ConnectTimeout(), NotDelivered),
        (httpx.PoolTimeout("no"), httpcore.PoolTimeout(), NotDelivered),
        (httpx.ProxyError("no"), httpcore.ProxyError(), NotDelivered),
        # Other engines use these for what happened after the request had arrived.
        (httpx.ConnectError("no"), ConnectionResetError(), Interrupted),
        (httpx.ConnectTimeout("no"), None, Interrupted),
        (httpx.UnsupportedProtocol("no"), None, Interrupted),
        (httpx.LocalProtocolError("no"), httpcore.LocalProtocolError(), Interrupted),
        (httpx.ReadTimeout("no"), httpcore.ReadTimeout(), Interrupted),
        (httpx.WriteTimeout("no"), httpcore.WriteTimeout(), Interrupted),
        (httpx.ReadError("no"), httpcore.ReadError(), Interrupted),
        (httpx.WriteError("no"), httpcore.WriteError(), Interrupted),
        (httpx.CloseError("no"), None, Interrupted),
        (httpx.RemoteProtocolError("no"), httpcore.RemoteProtocolError(), Interrupted),
        (httpx.InvalidURL("no"), None, Interrupted),
        (RuntimeError("anything else"), None, Interrupted),
    ],
)
async def test_errors_are_sorted_by_whether_it_may_have_arrived(
    error: Exception, cause: Exception | None, fault: type[Exception]
) -> None:
    """Only what httpcore raised while connecting never left; the cause is chained."""
    client = httpx.AsyncClient(transport=Failing(error, cause))
    with pytest.raises(fault) as caught:
        await transport(client).send(CALL, timeout=5)
    assert type(caught.value) is fault
    assert caught.value.__cause__ is error


@respx.mock
async def test_failing_hook_is_no_proof_that_nothing_was_sent() -> None:
    """A hook of the user's that cannot connect elsewhere says nothing of our request."""
    route = respx.post(f"{BASE}/producer/tasks").respond(200, json={})

    async def report(_: httpx.Response) -> None:
        error = httpx.ConnectError("telemetry is down", request=httpx.Request("GET", "http://t/"))
        raise error from httpcore.ConnectError()

    client = httpx.AsyncClient(event_hooks={"response": [report]})
    with pytest.raises(Interrupted):
        await transport(client).send(CALL, timeout=5)
    assert route.call_count == 1


@pytest.mark.parametrize("location", ["mailto:x", "https:foo", "data:,x", "//["])
async def test_redirect_to_nowhere_is_no_proof_that_nothing_was_sent(location: str) -> None:
    """An address that httpx cannot read in an answer does not make it unsent."""
    sent = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(307, headers={"location": location})

    ace = AceData("token", http_client=httpx.AsyncClient(transport=httpx.MockTransport(answer)))
    with pytest.raises(SubmissionUnknown):
        await ace.producer.generate("A song")
    assert len(sent) == 1


@respx.mock
async def test_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is too large is no answer."""
    respx.post(f"{BASE}/producer/tasks").respond(200, content=b"x" * 1000)
    monkeypatch.setattr(module, "_MOST_BYTES", 999)
    with pytest.raises(Interrupted, match="more than 999 bytes"):
        await transport().send(CALL, timeout=5)


async def test_twofold_compression_is_refused() -> None:
    """An answer that is packed twice can grow a millionfold, and is no answer."""

    def answer(_: httpx.Request) -> httpx.Response:
        packed = httpx.ByteStream(gzip.compress(gzip.compress(b"{}")))
        return httpx.Response(200, headers={"content-encoding": "gzip, gzip"}, stream=packed)

    client = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    with pytest.raises(Interrupted, match="more than once"):
        await transport(client).send(CALL, timeout=5)


@pytest.mark.parametrize("trickle", [b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"])
async def test_trickling_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch, trickle: bytes) -> None:
    """A server that sends a little for ever does not hold a call beyond its timeout."""
    monkeypatch.setattr(module, "_PATIENCE", 0.05)
    served = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            writer.write(trickle)
            while not reader.at_eof():
                writer.write(b"x-a: b\r\n" if trickle.endswith(b"OK\r\n") else trickle)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(4096), timeout=0.01)
            writer.close()
            await writer.wait_closed()
        writer.close()
        served.set()

    async with await asyncio.start_server(serve, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        credentials = Credentials(f"http://127.0.0.1:{port}", SecretStr("token"))
        sender = HttpTransport(credentials, connect_timeout=1, user_agent="test/1")
        with pytest.raises(Interrupted, match="Timeout"):
            await sender.send(CALL, timeout=0.05)
        await sender.aclose()
        await served.wait()


@respx.mock
async def test_cookies_are_not_kept() -> None:
    """What the API sets as a cookie is not sent back."""
    route = respx.post(f"{BASE}/producer/tasks").respond(
        200, json={}, headers={"set-cookie": "a=b; Path=/"}
    )
    sender = transport()
    await sender.send(CALL, timeout=5)
    await sender.send(CALL, timeout=5)
    await sender.aclose()
    assert "cookie" not in route.calls.last.request.headers


@pytest.mark.parametrize(
    ("name", "value"),
    [("SSL_CERT_FILE", "/nonexistent"), ("HTTPS_PROXY", "foo://x"), ("ALL_PROXY", "foo://x")],
)
async def test_environment_that_cannot_work_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """Certificates or a proxy that cannot be used are a mistake of the set-up."""
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="set up"):
        await transport().send(CALL, timeout=5)


@pytest.mark.parametrize("base", ["https://xn--/", "https://a/" + "b" * 70_000])
async def test_address_that_cannot_be_sent_to_is_told(base: str) -> None:
    """So is a base URL that only the network finds wrong."""
    sender = HttpTransport(Credentials(base, SecretStr("t")), connect_timeout=1, user_agent="t")
    with pytest.raises(ConfigurationError, match="base_url"):
        await sender.send(CALL, timeout=5)
    await sender.aclose()


async def test_errors_do_not_carry_the_token() -> None:
    """Not even the request that an error of httpx keeps has the token in it."""
    client = httpx.AsyncClient(transport=Failing(httpx.ReadError("no"), None))
    with pytest.raises(Interrupted) as caught:
        await transport(client).send(CALL, timeout=5)
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.ReadError)
    assert "authorization" not in cause.request.headers


async def test_file_without_an_address_is_told() -> None:
    """What is no address is not fetched."""
    with pytest.raises(ValueError, match="Invalid"):
        async with transport().fetch("https://a:port/", timeout=5):
            pass


class Auth(httpx.Auth):
    """An injected client's own authentication."""

    def auth_flow(self, request: httpx.Request) -> Any:
        """Replace the token."""
        request.headers["authorization"] = "Basic other"
        yield request


async def test_injected_client_is_used_as_it_is_and_not_closed() -> None:
    """Its headers travel to the API, its authentication does not, and it stays open."""
    seen: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(dict(request.headers))
        return httpx.Response(200, json={})

    mock = httpx.MockTransport(answer)
    client = httpx.AsyncClient(auth=Auth(), headers={"x-mine": "1"}, transport=mock)
    sender = transport(client)
    await sender.send(CALL, timeout=5)
    await sender.aclose()
    assert seen[0]["authorization"] == "Bearer secret-token"
    assert seen[0]["x-mine"] == "1"
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
    # Anything else may come packed, and count other bytes than the file has.
    assert headers["accept-encoding"] == "identity"


async def test_file_that_a_hook_has_read_is_there() -> None:
    """A hook of the user's that reads each answer, to log it, takes no file away."""

    async def read(response: httpx.Response) -> None:
        await response.aread()

    async def song() -> AsyncIterator[bytes]:
        yield b"so"
        yield b"ng"

    mock = httpx.MockTransport(lambda _: httpx.Response(200, content=song()))
    client = httpx.AsyncClient(event_hooks={"response": [read]}, transport=mock)
    async with transport(client).fetch("https://cdn.test/a.m4a", timeout=5) as stream:
        assert b"".join([chunk async for chunk in stream.chunks()]) == b"song"


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
