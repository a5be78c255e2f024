"""A part file that is written in threads, in pieces large enough to be worth a thread each."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import TypeVar

from acedata_async._rules.containers import HEAD

T = TypeVar("T")

_PIECE = 512 * 1024
"""Bytes that are written at once."""
_MOST_CHUNKS = 512
"""Chunks that are written at once: systems take no more than 1024, and small ones need memory."""
_THREADS = 4


class Threads:
    """Threads for what waits for a disk. They are kept: to start one costs as much as a piece.

    A disk that is slow holds up nobody who waits for something else, such as the address of a
    host: these threads are nobody else's.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="acedata-file")

    async def run(self, work: Callable[[], T]) -> T:
        """Run in a thread what blocks.

        Who is cancelled meanwhile waits for its end all the same: a file must not be closed or
        removed by one while another one writes.
        """
        running = asyncio.get_running_loop().run_in_executor(self._pool, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            while not running.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait([running])
            running.exception()  # nobody else asks for it
            raise

    def close(self) -> None:
        """Let the threads end, once they have done what they were given."""
        self._pool.shutdown(wait=False)


class PartFile:
    """A file that is written piece by piece, and then put on the disk.

    Args:
        path: Where it is.
        threads: Where it is written.

    Attributes:
        path: Where it is.
        head: Its first bytes.
    """

    def __init__(self, path: Path, threads: Threads) -> None:
        self.path = path
        self.head = b""
        self._threads = threads
        self._file: FileIO | None = None
        self._chunks: list[bytes] = []
        self._waiting = 0

    async def open(self) -> None:
        """Make the file, which must not exist, and its directory, which may."""
        await self._threads.run(self._create)

    def add(self, chunk: bytes) -> bool:
        """Take what comes next; returns whether it is time for `flush`."""
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        return self._waiting >= _PIECE or len(self._chunks) >= _MOST_CHUNKS

    async def flush(self) -> None:
        """Hand all that was added to the system."""
        file, chunks = self._file, self._take()
        if chunks and file is not None:
            await self._threads.run(lambda: _write(file, chunks))

    async def start_over(self) -> None:
        """Forget what was added."""
        self.head = b""
        self._take()
        file = self._file
        if file is not None and file.tell():
            await self._threads.run(lambda: _empty(file))

    def seal(self) -> None:
        """Close the file, once all of it is on the disk. Blocks; does nothing the second time."""
        file, self._file = self._file, None
        if file is not None:
            with file:
                _write(file, self._take())
                os.fsync(file.fileno())

    def discard(self) -> None:
        """Close the file, if it is still open, and remove it. Blocks; never fails."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):
                file.close()
        with suppress(OSError, ValueError):
            self.path.unlink(missing_ok=True)

    def _create(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = FileIO(self.path, "xb")  # kept also where the caller was cancelled meanwhile

    def _take(self) -> list[bytes]:
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        return chunks


def _write(file: FileIO, chunks: list[bytes]) -> None:
    """Write all of it: a system that has no room left for all takes a part, and says nothing."""
    if sys.platform != "win32" and chunks:
        # One call for all of them: each call lets another thread have the interpreter.
        taken = os.writev(file.fileno(), chunks)
        if taken == sum(map(len, chunks)):
            return
        chunks = [b"".join(chunks)[taken:]]
    for chunk in chunks:
        left = memoryview(chunk)
        while left:
            left = left[file.write(left) :]


def _empty(file: FileIO) -> None:
    file.seek(0)
    file.truncate()
