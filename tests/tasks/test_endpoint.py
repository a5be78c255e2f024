"""Answers to lookups that are not what the sandbox gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    APIError,
    MalformedResponse,
    ServerError,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.testing import ManualClock

RECORD = {
    "id": "a",
    "finished_at": 1767119785.589,
    "response": {"data": [{"id": "1", "audio_url": "https://cdn.test/1.m4a"}]},
}


def client(answer: Callable[[dict[str, Any]], httpx.Response]) -> AceData:
    """Return a client whose vendor answers by a function of the request's body."""

    def handle(request: httpx.Request) -> httpx.Response:
        return answer(json.loads(request.content))

    http = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    return AceData("token", http_client=http, clock=ManualClock(), seed=1)


@pytest.mark.parametrize("code", ["task_not_found", "not_found"])
async def test_unknown_task_by_status(code: str) -> None:
    """A vendor that answers 404 for an unknown task means what `{}` means."""
    ace = client(lambda _: httpx.Response(404, json={"error": {"code": code, "message": ""}}))
    with pytest.raises(TaskNotFound):
        await ace.producer.retrieve("a")
    with pytest.raises(TaskNotFound):
        await ace.producer.watch("a")


async def test_wrong_address_is_not_an_unknown_task() -> None:
    """A 404 that is not about the task is an error of its own."""
    ace = client(lambda _: httpx.Response(404, json={"error": {"code": "no_api"}}))
    with pytest.raises(APIError, match="no_api"):
        await ace.producer.retrieve("a")


@pytest.mark.parametrize(
    "body", [{"id": "another"}, {"items": []}, [], "text", None, {"task": RECORD}]
)
async def test_answer_that_is_no_record_of_the_task(body: Any) -> None:
    """Something else than the record that was asked for is malformed, never taken for it."""
    ace = client(lambda _: httpx.Response(200, json=body))
    with pytest.raises(MalformedResponse):
        await ace.producer.retrieve("a")


@pytest.mark.parametrize("body", [{"items": {}}, {"count": 1}, [], RECORD])
async def test_answer_that_is_no_batch(body: Any) -> None:
    """So is an answer to a lookup of many without a list of items."""
    ace = client(lambda _: httpx.Response(200, json=body))
    with pytest.raises(MalformedResponse):
        await ace.producer.retrieve_batch(["a", "b"])


async def test_failure_in_an_answer_of_success() -> None:
    """An error envelope with status 200 is the error that it says."""
    body = {"success": False, "error": {"code": "api_error", "message": "fetch failed"}}
    ace = client(lambda _: httpx.Response(200, json=body))
    with pytest.raises(ServerError, match="fetch failed"):
        await ace.producer.retrieve("a")


async def test_odd_items_in_a_batch_are_passed_over() -> None:
    """Items that are no records, or of no task that was asked for, hide none that is."""
    items: list[Any] = [None, 5, [], {}, {"id": 7}, {"id": "foreign"}, RECORD]

    def answer(body: dict[str, Any]) -> httpx.Response:
        return httpx.Response(200, json={"items": items, "count": "7"} if "ids" in body else {})

    ace = client(answer)
    assert set(await ace.producer.retrieve_batch(["a", "b"])) == {"a"}


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, text="<html>a proxy's own page</html>"),
        httpx.Response(403, text=""),
        httpx.Response(403, json={"error": {"code": "used_up", "message": "top up"}}),
    ],
)
async def test_what_may_heal_ends_no_wait(response: httpx.Response) -> None:
    """A proxy's refusal, or an empty balance, is waited out."""
    answers = [response, httpx.Response(200, json=RECORD)]
    ace = client(lambda _: answers.pop(0))
    assert len(await ace.producer.watch("a")) == 1


async def test_wait_for_a_broken_vendor_ends_in_time_with_the_reason() -> None:
    """A vendor that never gives an answer ends the wait by its deadline; why is the cause."""
    ace = client(lambda _: httpx.Response(200, text="not JSON"))
    with pytest.raises(WatchTimeout) as caught:
        await ace.producer.watch("a").result(timeout=60)
    assert isinstance(caught.value.__cause__, MalformedResponse)
