"""The receiver as an ASGI application: what it answers, and what it leaves alone."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acedata_async import AceData, AceDataError, Callbacks, ClientClosed, ConfigurationError
from acedata_async.sandbox import Sandbox
from acedata_async.webhooks import Receiver
from tests.webhooks.calling import JSON, Call

ID = "650048e7-1e0a-463a-ab08-2e1bafabaf4b"
BODY = json.dumps({"task_id": ID}).encode()
MEGABYTE = b"x" * 1_000_000


async def test_taken_in(receiver: Receiver, callbacks: Callbacks) -> None:
    """A callback is answered with 200 and a little JSON, known id or not, each time."""
    address = callbacks.address()
    for _ in range(3):
        call = Call(address, BODY)
        assert await call(receiver) == 200
        assert json.loads(call.sent[1]["body"]) == {"received": True}
        assert call.headers[b"content-type"] == b"application/json"


async def test_task_is_looked_up_at_once(
    ace: AceData, sandbox: Sandbox, receiver: Receiver
) -> None:
    """A callback makes its task due; what it says is not believed."""
    watcher = await ace.producer.generate("Rain")
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    lie = {"task_id": watcher.id, "success": True, "data": [{"audio_url": "https://bad.example"}]}
    address = sandbox.submissions[0]["callback_url"]
    assert await Call(address, json.dumps(lie).encode())(receiver) == 200
    task = await waiting
    assert task.state == "succeeded"
    assert "bad.example" not in str(task.export())


async def test_body_in_pieces(receiver: Receiver, callbacks: Callbacks) -> None:
    """A body may come byte by byte."""
    pieces = [bytes([byte]) for byte in BODY]
    assert await Call(callbacks.address(), *pieces)(receiver) == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "ODD"])
async def test_other_methods(receiver: Receiver, callbacks: Callbacks, method: str) -> None:
    """Only POST is for callbacks."""
    call = Call(callbacks.address(), BODY, method=method)
    assert await call(receiver) == 405
    assert call.headers[b"allow"] == b"POST"
    assert call.read == 0


async def test_wrong_signature(receiver: Receiver, callbacks: Callbacks) -> None:
    """An address of somebody else's making is not found, and its body not read."""
    address = callbacks.address()
    start, marker, signature = address.rsplit("/", 2)
    other = Callbacks(callbacks.url, "another secret of somebody")
    for wrong in (
        address + "x",
        address[:-1],
        f"{start}/{marker}/",
        f"{start}/{marker}x/{signature}",
        f"{start}/{signature}/{marker}",
        start,
        "/",
        other.address(marker),
    ):
        call = Call(wrong, BODY)
        assert await call(receiver) == 404
        assert call.read == 0


async def test_rotation(sandbox: Sandbox, callbacks: Callbacks) -> None:
    """A secret that was replaced is still accepted while it is listed."""
    new, old = "the new secret of ours", "sixteen characters and more"
    receiver = Receiver(sandbox.client(callbacks=Callbacks(callbacks.url, new, old)))
    assert await Call(callbacks.address(), BODY)(receiver) == 200
    receiver = Receiver(sandbox.client(callbacks=Callbacks(callbacks.url, new)))
    assert await Call(callbacks.address(), BODY)(receiver) == 404


async def test_too_large_by_its_own_words(receiver: Receiver, callbacks: Callbacks) -> None:
    """A body that is announced as too large is not read."""
    for length in (b"1000001", b"9" * 4_000):
        call = Call(callbacks.address(), BODY, headers=[*JSON, (b"content-length", length)])
        assert await call(receiver) == 413
        assert call.read == 0
        assert call.headers[b"connection"] == b"close"


async def test_too_large(receiver: Receiver, callbacks: Callbacks) -> None:
    """A body is read up to a megabyte, and not further."""
    call = Call(callbacks.address(), MEGABYTE, b"x", MEGABYTE, MEGABYTE)
    assert await call(receiver) == 413
    assert call.read == 2
    told = json.dumps({"task_id": ID}).encode().ljust(1_000_000)
    call = Call(callbacks.address(), told, headers=[*JSON, (b"content-length", b"1000000")])
    assert await call(receiver) == 200
    assert receiver.receive(callbacks.address(), told + b" ", None) == 413


