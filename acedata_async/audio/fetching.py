"""Bytes from an address into a part file: over as many connections as it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from random import Random
from urllib.parse import urljoin

from acedata_async._clock import Clock, sleep
from acedata_async._files import part_path
from acedata_async._rules.addresses import is_trusted, read_host, refusal, shown
from acedata_async._rules.cadence import error_pause
from acedata_async._rules.containers import HEAD, Wanted, strangeness
from acedata_async._rules.refusals import read_retry_after
from acedata_async._rules.transfer import Transfer
from acedata_async._transport.seam import HostRefused, Interrupted, NotDelivered, Stream, Transport
from acedata_async.audio.folder import Folder
from acedata_async.audio.wholeness import shortage
from acedata_async.audio.writing import PartFile, Threads
from acedata_async.config import DownloadPolicy
from acedata_async.errors import ConfigurationError, DownloadError, LinkExpired
from acedata_async.tasks.crew import Caller

TRIES = 4
"""How often in a row a file is asked for that does not come any further."""
_MOST_TRIES = 200
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HICCUP = 0.1
"""Seconds before a file is taken up again that came further than before."""
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

    Raises:
        ConfigurationError: The policy trusts what is no host.

    Attributes:
        threads: Where files are written.
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
        self.threads = Threads()
        self._transport = transport
        self._clock = clock
        self._rng = rng
        self._timeout = timeout
        self._policy = policy
        self._trusted = {read_host(own_host) or "", *map(_trusted, policy.trusted_hosts)}

    @asynccontextmanager
    async def part(self, errand: Errand, folder: Folder, name: str) -> AsyncIterator[Fetched]:
        """Yield a file that has come, under a hidden name of its own; it is removed afterwards.

        Raises:
            DownloadError: It could not be fetched or written.
        """
        part = PartFile(part_path(folder.path, name), self.threads)
        fetched: Fetched | None = None
        try:
            try:
                await folder.prepare(name)
                content_type = await self._patiently(errand, Transfer(), part)
                fetched = Fetched(part.path, folder, part.head, content_type, part.seal)
                yield fetched
            except HostRefused as error:
                raise DownloadError(str(error), url=errand.url) from error
            except (OSError, ValueError) as error:  # also of a path that is none
                raise DownloadError(
                    f"could not save {shown(errand.url)} in {folder.path}: {error}", url=errand.url
                ) from error
        finally:
            if fetched is None or not fetched.placed:
                await self.threads.run(part.discard)

    async def _patiently(self, errand: Errand, transfer: Transfer, part: PartFile) -> str:
        """Ask until all is here; what comes further than before may go on and on."""
        failures = 0
        for number in count(1):
            check_wanted(errand)
            try:
                return await self._try(errand, transfer, part)
            except (Passing, NotDelivered, Interrupted) as fault:
                slow = isinstance(fault, Passing) and fault.slow
                failures = 0 if transfer.got_on() and not slow else failures + 1
                if failures == TRIES or number == _MOST_TRIES or errand.caller.gone:
                    raise DownloadError(
                        f"could not fetch {shown(errand.url)}: {fault}; tried {number} times",
                        url=errand.url,
                    ) from fault
                asked = fault.pause if isinstance(fault, Passing) else 0.0
                _forget_traces(fault)
                chance = self._rng.random()
                pause = error_pause(failures, chance=chance) if failures else _HICCUP
                async with _while_wanted(errand):
                    await sleep(self._clock, max(asked, pause))
        raise AssertionError  # count() has no end

    async def _try(self, errand: Errand, transfer: Transfer, part: PartFile) -> str:
        async with self._follow(errand, transfer.headers()) as stream:
            content_type = stream.headers.get("content-type", "")
            self._check(errand.url, stream, content_type, transfer)
            match transfer.begin(stream.status, stream.headers):
                case None:
                    raise Passing("an answer with another part than was asked for")
                case "anew":
                    await part.start_over()
            if transfer.total is not None and transfer.total > self._largest(errand):
                raise _too_large(errand, self._largest(errand))
            async with _while_wanted(errand):
                await self._receive(errand, transfer, part, stream)
        if transfer.shortage is not None:
            raise Passing(transfer.shortage)
        if len(part.head) < HEAD:
            _check_head(errand, part.head, content_type)
        if transfer.total is None:
            await part.flush()
            if lacking := await self.threads.run(lambda: shortage(part.path)):
                transfer.start_over()
                raise Passing(lacking)
        return content_type

    async def _receive(
        self, errand: Errand, transfer: Transfer, part: PartFile, stream: Stream
    ) -> None:
        """Take in what comes. Each step is taken thousands of times, so it is a short one."""
        heard, now_of = errand.heard, self._clock.monotonic
        since, base = now_of(), transfer.received
        largest = self._largest(errand)
        begins = len(part.head) < HEAD
        async for chunk in stream.chunks():
            transfer.take(len(chunk))
            if transfer.received > largest:
                raise _too_large(errand, largest)
            if part.add(chunk):
                await part.hand_over()
            if begins and len(part.head) == HEAD:
                begins = False
                _check_head(errand, part.head, stream.headers.get("content-type", ""))
            if heard is not None:
                heard(transfer.received, transfer.total)
            now = now_of()
            if now - since >= self._timeout:
                if transfer.received - base < self._policy.slowest * (now - since):
                    words = f"slower than {self._policy.slowest:g} bytes a second"
                    raise Passing(words, slow=True)
                since, base = now, transfer.received

    def _largest(self, errand: Errand) -> float:
        return min(self._policy.largest, errand.largest or self._policy.largest)

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
    async def _follow(self, errand: Errand, headers: dict[str, str]) -> AsyncIterator[Stream]:
        """GET a file, also by redirects: only addresses that are allowed, never the token."""
        url, check = errand.url, partial(check_wanted, errand)
        for _ in range(_MOST_REDIRECTS + 1):
            reason = refusal(url, trusted=self._trusted)
            if reason is not None:
                raise DownloadError(reason, url=url)
            inside = is_trusted(url, self._trusted)
            fetching = self._transport.fetch(
                url, timeout=self._timeout, headers=headers, inside=inside, check=check
            )
            async with fetching as stream:
                if stream.status not in _REDIRECTS:
                    yield stream
                    return
                url = _next_url(url, stream.headers.get("location", ""))
        raise DownloadError(f"more than {_MOST_REDIRECTS} redirects", url=url)


@dataclass(slots=True)
class Fetched:
    """A file that has come, under a name that nobody else sees.

    Attributes:
        path: Where it is.
        folder: What it is in, and stays in.
        head: Its first bytes.
        content_type: What the server called it.
        seal: Puts all of it on the disk, the first time that it is called; to be done before
            anything else reads the file. Blocks.
        placed: Whether it has got its name, and is not there any more.
    """

    path: Path
    folder: Folder
    head: bytes
    content_type: str
    seal: Callable[[], None]
    placed: bool = False


def _trusted(host: str) -> str:
    read = read_host(host)
    if read is None:
        raise ConfigurationError(
            f"DownloadPolicy.trusted_hosts: {host!r} is not allowed; allowed: hosts such as"
            " 'nas.lan' or '10.0.0.7', without a port"
        )
    return read


def check_wanted(errand: Errand) -> None:
    """Raise if nobody waits for the file any more."""
    if errand.caller.gone:
        raise DownloadError("nobody waits for it any more", url=errand.url)


@asynccontextmanager
async def _while_wanted(errand: Errand) -> AsyncIterator[None]:
    """End what is done within as soon as nobody waits for the file: others wait for its place."""
    try:
        async with errand.caller.present():
            yield
    except TimeoutError:
        check_wanted(errand)
        raise


def _check_head(errand: Errand, head: bytes, content_type: str) -> None:
    """Raise if what comes is not what was asked for, by its first bytes."""
    odd = strangeness(head, errand.wanted)
    if odd is not None:
        called = f" ({content_type:.60})" if content_type else ""
        raise DownloadError(f"{shown(errand.url)}{called} is {odd}", url=errand.url)


def _forget_traces(error: BaseException | None) -> None:
    """Let go of where an error came from that is of no use any more, with what was received there.

    Engines keep the error of a connection with it, and so both until somebody looks for cycles.
    """
    while error is not None and error.__traceback__ is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def _too_large(errand: Errand, largest: float) -> DownloadError:
    return DownloadError(
        f"{shown(errand.url)} is larger than {largest:,} bytes; DownloadPolicy(largest=…) can"
        " allow more",
        url=errand.url,
    )


def _next_url(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise DownloadError(f"redirected to {shown(location)!r:.200}: {error}", url=url) from error
