"""Parts for a FastAPI application: client, callbacks, news and errors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends

from acedata_async.client import AceData
from acedata_async.integrations.starlette import (
    EventStream,
    add_error_handlers,
    callback_route,
    client_of,
    lifespan,
    news,
)

__all__ = [
    "Ace",
    "EventStream",
    "add_error_handlers",
    "callback_router",
    "client_of",
    "lifespan",
    "news",
]

Ace = Annotated[AceData, Depends(client_of)]
"""The application's client, as a parameter: `async def make(ace: Ace): …`."""


def callback_router(path: str = "/callbacks") -> APIRouter:
    """Return a router that takes callbacks in; see `acedata_async.webhooks.Receiver`.

    It is no part of the application's schema. Include it in the application itself: FastAPI of
    older versions leaves out the prefix of a router in between.

    Args:
        path: Below it callbacks are received: the path of the `url` that `Callbacks` was given,
            as the application sees it.
    """
    return APIRouter(routes=[callback_route(path)])
