"""The service: its addresses, and how its parts are wired."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar
from uuid import UUID

from anyio import to_thread
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from acedata_async import AceData, AceDataError, InvalidRequest, log_events, read_tags
from acedata_async.integrations.fastapi import add_error_handlers, callback_router, lifespan
from acedata_async.ledger import WrongStep
from acedata_async.models.producer import DEFAULT_MODEL, MODELS
from examples.studio.answers import Answer, refuse
from examples.studio.desk import Desk, KeyTaken
from examples.studio.guard import Guard
from examples.studio.orders import Order
from examples.studio.settings import CALLBACKS, Settings

_STATIC = Path(__file__).parent / "static"
_SOUNDS = {".m4a": "audio/mp4", ".mp3": "audio/mpeg", ".wav": "audio/wav"}
_MOST = 100
"""Songs in one answer."""

T = TypeVar("T")
Connect = Callable[..., AceData]

router = APIRouter(prefix="/api")
media = APIRouter(prefix="/media")


def create_app(settings: Settings | None = None, connect: Connect = AceData) -> FastAPI:
    """Return the service, for a server such as uvicorn: `uvicorn --factory …:create_app`.

    Args:
        settings: How it is set up; by default by the environment.
        connect: Makes the client; given `callbacks` and `observers`.

    Raises:
        ConfigurationError: The environment cannot be used.
    """
    settings = settings or Settings.read()
    desk = Desk(settings)

    def client() -> AceData:
        return connect(callbacks=settings.callbacks, observers=(log_events, desk.observe))

    @asynccontextmanager
    async def living(app: FastAPI) -> AsyncIterator[Mapping[str, Any]]:
        await to_thread.run_sync(lambda: settings.directory.mkdir(parents=True, exist_ok=True))
        async with lifespan(client)(app) as state, desk.opened(app.state.acedata):
            yield state

    # Its own pages of documentation load scripts from elsewhere.
    app = FastAPI(
        title="Studio",
        lifespan=living,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        default_response_class=Answer,
    )
    app.state.desk = desk
    add_error_handlers(app)
    app.add_exception_handler(RequestValidationError, refuse)
    app.include_router(callback_router(CALLBACKS))
    app.include_router(router)
    app.include_router(media)
    app.mount("/", StaticFiles(directory=_STATIC, html=True))
    app.add_middleware(Guard, hosts=settings.hosts)
    return app


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


@router.get("/songs")
async def songs(
    request: Request,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = 30,
) -> dict[str, Any]:
    """Return a part of all songs, the newest first, and how the studio stands."""
    return await _desk(request).songs(before=str(before) if before else None, limit=limit)


@router.post("/songs", status_code=202)
async def order(request: Request, wanted: Order) -> Response:
    """Take an order: 202 for a new one, 200 for one that was here before, 422 for a wrong one."""
    try:
        song, new = await _desk(request).order(wanted.item())
    except InvalidRequest as error:
        body = {"error": "invalid_request", "fields": wanted.problems(error)}
        return Answer(body, 422)
    except KeyTaken:
        words = "An order with this key has come before, and was another one. It is in the list."
        return Answer({"error": "key_taken", "detail": words}, 409)
    return Answer(song, 202 if new else 200)


@router.get("/songs/{key}")
async def song(request: Request, key: UUID) -> dict[str, Any]:
    """Return one song."""
    return _found(await _desk(request).song(str(key)))


class Again(BaseModel):
    """The body of an order that repeats another one: a key of its own."""

    key: UUID


@router.post("/songs/{key}/again", status_code=202)
async def again(request: Request, key: UUID, wanted: Again) -> dict[str, Any]:
    """Order the same once more, such as what has failed."""
    return _found(await _desk(request).again(str(key), str(wanted.key)))


@router.post("/songs/{key}/withdraw")
async def withdraw(request: Request, key: UUID) -> Response:
    """Take an order back that waits: 200 for one that is not sent any more, 409 if it is late."""
    try:
        return Answer(_found(await _desk(request).withdraw(str(key))))
    except WrongStep:
        words = "Too late: it does not wait any more. It was sent before it could be withdrawn."
        return Answer({"error": "too_late", "detail": words}, 409)


@router.post("/songs/{key}/fetch")
async def fetch(request: Request, key: UUID) -> dict[str, Any]:
    """Fetch the file of a song that was made, and could not be fetched."""
    return _found(await _desk(request).fetch(str(key)))


@router.post("/resume", status_code=204)
async def resume(request: Request) -> None:
    """Go on after a stop."""
    _desk(request).resume()


@router.get("/choices")
async def choices() -> dict[str, Any]:
    """Return what the page offers."""
    return {"models": MODELS, "model": DEFAULT_MODEL}


@router.get("/events")
async def events(request: Request, key: Annotated[list[UUID] | None, Query()] = None) -> Response:
    """Tell what changes, as server-sent events: of all songs, or of those that are named."""
    desk, keys = _desk(request), [str(one) for one in key or ()]

    async def hello() -> dict[str, Any]:
        known = [await desk.song(one) for one in keys]
        return {**desk.status(), "songs": [one for one in known if one is not None]}

    return desk.board.stream(hello, keys)


@media.get("/{key}/audio")
async def audio(request: Request, key: UUID) -> Response:
    """Return a song's file, to listen to; a part of it, where a part is asked for."""
    path, _ = await _file(request, key)
    return FileResponse(path, media_type=_SOUNDS.get(path.suffix), headers=_kept())


@media.get("/{key}/download")
async def download(request: Request, key: UUID) -> Response:
    """Return a song's file, or its stems, to keep."""
    path, title = await _file(request, key)
    plain = "".join(
        char if char.isprintable() and char not in '/\\:*?"<>|' else " " for char in title
    )
    return FileResponse(path, filename=(" ".join(plain.split())[:100] or "song") + path.suffix)


@media.get("/{key}/cover")
async def cover(request: Request, key: UUID) -> Response:
    """Return the cover that is in a song's file."""
    path, _ = await _file(request, key)
    try:
        tags = await to_thread.run_sync(read_tags, path)
    except AceDataError as error:
        raise HTTPException(404) from error
    if tags.cover is None or tags.cover_type is None:
        raise HTTPException(404)
    return Response(tags.cover, media_type=f"image/{tags.cover_type}", headers=_kept())


async def _file(request: Request, key: UUID) -> tuple[Path, str]:
    path, title = _found(await _desk(request).file_of(str(key)))
    if not await to_thread.run_sync(path.is_file):
        raise HTTPException(404)
    return path, title


def _found(thing: T | None) -> T:
    if thing is None:
        raise HTTPException(404)
    return thing


def _kept() -> dict[str, str]:
    # A song does not change, but its file may be fetched anew.
    return {"cache-control": "private, max-age=3600"}
