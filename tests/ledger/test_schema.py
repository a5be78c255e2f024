"""The file's kind and version."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from acedata_async import LedgerError
from acedata_async.ledger import SqliteLedger, schema
from tests.ledger.holding import content, put, songs, writer_of


def change(path: Path, *statements: str) -> None:
    """Change a database behind the ledger's back."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


async def refused(path: Path, message: str) -> None:
    """Find that it can neither be opened nor read, and stays as it is."""
    before = content(path)
    for read_only in (False, True):
        with pytest.raises(LedgerError, match=message):
            await SqliteLedger(path, read_only=read_only).open()
    assert content(path) == before


async def test_newer_version(path: Path, ledger: SqliteLedger) -> None:
    """A file of a newer version is left alone, and the error says what to update."""
    await ledger.aclose()
    change(path, "PRAGMA user_version = 7")
    await refused(path, "of version 7, newer than 1.*update acedata-async")


async def test_database_of_others(path: Path) -> None:
    """A database that is no ledger is left alone: one with an id, one without."""
    change(path, "CREATE TABLE things (name)")
    await refused(path, "database of another application")
    change(path, "PRAGMA application_id = 5")
    await refused(path, "database of another application")


async def test_no_database(path: Path) -> None:
    """A file that is no database is left alone."""
    put(path, b"key,prompt\n" * 1000)
    await refused(path, "no SQLite database: choose another file")


async def test_ended_in_its_first_moment(path: Path) -> None:
    """A file that was made and never filled becomes a ledger."""
    put(path, b"")
    async with SqliteLedger(path) as ledger:
        await ledger.add(songs("a"))


async def test_migration(path: Path, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    """An older file is brought up to date when it is opened for writing, and keeps its entries."""
    await ledger.add(songs("a"))
    await ledger.aclose()

    def second(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE more (name TEXT)")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, second))
    with pytest.raises(LedgerError, match=r"version 1, older than 2.*open it once for writing"):
        await SqliteLedger(path, read_only=True).open()
    async with SqliteLedger(path) as again:
        assert await again.get("a") is not None
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("SELECT * FROM more").fetchall() == []


async def test_failed_migration(
    path: Path, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration that fails changes nothing."""
    await ledger.aclose()

    def second(connection: sqlite3.Connection) -> None:
        connection.execute("CREATE TABLE more (name TEXT)")
        connection.execute("CREATE TABLE entries (name TEXT)")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, second))
        with pytest.raises(LedgerError, match="table entries already exists"):
            await SqliteLedger(path).open()
    async with SqliteLedger(path) as again:
        await again.add(songs("a"))


async def test_old_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Python with a SQLite that is too old is told so."""
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(LedgerError, match=r"needs SQLite 3.35 or newer"):
        await SqliteLedger(path).open()


async def test_durable(ledger: SqliteLedger) -> None:
    """A commit is on the disk when it returns, and readers are not in its way."""

    def look(connection: sqlite3.Connection) -> list[object]:
        return [
            connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous")
        ]

    assert await writer_of(ledger).run(look, writes=False) == ["wal", 2]
