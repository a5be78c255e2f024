"""Disks that are full, files that are damaged: what is told, and what is left."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acedata_async import LedgerError
from acedata_async.ledger import SqliteLedger, WrongStep
from acedata_async.ledger.faults import explain
from tests.ledger.holding import busy, content, put, run, songs, turn, writer_of


async def pragma(ledger: SqliteLedger, text: str) -> None:
    """Set something of the ledger's own connection."""

    def work(connection: sqlite3.Connection) -> None:
        connection.execute(f"PRAGMA {text}")

    await writer_of(ledger).run(work, writes=False)


async def test_full_database(ledger: SqliteLedger) -> None:
    """Without room a whole batch fails; what was there before stays, and it goes on after."""
    await ledger.add(songs("a", "b"))
    await pragma(ledger, "max_page_count = 1")
    async with busy(ledger):
        begun = asyncio.create_task(ledger.begin("a"))
        await turn()
        added = asyncio.create_task(ledger.add(songs(*map(str, range(1000)))))
        await turn()
    for task in (begun, added):
        with pytest.raises(LedgerError, match=r"disk is full; .*is safe.*free some space") as told:
            await task
        assert isinstance(told.value.__cause__, sqlite3.OperationalError)
    assert (await ledger.totals()).counts == {"pending": 2}
    await pragma(ledger, "max_page_count = 100000")
    assert (await ledger.begin("a")).attempts == 1


def test_full_disk(path: Path) -> None:
    """When the system lets no file grow, changes fail; once it does, they are made."""
    code = """
import asyncio, resource, sys
from acedata_async import LedgerError
from acedata_async.ledger import NewEntry, SqliteLedger

def limit(size):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def main():
    async with SqliteLedger(sys.argv[1]) as ledger:
        done, count = 0, 0
        limit(200_000)
        try:
            for done in range(1000):
                await ledger.add([NewEntry(key=str(done), request={"prompt": "x" * 1000})])
        except LedgerError as error:
            print("run it again" in str(error))
        counts = (await ledger.totals()).counts
        print(counts == {"pending": done}, done > 0)
        limit(resource.RLIM_INFINITY)
        await ledger.begin("0")
        await ledger.add([NewEntry(key=str(done), request={})])
        limit(200_000)
    limit(resource.RLIM_INFINITY)
    async with SqliteLedger(sys.argv[1]) as ledger:
        print((await ledger.totals()).counts == {"pending": done, "unknown": 1})
asyncio.run(main())
"""
    assert run(code, str(path)).split() == ["True"] * 4


async def test_read_only_database(ledger: SqliteLedger) -> None:
    """A file that can no longer be written is told as such."""
    await ledger.add(songs("a"))
    await pragma(ledger, "query_only = ON")
    with pytest.raises(LedgerError, match=r"read-only; .*make it writable"):
        await ledger.begin("a")
    await pragma(ledger, "query_only = OFF")
    await ledger.begin("a")


async def test_locked_database(path: Path, ledger: SqliteLedger) -> None:
    """A program that locks the database is waited for, then told of; later it works."""
    await ledger.add(songs("a"))
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match=r"another program holds it locked; .*close that"):
            await ledger.begin("a")
        assert await ledger.get("a") is not None
        browser.execute("ROLLBACK")
        assert (await ledger.begin("a")).state == "submitting"


async def test_damaged_file(path: Path, ledger: SqliteLedger) -> None:
    """Overwritten pages are told as damage, with what to do; the file is not deleted."""
    await ledger.add(songs(*map(str, range(2000))))
    await ledger.aclose()
    whole = content(path)
    put(path, whole[:4096] + b"\xa5" * (len(whole) - 4096))
    advice = "damaged: do not delete it.*integrity_check.*restore a backup"
    with pytest.raises(LedgerError, match=advice):
        async with SqliteLedger(path) as broken:
            await broken.get("5")
    with pytest.raises(LedgerError, match=advice):
        async with SqliteLedger(path, read_only=True) as broken:
            assert [entry async for entry in broken.entries()]
    put(path, whole)
    async with SqliteLedger(path, patience=0) as restored:
        assert (await restored.totals()).counts == {"pending": 2000}


async def test_shortened_file(path: Path, ledger: SqliteLedger) -> None:
    """A file that was cut off is told as damaged too."""
    await ledger.add(songs(*map(str, range(2000))))
    await ledger.aclose()
    put(path, content(path)[:10000])
    with pytest.raises(LedgerError, match="damaged"):
        async with SqliteLedger(path) as broken:
            await broken.totals()


def test_copies() -> None:
    """Each caller gets an error of its own, of the same kind and with the same cause."""
    cause = OSError(5, "broken")
    error = WrongStep("no")
    error.__cause__ = cause
    told = explain("songs", error)
    assert told is not error
    assert (type(told), str(told), told.__cause__) == (WrongStep, "no", cause)


def test_other_errors() -> None:
    """What has no advice of its own is told as it is."""
    assert (
        str(explain("songs", OSError(5, "broken"))) == "the ledger songs: OSError: [Errno 5] broken"
    )
    assert str(explain("songs", ValueError("odd"))) == "the ledger songs: ValueError: odd"
    with (
        pytest.raises(sqlite3.OperationalError) as caught,
        closing(sqlite3.connect(":memory:")) as c,
    ):
        c.execute("SELECT")
    assert "the database failed" in str(explain("songs", caught.value))
