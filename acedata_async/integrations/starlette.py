"""Parts for a Starlette application: client, callbacks, news and errors."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from acedata_async.client import AceData
from acedata_async.errors import AceDataError, ClientClosed
from acedata_async.integrations.answers import answer_to, describe
from acedata_async.integrations.news import news
from acedata_async.integrations.streams import EventStream
from acedata_async.webhooks import Receiver

__all__ = [
    "EventStream",
    "add_error_handlers",
    "callback_route",
    "client_of",
    "lifespan",
    "news",
]

_log = logging.getLogger("acedata_async")

_NAME = "acedata"
"""Where the client is kept in the application's state."""

_LEVELS = {404: logging.INFO, 422: logging.INFO, 503: logging.WARNING, 504: logging.INFO}

Lifespan = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]


def lifespan(make: Callable[[], AceData] = AceData) -> Lifespan:
    """Return a lifespan that owns one client: made at startup, closed at shutdown.

    Waits for paid calls under way, as `AceData.aclose` does. To do more at startup, enter it in
    a lifespan of your own, and yield what it yields:

        @asynccontextmanager
        async def my_lifespan(app):
            async with lifespan(AceData)(app) as state:
                yield state

    Args:
        make: Makes the client; called on the event loop of the server.
    """

    @asynccontextmanager
    async def owning(app: Any) -> AsyncIterator[Mapping[str, Any]]:
        async with make() as ace:
            setattr(app.state, _NAME, ace)
            # Applications that are mounted in this one see the latter only.
            yield {_NAME: ace}

    return owning


def client_of(connection: HTTPConnection) -> AceData:
    """Return the application's client, to answer this request or websocket with.

    Raises:
        ClientClosed: The lifespan has not begun, or has ended, or the application has none.
    """
    # A server hands what a lifespan yields to each request; a test without a server does not.
    kept = getattr(getattr(connection.scope.get("app"), "state", None), _NAME, None)
    ace = connection.scope.get("state", {}).get(_NAME, kept)
    if not isinstance(ace, AceData) or ace.closed:
        raise ClientClosed("there is no client: the application needs lifespan=lifespan(…)")
    return ace


def callback_route(path: str = "/callbacks") -> Route:
    """Return a route that takes callbacks in; see `acedata_async.webhooks.Receiver`.

    Args:
        path: Below it callbacks are received: the path of the `url` that `Callbacks` was given,
            as the application sees it.
    """
    return Route(f"{path.rstrip('/')}/{{address:path}}", _CallbackEndpoint(), name="callbacks")


class _CallbackEndpoint:
    """The receiver of whichever client the application has."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        receiver = Receiver(partial(client_of, HTTPConnection(scope)))
        await receiver(scope, receive, send)


def add_error_handlers(app: Starlette) -> None:
    """Let an application answer this package's errors sensibly.

    Requests that are not allowed are answered 422, unknown ids 404, a wait that took too long
    504, and what is wrong between the service and the vendor 500, 502 or 503: in JSON, with
    `error` (its name), `detail` (in words of this package) and what is known besides, such as
    `task_ids`. The vendor's own answer is not passed on, but for code and message of a task that
    failed, where those are short and plain. The error itself is written to the logger
    `acedata_async`.
    """
    app.add_exception_handler(AceDataError, _answer)


async def _answer(request: Request, error: Exception) -> Response:
    if not isinstance(error, AceDataError) or request.scope["type"] != "http":
        raise error  # a websocket has no answer to give
    answer = answer_to(error)
    _log.log(
        _LEVELS.get(answer.status, logging.ERROR), "answered %d: %s", answer.status, describe(error)
    )
    headers = {"cache-control": "no-store"}
    if answer.retry_after is not None:
        headers["retry-after"] = str(answer.retry_after)
    # In ASCII, since a field's name that the user made up may hold half a character.
    body = json.dumps(answer.body)
    return Response(body, answer.status, headers, media_type="application/json")
