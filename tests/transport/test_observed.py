"""A transport that tells observers of every call."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest
import respx
from pydantic import SecretStr

from acedata_async import AceData, CallAnswered, CallSent, ClientClosed, Event, SubmissionUnknown
from acedata_async._rules.exchange import Call
from acedata_async._transport.http import HttpTransport
from acedata_async._transport.observed import ObservedTransport
from acedata_async._transport.seam import NotDelivered
from acedata_async.config import Credentials, Timeouts
from acedata_async.observers import Observers
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.patience import until

BASE = "https://api.acedata.cloud"
TOKEN = "very-secret-token"
CALL = Call("/producer/tasks", {"id": "Grüße"}, "lookup")


@pytest.fixture
def told() -> list[Event]:
    """What observers were told, in order."""
    return []


def transport(told: list[Event], client: httpx.AsyncClient | None = None) -> ObservedTransport:
    """Return an observed transport to the documented address."""
    token = SecretStr(TOKEN)
    network = HttpTransport(
        Credentials(BASE, token), connect_timeout=1, user_agent="test/1", client=client
    )
    return ObservedTransport(
        network, Observers(told.append, users=()), ManualClock(), tokens=[token]
    )


def observed(
    sandbox: Sandbox, told: list[Event], http: httpx.AsyncBaseTransport | None = None
) -> AceData:
    """Return a client of the sandbox, whose calls are told."""
    return AceData(
        TOKEN,
        base_url="https://sandbox.acedata.invalid",
        http_client=httpx.AsyncClient(transport=http or sandbox.transport()),
        clock=sandbox.clock,
        seed=1,
        timeouts=Timeouts(close=0.01),
        observers=[told.append],
    )


def answers(told: list[Event]) -> list[CallAnswered]:
    """Return the ends of calls."""
    return [event for event in told if isinstance(event, CallAnswered)]


@respx.mock
async def test_call_is_told_of_twice(told: list[Event]) -> None:
    """The sizes are those of the bodies that went over the wire."""
    route = respx.post(f"{BASE}/producer/tasks").respond(404, content=b"not here")
    sender = transport(told)
    reply = await sender.send(CALL, timeout=5)
    await sender.aclose()
    assert (reply.status, reply.content) == (404, b"not here")
    assert told == [
        CallSent(
            path="/producer/tasks",
            purpose="lookup",
            size=len(route.calls.last.request.content),
        ),
        CallAnswered(
            path="/producer/tasks", purpose="lookup", status=404, seconds=0.0, size=8, error=None
        ),
    ]


@respx.mock
async def test_call_that_is_not_sent_is_not_told_of(told: list[Event]) -> None:
    """A caller that goes away while its call waits for its turn leaves nothing to tell."""
    route = respx.post(f"{BASE}/producer/tasks").respond(200)

    async def refuse() -> None:
        raise ClientClosed("gone")

    with pytest.raises(ClientClosed):
        await transport(told).send(CALL, timeout=5, turn=refuse)
    assert told == []
    assert not route.called


async def test_time_is_that_of_the_exchange(told: list[Event], clock: ManualClock) -> None:
    """The wait for a turn after a 429 is no part of what a call took."""
    async with Sandbox(clock=clock, latency=0.5, durations=9.0) as sandbox:
        sandbox.inject("throttle-retry-after", times=1)
        async with observed(sandbox, told) as ace:
            await ace.producer.generate("A song")
    assert clock.elapsed > 2.5
    assert [(event.status, event.seconds) for event in answers(told)] == [(429, 0.5), (200, 0.5)]
    assert {event.purpose for event in answers(told)} == {"submit"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("lookup-cut", "RemoteProtocolError: Server disconnected without sending a response."),
        (
            "lookup-cut-body",
            "RemoteProtocolError: peer closed connection without sending complete message body",
        ),
        ("lookup-hang", "ReadTimeout"),
    ],
)
async def test_call_without_answer(
    fault: str, words: str, told: list[Event], sandbox: Sandbox
) -> None:
    """A call that gets no whole answer ends with words instead of a status."""
    async with observed(sandbox, told) as ace:
        watcher = await ace.producer.generate("A song")
        sandbox.inject(fault, times=1)
        assert await watcher
    failed = answers(told)[1]
    assert (failed.status, failed.size, failed.error) == (None, 0, words)
    assert failed.seconds == (15.0 if fault == "lookup-hang" else 0.0)
    assert all(event.status == 200 for event in answers(told) if event is not failed)


async def test_call_that_never_left(told: list[Event], sandbox: Sandbox) -> None:
    """A connection that is refused is a call without an answer, and its repetition another."""
    sandbox.inject("refuse-connection", times=1)
    async with observed(sandbox, told) as ace:
        await ace.producer.generate("A song")
    assert [event.error for event in answers(told)] == [
        "ConnectError: All connection attempts failed",
        None,
    ]


async def test_closing_ends_what_is_under_way(told: list[Event]) -> None:
    """What is cut off when the client closes is told of as well."""
    async with Sandbox(clock=ManualClock(jump=False)) as sandbox:
        sandbox.inject("hang-after-accept")
        ace = observed(sandbox, told)
        submission = asyncio.create_task(ace.producer.generate("A song"))
        await until(lambda: sandbox.stats.submissions)
        await ace.aclose()
        with pytest.raises(SubmissionUnknown):
            await submission
    assert [(event.status, event.error) for event in answers(told)] == [(None, "cancelled")]


async def test_downloads_are_no_calls(told: list[Event], sandbox: Sandbox, tmp_path: Path) -> None:
    """Files come from elsewhere, and are not counted."""
    async with observed(sandbox, told) as ace:
        [song] = await (await ace.producer.generate("A song"))
        requests = ace.stats().requests
        await ace.download(song, tmp_path)
    assert sandbox.stats.media_requests == 1
    assert ace.stats().requests == requests == len(answers(told))


class Talkative(httpx.AsyncBaseTransport):
    """An engine of the user's that fails, and puts everything that it knows into its error."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Fail."""
        raise RuntimeError(
            f"cannot send\n{request.headers['authorization']!r}: {request.content.decode()}"
        )


