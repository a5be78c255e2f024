"""Processes of their own, and a writer that is kept busy."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from acedata_async.ledger import NewEntry, SqliteLedger
from acedata_async.ledger.writer import Writer


def songs(*keys: str) -> list[NewEntry]:
    """Make entries of which only the key matters."""
    return [NewEntry(key=key, request={"prompt": f"A song for {key}"}) for key in keys]


def content(path: Path) -> bytes:
    """Return what is in a file."""
    return path.read_bytes()


def put(path: Path, content: bytes) -> None:
    """Make a file, or replace what is in it."""
    path.write_bytes(content)


def lock_of(path: Path) -> Path:
    """Return the lock file of a ledger."""
    return path.with_name(f"{path.name}.lock")


def files_beside(path: Path) -> list[Path]:
    """Return the files in a ledger's directory."""
    return sorted(path.parent.iterdir())


def writer_of(ledger: SqliteLedger) -> Writer:
    """Return the thread of an open ledger."""
    assert ledger._writer is not None
    return ledger._writer


@asynccontextmanager
async def busy(ledger: SqliteLedger) -> AsyncIterator[None]:
    """Keep the ledger's thread at work, so that all that is asked for meanwhile is one batch."""
    started, free = threading.Event(), threading.Event()

    def work(_: object) -> None:
        started.set()
        assert free.wait(30)

    task = asyncio.create_task(writer_of(ledger).run(work, writes=False))
    await asyncio.to_thread(started.wait, 30)
    try:
        yield
    finally:
        free.set()
        await task


async def turn() -> None:
    """Let tasks that were just made come to their first wait."""
    for _ in range(3):
        await asyncio.sleep(0)


@contextmanager
def process(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python code in a process of its own, which is killed in the end."""
    with subprocess.Popen(  # noqa: S603 - our own code
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def run(code: str, *arguments: str) -> str:
    """Run Python code in a process of its own until it ends well; return what it printed."""
    command: Sequence[str] = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(  # noqa: S603 - our own code
        command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
