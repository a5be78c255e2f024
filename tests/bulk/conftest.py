"""A vendor whose clock waits for threads, ledgers to run twice with, and what came of a run."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from anyio import CapacityLimiter, to_thread

from acedata_async import AceData, BulkOutcome, BulkRun
from acedata_async.audio import writing
from acedata_async.audio.writing import end_of
from acedata_async.bulk.intake import Requests
from acedata_async.ledger import Entry, Ledger, MemoryLedger, SqliteLedger
from acedata_async.ledger.writer import Writer
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock

T = TypeVar("T")

PLACEHOLDER = "https://sandbox.acedata.invalid/health?acedata_marker="
"""The address of a call without a receiver, up to its marker."""

REAL_SECONDS = 120.0
"""After so many a test that hangs is ended."""

_GLANCE = 0.0005
"""Real seconds after which it is looked again whether a thread handles a file."""

UNCLEAR = [
    "cut-after-accept",
    "reset-after-accept",
    "hang-after-accept",
    "error-500-after-accept",
    "error-502-after-accept",
    "error-504-after-accept",
    "empty-after-accept",
    "html-after-accept",
    "truncated-after-accept",
]
"""Faults of a submission after which a task exists that nobody told us of."""

NOTHING_CREATED = ["cut-before-accept", "error-500", "redirect", "not-json-error"]
"""Faults of a submission that look the same from here, and after which there is no task."""


class PatientClock(ManualClock):
    """Jumps only while no thread works: a ledger's, or one that handles a file."""

    def __init__(self) -> None:
        super().__init__()
        self.files: CapacityLimiter | None = None
        self._orders = 0
        self._glance: asyncio.TimerHandle | None = None

    @contextmanager
    def order(self) -> Iterator[None]:
        """Stand still while a thread of a ledger, or of files, is at work."""
        self._orders += 1
        try:
            yield
        finally:
            self._orders -= 1
            if self._glance is not None and not self._orders:
                self._glance.cancel()
                self._look(asyncio.get_running_loop())

    def _idle(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._orders and (self.files is None or not self.files.borrowed_tokens):
            super()._idle(loop)
            return
        self._touch()
        # A loop that turned all the while would keep the thread from its work.
        self._glance = loop.call_later(_GLANCE, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._glance = None
        self._idle(loop)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> PatientClock:
    """The time, for vendor and client alike."""
    clock = PatientClock()
    clock.files = to_thread.current_default_thread_limiter()
    run, close = Writer.run, Writer.aclose

    async def counted_run(self: Writer, work: Callable[[Any], T], *, writes: bool) -> T:
        with clock.order():
            return await run(self, work, writes=writes)

    async def counted_close(self: Writer) -> None:
        with clock.order():
            await close(self)

    async def counted_end(running: Future[T]) -> T:
        with clock.order():
            return await end_of(running)

    monkeypatch.setattr(writing, "end_of", counted_end)
    monkeypatch.setattr(Writer, "run", counted_run)
    monkeypatch.setattr(Writer, "aclose", counted_close)
    return clock


@pytest.fixture
async def sandbox(clock: PatientClock) -> AsyncIterator[Sandbox]:
    """A vendor whose songs take twelve seconds."""
    async with Sandbox(clock=clock, seed=1, durations=12.0) as sandbox:
        yield sandbox


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, clock: PatientClock, tmp_path: Path) -> Ledger | Path:
    """What to give several runs one after the other, so that they share a ledger."""
    if request.param == "memory":
        return MemoryLedger(now=clock.time)
    return tmp_path / "songs.ledger"


def song(key: str | None = None, prompt: str = "A song", **fields: Any) -> dict[str, Any]:
    """Return a request for a song, as a mapping."""
    named = {} if key is None else {"key": key}
    return {**named, "action": "generate", "prompt": prompt, **fields}


def songs(count: int, prompt: str = "A song") -> list[dict[str, Any]]:
    """Return requests for so many songs, called s0, s1 and so on."""
    return [song(f"s{number}", f"{prompt} {number}") for number in range(count)]


def cover(key: str, source: str, **fields: Any) -> dict[str, Any]:
    """Return a request for a cover of another item's song."""
    return {"key": key, "action": "cover", "source": source, **fields}


def marked(key: str, *faults: str, **fields: Any) -> dict[str, Any]:
    """Return a request for a song that makes the vendor go wrong, each time it is sent."""
    return song(key, " ".join(["A song", *(f"#sandbox:{fault}" for fault in faults)]), **fields)


async def outcomes_of(run: BulkRun) -> list[BulkOutcome]:
    """Iterate over a run to its end."""
    async with asyncio.timeout(REAL_SECONDS):
        return [outcome async for outcome in run]


async def make(ace: AceData, requests: Requests, **options: Any) -> dict[str, BulkOutcome]:
    """Carry out a run and return its outcomes by their keys, in the order in which they came."""
    async with ace.producer.bulk(requests, **options) as run:
        outcomes = await outcomes_of(run)
    by_key = {str(outcome.key): outcome for outcome in outcomes}
    assert len(by_key) == len(outcomes)
    return by_key


def states(outcomes: dict[str, BulkOutcome]) -> dict[str, str]:
    """Return the state of each outcome."""
    return {key: outcome.state for key, outcome in outcomes.items()}


def tally(outcomes: Iterable[BulkOutcome]) -> dict[str, int]:
    """Return how many outcomes there are in each state."""
    return dict(Counter(outcome.state for outcome in outcomes))


async def entries_of(ledger: Ledger | Path) -> dict[str, Entry]:
    """Return what a ledger holds, by key."""
    if isinstance(ledger, Path):
        async with SqliteLedger(ledger, read_only=True) as opened:
            return await _all_of(opened)
    return await _all_of(ledger)


async def _all_of(ledger: Ledger) -> dict[str, Entry]:
    return {entry.key: entry async for entry in ledger.entries()}


def check_files(sandbox: Sandbox, outcomes: Iterable[BulkOutcome], directory: Path) -> None:
    """Make sure that all files are whole, each once, and that nothing else is there."""
    expected = set()
    for outcome in outcomes:
        assert outcome.state == "saved"
        assert outcome.path is not None
        made = outcome.audios[0].audio_url if outcome.audios else outcome.stems.stems_url  # type: ignore[union-attr]
        media = sandbox._vendor.media_file("/" + str(made).partition("//")[2].partition("/")[2])
        assert media is not None
        assert outcome.path.read_bytes() == media.read()
        expected.add(outcome.path.name)
    assert names_in(directory) == expected
    assert len(expected) == len(list(outcomes))


async def finished(
    sandbox: Sandbox, ledger: Ledger | Path, directory: Path, count: int = 6
) -> None:
    """Make sure that the next run can begin at once, and finishes what was left."""
    outcomes = await make(sandbox.client(seed=2), songs(count), ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == count


def names_in(directory: Path) -> set[str]:
    """Return the names of all that is in a directory."""
    return {path.name for path in directory.iterdir()}
