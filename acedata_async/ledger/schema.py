"""The shape of a ledger's file, and how an older one is brought up to it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from acedata_async.errors import LedgerError

APPLICATION = 0x0ACEDA7A
"""What marks a SQLite file as a ledger."""

OLDEST_SQLITE = (3, 35, 0)
"""The first that knows `RETURNING`."""


def _first(connection: sqlite3.Connection) -> None:
    """Make an empty file a ledger."""
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(
        "CREATE TABLE entries ("
        " id INTEGER PRIMARY KEY,"  # the order in which they were added
        " key TEXT NOT NULL UNIQUE,"
        " marker TEXT NOT NULL,"
        " state TEXT NOT NULL,"
        " task_id TEXT,"
        " attempts INTEGER NOT NULL,"
        " cost REAL,"
        " name TEXT,"
        " path TEXT,"
        " error TEXT,"
        " times TEXT NOT NULL,"
        " request TEXT NOT NULL,"
        " result TEXT)"
    )
    connection.execute("CREATE INDEX entries_by_state ON entries (state)")
    connection.execute(
        "CREATE INDEX entries_by_task ON entries (task_id) WHERE task_id IS NOT NULL"
    )
    connection.execute("CREATE INDEX entries_by_cost ON entries (cost) WHERE cost IS NOT NULL")
    connection.execute("CREATE TABLE notes (name TEXT PRIMARY KEY, text TEXT NOT NULL)")


MIGRATIONS: Sequence[Callable[[sqlite3.Connection], None]] = (_first,)
"""What leads from each version of the file to the next; 0 is an empty file."""


@contextmanager
def transaction(connection: sqlite3.Connection, *, writes: bool = True) -> Iterator[None]:
    """Make what is done in the context one change, which is made as a whole or not at all."""
    connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # it may have been rolled back by SQLite already
            connection.execute("ROLLBACK")
        raise


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make a file fit to be written: a new one from the start, an older one by its migrations.

    Raises:
        LedgerError: It belongs to something else, or is of a newer version.
        sqlite3.Error: It cannot be read or written.
    """
    version = _version(connection, path)
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    for step, migrate in enumerate(MIGRATIONS[version:], version + 1):
        with transaction(connection):
            migrate(connection)
            connection.execute(f"PRAGMA user_version = {step}")


def check(connection: sqlite3.Connection, path: str) -> None:
    """Find out whether a file can be read as it is.

    Raises:
        LedgerError: It belongs to something else, or is of another version.
        sqlite3.Error: It cannot be read.
    """
    version = _version(connection, path)
    if version == 0:
        raise LedgerError(
            f"the ledger {path} is empty, so it remembers nothing: if it was a ledger, restore a"
            " backup, for the next run would pay again; else delete it, or choose another file"
        )
    if version < len(MIGRATIONS):
        raise LedgerError(
            f"the ledger {path} is of version {version}, older than {len(MIGRATIONS)}, which this"
            " package reads: open it once for writing, which brings it up to date"
        )


def _version(connection: sqlite3.Connection, path: str) -> int:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise LedgerError(
            f"a ledger needs SQLite 3.35 or newer, and this Python has {sqlite3.sqlite_version}:"
            " use another build of Python"
        )
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [version] = connection.execute("PRAGMA user_version").fetchone()
    [things] = connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
    if application != APPLICATION and (application, version, things) != (0, 0, 0):
        raise LedgerError(
            f"{path} is a database of another application, not a ledger: choose another file"
        )
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"the ledger {path} is of version {version}, newer than {len(MIGRATIONS)}, which this"
            " package knows: update acedata-async"
        )
    return int(version)
