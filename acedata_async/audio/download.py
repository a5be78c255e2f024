"""From a result to a file: whole, under a safe name, and without the token."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from acedata_async._clock import Clock, wait
from acedata_async._rules.containers import told_ending
from acedata_async._rules.filenames import ending_of, safe_stem
from acedata_async._rules.templates import check_template, fill
from acedata_async.audio import stems as zips
from acedata_async.audio.fetching import Errand, Fetched, Fetcher, check_wanted
from acedata_async.audio.folder import Folder
from acedata_async.audio.items import Downloadable, Renewable, identity_of, url_of, wanted_of
from acedata_async.audio.naming import DEFAULT_NAME, facts_of, known_facts
from acedata_async.audio.publishing import Names
from acedata_async.audio.tagging import Tagger
from acedata_async.errors import AceDataError, DownloadError, InvalidRequest, LinkExpired
from acedata_async.models.results import Stems
from acedata_async.models.task import Task
from acedata_async.tasks.crew import Caller, Crew

_SETTLES = 2.0
"""Seconds that downloads get to notice that nobody waits for them."""
_AT_ONCE = 9
"""How many of many are under way at once: more than there are connections for files, so that none
of these waits while files are put on the disk."""

_log = logging.getLogger("acedata_async")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is.

    Attributes:
        item: What is fetched.
        received: Bytes that are here. It goes back where a server cannot resume.
        total: Bytes of the whole file; None while the server has not told.
    """

    item: Downloadable
    received: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Download:
    """What became of one of many downloads.

    Attributes:
        item: What was to be fetched.
        path: Its file; None where it could not be fetched.
        error: Why it could not, or None.
    """

    item: Downloadable
    path: Path | None
    error: DownloadError | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadOptions:
    """How files are fetched; `AceData.download` says what the fields mean."""

    name: str | None = None
    template: str | None = None
    overwrite: bool = False
    tags: bool = False
    unpack: bool = False
    task: Task | None = None
    on_progress: Callable[[Progress], object] | None = None


@dataclass(slots=True, eq=False)
class _Order:
    """One file to fetch.

    Attributes:
        item: What.
        url: Where it is.
        stem: Its name without ending.
        options: How.
        since: When its call began, if it overwrites.
        folder: Where it goes.
        alone: Whether nothing else is fetched by its call, which would sync the folder at its end.
        caller: Who waits for it.
    """

    item: Downloadable
    url: str
    stem: str
    options: DownloadOptions
    since: int | None
    folder: Folder
    alone: bool
    caller: Caller = field(default_factory=Caller)


