"""The files of a run: whose name is taken, and what is already there."""

from __future__ import annotations

import re
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from acedata_async._rules.filenames import ENDINGS, fitted, safe_stem
from acedata_async.errors import InvalidRequest

_TITLE = 80
"""Characters of a title in a name."""

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
        self._names = set(names)
        self._taken = {_stem(name).casefold() for name in names}

    def choose(self, title: str | None, key: str) -> str:
        """Choose the name, without ending, for a file that is going to be fetched.

        Args:
            title: Stands before the key, where the key alone would tell nobody anything.
            key: Makes it distinct.
        """
        stem, number = _titled(title, key), 1
        name = stem
        # Some file systems do not tell upper case from lower.
        while name.casefold() in self._taken:
            number += 1
            name = f"{stem} ({number})"
        self._taken.add(name.casefold())
        return name

    def has(self, name: str) -> bool:
        """Say whether a file of exactly this name, with its ending, is there."""
        return name in self._names

    def found(self, name: str, path: str | None) -> Path | None:
        """Return the whole file of a song that was fetched before, or None.

        Args:
            name: Its chosen name, without ending.
            path: Its name with the ending, where it is known to have been saved.
        """
        names = [path] if path else [name + ending for ending in ENDINGS]
        return next((self.directory / one for one in names if self.has(one)), None)

    def keep(self, path: Path) -> None:
        """Note a file that is there now."""
        self._names.add(path.name)
        self._taken.add(_stem(path.name).casefold())

    def sweep(self, names: Collection[str]) -> None:
        """Remove what a killed run left half fetched of files with these names.

        Only whoever holds the ledger may do it.
        """
        for match in self.parts:
            stem = re.sub(r" \(\d+\)$", "", match[1])
            if match[1] in names or stem in names:
                with suppress(OSError):  # whatever it is, it keeps nobody from working
                    (self.directory / match[0]).unlink(missing_ok=True)


def _titled(title: str | None, key: str) -> str:
    if not title:
        return safe_stem(key)
    head = safe_stem(title)[:_TITLE].rstrip(". ")
    return safe_stem(fitted([head, f" - {key}"], cut=[True, False]))


def _stem(name: str) -> str:
    return Path(name).stem
