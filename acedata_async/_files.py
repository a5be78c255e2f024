"""What makes a file last, and how one is called that is not whole yet."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

_PART = ".part"


def sync_directory(directory: Path) -> None:
    """Put the names in a directory on the disk, where the system can; call it after a rename."""
    if os.name == "posix":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def part_path(directory: Path, name: str) -> Path:
    """Return a path for what is to be called `name` once it is whole; nobody else has it."""
    return directory / f".{name}.{secrets.token_hex(4)}{_PART}"


def whole_name(path: Path) -> str:
    """Return what a file is to be called once it is whole; its own name, if it is no part."""
    if path.suffix != _PART:
        return path.name
    return path.stem.rpartition(".")[0].removeprefix(".")


def try_directory(directory: Path, name: str) -> None:
    """Make a directory, and a file in it which is removed again. Blocks.

    Args:
        directory: It may be there.
        name: What files in it are called like.

    Raises:
        OSError: No file can be written there.
        ValueError: It is no path.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tried = part_path(directory, name)
    tried.touch(exist_ok=False)
    tried.unlink()
