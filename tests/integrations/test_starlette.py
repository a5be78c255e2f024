"""The parts in a Starlette application without FastAPI."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from acedata_async import AceData, Callbacks, ClientClosed, ConfigurationError, InvalidRequest
from acedata_async.integrations.starlette import (
    add_error_handlers,
    callback_route,
    client_of,
    lifespan,
    news,
)
from acedata_async.sandbox import Sandbox
from tests.integrations.streams import read_events


async def make(request: Request) -> Response:
    """Submit a song and return its id."""
    watcher = await client_of(request).producer.generate(**await request.json())
    return JSONResponse({"id": watcher.id})


async def follow(request: Request) -> Response:
    """Follow a song."""
    return news(client_of(request).producer.watch(request.path_params["task_id"]))


async def wait(request: Request) -> Response:
    """Wait for a song, for a second."""
    songs = await client_of(request).producer.watch(request.path_params["task_id"]).result(1)
    return JSONResponse(songs[0].title)


async def fail(request: Request) -> Response:
    """Fail as a bug does."""
    raise ZeroDivisionError


async def talk(websocket: WebSocket) -> None:
    """Talk, and fail."""
    await websocket.accept()
    await client_of(websocket).producer.watch("an-id").result("soon")  # type: ignore[arg-type]


ROUTES = [
    Route("/songs", make, methods=["POST"]),
    Route("/songs/{task_id}", wait),
    Route("/songs/{task_id}/news", follow),
    Route("/bug", fail),
    WebSocketRoute("/talk", talk),
]


def service(sandbox: Sandbox, callbacks: Callbacks | None = None, **options: Any) -> Starlette:
    """Return an application on a sandbox."""
    if callbacks is not None:
        options["callbacks"] = callbacks
    app = Starlette(
        routes=[callback_route(), *ROUTES], lifespan=lifespan(lambda: sandbox.client(**options))
    )
    add_error_handlers(app)
    return app


@asynccontextmanager
async def opened(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    """Run an application's lifespan, and speak to it."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="https://songs.example.org") as http,
    ):
        yield http


async def test_song(sandbox: Sandbox) -> None:
    """A song is submitted in one request and followed in another."""
    async with opened(service(sandbox)) as http:
        task_id = (await http.post("/songs", json={"prompt": "Rain"})).json()["id"]
        answer = await http.get(f"/songs/{task_id}/news")
    name, facts = read_events(answer.text)[-1]
    assert (name, facts["id"]) == ("result", task_id)
    assert sandbox.stats.submissions == 1


async def test_callbacks(sandbox: Sandbox, callbacks: Callbacks) -> None:
    """The route takes callbacks in below its path, and nothing else."""
    async with opened(service(sandbox, callbacks)) as http:
        address, body = callbacks.address(), {"task_id": "an-id"}
        assert (await http.post(address, json=body)).status_code == 200
        assert (await http.post(address + "x", json=body)).status_code == 404
        assert (await http.post(address + "/", json=body)).status_code == 200
        assert (await http.post(address, content=b"{")).status_code == 400
        assert (await http.post(address, content=b" " * 1_000_001)).status_code == 413
        assert (await http.get(address)).status_code == 405
        assert (await http.options(address)).status_code == 405
        assert (await http.post("/callbacks/", json=body)).status_code == 404


