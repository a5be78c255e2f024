"""Fetching files: whole, under a safe name, and without the token."""

from __future__ import annotations

import asyncio
import math
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import BinaryIO, get_args
from urllib.parse import urljoin, urlsplit

from anyio import to_thread

from acedata_async._clock import Clock, sleep, wait
from acedata_async._files import sync_directory
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.filenames import SOUNDS, ending_of, numbered, safe_stem, told_ending
from acedata_async._rules.wire import as_number
from acedata_async._transport.seam import Interrupted, NotDelivered, Stream, Transport
from acedata_async.errors import DownloadError, InvalidRequest
from acedata_async.models.results import Audio, Stems, UploadedAudio, VideoFile, WavFile
from acedata_async.models.voices import Speech, VoiceSample
from acedata_async.tasks.crew import Caller, Crew

Downloadable = Audio | Stems | WavFile | VideoFile | UploadedAudio | Speech | VoiceSample

_KINDS = ", ".join(kind.__name__ for kind in get_args(Downloadable))
_TRIES = 4
_MOST_REDIRECTS = 5
_PIECE = 256 * 1024
_HEAD = 12
"""How many of a file's first bytes tell what it is."""
_LONGEST_BEGINNING = 40
_SETTLES = 2.0
"""Seconds that downloads get to notice that nobody waits for them."""
_PASSING = frozenset({408, 425, 429})


class _Passing(Exception):
    """A failure that another try may not meet."""


@dataclass(frozen=True, slots=True, eq=False)
class _Order:
    """One file to fetch.

    Attributes:
        url: Where it is.
        directory: Where it goes.
        stem: Its name without ending.
        caller: Who waits for it.
    """

    url: str
    directory: Path
    stem: str
    caller: Caller


class Downloader:
    """Fetches results into files.

    Args:
        transport: The network.
        crew: Runs the downloads.
        clock: The time.
        rng: Where jitter comes from.
        timeout: Seconds to wait for the next bytes.
    """

    def __init__(
        self, transport: Transport, crew: Crew, clock: Clock, rng: Random, *, timeout: float
    ) -> None:
        self._transport = transport
        self._crew = crew
        self._clock = clock
        self._rng = rng
        self._timeout = timeout
        self._orders: set[_Order] = set()
        self._naming: set[_Order] = set()
        self._ended = asyncio.Event()

    async def settle(self) -> None:
        """Wait until downloads have ended that nobody waits for any more.

        They notice it with the next bytes. One that gets none is not waited for longer than two
        seconds: it gives no file its name any more.
        """
        give_up = self._clock.monotonic() + _SETTLES
        while self._naming or any(order.caller.gone for order in self._orders):
            left = give_up - self._clock.monotonic()
            if left <= 0 and not self._naming:
                return
            self._ended.clear()
            await wait(self._clock, self._ended, left if left > 0 else math.inf)

    async def download(
        self, item: Downloadable, directory: str | os.PathLike[str], *, name: str | None
    ) -> Path:
        """Fetch a file; see `AceData.download`."""
        url, stem = _url_of(item), _default_name(item) if name is None else name
        if not isinstance(stem, str):
            raise InvalidRequest("name", name, "a text")
        if not isinstance(directory, str | os.PathLike):
            raise InvalidRequest("directory", directory, "a path")
        place = Path(directory)
        return await self._crew.run(
            lambda caller: self._carry_out(_Order(url, place, safe_stem(stem), caller)),
            name=f"download {stem}",
        )

    async def _carry_out(self, order: _Order) -> Path:
        self._orders.add(order)
        try:
            return await self._try(order)
        finally:
            self._orders.discard(order)
            self._ended.set()

    async def _try(self, order: _Order) -> Path:
        for failures in count(1):
            try:
                path = await self._fetch(order)
            except (_Passing, NotDelivered, Interrupted) as fault:
                if failures == _TRIES or order.caller.gone:
                    raise DownloadError(
                        f"could not fetch {_shown(order.url)}: {fault}; tried {failures} times",
                        url=order.url,
                    ) from fault
                await sleep(self._clock, error_pause(failures, chance=self._rng.random()))
            except (OSError, ValueError) as error:  # also of an address or a path that is none
                raise DownloadError(
                    f"could not save {_shown(order.url)} in {order.directory}: {error}",
                    url=order.url,
                ) from error
            else:
                break
        return path

    async def _fetch(self, order: _Order) -> Path:
        async with self._follow(order.url) as stream:
            content_type = stream.headers.get("content-type", "")
            _check_answer(order.url, stream, content_type)
            ending = ending_of(order.url, content_type)
            name = order.stem.removesuffix(ending) + ending
            part = order.directory / f".{name}.{secrets.token_hex(4)}.part"
            try:
                told = told_ending(await self._write(order, stream, part))
                _check_wanted(order)
                if told and ending in SOUNDS:
                    name = name.removesuffix(ending) + told
                return await self._publish(order, part, name)
            finally:
                with suppress(OSError):
                    await to_thread.run_sync(_remove, part)

    async def _publish(self, order: _Order, part: Path, name: str) -> Path:
        self._naming.add(order)
        try:
            return await to_thread.run_sync(_publish, part, order.directory, name)
        finally:
            self._naming.discard(order)

    @asynccontextmanager
    async def _follow(self, url: str) -> AsyncIterator[Stream]:
        """GET `url` and what it redirects to; only web addresses, and never the token."""
        for _ in range(_MOST_REDIRECTS + 1):
            _check_url(url)
            async with self._transport.fetch(url, timeout=self._timeout) as stream:
                if stream.status not in {301, 302, 303, 307, 308}:
                    yield stream
                    return
                url = _next_url(url, stream.headers.get("location", ""))
        raise DownloadError(f"more than {_MOST_REDIRECTS} redirects", url=url)

    async def _write(self, order: _Order, stream: Stream, part: Path) -> bytes:
        """Write what comes, and return how it begins."""
        file = await to_thread.run_sync(_create, part)
        size, head = 0, b""
        try:
            buffer = bytearray()
            async for chunk in stream.chunks():
                _check_wanted(order)
                head = head if len(head) >= _HEAD else (head + chunk)[:_HEAD]
                buffer += chunk
                size += len(chunk)
                if len(buffer) >= _PIECE:
                    await to_thread.run_sync(file.write, bytes(buffer))
                    buffer.clear()
            await to_thread.run_sync(_finish, file, bytes(buffer))
        finally:
            await to_thread.run_sync(file.close)
        expected = as_number(stream.headers.get("content-length"))
        if size == 0 or (expected is not None and size != expected):
            raise _Passing(f"{size} bytes came of {'some' if expected is None else int(expected)}")
        return head


