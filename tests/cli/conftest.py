"""The command line against a sandbox in memory whose clock jumps."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

import pytest
from typer.testing import CliRunner, Result

from acedata_async import PollPolicy
from acedata_async.cli.app import app
from acedata_async.cli.options import Common
from acedata_async.cli.session import Connection
from acedata_async.ledger import Entry, NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox


class Acedata(Protocol):
    """Runs a command line against the sandbox."""

    def __call__(self, *arguments: object, stdin: str | bytes | None = None) -> Result:
        """Return how it ended."""


@pytest.fixture(autouse=True)
def _somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let commands that are told no directory write to one of the test's own."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox in memory whose songs take 40 s of its own time."""
    return Sandbox(durations=40.0)


@pytest.fixture
def watched() -> list[Callable[[], object]]:
    """What to do in the event loop of the command as soon as it is connected."""
    return []


@pytest.fixture
def acedata(sandbox: Sandbox, watched: list[Callable[[], object]]) -> Acedata:
    """The command line, connected to the sandbox."""

    @asynccontextmanager
    async def connect(common: Common) -> AsyncIterator[Connection]:
        poll = PollPolicy(deadline=common.timeout)
        for begin in watched:
            begin()
        async with sandbox.client(poll=poll) as ace:
            yield Connection(ace, sandbox.clock)

    def run(*arguments: object, stdin: str | bytes | None = None) -> Result:
        texts = [str(one) for one in arguments]
        return CliRunner().invoke(app, texts, obj=connect, input=stdin, catch_exceptions=False)

    return run


def document(result: Result) -> dict[str, Any]:
    """Return the one JSON document on stdout."""
    parsed: dict[str, Any] = json.loads(result.stdout)
    return parsed


def write(directory: Path, *entries: dict[str, Any]) -> Path:
    """Write a form."""
    path = directory / "form.jsonl"
    path.write_text("\n".join(json.dumps(entry) for entry in entries), encoding="utf-8")
    return path


def song(key: str = "a", **fields: Any) -> dict[str, Any]:
    """Return an entry for a song."""
    return {"key": key, "action": "generate", "prompt": "A song", **fields}


def ledger_at(path: Path) -> dict[str, Entry]:
    """Return what a ledger holds, by key."""

    async def read() -> dict[str, Entry]:
        async with SqliteLedger(path, read_only=True) as ledger:
            return {entry.key: entry async for entry in ledger.entries()}

    return asyncio.run(read())


def change(
    path: Path,
    work: Callable[[SqliteLedger], Awaitable[object]],
    *,
    now: Callable[[], float] = time.time,
) -> None:
    """Do something to a ledger, as another process would."""

    async def run() -> None:
        async with SqliteLedger(path, now=now) as ledger:
            await work(ledger)

    asyncio.run(run())


@contextmanager
def in_use(path: Path) -> Iterator[None]:
    """Hold a ledger."""
    ledger = SqliteLedger(path)
    asyncio.run(ledger.open())
    try:
        yield
    finally:
        asyncio.run(ledger.aclose())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with a song that is unknown, one that is lost, one that failed and one to come."""

    async def fill(ledger: SqliteLedger) -> None:
        asked = {"action": "generate", "prompt": "A song", "title": "Lanterns", "seed": 7}
        keys = ["unsure", "lost", "failed", "later"]
        await ledger.add([NewEntry(key=key, request=asked) for key in keys])
        for key in keys[:3]:
            await ledger.begin(key)
        await ledger.doubt("unsure", ValueError("cut off"))
        await ledger.accept("lost", "task-1")
        await ledger.lose("lost", ValueError("no record"))
        await ledger.refuse("failed", ValueError("refused"))

    place = tmp_path / "acedata.ledger"
    change(place, fill)
    return place
