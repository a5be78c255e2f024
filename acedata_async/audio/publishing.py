"""Giving a whole file its name, and never another file's. Blocks."""

from __future__ import annotations

import os
from bisect import bisect_left
from contextlib import suppress
from pathlib import Path

from acedata_async._files import sync_directory
from acedata_async._rules.filenames import numbered


def publish(part: Path, directory: Path, name: str, *, overwrite: bool) -> Path:
    """Give a whole file its name; a second one of that name gets a number.

    Args:
        part: The file.
        directory: Where it is, and stays.
        name: What it is to be called.
        overwrite: Whether it takes the place of a file of that name.

    Returns:
        The file under its name.

    Raises:
        OSError: It cannot be done.
    """
    if overwrite:
        target = directory / name
        part.replace(target)
        _sync(directory)
        return target
    number = 1
    while True:
        target = directory / numbered(name, number)
        try:
            _move(part, target)
        except FileExistsError:
            number = _first_free(directory, name) if number == 1 else number + 1
        else:
            with suppress(OSError):  # it is saved all the same
                part.unlink(missing_ok=True)
            _sync(directory)
            return target


def _first_free(directory: Path, name: str) -> int:
    """Return a number that is free, the first one where those before it are taken without a gap.

    A thousand files of one name are not to count from the start each.
    """

    def is_free(number: int) -> bool:
        return not os.path.lexists(directory / numbered(name, number))

    most = 1
    while not is_free(most):
        most *= 2
    return bisect_left(range(most // 2 + 1, most + 1), True, key=is_free) + most // 2 + 1


def _sync(directory: Path) -> None:
    with suppress(OSError):  # one that cannot be read or synced holds the file all the same
        sync_directory(directory)


def _move(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        target.open("xb").close()  # the name is ours now, and nobody else's
        part.replace(target)