def _check_wanted(order: _Order) -> None:
    if order.caller.gone:
        raise DownloadError("nobody waits for it any more", url=order.url)


def _next_url(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise DownloadError(f"redirected to {location!r}: {error}", url=url) from error


def _check_answer(url: str, stream: Stream, content_type: str) -> None:
    if stream.status >= 500 or stream.status in _PASSING:
        raise _Passing(f"HTTP {stream.status}")
    if stream.status != 200:
        gone = stream.status in {403, 404, 410}
        hint = "; the link may have expired: look the task up again for a new one" if gone else ""
        raise DownloadError(f"HTTP {stream.status} from {_shown(url)}{hint}", url=url)
    if stream.headers.get("content-encoding", "identity") != "identity":
        raise DownloadError(f"{_shown(url)} came compressed, which was not asked for", url=url)
    if content_type.partition(";")[0].strip().lower() in {"text/html", "application/json"}:
        raise DownloadError(f"{_shown(url)} answered with {content_type}, not a file", url=url)


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise DownloadError(f"{url!r} is no web address", url=url)


def _shown(url: str) -> str:
    """Leave out the query, which may hold a signature."""
    return url.partition("?")[0]


def _url_of(item: Downloadable) -> str:
    if isinstance(item, Audio | UploadedAudio | Speech | VoiceSample):
        field_name, url = "audio_url", item.audio_url
    elif isinstance(item, Stems):
        field_name, url = "stems_url", item.stems_url
    elif isinstance(item, WavFile):
        field_name, url = "file_url", item.file_url
    elif isinstance(item, VideoFile):
        field_name, url = "video_url", item.video_url
    else:
        raise InvalidRequest("item", item, f"one of {_KINDS}")
    if not url:
        raise InvalidRequest(field_name, url, f"a {type(item).__name__} that has an address")
    return url


def _default_name(item: Downloadable) -> str:
    title = getattr(item, "title", None) or _beginning_of(item) or type(item).__name__
    distinct = getattr(item, "id", None) or getattr(item, "audio_id", None) or item.task_id
    return f"{title} - {distinct}" if distinct else str(title)


def _beginning_of(item: Downloadable) -> str | None:
    """Return what a speech begins with, so that people know it by its name."""
    text = item.text if isinstance(item, Speech) else None
    return " ".join(text.split())[:_LONGEST_BEGINNING].strip() if text else None


def _create(part: Path) -> BinaryIO:
    part.parent.mkdir(parents=True, exist_ok=True)
    return part.open("xb")


def _finish(file: BinaryIO, rest: bytes) -> None:
    file.write(rest)
    file.flush()
    os.fsync(file.fileno())


def _publish(part: Path, directory: Path, name: str) -> Path:
    """Give a whole file its name, and never another file's."""
    number = 1
    while True:
        target = directory / numbered(name, number)
        try:
            _move(part, target)
        except FileExistsError:
            number += 1
        else:
            sync_directory(directory)
            return target


def _move(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if target.exists():
            raise FileExistsError(target) from None
        part.replace(target)


def _remove(part: Path) -> None:
    part.unlink(missing_ok=True)
