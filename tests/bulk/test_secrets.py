"""Secrets that the vendor or the network repeats: no ledger, outcome or log has them."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async import AceData
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import outcomes_of, song
from tests.tasks.watching import BASE, Witness

SECRET = "s3cr3t-of-mine"
RECEIVER = f"https://me.example/hook?token={SECRET}"
TOKEN = "t0ken-of-mine"


class Talkative(httpx.AsyncBaseTransport):
    """Answers paid calls by `reply`, and all else by another transport."""

    def __init__(
        self, inner: httpx.AsyncBaseTransport, reply: Callable[[httpx.Request], httpx.Response]
    ) -> None:
        self._inner = inner
        self._reply = reply

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a call."""
        if request.url.path.endswith("/audios"):
            return self._reply(request)
        return await self._inner.handle_async_request(request)


@asynccontextmanager
async def client(sandbox: Sandbox, transport: httpx.AsyncBaseTransport) -> AsyncIterator[AceData]:
    """Yield a client of a sandbox that sends by a transport of the test's."""
    async with httpx.AsyncClient(transport=transport, trust_env=False) as http:
        ace = AceData(TOKEN, base_url=BASE, http_client=http, clock=sandbox.clock, seed=1)
        async with ace:
            yield ace


async def told_of(ace: AceData, directory: Path) -> tuple[str, str]:
    """Make a song with a receiver; return its state, and all that was told or written of it."""
    directory.mkdir()  # noqa: ASYNC240 - nobody else is waiting
    requests = [song("a", callback_url=RECEIVER)]
    async with ace.producer.bulk(requests, ledger=directory / "x.ledger") as run:
        [outcome] = await outcomes_of(run)
    texts = [repr(outcome), outcome.reason, str(outcome.error), repr(outcome.record)]
    texts += [repr(run.stats), *(repr(path.read_bytes()) for path in directory.iterdir())]  # noqa: ASYNC240 - as above
    return outcome.state, "".join(texts)


def refusing(request: httpx.Request) -> httpx.Response:
    """Refuse a call with words that quote its receiver."""
    message = f"callback_url {json.loads(request.content)['callback_url']} cannot be reached"
    return httpx.Response(400, json={"error": {"code": "bad_request", "message": message}})


def breaking(request: httpx.Request) -> httpx.Response:
    """Fail as a client does whose errors show what was sent."""
    raise RuntimeError(f"could not send {request.headers.raw} {request.content!r}")


@pytest.mark.parametrize(
    ("reply", "state", "words"),
    [(refusing, "failed", "cannot be reached"), (breaking, "unknown", "could not send")],
)
async def test_paid_call_whose_error_quotes_it(  # noqa: PLR0917 - fixtures
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    reply: Callable[[httpx.Request], httpx.Response],
    state: str,
    words: str,
) -> None:
    """The error keeps its words, without the token and the receiver's address."""
    caplog.set_level(logging.DEBUG)
    async with client(sandbox, Talkative(sandbox.transport(), reply)) as ace:
        ended, told = await told_of(ace, tmp_path / "out")
    assert ended == state
    assert words in told
    for text in (told, caplog.text):
        assert SECRET not in text
        assert TOKEN not in text


async def test_record_that_repeats_the_receiver(sandbox: Sandbox, tmp_path: Path) -> None:
    """Wherever a record has the address, the ledger has its mask."""

    def repeated(_: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any]:
        for record in body.get("items", [body]):
            record["callback_url"] = RECEIVER
            if record.get("finished_at"):
                record["response"]["request"] = {"callback_url": RECEIVER}
        return body

    async with client(sandbox, Witness(sandbox, repeated)) as ace:
        ended, told = await told_of(ace, tmp_path / "out")
    assert ended == "succeeded"
    assert "https://me.example/…" in told
    assert SECRET not in told


async def test_failed_record_that_quotes_the_receiver(sandbox: Sandbox, tmp_path: Path) -> None:
    """So do the reason of a failure, its error and what the ledger keeps of it."""

    def failed(_: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any]:
        for record in body.get("items", [body]):
            if record.get("finished_at"):
                wrong = [{"loc": ["body", "callback_url"], "msg": "bad", "input": RECEIVER}]
                record["response"] = {"status": 400, "message": json.dumps(wrong)}
        return body

    async with client(sandbox, Witness(sandbox, failed)) as ace:
        ended, told = await told_of(ace, tmp_path / "out")
    assert ended == "failed"
    assert "callback_url: bad" in told
    assert SECRET not in told
