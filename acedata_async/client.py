"""The client: the one place that wires the parts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import urlsplit

from acedata_async._clock import Clock, SystemClock
from acedata_async._rules.durations import Durations
from acedata_async._rules.governor import Budget
from acedata_async._rules.wire import is_task_id
from acedata_async._transport.observed import ObservedTransport
from acedata_async._version import __version__
from acedata_async.audio.download import Download, Downloader, DownloadOptions, Progress
from acedata_async.audio.fetching import Fetcher
from acedata_async.audio.items import Downloadable, Renewable
from acedata_async.bulk.workshop import Workshop
from acedata_async.callbacks import Callbacks
from acedata_async.config import (
    Credentials,
    DownloadPolicy,
    PollPolicy,
    Timeouts,
    read_credentials,
)
from acedata_async.errors import ConfigurationError, InvalidRequest
from acedata_async.events import Limited, Observer, RateChanged, Reason
from acedata_async.logs import log_events
from acedata_async.models.results import Audio, Stems
from acedata_async.models.task import Task
from acedata_async.models.voices import Speech
from acedata_async.observers import Observers
from acedata_async.resources.fish import Fish
from acedata_async.resources.producer import Producer
from acedata_async.stats import Stats, Tally
from acedata_async.tasks.catalogue import Catalogue
from acedata_async.tasks.claims import Claims
from acedata_async.tasks.crew import Crew
from acedata_async.tasks.endpoint import TaskEndpoint
from acedata_async.tasks.orders import Orders
from acedata_async.tasks.patience import Patience
from acedata_async.tasks.poller import Poller
from acedata_async.tasks.submitter import Submitter
from acedata_async.tasks.training import Training

if TYPE_CHECKING:
    import httpx

    from acedata_async._transport.http import HttpTransport

_NOBODYS_TASK = "00000000-0000-0000-0000-000000000000"


class AceData:
    """A client of Ace Data Cloud.

    Use it with `async with`, or call `aclose` when done. One client belongs to one event loop;
    it is made for many tasks at once, which share its connections and its lookups.

    Args:
        api_token: The token; by default the environment variable `ACEDATACLOUD_API_TOKEN`.
        fish_token: The token for Fish, where that is another one. By default `api_token`; or,
            where that is not given either, the environment variable
            `ACEDATACLOUD_FISH_API_TOKEN` if it is set.
        base_url: Where the API is; by default the environment variable
            `ACEDATACLOUD_API_BASE_URL`, else `https://api.acedata.cloud`. `http://` is refused
            except for loopback, since the token would be lost on the way.
        http_client: Your own `httpx.AsyncClient`, for a proxy or another engine. It is used as
            it is, with redirects and its own authentication off for each request, and not closed.
        poll: How tasks are watched.
        timeouts: How long the client waits for what.
        downloads: What downloads may do.
        callbacks: Where the vendor is to call when a task is over (see `acedata_async.webhooks`).
            Each submission without a `callback_url` of its own gets one, and lookups become a
            safety net: a call makes its task due at once. By default there are none.
        observers: Functions that are told what happens (see `Event`), in this order; by default
            `log_events`, which writes to the logger `acedata_async`. What one of them raises is
            logged once, and neither stops the client nor the others.
        learned: What `learned()` of an earlier client returned, so that this one knows from the
            start how long tasks take.
        clock: Where time comes from; for tests, see `acedata_async.testing.ManualClock`.
        seed: Makes jitter repeatable, for tests.

    Raises:
        ConfigurationError: There is no token, the address cannot be used, or an observer is no
            plain function; or `learned` is something else.

    Attributes:
        producer: Songs.
        fish: Voices, and what they say.
    """

    def __init__(
        self,
        api_token: str | None = None,
        *,
        fish_token: str | None = None,
        base_url: str | None = None,
        http_client: httpx.AsyncClient | None = None,
        poll: PollPolicy | None = None,
        timeouts: Timeouts | None = None,
        downloads: DownloadPolicy | None = None,
        callbacks: Callbacks | None = None,
        observers: Iterable[Observer] = (log_events,),
        learned: str | None = None,
        clock: Clock | None = None,
        seed: int | None = None,
    ) -> None:
        credentials = read_credentials(api_token, base_url, fish_token=fish_token)
        self._timeouts = timeouts or Timeouts()
        self._poll = poll or PollPolicy()
        self._clock = clock or SystemClock()
        self._rng = Random(seed)
        self._base_url = credentials.base_url
        self._callbacks = callbacks
        self._claims = Claims()
        self._crew = Crew()
        self._tally = Tally()
        self._observers = Observers(self._tally, users=observers)
        self._transport = ObservedTransport(
            _network(credentials, self._timeouts, http_client),
            self._observers,
            self._clock,
            tokens=credentials.tokens,
        )
        self._durations = _durations(learned)
        fetcher = Fetcher(
            self._transport,
            self._clock,
            self._rng,
            timeout=self._timeouts.download,
            policy=downloads or DownloadPolicy(),
            own_host=urlsplit(self._base_url).hostname or "",
        )
        self._downloader = Downloader(fetcher, self._crew, self._clock, renew=self._renew)
        self._pollers: list[Poller] = []
        songs = Budget(self._rate_changed)
        # A token has one rate of lookups, whatever they are for.
        shared = songs.lookups if credentials.fish_token is None else None
        speech = Budget(self._rate_changed, lookups=shared)
        self.producer = Producer(self._workshop(Producer.name, songs, None))
        catalogue = Catalogue(
            self._transport,
            self._clock,
            Patience(self._crew, self._clock, speech, self._rng),
            timeout=self._timeouts.lookup,
        )
        training = Training(catalogue.voice, self._clock, service=Fish.name)
        self.fish = Fish(self._workshop(Fish.name, speech, training), catalogue)

    def _workshop(self, service: str, budget: Budget, training: Training | None) -> Workshop:
        """Return what makes things at a service."""
        callbacks = self._callbacks
        poller = Poller(
            TaskEndpoint(
                self._transport, self._clock, service=service, timeout=self._timeouts.lookup
            ),
            self._crew,
            self._clock,
            self._poll,
            durations=self._durations,
            budget=budget,
            emit=self._observers.emit,
            rng=self._rng,
            marker_of=lambda url: None if callbacks is None else callbacks.marker_of(url),
            training=training,
        )
        self._pollers.append(poller)
        submitter = Submitter(
            self._transport,
            self._clock,
            timeouts=self._timeouts,
            rng=self._rng,
            governor=budget.submissions,
            closed=lambda: self._crew.closed,
        )
        return Workshop(
            service,
            Orders(submitter, poller, self._crew, self._clock, callbacks=self._callbacks),
            poller,
            self._downloader,
            self._clock,
            base_url=self._base_url,
            grace=self._timeouts.close,
            callbacks=self._callbacks,
            claims=self._claims,
        )

    def __repr__(self) -> str:
        state = " closed" if self._crew.closed else ""
        return f"<AceData {self._base_url}{state}>"

    @property
    def base_url(self) -> str:
        """Where the API is."""
        return self._base_url

    @property
    def callbacks(self) -> Callbacks | None:
        """Where the vendor is to call when a task is over; None for nowhere."""
        return self._callbacks

    @property
    def closed(self) -> bool:
        """Whether the client was closed, or is closing."""
        return self._crew.closed

    def hint(self, task_id: str, *, marker: str | None = None) -> bool:
        """Take in that a task may have changed.

        It is what a callback is worth. If somebody waits for the task, it is looked up at once:
        only its record counts, so a forged hint costs one lookup and changes nothing. Otherwise
        the hint is kept for a quarter of an hour, of the last 10,000 tasks, for whoever comes. The
        first hint for a task counts; others cost nothing. It never raises, and may be called from
        any thread.

        Args:
            task_id: The task's id, as the hint has it.
            marker: What the `callback_url` that was called carries, if that is known; a hint that
                shows another task's counts for nothing. A bulk run goes on at once with a paid
                call that it belongs to, whose answer was lost.

        Returns:
            Whether somebody waits for the task; False as well for what can be no hint, and where
            it was handed over to the client's event loop from elsewhere.
        """
        if self._crew.closed or not is_task_id(task_id) or not isinstance(marker, str | None):
            return False
        return self._crew.call(lambda: self._take_hint(task_id, marker)) or False

    def _take_hint(self, task_id: str, marker: str | None) -> bool:
        if marker is not None:
            self._claims.tell(marker, task_id)
        return any(poller.hint(task_id, marker) for poller in self._pollers)

    async def __aenter__(self) -> Self:
        self._crew.check()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the client; harmless when repeated.

        Nothing new is taken on, every wait ends with `ClientClosed`, and paid calls under way
        get `timeouts.close` seconds to end; what had to be left is named in the log and raises
        `SubmissionUnknown` in its caller. Tasks live on at the vendor.
        """
        for poller in self._pollers:
            poller.close()
        if await self._crew.aclose(grace=self._timeouts.close):
            await self._transport.aclose()
            self._downloader.close()

    def learned(self) -> str:
        """Return what the client has learned of how long tasks take, as a JSON text.

        Given to `AceData(learned=…)`, a later client starts with it: it knows when a look is
        worth while. The text names actions and models, and nothing else.
        """
        return self._durations.to_json()

    def stats(self) -> Stats:
        """Return what the client has done so far: requests, bytes, lookups a task, lag, 429s.

        Costs nothing, and can be asked at any time, also after closing.
        """
        return self._tally.snapshot()

    def _rate_changed(self, purpose: Limited, rate: float, reason: Reason) -> None:
        self._observers.emit(RateChanged(purpose=purpose, rate=rate, reason=reason))

    async def check_token(self, service: Literal["producer", "fish"] = "producer") -> None:
        """Make sure, by one free lookup, that a service accepts the token.

        Args:
            service: Which one.

        Raises:
            AuthenticationError: It does not.
            PermissionDenied: The same, for another reason.
            APIError: The API failed several times.
            ConnectionFailed: The API could not be reached.
        """
        services = {"producer": self.producer, "fish": self.fish}
        if service not in services:
            raise InvalidRequest("service", service, " or ".join(services))
        await services[service].retrieve_batch([_NOBODYS_TASK])

    async def download(
        self,
        item: Downloadable,
        directory: str | os.PathLike[str],
        *,
        name: str | None = None,
        template: str | None = None,
        overwrite: bool = False,
        tags: bool = False,
        unpack: bool = False,
        task: Task | None = None,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> Path:
        """Fetch a song, stems, a speech or another file into a directory, made if needed.

        The file appears under its final name only when it is whole, and never takes the place of
        another: a second file of the same name gets a number. A connection that breaks is taken
        up where it broke, if the server can; a link that has expired is renewed once, by looking
        the task up. The token does not travel with it, and nothing is fetched from inside a
        network (see `DownloadPolicy`). Cancelling the call leaves no half file behind.

        Args:
            item: What to fetch.
            directory: Where to.
            name: The file's name without its ending. What a file system does not allow in it is
                replaced.
            template: The same, put together from fields in braces: those of the item and, with
                `task`, of its record and request. `{title} - {id}` unless set.
            overwrite: Whether to take the place of a file of that name that was there when the
                call began. Other results that came there since stay, and this one gets a number.
                Stems that are unpacked never take a directory's place.
            tags: Whether to write title, lyrics, prompt, model, seed, date, cover and ids into
                the file of a song or a speech, and title and ids into that of `ace.producer.wav`.
                Its sound stays the same, bit for bit; what cannot be tagged is saved as it is, and
                logged. Needs the extra `tags`.
            unpack: Whether to unpack the zip of stems into a directory of its own.
            task: The record of the task that made it, for names and tags.
            on_progress: Called as bytes come, with a `Progress`.

        Returns:
            The path of the file; that of the directory for stems that were unpacked.

        Raises:
            InvalidRequest: `item` has no address, or name or template cannot be used.
            ConfigurationError: `tags` without the extra.
            DownloadError: It could not be fetched or written.
            ClientClosed: The client is closed.
        """
        options = DownloadOptions(
            name=name,
            template=template,
            overwrite=overwrite,
            tags=tags,
            unpack=unpack,
            task=task,
            on_progress=on_progress,
        )
        return await self._downloader.download(item, directory, options)

    async def download_many(
        self,
        items: Iterable[Downloadable],
        directory: str | os.PathLike[str],
        *,
        template: str | None = None,
        overwrite: bool = False,
        tags: bool = False,
        unpack: bool = False,
        on_progress: Callable[[Progress], object] | None = None,
    ) -> list[Download]:
        """Fetch many files, six at a time; see `download` for the arguments.

        What goes wrong with one of them stops none of the others. Cancelling the call leaves what
        is whole, and no half file.

        Returns:
            What became of each, in the order of `items`.

        Raises:
            InvalidRequest: One of `items` has no address, or the template cannot be used; nothing
                was fetched.
            ConfigurationError: `tags` without the extra.
            ClientClosed: The client is closed.
        """
        options = DownloadOptions(
            template=template,
            overwrite=overwrite,
            tags=tags,
            unpack=unpack,
            on_progress=on_progress,
        )
        return await self._downloader.download_many(items, directory, options)

    async def _renew(self, item: Renewable) -> Renewable | None:
        """Look up what a result's address is now; None where no record tells."""
        service = self.fish if isinstance(item, Speech) else self.producer
        task_id = item.task_id or ""
        task = (await service.retrieve_batch([task_id])).get(task_id)
        if task is None:
            return None
        if isinstance(item, Audio):
            same = [audio for audio in task.audios if audio.id == item.id]
            # Without an id nothing tells one song of a task from another.
            return same[0] if same and (item.id or len(task.audios) == 1) else None
        return task.stems if isinstance(item, Stems) else task.speech


def _durations(learned: str | None) -> Durations:
    if learned is None:
        return Durations()
    try:
        return Durations.from_json(learned)
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"learned: not allowed: {error}; allowed: what AceData.learned() returned"
        ) from error


def _network(
    credentials: Credentials, timeouts: Timeouts, client: httpx.AsyncClient | None
) -> HttpTransport:
    # Not at the top: httpx costs half of the import time, and drags in whatever it finds of
    # its own command line (rich, click).
    from acedata_async._transport.http import HttpTransport  # noqa: PLC0415

    return HttpTransport(
        credentials,
        connect_timeout=timeouts.connect,
        user_agent=f"acedata-async/{__version__}",
        client=client,
    )
