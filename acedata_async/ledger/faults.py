"""What went wrong with a ledger's file, in words that say what to do."""

from __future__ import annotations

import copy
import sqlite3

from acedata_async.errors import LedgerError

_SAFE = "what was noted before is safe, this change was not made"

_ADVICE = {
    sqlite3.SQLITE_FULL: f"the disk is full; {_SAFE}: free some space, then run it again",
    sqlite3.SQLITE_IOERR: f"the disk could not be read or written; {_SAFE}: check the disk and"
    " its free space, then run it again",
    sqlite3.SQLITE_READONLY: f"the file or its file system is read-only; {_SAFE}: make it"
    " writable, then run it again",
    sqlite3.SQLITE_BUSY: f"another program holds it locked; {_SAFE}: close that program (a"
    " database browser, a backup), then run it again",
    sqlite3.SQLITE_LOCKED: f"another program holds it locked; {_SAFE}: close that program (a"
    " database browser, a backup), then run it again",
    sqlite3.SQLITE_CORRUPT: "the file is damaged: do not delete it, it says what was paid for;"
    ' copy it, look at it with `sqlite3 FILE "PRAGMA integrity_check"`, then restore a backup or'
    " save what is left with `sqlite3 FILE .recover`",
    sqlite3.SQLITE_NOTADB: "the file is no SQLite database: choose another file, or restore a"
    " backup if it was a ledger",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened: check that its directory exists and"
    " that you may write there",
    sqlite3.SQLITE_PERM: "you may not use the file: check its owner and permissions",
}


def explain(path: str, error: Exception) -> LedgerError:
    """Return a new `LedgerError` for what went wrong with the ledger at a path.

    It has the error as its cause; of a `LedgerError` it is a copy, so that two callers that are
    told of the same thing share no traceback.
    """
    if isinstance(error, LedgerError):
        told = copy.copy(error)
        told.__cause__ = error.__cause__
        return told
    told = LedgerError(f"the ledger {path}: {_reason(error)}")
    told.__cause__ = error
    return told


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return (
            f"{error.filename} cannot be used ({error.strerror}): make it writable, or choose"
            " another place"
        )
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return f"{type(error).__name__}: {error}"
    advice = _ADVICE.get(code & 0xFF, "the database failed; " + _SAFE)
    return f"{advice} ({error})"
