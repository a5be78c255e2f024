"""One run at a time in a directory: two would each pay for what the other is just paying for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from acedata_async.errors import InvalidRequest

_NAME = ".acedata-run.lock"


@contextmanager
def only_run_in(directory: Path) -> Iterator[None]:
    """Keep other processes from running jobs in `directory` while the context is open.

    The operating system lets go of it when the process ends, however it ends.

    Raises:
        InvalidRequest: Another process is at work there, or the directory cannot be used.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        file = (directory / _NAME).open("a+")
    except OSError as error:
        raise InvalidRequest(None, None, f"{directory} cannot be used: {error}") from error
    with file:
        try:
            _lock(file)
        except (BlockingIOError, PermissionError) as error:
            raise InvalidRequest(
                None, None, f"another run is at work in {directory}; wait for it, or stop it first"
            ) from error
        except OSError as error:
            raise InvalidRequest(None, None, f"{directory} cannot be locked: {error}") from error
        yield


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[str]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
