"""One holder of a ledger at a time: two would each pay for what the other is just paying for."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from acedata_async.errors import LedgerError

_PAUSE = 0.05
"""How long to wait between two tries, in seconds."""

_READ_AT_MOST = 4096


@contextmanager
def held(path: Path, *, patience: float) -> Iterator[None]:
    """Keep others from holding the same lock while the context is open.

    The operating system lets go of it when the process ends, however it ends; the file stays.
    This blocks, so it has no place on an event loop.

    Args:
        path: The lock's own file; it is made where it is missing, and says who holds the lock.
        patience: How long to wait for another holder, in seconds.

    Raises:
        LedgerError: Somebody else holds it, or the file system does not lock files.
        OSError: The file cannot be opened.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        _take(file, path.with_suffix(""), time.monotonic() + patience)
        _write(file, _holder())
        try:
            yield
        finally:
            _write(file, b"")


def check_free(path: Path, *, patience: float) -> None:
    """Make sure that nobody holds a lock; it is not held afterwards, and no file is made.

    Args:
        path: The lock's own file, which may be missing.
        patience: How long to wait for a holder, in seconds.

    Raises:
        LedgerError: Somebody holds it, or the file system does not lock files.
        OSError: The file cannot be opened.
    """
    if path.exists():
        with path.open("r+b", buffering=0) as file:
            _take(file, path.with_suffix(""), time.monotonic() + patience)


def _take(file: IO[bytes], ledger: Path, deadline: float) -> None:
    """Try until it is ours."""
    while True:
        try:
            lock(file)
        except (BlockingIOError, PermissionError) as error:
            left = deadline - time.monotonic()
            if left <= 0:
                raise LedgerError(
                    f"the ledger {ledger} is in use by {_describe(file)}; wait for it or stop it"
                ) from error
            time.sleep(min(_PAUSE, left))
        except OSError as error:
            raise LedgerError(
                f"the ledger {ledger} cannot be held: its file system does not lock files"
                f" ({error.strerror}); choose another place for the ledger"
            ) from error
        else:
            return


def _holder() -> bytes:
    """Say who we are."""
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": os.path.basename(sys.argv[0]) if sys.argv else "",  # noqa: PTH119 - any text
    }
    return json.dumps(holder).encode()


def _write(file: IO[bytes], text: bytes) -> None:
    """Replace what the file says; whoever cannot is not kept from its work by that."""
    try:
        file.seek(0)
        file.truncate()
        file.write(text)
    except OSError:  # a full disk: the lock itself needs no space
        return


def _describe(file: IO[bytes]) -> str:
    """Say who holds the lock, as far as the file tells."""
    try:
        file.seek(0)
        holder = json.loads(file.read(_READ_AT_MOST))
        command = f" ({holder['command']})" if holder["command"] else ""
        return f"process {holder['pid']} on {holder['host']}{command} since {holder['since']}"
    except (OSError, ValueError, TypeError, KeyError):
        return "another process"


if sys.platform == "win32":
    import msvcrt

    def lock(file: IO[bytes]) -> None:
        """Lock a file until it is closed; raises an OSError if somebody else has."""
        file.seek(1 << 30)  # far behind the text, which others must be able to read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(file: IO[bytes]) -> None:
        """Lock a file until it is closed; raises an OSError if somebody else has."""
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
