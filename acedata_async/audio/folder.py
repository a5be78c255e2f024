"""Where the files of one call go."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from acedata_async._files import sync_directory, try_directory
from acedata_async.audio.writing import Threads


class Folder:
    """A directory that files are written into; it is made and tried out before the first of them.

    Args:
        path: Where it is.
        threads: Where the disk is waited for.

    Attributes:
        path: Where it is.
    """

    def __init__(self, path: Path, threads: Threads) -> None:
        self.path = path
        self._threads = threads
        self._is_ready = False

    async def prepare(self, name: str) -> None:
        """Make sure that a file can be written, before it costs any time to fetch it.

        Args:
            name: Called like this.

        Raises:
            OSError: It cannot.
            ValueError: It is no path.
        """
        if not self._is_ready:
            await self._threads.run(lambda: try_directory(self.path, name))
            self._is_ready = True

    def sync(self) -> None:
        """Put the names of its files on the disk, or power may take them. Blocks; never fails."""
        with suppress(OSError):  # one that cannot be read or synced holds the files all the same
            sync_directory(self.path)
