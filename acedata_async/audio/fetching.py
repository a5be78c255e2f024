"""Bytes from an address into a part file: over as many connections as it takes."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from random import Random
from typing import BinaryIO
from urllib.parse import urljoin

from anyio import to_thread

from acedata_async._clock import Clock, sleep
from acedata_async._rules.addresses import refusal
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.containers import HEAD, Wanted, strangeness
from acedata_async._rules.refusals import read_retry_after
from acedata_async._rules.transfer import Transfer
from acedata_async._transport.seam import Interrupted, NotDelivered, Stream, Transport
from acedata_async.audio.wholeness import shortage
from acedata_async.config import DownloadPolicy
from acedata_async.errors import DownloadError, LinkExpired
from acedata_async.tasks.crew import Caller

TRIES = 4
"""How often in a row a file is asked for that does not come any further."""
_MOST_TRIES = 200
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HICCUP = 0.1
"""Seconds before a file is taken up again that came further than before."""
_PIECE = 768 * 1024
"""Bytes that are written at once."""
_PASSING = frozenset({408, 425, 429})
_GONE = frozenset({403, 404, 410})
_PAGES = frozenset({"application/json", "application/xhtml+xml", "application/xml"})

Heard = Callable[[int, int | None], object]
"""Told how many bytes are here, and how many there will be; None where that is not known."""


class Passing(Exception):
    """A failure that another try may not meet.

    Attributes:
        pause: Seconds that the server asked to wait.
        slow: Whether it is no excuse that something came.
    """

    def __init__(self, words: str, pause: float = 0.0, *, slow: bool = False) -> None:
        super().__init__(words)
        self.pause = pause
        self.slow = slow


@dataclass(frozen=True, slots=True, eq=False)
class Errand:
    """One file to fetch.

    Attributes:
        url: Where it is.
        wanted: What it has to be.
        caller: Who waits for it.
        heard: Told as bytes come.
        largest: Bytes at most, where that is less than the policy allows.
    """

    url: str
    wanted: Wanted
    caller: Caller
    heard: Heard | None = None
    largest: int | None = None


class Fetcher:
    """Fetches files into part files.

    Args:
        transport: The network.
        clock: The time.
        rng: Where jitter comes from.
        timeout: Seconds to wait for the next bytes.
        policy: What is allowed.
        own_host: The API's host, from which files may come wherever it is.
    """

    def __init__(
        self,
        transport: Transport,
        clock: Clock,
        rng: Random,
        *,
        timeout: float,
        policy: DownloadPolicy,
        own_host: str,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._timeout = timeout
        self._policy = policy
        self._trusted = {own_host.lower(), *(host.lower() for host in policy.trusted_hosts)}

    @asynccontextmanager
    async def part(self, errand: Errand, directory: Path, name: str) -> AsyncIterator[Fetched]:
        """Yield a whole file under a hidden name of its own, which is removed afterwards.

        Raises:
            DownloadError: It could not be fetched or written.
        """
        path = directory / f".{name}.{secrets.token_hex(4)}.part"
        fetched: Fetched | None = None
        try:
            try:
                fetched = await self._fetch(errand, path)
                yield fetched
            except (OSError, ValueError) as error:  # also of a path that is none
                raise DownloadError(
                    f"could not save {shown(errand.url)} in {directory}: {error}", url=errand.url
                ) from error
        finally:
            if fetched is None or not fetched.placed:
                with suppress(OSError, ValueError):
                    await to_thread.run_sync(_remove, path)

    async def _fetch(self, errand: Errand, path: Path) -> Fetched:
        writing = _Writing(path)
        await writing.open()
        try:
            content_type = await self._patiently(errand, Transfer(), writing)
            await writing.finish()
        finally:
            await writing.close()
        return Fetched(path, writing.head, content_type)

    async def _patiently(self, errand: Errand, transfer: Transfer, writing: _Writing) -> str:
        """Ask until all is here; what comes further than before may go on and on."""
        failures = 0
        for number in count(1):
            check_wanted(errand)
            try:
                return await self._try(errand, transfer, writing)
            except (Passing, NotDelivered, Interrupted) as fault:
                slow = isinstance(fault, Passing) and fault.slow
                failures = 0 if transfer.got_on() and not slow else failures + 1
                if failures == TRIES or number == _MOST_TRIES or errand.caller.gone:
                    raise DownloadError(
                        f"could not fetch {shown(errand.url)}: {fault}; tried {number} times",
                        url=errand.url,
                    ) from fault
                asked = fault.pause if isinstance(fault, Passing) else 0.0
                chance = self._rng.random()
                pause = error_pause(failures, chance=chance) if failures else _HICCUP
                await sleep(self._clock, max(asked, pause))
        raise AssertionError  # count() has no end

    async def _try(self, errand: Errand, transfer: Transfer, writing: _Writing) -> str:
        async with self._follow(errand.url, transfer.headers()) as stream:
            content_type = stream.headers.get("content-type", "")
            self._check(errand.url, stream, content_type, transfer)
            match transfer.begin(stream.status, stream.headers):
                case None:
                    raise Passing("an answer with another part than was asked for")
                case "anew":
                    await writing.start_over()
            await self._receive(errand, transfer, writing, stream)
        if transfer.shortage is not None:
            raise Passing(transfer.shortage)
        _check_head(errand, writing.head)
        await writing.flush()
        if transfer.total is None and (lacking := await to_thread.run_sync(shortage, writing.path)):
            transfer.start_over()
            raise Passing(lacking)
        return content_type

    async def _receive(
        self, errand: Errand, transfer: Transfer, writing: _Writing, stream: Stream
    ) -> None:
        since, base = self._clock.monotonic(), transfer.received
        largest = min(self._policy.largest, errand.largest or self._policy.largest)
        async for chunk in stream.chunks():
            check_wanted(errand)
            transfer.take(len(chunk))
            if transfer.received > largest:
                raise DownloadError(
                    f"{shown(errand.url)} is larger than {largest:,} bytes; DownloadPolicy(largest"
                    "=…) can allow more",
                    url=errand.url,
                )
            begins = len(writing.head) < HEAD
            await writing.add(chunk)
            if begins and len(writing.head) == HEAD:
                _check_head(errand, writing.head)
            if errand.heard is not None:
                errand.heard(transfer.received, transfer.total)
            now = self._clock.monotonic()
            if now - since >= self._timeout:
                if transfer.received - base < self._policy.slowest * (now - since):
                    words = f"slower than {self._policy.slowest:g} bytes a second"
                    raise Passing(words, slow=True)
                since, base = now, transfer.received

    def _check(self, url: str, stream: Stream, content_type: str, transfer: Transfer) -> None:
        """Raise what is wrong with an answer, by its head."""
        if stream.status >= 500 or stream.status in _PASSING:
            pause = read_retry_after(stream.headers, now=self._clock.time())
            raise Passing(f"HTTP {stream.status}", min(pause or 0.0, self._timeout))
        if stream.status == 416:
            transfer.start_over()
            raise Passing("HTTP 416")
        if stream.status in _GONE:
            raise LinkExpired(
                f"HTTP {stream.status} from {shown(url)}: the link may have expired", url=url
            )
        if stream.status not in {200, 206}:
            raise DownloadError(f"HTTP {stream.status} from {shown(url)}", url=url)
        encodings = stream.headers.get("content-encoding", "").lower().split(",")
        if {one.strip() for one in encodings} - {"", "identity"}:
            raise DownloadError(f"{shown(url)} came compressed, which was not asked for", url=url)
        kind = content_type.partition(";")[0].strip().lower()
        if kind in _PAGES or kind.startswith("text/"):
            raise DownloadError(f"{shown(url)} answered with {content_type}, not a file", url=url)

    @asynccontextmanager
    async def _follow(self, url: str, headers: dict[str, str]) -> AsyncIterator[Stream]:
        """GET `url` and what it redirects to: only addresses that are allowed, never the token."""
        for _ in range(_MOST_REDIRECTS + 1):
            reason = refusal(url, trusted=self._trusted)
            if reason is not None:
                raise DownloadError(reason, url=url)
            async with self._transport.fetch(url, timeout=self._timeout, headers=headers) as stream:
                if stream.status not in _REDIRECTS:
                    yield stream
                    return
                url = _next_url(url, stream.headers.get("location", ""))
        raise DownloadError(f"more than {_MOST_REDIRECTS} redirects", url=url)


@dataclass(slots=True)
class Fetched:
    """A whole file under a name that nobody else sees.

    Attributes:
        path: Where it is.
        head: Its first bytes.
        content_type: What the server called it.
        placed: Whether it has got its name, and is not there any more.
    """

    path: Path
    head: bytes
    content_type: str
    placed: bool = False


class _Writing:
    """A part file that is written, in pieces large enough to be worth a thread each.

    Attributes:
        path: Where it is.
        head: Its first bytes.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.head = b""
        self._file: BinaryIO | None = None
        self._pieces: list[bytes] = []
        self._waiting = 0

    async def open(self) -> None:
        """Make the file, which must not exist, and its directory, which may."""
        self._file = await to_thread.run_sync(_create, self.path)

    async def add(self, chunk: bytes) -> None:
        """Write what comes next."""
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        self._pieces.append(chunk)
        self._waiting += len(chunk)
        if self._waiting >= _PIECE:
            await self.flush()

    async def flush(self) -> None:
        """Hand all that was added to the system."""
        pieces, self._pieces, self._waiting = self._pieces, [], 0
        if pieces and self._file is not None:
            await to_thread.run_sync(_write, self._file, pieces)

    async def start_over(self) -> None:
        """Forget what was added."""
        self.head, self._pieces, self._waiting = b"", [], 0
        if self._file is not None and self._file.tell():
            await to_thread.run_sync(_empty, self._file)

    async def finish(self) -> None:
        """Close the file, once all of it is on the disk."""
        await self.flush()
        file, self._file = self._file, None
        if file is not None:
            await to_thread.run_sync(_finish, file)

    async def close(self) -> None:
        """Close the file, if it is still open."""
        file, self._file = self._file, None
        if file is not None:
            await to_thread.run_sync(file.close)


def check_wanted(errand: Errand) -> None:
    """Raise if nobody waits for the file any more."""
    if errand.caller.gone:
        raise DownloadError("nobody waits for it any more", url=errand.url)


def _check_head(errand: Errand, head: bytes) -> None:
    """Raise if what comes is not what was asked for, by its first bytes."""
    odd = strangeness(head, errand.wanted)
    if odd is not None:
        raise DownloadError(f"{shown(errand.url)} is {odd}", url=errand.url)


def shown(url: str) -> str:
    """Leave out the query, which may hold a signature."""
    return url.partition("?")[0]


def _next_url(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise DownloadError(f"redirected to {location!r:.200}: {error}", url=url) from error


def _create(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.open("xb")


def _write(file: BinaryIO, pieces: list[bytes]) -> None:
    file.writelines(pieces)
    file.flush()  # a full disk is to be told now, and not by the next piece


def _finish(file: BinaryIO) -> None:
    with file:
        os.fsync(file.fileno())


def _empty(file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
