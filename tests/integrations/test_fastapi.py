"""The parts in a FastAPI application."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, FastAPI, Response

from acedata_async import AceData, Callbacks
from acedata_async.integrations.fastapi import (
    Ace,
    add_error_handlers,
    callback_router,
    client_of,
    lifespan,
    news,
)
from acedata_async.sandbox import Sandbox
from tests.integrations.streams import read_events


def client(app: FastAPI) -> httpx.AsyncClient:
    """Return a client of an application."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://songs.example.org"
    )


def service(sandbox: Sandbox, **options: Any) -> FastAPI:
    """Return an application on a sandbox."""
    app = FastAPI(lifespan=lifespan(lambda: sandbox.client(**options)))
    app.include_router(callback_router())
    add_error_handlers(app)

    @app.post("/songs")
    async def make(ace: Ace, prompt: str) -> str | None:
        return (await ace.producer.generate(prompt)).id

    @app.get("/songs/{task_id}/news")
    async def follow(ace: Ace, task_id: str) -> Response:
        return news(ace.producer.watch(task_id))

    @app.get("/songs/{task_id}/plainly")
    def follow_plainly(ace: Ace, task_id: str) -> Response:
        return news(ace.producer.watch(task_id))

    return app


async def test_song(sandbox: Sandbox) -> None:
    """A song is submitted in one request and followed in others, by any kind of function."""
    app = service(sandbox)
    async with app.router.lifespan_context(app), client(app) as http:
        task_id = (await http.post("/songs", params={"prompt": "Rain"})).json()
        first, second = await asyncio.gather(
            http.get(f"/songs/{task_id}/news"), http.get(f"/songs/{task_id}/plainly")
        )
    assert read_events(first.text)[-1] == read_events(second.text)[-1]
    assert read_events(first.text)[-1][0] == "result"
    assert sandbox.stats.submissions == 1


async def test_callbacks(sandbox: Sandbox, callbacks: Callbacks) -> None:
    """The router takes callbacks in, and the schema does not tell of it."""
    app = service(sandbox, callbacks=callbacks)
    async with app.router.lifespan_context(app), client(app) as http:
        address, body = callbacks.address(), {"task_id": "an-id"}
        assert (await http.post(address, json=body)).status_code == 200
        assert (await http.post(address + "x", json=body)).status_code == 404
        assert (await http.put(address, json=body)).status_code == 405
        schema = (await http.get("/openapi.json")).json()
    assert set(schema["paths"]) == {"/songs", "/songs/{task_id}/news", "/songs/{task_id}/plainly"}
    assert "Ace" not in str(schema)


async def test_router_within_routers(sandbox: Sandbox) -> None:
    """The router can stand anywhere: its path is the end of the `url` of `Callbacks`."""
    callbacks = Callbacks("https://songs.example.org/api/v1/hooks", "sixteen characters and more")
    app = FastAPI(lifespan=lifespan(lambda: sandbox.client(callbacks=callbacks)))
    outer = APIRouter()
    outer.include_router(callback_router("/hooks/"), prefix="/v1")
    app.include_router(outer, prefix="/api")
    async with app.router.lifespan_context(app), client(app) as http:
        body = {"task_id": "an-id"}
        assert (await http.post(callbacks.address(), json=body)).status_code == 200
        wrong = callbacks.address().replace("/hooks/", "/")
        assert (await http.post(wrong, json=body)).status_code == 404


async def count(ace: Annotated[AceData, Depends(client_of)]) -> int:
    """Count what was submitted."""
    return ace.stats().submissions


async def test_dependency(sandbox: Sandbox) -> None:
    """The client can be had by a dependency of one's own, and replaced in tests."""
    app = FastAPI()

    @app.get("/count")
    async def told(number: Annotated[int, Depends(count)]) -> int:
        return number

    app.dependency_overrides[client_of] = lambda: sandbox.client()  # noqa: PLW0108 - no arguments
    async with client(app) as http:
        assert (await http.get("/count")).json() == 0


async def test_errors(sandbox: Sandbox) -> None:
    """Errors of this package are answered as such; FastAPI's own stay as they are."""
    app = service(sandbox)
    async with app.router.lifespan_context(app), client(app) as http:
        answer = await http.post("/songs", params={"prompt": " "})
        assert (answer.status_code, answer.json()["field"]) == (422, "prompt")
        answer = await http.post("/songs")
        assert (answer.status_code, answer.json()["detail"][0]["type"]) == (422, "missing")
        sandbox.inject("throttle-retry-after")
        answer = await http.post("/songs", params={"prompt": "Rain"})
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
