"""A vendor that answers as a test says, runs of speeches, and what all of Fish's tests need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from acedata_async import AceData, BulkOutcome
from acedata_async.bulk.intake import Requests
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.bulk.conftest import PatientClock, clock, ledger, outcomes_of, sandbox

__all__ = ["PatientClock", "clock", "ledger", "sandbox"]

RECORDING = "https://platform.r2.fish.audio/task/604133d7b3c7430385382470f67770e8.mp3"
"""The recording of the documents' example."""

CALLBACK = "https://example.com/hook/secret-in-the-path"

Answer = httpx.Response | Mapping[str, Any] | bytes | Callable[[httpx.Request], httpx.Response]


class Scripted:
    """A vendor that gives prepared answers, and a client of it.

    Args:
        answers: One for each request, in order; the last one for all later requests as well. A
            JSON object or bytes stand for a 200 with it.
        options: What the client is set up with.

    Attributes:
        requests: What came.
        ace: The client.
    """

    def __init__(self, *answers: Answer, **options: Any) -> None:
        self.requests: list[httpx.Request] = []
        self._answers = list(answers)
        settings: dict[str, Any] = {"clock": ManualClock(), "observers": [], "seed": 1, **options}
        transport = httpx.MockTransport(self._answer)
        self.ace = AceData(
            settings.pop("api_token", "token"),
            http_client=httpx.AsyncClient(transport=transport, trust_env=False),
            **settings,
        )

    def say(self, answer: Answer) -> None:
        """Give this answer from now on, and forget what has come so far."""
        self._answers = [answer]
        self.requests.clear()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        # Once it is answered the client takes the token out of it.
        kept = request.headers.copy()
        self.requests.append(
            httpx.Request(request.method, request.url, headers=kept, content=request.content)
        )
        answer = self._answers[0] if len(self._answers) == 1 else self._answers.pop(0)
        if isinstance(answer, httpx.Response):
            # A response can be read once only.
            return httpx.Response(
                answer.status_code, headers=answer.headers, content=answer.content
            )
        if isinstance(answer, bytes):
            return httpx.Response(200, content=answer)
        return httpx.Response(200, json=answer) if isinstance(answer, Mapping) else answer(request)


def voice(key: str, **fields: Any) -> dict[str, Any]:
    """Return a request for a voice, as a mapping."""
    return {"key": key, "action": "create_voice", "voice_url": RECORDING, **fields}


def speech(key: str | None = None, text: str = "Hello.", **fields: Any) -> dict[str, Any]:
    """Return a request for a speech, as a mapping."""
    named = {} if key is None else {"key": key}
    return {**named, "action": "speak", "text": text, **fields}


def speeches(count: int) -> list[dict[str, Any]]:
    """Return requests for so many speeches, called t0, t1 and so on."""
    return [speech(f"t{number}", f"Sentence {number}.") for number in range(count)]


async def make(ace: AceData, requests: Requests, **options: Any) -> dict[str, BulkOutcome]:
    """Carry out a run at Fish and return its outcomes by their keys."""
    async with ace.fish.bulk(requests, **options) as run:
        outcomes = await outcomes_of(run)
    by_key = {str(outcome.key): outcome for outcome in outcomes}
    assert len(by_key) == len(outcomes)
    return by_key


def calls(sandbox: Sandbox) -> tuple[int, int]:
    """Return how many tasks the vendor made, and how many requests asked for one."""
    return sandbox.stats.submissions, sandbox.stats.submission_requests


@pytest.fixture
async def ace(sandbox: Sandbox) -> AceData:
    """A client; it is closed with the sandbox."""
    return sandbox.client(seed=1)