async def test_no_secret_is_told(told: list[Event], sandbox: Sandbox) -> None:
    """Neither the token nor a callback URL is in any event, not even in a foreign error."""
    secret_url = "https://me.test/hook?key=very-secret-key"
    async with observed(sandbox, told) as ace:
        await (await ace.producer.generate("A private prompt", callback_url=secret_url))
    async with observed(sandbox, told, Talkative()) as ace:
        with pytest.raises(SubmissionUnknown):
            await ace.producer.generate("A song", callback_url=secret_url)
    words = answers(told)[-1].error
    assert words is not None
    assert words.startswith("RuntimeError: cannot send 'Bearer (not shown)'")
    assert "very-secret" not in repr(told)
    assert "private" not in repr(told)


async def test_long_error_is_cut(told: list[Event]) -> None:
    """An error that goes on for pages does not fill the log."""

    class Endless(httpx.AsyncBaseTransport):
        async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
            raise RuntimeError("no " * 10_000)

    with pytest.raises(Exception, match="no no"):
        await transport(told, httpx.AsyncClient(transport=Endless())).send(CALL, timeout=5)
    assert len(answers(told)[0].error or "") == 300


async def test_call_that_cannot_have_arrived(told: list[Event]) -> None:
    """Where no connection came about, observers are told that nothing was delivered."""
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        port = closed_soon.getsockname()[1]
    token = SecretStr(TOKEN)
    network = HttpTransport(
        Credentials(f"http://127.0.0.1:{port}", token), connect_timeout=5, user_agent="test/1"
    )
    observed = ObservedTransport(
        network, Observers(told.append, users=()), ManualClock(), tokens=[token]
    )
    with pytest.raises(NotDelivered):
        await observed.send(CALL, timeout=5.0)
    [answer] = answers(told)
    assert (answer.status, answer.delivered) == (None, False)
    await observed.aclose()
