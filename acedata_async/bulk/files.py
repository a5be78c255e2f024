"""The files of a run: whose name is taken, and what is already there."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from acedata_async._rules.filenames import LONGEST, safe_stem
from acedata_async.errors import InvalidRequest

_TITLE = 80
"""Bytes of a title in a name."""

_PART = re.compile(r"\.(.+)\.\w+\.[0-9a-f]{8}\.part")


class Files:
    """The directory of a run, as it was found and as it changes.

    Args:
        directory: Where the files go.

    Attributes:
        directory: Where the files go.
        parts: Half fetched files, each as the match of its name, with that of the whole one.

    Raises:
        InvalidRequest: It cannot be used.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            names = [path.name for path in directory.iterdir()]
        except OSError as error:
            raise InvalidRequest(
                "directory", str(directory), f"a directory that can be used ({error})"
            ) from error
        self.parts = [match for name in names if (match := _PART.fullmatch(name))]
        self._there = {Path(name).stem.casefold(): name for name in names}

    def choose(self, title: str | None, key: str) -> str:
        """Choose the name, without ending, for a file that is going to be fetched.

        Args:
            title: Stands before the key, where the key alone would tell nobody anything.
            key: Makes it distinct.
        """
        stem, number = _titled(title, key), 1
        name = stem
        # Some file systems do not tell upper case from lower.
        while name.casefold() in self._there:
            number += 1
            name = f"{stem} ({number})"
        self._there[name.casefold()] = ""
        return name

    def found(self, name: str) -> Path | None:
        """Return the whole file that already has a chosen name, or None."""
        there = self._there.get(name.casefold())
        return self.directory / there if there else None

    def keep(self, path: Path) -> None:
        """Note a file that is there now."""
        self._there[path.stem.casefold()] = path.name

    def sweep(self, names: Collection[str]) -> None:
        """Remove what a killed run left half fetched of files with these names.

        Only whoever holds the ledger may do it.
        """
        for match in self.parts:
            stem = re.sub(r" \(\d+\)$", "", match[1])
            if match[1] in names or stem in names:
                (self.directory / match[0]).unlink(missing_ok=True)


def _titled(title: str | None, key: str) -> str:
    if not title:
        return safe_stem(key)
    tail = f" - {key}"
    room = min(_TITLE, LONGEST - len(tail.encode()))
    head = safe_stem(title).encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return safe_stem(head + tail)