class Downloader:
    """Fetches results into files.

    Args:
        fetcher: Fetches bytes.
        crew: Runs the downloads.
        clock: The time.
        renew: Looks the task of a result up and returns the result anew, with an address that may
            be another one; None where there is none.
    """

    def __init__(
        self,
        fetcher: Fetcher,
        crew: Crew,
        clock: Clock,
        *,
        renew: Callable[[Renewable], Awaitable[Renewable | None]],
    ) -> None:
        self._fetcher = fetcher
        self._threads = fetcher.threads
        self._names = Names()
        self._tagger = Tagger(fetcher)
        self._crew = crew
        self._clock = clock
        self._renew = renew
        self._orders: set[_Order] = set()
        self._naming: set[_Order] = set()
        self._ended = asyncio.Event()

    async def settle(self) -> None:
        """Wait until downloads have ended that nobody waits for any more.

        They end at once, but for one whose answer has not begun: that one is not waited for longer
        than two seconds, and gives no file its name any more.
        """
        give_up = self._clock.monotonic() + _SETTLES
        while self._naming or any(order.caller.gone for order in self._orders):
            left = give_up - self._clock.monotonic()
            if left <= 0 and not self._naming:
                return
            self._ended.clear()
            await wait(self._clock, self._ended, left if left > 0 else math.inf)

    def close(self) -> None:
        """Let go of the threads that files are written in; nothing is fetched any more."""
        self._threads.close()

    async def download(
        self, item: Downloadable, directory: str | os.PathLike[str], options: DownloadOptions
    ) -> Path:
        """Fetch a file; see `AceData.download`."""
        with self._names.call(overwrite=options.overwrite) as since:
            folder = self._folder(directory, options)
            return await self._run(_order(item, folder, options, since, alone=True))

    async def download_many(
        self,
        items: Iterable[Downloadable],
        directory: str | os.PathLike[str],
        options: DownloadOptions,
    ) -> list[Download]:
        """Fetch many files, so many at once; see `AceData.download_many`."""
        with self._names.call(overwrite=options.overwrite) as since:
            folder = self._folder(directory, options)
            # Before anything is fetched.
            orders = [_order(item, folder, options, since, alone=False) for item in items]
            done = await self._run_all(orders)
            if orders and not self._crew.closed:
                await self._threads.run(folder.sync)
            return done

    async def _run_all(self, orders: Sequence[_Order]) -> list[Download]:
        done: list[Download | None] = [None] * len(orders)
        queue = iter(enumerate(orders))

        async def work() -> None:
            for number, order in queue:
                done[number] = await self._attempt(order)

        workers = [asyncio.create_task(work()) for _ in range(min(_AT_ONCE, len(orders)))]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
        return [one for one in done if one is not None]

    async def _attempt(self, order: _Order) -> Download:
        try:
            return Download(order.item, await self._run(order), None)
        except DownloadError as error:
            return Download(order.item, None, error)

    def _folder(self, directory: str | os.PathLike[str], options: DownloadOptions) -> Folder:
        """Return where files go; raises what makes all downloads impossible."""
        if not isinstance(directory, str | os.PathLike):
            raise InvalidRequest("directory", directory, "a path")
        if options.tags:
            self._tagger.check()
        told: object = options.on_progress
        if told is not None and (not callable(told) or _is_async(told)):
            raise InvalidRequest("on_progress", told, "a plain function that takes a Progress")
        return Folder(Path(directory), self._threads)

    async def _run(self, order: _Order) -> Path:
        return await self._crew.run(
            lambda caller: self._carry_out(order, caller), name=f"download {order.stem}"
        )

    async def _carry_out(self, order: _Order, caller: Caller) -> Path:
        order.caller = caller
        self._orders.add(order)
        try:
            try:
                return await self._bring(order)
            except LinkExpired as gone:
                renewed = await self._renewed(order, gone)
                return await self._bring(renewed)
        finally:
            self._orders.discard(order)
            self._ended.set()

    async def _renewed(self, order: _Order, gone: LinkExpired) -> _Order:
        """Return the order with the address that the record has now."""
        if not order.item.task_id or not isinstance(order.item, Renewable):
            raise LinkExpired(
                f"{gone}, and there is no record to ask for another one", url=order.url
            )
        try:
            fresh = await self._renew(order.item)
        except AceDataError as error:
            words = f"{gone}, and the task could not be looked up for another one ({error})"
            raise LinkExpired(words, url=order.url) from error
        url = None if fresh is None else url_of(fresh)
        if url is None or url == order.url:
            raise LinkExpired(f"{gone}, and the record of its task has no other one", url=order.url)
        return replace(order, url=url)

    async def _bring(self, order: _Order) -> Path:
        errand = Errand(order.url, wanted_of(order.item), order.caller, _heard(order))
        ending = ending_of(order.url, "")
        stem = order.stem.removesuffix(ending)
        async with self._fetcher.part(errand, order.folder, stem + ending) as fetched:
            if order.options.tags:
                await self._threads.run(fetched.seal)
                await self._tagger.tag(fetched, order.item, order.options.task, errand)
            told = told_ending(fetched.head, errand.wanted)
            name = stem + ending_of(order.url, fetched.content_type, told)
            return await self._publish(order, fetched, errand, name)

    async def _publish(self, order: _Order, fetched: Fetched, errand: Errand, name: str) -> Path:
        def place() -> Path:
            """All that is left to do with the disk, in one go."""
            fetched.seal()
            check_wanted(errand)
            if order.options.unpack and isinstance(order.item, Stems):
                return _unpack(order, fetched)
            path = self._names.publish(
                fetched.path, order.folder.path, name, since=order.since, of=identity_of(order.item)
            )
            fetched.placed = True
            if order.alone:
                order.folder.sync()
            return path

        self._naming.add(order)
        try:
            return await self._threads.run(place)
        finally:
            self._naming.discard(order)


def _unpack(order: _Order, fetched: Fetched) -> Path:
    tracks = zips.unpack(fetched.path, order.folder.path, stem=order.stem, url=order.url)
    return tracks[0].parent


def _heard(order: _Order) -> Callable[[int, int | None], object] | None:
    """Return what tells the user how far it is; what that raises is logged, once."""
    told = order.options.on_progress
    if told is None:
        return None
    broken = False

    def hear(received: int, total: int | None) -> None:
        nonlocal broken
        if broken:
            return
        try:
            told(Progress(order.item, received, total))
        except (Exception, asyncio.CancelledError):  # noqa: BLE001 - whatever the user's raises
            broken = True
            _log.exception("on_progress failed; it is not called again for this download")

    return hear


def _is_async(told: Callable[..., object]) -> bool:
    """Say whether what is called returns a coroutine, which nobody would await."""
    called = getattr(type(told), "__call__", None)  # noqa: B004 - what is called is wanted
    return inspect.iscoroutinefunction(told) or inspect.iscoroutinefunction(called)


def _order(
    item: Downloadable, folder: Folder, options: DownloadOptions, since: int | None, *, alone: bool
) -> _Order:
    """Return what is to be fetched; raises InvalidRequest where it cannot be."""
    return _Order(item, url_of(item), _stem(item, options), options, since, folder, alone)


def _stem(item: Downloadable, options: DownloadOptions) -> str:
    """Return a file's name without ending.

    Raises:
        InvalidRequest: Name or template cannot be used.
    """
    if options.name is not None:
        if not isinstance(options.name, str):
            raise InvalidRequest("name", options.name, "a text")
        if options.template is not None:
            raise InvalidRequest(None, None, "give name or template, not both")
        return safe_stem(options.name)
    facts: dict[str, Any] = facts_of(item, options.task)
    if options.template is not None:
        check_template(options.template, known_facts(item))
    return safe_stem(fill(options.template or DEFAULT_NAME, facts))
