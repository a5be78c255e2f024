"""A service as a user would write it, on a sandbox of its own, for tests of real processes."""

from __future__ import annotations

from fastapi import FastAPI, Response

from acedata_async import AceData, Callbacks
from acedata_async.integrations.fastapi import (
    Ace,
    add_error_handlers,
    callback_router,
    lifespan,
    news,
)
from acedata_async.sandbox import Sandbox, SystemClock

CALLBACKS = Callbacks("https://songs.example.org/callbacks", "sixteen characters and more")
SANDBOX = Sandbox(clock=SystemClock(), durations=600.0)


def make_client() -> AceData:
    """Return the client that the service owns."""
    return SANDBOX.client(callbacks=CALLBACKS)


app = FastAPI(lifespan=lifespan(make_client))
app.include_router(callback_router())
add_error_handlers(app)
inner = FastAPI()
inner.include_router(callback_router())
app.mount("/inner", inner)


@app.post("/songs")
async def make(ace: Ace, prompt: str) -> str | None:
    """Submit a song and return its id."""
    return (await ace.producer.generate(prompt)).id


@app.get("/songs/{task_id}/news")
async def follow(ace: Ace, task_id: str) -> Response:
    """Follow a song."""
    return news(ace.producer.watch(task_id), heartbeat=0.2)
