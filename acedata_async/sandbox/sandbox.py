"""The sandbox itself: one fake vendor with a door in memory and a door on the network."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Any, Self, Unpack

import httpx

from acedata_async._clock import Clock
from acedata_async.client import AceData
from acedata_async.sandbox.access import GOOD_TOKEN, Tokens
from acedata_async.sandbox.app import SandboxApp
from acedata_async.sandbox.client_options import ClientOptions
from acedata_async.sandbox.courier import Courier, Receiver
from acedata_async.sandbox.limits import Limits
from acedata_async.sandbox.state import Journal
from acedata_async.sandbox.stats import SandboxStats
from acedata_async.sandbox.transport import MEDIA_BASE, SandboxTransport
from acedata_async.sandbox.vendor import Durations, Vendor, typical_duration
from acedata_async.testing.clock import ManualClock

_BASE_URL = "https://sandbox.acedata.invalid"


class Sandbox:
    """A fake vendor that behaves, and misbehaves, as the real one does.

    It takes submissions, keeps their records, serves real audio, counts everything and can be
    made to fail in every way that is listed in `FAULTS`. In memory it is reached through
    `client` or `transport`, over the network through `listen`.

    Args:
        clock: What time it is at the vendor. By default a `ManualClock` that jumps, so that
            in memory a song takes milliseconds; `listen` needs a `SystemClock`.
        seed: What everything random comes from: the same seed and the same requests give the
            same songs, whatever is asked of Fish in between.
        token: The only token that is taken. None takes any except the named bad ones:
            `invalid-token`, `expired-token`, `mismatched-token`, `disabled-token`, for
            submissions `used-up-token`, at Producer `fish-only-token`, and at Fish
            `producer-only-token`.
        fish_token: The only token that Fish takes, and that Producer does not; `token` is then
            Producer's alone. The token of the other service is answered with 401
            `token_mismatched`. None for one account's token for both.
        durations: Seconds from a submission to its result: a number, two bounds, or a function
            that draws from a `random.Random`. Lyrics, uploads, videos, WAV files and speech
            take a tenth of it, a voice takes twice as long. By default log-normal with a median
            of 40 s.
        page_size: The most items that one `retrieve_batch` returns; None for all.
        batch_limit: More ids than this make the faults `batch-too-many-400` and
            `batch-too-large-413` strike.
        list_page: The most items that a list of tasks has, which is what a `retrieve_batch`
            without ids asks for.
        list_delay: For how many seconds after its creation a task is in no list. Lookups by id
            see it at once.
        latency: Seconds that each API request takes by itself.
        max_tasks: How many tasks may be unfinished at once; further submissions are refused
            with 429 `rate_limited`. None for any number.
        requests_per_second: How many API requests of any kind are answered a second, with a
            burst of as many; the others are refused with 429 `too_many_requests`. None for any
            number.
        lookups_per_second: The same for lookups alone.
        retry_after: Seconds that the refusals of these limits ask for in a `Retry-After`
            header, rounded up to whole ones; None leaves the header out.
        link_lifetime: For how many seconds a link to a file is good, by its signature, once a
            record or an answer has shown it; a later lookup shows a new one. None for ever.
        receiver: An ASGI application that gets the callbacks, in memory and whatever host their
            `callback_url` names. Its path is that of the address; a lifespan it has is not run.
            None brings them over the network, only to this machine and only while `listen` is
            open.
        callback_delay: How many seconds after the end of its task a callback goes out.
        callback_retries: After how many seconds each a callback is tried again that got no 2xx.
            The vendor promises no redelivery, and by default there is none.
        state: A file from which the sandbox goes on, and in which it keeps its tasks, songs,
            voices and counts; it is begun if it does not exist. A task is in it before it is
            acknowledged, so that killing the process loses none, and neither the callbacks
            that are still to come. Faults injected are not kept. None keeps nothing. No two
            sandboxes may use one file at the same time.

    Raises:
        ValueError: The state file is something else, of a newer version, in use by another
            sandbox, or cannot be used.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        seed: int = 0,
        token: str | None = None,
        fish_token: str | None = None,
        durations: Durations = typical_duration,
        page_size: int | None = None,
        batch_limit: int = 20,
        list_page: int = 12,
        list_delay: float = 0.0,
        latency: float = 0.0,
        max_tasks: int | None = None,
        requests_per_second: float | None = None,
        lookups_per_second: float | None = None,
        retry_after: float | None = None,
        link_lifetime: float | None = None,
        receiver: Receiver | None = None,
        callback_delay: float = 0.05,
        callback_retries: Sequence[float] = (),
        state: str | os.PathLike[str] | None = None,
    ) -> None:
        self.clock: Clock = ManualClock() if clock is None else clock
        self._clock_was_given = clock is not None
        self._journal = None if state is None else Journal(state)
        self._vendor = Vendor(
            seed=seed,
            tokens=Tokens(token, fish_token),
            durations=durations,
            page_size=page_size,
            batch_limit=batch_limit,
            list_page=list_page,
            list_delay=list_delay,
            link_lifetime=link_lifetime,
            journal=self._journal,
            limits=Limits(
                max_tasks=max_tasks,
                requests_per_second=requests_per_second,
                lookups_per_second=lookups_per_second,
                retry_after=retry_after,
            ),
        )
        self._courier = Courier(
            self._vendor,
            self.clock,
            receiver=receiver,
            delay=callback_delay,
            retries=callback_retries,
        )
        self._app = SandboxApp(self._vendor, self.clock, latency, self._courier)
        self._under_way: set[asyncio.Task[None]] = set()
        self._clients: list[tuple[AceData, httpx.AsyncClient]] = []

    def __repr__(self) -> str:
        return f"Sandbox(tasks={len(self._vendor.tasks)}, clock={self.clock!r})"

    async def __aenter__(self) -> Self:
        self._courier.resume(MEDIA_BASE)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Break off requests and callbacks under way, and close the clients made by `client`.

        What the sandbox remembers and has counted can still be read. Its state file, if it has
        one, is closed as well, after which it takes no submissions.
        """
        await self._break_off()
        await self._courier.aclose()
        while self._clients:
            ace, http = self._clients.pop()
            await ace.aclose()
            await http.aclose()
        await self._break_off()
        if self._journal is not None:
            self._journal.close(self._vendor.counters)

    @property
    def app(self) -> SandboxApp:
        """The ASGI application, to be mounted elsewhere.

        A server that does not know the sandbox cannot close connections early: the faults that
        do so then end in the server's own error.
        """
        return self._app

    @property
    def stats(self) -> SandboxStats:
        """What the sandbox has counted up to now."""
        return self._vendor.stats(self.clock.time())

    @property
    def submissions(self) -> list[dict[str, Any]]:
        """The bodies of the accepted submissions, in order."""
        return list(self._vendor.submitted)

    @property
    def tasks(self) -> list[str]:
        """The ids of the tasks created, in order."""
        return list(self._vendor.tasks)

    def client(self, **options: Unpack[ClientOptions]) -> AceData:
        """Return a client of this sandbox in memory, on its clock and with good tokens.

        It is closed with the sandbox, if not before. Its base URL leads nowhere else, so that
        nothing can get out.
        """
        http = httpx.AsyncClient(transport=self.transport(), trust_env=False)
        tokens = self._vendor.tokens
        settings: ClientOptions = {
            "api_token": tokens.token or GOOD_TOKEN,
            "base_url": _BASE_URL,
            "clock": self.clock,
        }
        if tokens.fish_token is not None:
            settings["fish_token"] = tokens.fish_token
        settings.update(options)
        ace = AceData(http_client=http, **settings)
        self._clients.append((ace, http))
        return ace

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return a transport for an `httpx.AsyncClient` of your own; every host leads here."""
        return SandboxTransport(self._app, self.clock, self._under_way)

    def add_media(
        self,
        path: str,
        *,
        size: int | None = None,
        content: bytes | None = None,
        content_type: str = "application/octet-stream",
    ) -> str:
        """Serve one more file, and return its path; in memory it is there below every host.

        Args:
            path: Where, below `/media/`. What is there already is replaced.
            size: So many bytes of noise, made while they are sent: they take no memory, and are
                the same each time. As `audio/wav` and `audio/mp4` they are files that play.
            content: These bytes in place of noise.
            content_type: What it is said to be.

        Raises:
            ValueError: Not one of `size` and `content`, or no such file has that size.
        """
        of = size if content is None else content
        if of is None or None not in {size, content}:
            raise ValueError("a file needs either a size or content")
        return self._vendor.depot.add(path, content_type, of)

    def inject(
        self,
        fault: str,
        *,
        times: int | None = None,
        probability: float = 1.0,
        on: str | None = None,
    ) -> None:
        """Make something go wrong from now on.

        Of the faults that concern the same request, the one injected first strikes first. Those
        that concern records strike the tasks created from now on, and several may strike one;
        several of those that concern lists alone may strike one list.

        Args:
            fault: Its name in `FAULTS`.
            times: How often it strikes; None for always.
            probability: How likely it strikes each time.
            on: Limits it to an action: of a submission (`generate`, `wav`, …; at Fish
                `create_voice`, `speak`, `create_model`), or of a lookup (`retrieve`,
                `retrieve_batch` with ids, `list` for one without, or `catalogue` for a look
                at the voices).

        Raises:
            ValueError: The name is unknown (the message lists those there are), or another
                argument is out of range.
        """
        self._vendor.rules.inject(fault, times=times, probability=probability, on=on)

    def clear_faults(self) -> None:
        """Forget the faults injected; tasks that already have one keep it."""
        self._vendor.rules.clear()

    def listen(self, host: str = "127.0.0.1", port: int = 0) -> AbstractAsyncContextManager[str]:
        """Serve on the network while the returned context is open; its value is the base URL.

        Needs the extra `sandbox` (uvicorn), and a sandbox that was made with a `SystemClock`:
        a clock that jumps sees nothing of sockets. Leaving the context breaks off the requests
        and callbacks under way; these are still owed, and come when it listens again.

        Args:
            host: The address to listen at.
            port: The port; 0 takes a free one.

        Raises:
            ValueError: The sandbox was made without a clock.
            OSError: The address cannot be had; raised on entering the context.
        """
        if not self._clock_was_given:
            raise ValueError("to listen, a sandbox needs a clock: Sandbox(clock=SystemClock())")
        # Not at the top: uvicorn is an extra, and the door in memory works without it.
        from acedata_async.sandbox.server import listen  # noqa: PLC0415

        return self._serve(listen(self._app, host, port))

    @asynccontextmanager
    async def _serve(self, server: AbstractAsyncContextManager[str]) -> AsyncIterator[str]:
        # The courier outlasts the server, so that what that accepts to the last is owed.
        async with self._courier.on_network(), server as base_url:
            self._courier.resume(base_url)
            yield base_url

    async def _break_off(self) -> None:
        under_way = list(self._under_way)
        for request in under_way:
            request.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
