"""Giving a whole file its name, and never another file's. Blocks."""

from __future__ import annotations

import math
import os
import threading
import unicodedata
from bisect import bisect_left
from collections.abc import Hashable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

from acedata_async._rules.filenames import numbered


class Names:
    """Gives files their names, and knows which it gave lately.

    `overwrite` takes the place of what was there when its call began. What came there since is
    the result of another call, or another one of the same call: it stays, and the newer file gets
    a number.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()  # of those who publish, in threads
        self._moments = count(1)
        self._calls: set[int] = set()
        self._given: dict[str, tuple[int, Hashable]] = {}

    @contextmanager
    def call(self, *, overwrite: bool) -> Iterator[int | None]:
        """Yield the moment at which a call began that overwrites; None for any other call."""
        if not overwrite:
            yield None
            return
        since = next(self._moments)
        self._calls.add(since)
        try:
            yield since
        finally:
            self._calls.discard(since)

    def publish(
        self, part: Path, directory: Path, name: str, *, since: int | None, of: Hashable
    ) -> Path:
        """Give a whole file its name; a second one of that name gets a number. Blocks.

        Args:
            part: The file.
            directory: Where it is, and stays.
            name: What it is to be called.
            since: When its call began, if it takes the place of a file of that name.
            of: What tells its contents from others; a file may take the place of its like.

        Returns:
            The file under its name.

        Raises:
            OSError: It cannot be done.
        """
        with self._lock:
            if since is not None and self._may_overwrite(_key(directory, name), since, of):
                target = directory / name
                part.replace(target)
            else:
                target = _numbered(part, directory, name)
                with suppress(OSError):  # it is saved all the same
                    part.unlink(missing_ok=True)
            if self._calls:  # nobody else asks
                self._note(_key(directory, target.name), of)
        return target

    def _may_overwrite(self, key: str, since: int, of: Hashable) -> bool:
        given, owner = self._given.get(key, (0, None))
        return since in self._calls and (given < since or owner == of)

    def _note(self, key: str, of: Hashable) -> None:
        """Remember a name, for as long as a call is under way that began before."""
        self._given.pop(key, None)  # the latest stands last
        self._given[key] = (next(self._moments), of)
        oldest = min(tuple(self._calls), default=math.inf)
        while self._given and next(iter(self._given.values()))[0] < oldest:
            del self._given[next(iter(self._given))]


def _key(directory: Path, name: str) -> str:
    """Return what a name is to a file system that minds neither case nor normal form."""
    real = os.path.realpath(directory)
    return unicodedata.normalize("NFC", f"{real}/{name}").casefold()


def _numbered(part: Path, directory: Path, name: str) -> Path:
    number = 1
    while True:
        target = directory / numbered(name, number)
        try:
            _move(part, target)
        except FileExistsError:
            number = _first_free(directory, name) if number == 1 else number + 1
        else:
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


def _move(part: Path, target: Path) -> None:
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        target.open("xb").close()  # the name is ours now, and nobody else's
        try:
            part.replace(target)
        except OSError:
            with suppress(OSError):  # an empty file is no song
                target.unlink(missing_ok=True)
            raise
