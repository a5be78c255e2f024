"""How a ledger's file is opened, and closed: on the thread that uses it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from acedata_async.errors import LedgerError
from acedata_async.ledger import rows, schema
from acedata_async.ledger.faults import explain
from acedata_async.ledger.lock import check_free, held


@contextmanager
def holding(path: str, patience: float, now: float) -> Iterator[sqlite3.Connection]:
    """Hold a ledger's file, bring it up to date, and let go of it in the end.

    What a former holder left as `submitting` becomes `unknown`. This blocks.

    Args:
        path: The file; it and its directory are made where they are missing.
        patience: How long to wait for another holder, in seconds.
        now: The time, in Unix seconds.

    Raises:
        LedgerError: Somebody else holds it; or it is no ledger, or of a newer version.
        OSError: It, its lock file or its directory cannot be used.
        sqlite3.Error: It is damaged, locked, or there is no room for it.
    """
    file = Path(os.path.realpath(path))
    file.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite would let others read it
    with (
        held(file.with_name(f"{file.name}.lock"), patience=patience),
        closing(_connect(file, "rw", patience)) as connection,
    ):
        schema.prepare(connection, path)
        with schema.transaction(connection):
            rows.doubt_all(connection, now)
        yield connection
        with suppress(sqlite3.Error):  # all is in the -wal file then, which is as safe
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


@contextmanager
def reading(path: str, patience: float) -> Iterator[sqlite3.Connection]:
    """Look at a ledger's file, which somebody else may hold.

    Args:
        path: The file.
        patience: How long to wait for a program that locks it, in seconds.

    Raises:
        LedgerError: It is not there, is no ledger, or of another version.
        sqlite3.Error: It is damaged or locked.
    """
    file = Path(os.path.realpath(path))
    if not file.exists():
        raise LedgerError(f"no ledger at {path}")
    with closing(_connect(file, _mode_to_read(file), patience)) as connection:
        connection.execute("PRAGMA query_only = ON")
        schema.check(connection, path)
        yield connection


def _mode_to_read(file: Path) -> str:
    """Return how to open a file to read, so that nothing is left beside it that was not there.

    SQLite needs files beside the ledger to read it, and only who may write removes them again.
    """
    if file.with_name(f"{file.name}-wal").exists():
        return "ro"  # what a killed process left in it is not touched
    return "rw" if os.access(file.parent, os.W_OK) else "ro&immutable=1"


def is_blank(path: str) -> bool:
    """Say whether a file that exists holds nothing yet, so that holding it makes it a ledger."""
    file = Path(os.path.realpath(path))
    wal = file.with_name(f"{file.name}-wal")
    return file.is_file() and not file.stat().st_size and not wal.exists()


def check_free_to_hold(path: str, patience: float) -> None:
    """Find out whether a ledger's file could be held now, without doing it. This blocks.

    Args:
        path: The file, which may be missing.
        patience: How long to wait for another holder, in seconds.

    Raises:
        LedgerError: Somebody else holds it, or it cannot be written.
    """
    file = Path(os.path.realpath(path))
    try:
        if file.exists():
            os.close(os.open(file, os.O_RDWR))
            check_free(file.with_name(f"{file.name}.lock"), patience=patience)
    except (OSError, LedgerError) as error:
        raise explain(path, error) from error


def _connect(file: Path, mode: str, patience: float) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{file.as_uri()}?mode={mode}", uri=True, timeout=patience, isolation_level=None
    )