@pytest.mark.parametrize("length", [b"", b"-1", b"ten", b"\xb2", b"1e9"])
async def test_senseless_length(receiver: Receiver, callbacks: Callbacks, length: bytes) -> None:
    """A length that makes no sense is not looked at."""
    call = Call(callbacks.address(), BODY, headers=[*JSON, (b"content-length", length)])
    assert await call(receiver) == 200


async def test_content_types(receiver: Receiver, callbacks: Callbacks) -> None:
    """JSON may come without a type, and not under another one."""
    address = callbacks.address()
    for named, status in (
        ([(b"Content-Type", b"application/json; charset=utf-8")], 200),
        ([], 200),
        ([(b"content-type", b"text/html")], 400),
        ([(b"content-type", b"\xff")], 400),
    ):
        assert await Call(address, BODY, headers=named)(receiver) == status
    assert await Call(address, b"no JSON", headers=[])(receiver) == 400


async def test_slow_body(ace: AceData, callbacks: Callbacks) -> None:
    """A body that does not come to its end is not waited for."""
    call = Call(callbacks.address(), BODY[:5], ends=False)
    assert await call(Receiver(ace, timeout=0.01)) == 408
    assert call.headers[b"connection"] == b"close"


async def test_caller_leaves(receiver: Receiver, callbacks: Callbacks) -> None:
    """Who goes away gets no answer, and no harm is done."""
    call = Call(callbacks.address(), BODY[:5], ends=False, leaves=True)
    await receiver(call.scope, call.receive, call.send)
    assert call.sent == []


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_signature_is_masked(receiver: Receiver, callbacks: Callbacks, method: str) -> None:
    """What a server may log of the address afterwards does not open it."""
    address = callbacks.address("0123456789abcdef")
    for called in (address, address + "/", address + "x"):
        call = Call(called, BODY, method=method)
        await call(receiver)
        assert call.scope["path"] == "/callbacks/0123456789abcdef/-"
        assert call.scope["raw_path"] == b"/callbacks/0123456789abcdef/-"


async def test_closed(receiver: Receiver, ace: AceData, callbacks: Callbacks) -> None:
    """A client that is closed takes nothing in; strangers learn nothing of it."""
    await ace.aclose()
    assert await Call(callbacks.address(), BODY)(receiver) == 503
    assert await Call(callbacks.address() + "x", BODY)(receiver) == 404


async def test_no_client_yet(sandbox: Sandbox, ace: AceData, callbacks: Callbacks) -> None:
    """A function says who the client is, each time anew."""
    clients: list[AceData | AceDataError] = [
        ClientClosed("not yet"),
        ace,
        sandbox.client(),
    ]

    def client() -> AceData:
        found = clients.pop(0)
        if isinstance(found, AceData):
            return found
        raise found

    receiver = Receiver(client)
    calls = [Call(callbacks.address(), BODY) for _ in range(3)]
    assert [await call(receiver) for call in calls] == [503, 200, 503]


async def test_client_without_callbacks(sandbox: Sandbox) -> None:
    """A receiver is of no use to a client that asks for no callbacks."""
    with pytest.raises(ConfigurationError, match="callbacks=Callbacks"):
        Receiver(sandbox.client())


async def test_alone_on_a_server(receiver: Receiver) -> None:
    """The receiver can be the whole application: it starts and ends when told to."""
    told = ["lifespan.startup", "lifespan.shutdown"]
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": told.pop(0)}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await receiver({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_websocket(receiver: Receiver) -> None:
    """A websocket is closed at once."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await receiver({"type": "websocket", "path": "/"}, receive, send)
    assert sent == ["websocket.close"]


LIKELY = st.sampled_from([b'{"task_id":"', ID.encode(), b'"}', b"{", b"[", b"\xff", b"NaN", b","])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tail=st.text() | st.just(""),
    body=st.binary() | st.lists(LIKELY).map(b"".join),
    content_type=st.none() | st.text() | st.just("application/json"),
)
def test_receive_never_raises(tail: str, body: bytes, content_type: str | None) -> None:
    """Whatever comes is answered."""
    callbacks = Callbacks("https://songs.example.org/callbacks", "sixteen characters and more")
    ace = AceData("a-token", callbacks=callbacks)
    receiver = Receiver(ace)
    assert receiver.receive(callbacks.address() + tail, body, content_type) in {200, 400, 404}
    assert receiver.receive(tail, body, content_type) == 404