async def test_called_back(callbacks: Callbacks) -> None:
    """The vendor's own callback arrives, and ends the wait with one lookup."""
    app: Any = None

    async def receiver(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    async with Sandbox(durations=40.0, receiver=receiver) as sandbox:
        app = service(sandbox, callbacks)
        async with opened(app) as http:
            for _ in range(2):  # callbacks are relied on once one has come
                before = sandbox.stats.lookups
                task_id = (await http.post("/songs", json={"prompt": "Rain"})).json()["id"]
                answer = await http.get(f"/songs/{task_id}/news")
                assert read_events(answer.text)[-1][0] == "result"
        assert sandbox.stats.lookups - before == 1
        assert sandbox.stats.callbacks_by_status == {200: 2}


async def test_before_and_after_the_lifespan(sandbox: Sandbox, callbacks: Callbacks) -> None:
    """Without a client, requests and callbacks are answered 503; each lifespan has its own."""
    app = service(sandbox, callbacks)
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://s.example")
    async with http:
        for _ in range(2):
            answer = await http.post("/songs", json={"prompt": "Rain"})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            body = {"task_id": "an-id"}
            assert (await http.post(callbacks.address(), json=body)).status_code == 503
            async with app.router.lifespan_context(app):
                answer = await http.post("/songs", json={"prompt": "Rain"})
                assert answer.status_code == 200
                assert (await http.post(callbacks.address(), json=body)).status_code == 200


async def test_lifespan_closes_the_client(sandbox: Sandbox) -> None:
    """The client is closed when the lifespan ends, also by an error."""
    made: list[AceData] = []

    def client() -> AceData:
        made.append(sandbox.client())
        return made[-1]

    app = Starlette(lifespan=lifespan(client))

    async def run() -> None:
        async with app.router.lifespan_context(app):
            assert not made[0].closed
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await run()
    assert made[0].closed


async def test_lifespan_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without a token does not start."""
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN", raising=False)
    app = Starlette(lifespan=lifespan())
    with pytest.raises(ConfigurationError):
        async with app.router.lifespan_context(app):
            pass


async def test_mounted_application() -> None:
    """An application inside of another sees the client of that one, as servers hand it on."""

    async def told(request: Request) -> Response:
        return JSONResponse(repr(client_of(request)))

    inner = Starlette(routes=[Route("/", told)])
    app = Starlette(
        routes=[Mount("/inner", inner)],
        lifespan=lifespan(lambda: AceData("a-token", base_url="https://api.example.org")),
    )
    async with app.router.lifespan_context(app) as state:

        async def server(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(server)
        async with httpx.AsyncClient(transport=transport, base_url="https://s.example") as http:
            answer = await http.get("/inner/")
    assert answer.json() == "<AceData https://api.example.org>"


def test_no_lifespan() -> None:
    """An application without the lifespan is told what it lacks."""
    connection = Request({"type": "http", "app": Starlette()})
    with pytest.raises(ClientClosed, match="lifespan"):
        client_of(connection)
    with pytest.raises(ClientClosed, match="lifespan"):
        client_of(Request({"type": "http"}))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"prompt": "Rain", "model": 17}, "model"),
        ({"prompt": "Rain", "weirdness": 7}, "weirdness"),
        ({"prompt": "Rain", "\ud800": 1}, None),
        ({"prompt": "Rain", "callback_url": "no address"}, "callback_url"),
    ],
)
async def test_bad_request(sandbox: Sandbox, body: dict[str, Any], field: str | None) -> None:
    """A request that is not allowed is answered with the field at fault, and costs nothing."""
    async with opened(service(sandbox)) as http:
        answer = await http.post("/songs", content=json.dumps(body))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/json"
    assert json.loads(answer.content)["field"] == field
    assert sandbox.stats.submission_requests == 0


@pytest.mark.parametrize(
    ("fault", "status", "name"),
    [
        ("moderation", 502, "permission_denied"),
        ("used-up", 503, "insufficient_balance"),
        ("payment-required", 503, "payment_required"),
        ("throttle", 503, "rate_limited"),
        ("error-500-after-accept", 502, "submission_unknown"),
        ("bad-request", 502, "api_error"),
        ("invalid-token", 502, "authentication_error"),
    ],
)
async def test_vendor_says_no(
    sandbox: Sandbox, caplog: pytest.LogCaptureFixture, fault: str, status: int, name: str
) -> None:
    """What is wrong between service and vendor is told in general, and logged once."""
    caplog.set_level(logging.INFO, "acedata_async.integrations")
    sandbox.inject(fault)
    token = "0123456789abcdef0123456789abcdef"
    async with opened(service(sandbox, api_token=token)) as http:
        answer = await http.post("/songs", json={"prompt": "Rain"})
    assert (answer.status_code, answer.json()["error"]) == (status, name)
    assert ("retry-after" in answer.headers) == (status == 503)
    logged = [line.getMessage() for line in caplog.records if "answered" in line.getMessage()]
    assert len([line for line in logged if line.startswith(f"answered {status}: ")]) == 1
    assert "trace_id" not in answer.text
    assert token not in answer.text + caplog.text


async def test_vendor_repeats_the_token(respx_mock: Any, caplog: pytest.LogCaptureFixture) -> None:
    """A token that the vendor's refusal repeats is in neither the answer nor the log."""
    token = "0123456789abcdef0123456789abcdef"
    refusal = {"error": {"code": "invalid_token", "message": f"Bearer {token} is wrong"}}
    respx_mock.post("https://api.acedata.cloud/producer/audios").mock(
        return_value=httpx.Response(401, json=refusal)
    )
    app = Starlette(routes=ROUTES, lifespan=lifespan(lambda: AceData(token)))
    add_error_handlers(app)
    transport = httpx.ASGITransport(app)
    http = httpx.AsyncClient(transport=transport, base_url="https://songs.example.org")
    async with app.router.lifespan_context(app), http:
        answer = await http.post("/songs", json={"prompt": "Rain"})
    assert answer.json()["error"] == "authentication_error"
    assert "AuthenticationError" in caplog.text
    assert token not in answer.text + caplog.text


async def test_wait_takes_too_long(sandbox: Sandbox) -> None:
    """A wait that ends too early names the task."""
    async with opened(service(sandbox)) as http:
        task_id = (await http.post("/songs", json={"prompt": "Rain"})).json()["id"]
        answer = await http.get(f"/songs/{task_id}")
        assert answer.status_code == 504
        assert answer.json()["task_ids"] == [task_id]
        assert answer.headers["cache-control"] == "no-store"


async def test_bugs_stay_bugs(sandbox: Sandbox) -> None:
    """Errors of other kinds are none of this package's business."""
    async with opened(service(sandbox)) as http:
        answer = await http.get("/bug")
    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


async def test_websocket(sandbox: Sandbox) -> None:
    """In a websocket an error is raised on, as there is no answer to give."""
    app = service(sandbox)
    sent = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope = {"type": "websocket", "path": "/talk", "headers": []}
    async with app.router.lifespan_context(app):
        with pytest.raises(InvalidRequest, match="timeout"):
            await app(scope, receive, send)
    assert sent == ["websocket.accept"]


def test_no_other_framework_is_needed() -> None:
    """Starlette's parts do not import FastAPI."""
    code = (
        "import sys, acedata_async.integrations.starlette;"
        "assert 'starlette' in sys.modules and 'fastapi' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - ours
