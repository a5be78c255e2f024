"""Giving a whole file its name, and never another file's. Blocks."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from acedata_async._files import sync_directory
from acedata_async._rules.filenames import numbered


def publish(
    part: Path, directory: Path, name: str, *, overwrite: bool, number: int = 1
) -> tuple[Path, int]:
    """Give a whole file its name; a second one of that name gets a number.

    Args:
        part: The file.
        directory: Where it is, and stays.
        name: What it is to be called.
        overwrite: Whether it takes the place of a file of that name.
        number: The number to begin with, for all before it are known to be taken.

    Returns:
        The file under its name, and the number that it got.

    Raises:
        OSError: It cannot be done.
    """
    if overwrite:
        target = directory / name
        part.replace(target)
        _sync(directory)
        return target, 1
    while True:
        target = directory / numbered(name, number)
        try:
            _move(part, target)
        except FileExistsError:
            number += 1
        else:
            with suppress(OSError):  # it is saved all the same
                part.unlink(missing_ok=True)
            _sync(directory)
            return target, number


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
