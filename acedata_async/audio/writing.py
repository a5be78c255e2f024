"""A part file that is written in threads, in pieces large enough to be worth a thread each.

A piece is written while the next one comes in; at most one of a file is under way.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import suppress
from functools import partial
from io import FileIO
from pathlib import Path
from typing import Any, TypeVar

from acedata_async._rules.containers import HEAD

T = TypeVar("T")

_PIECE = 1024 * 1024
"""Bytes that are written at once."""
_MOST_CHUNKS = 32
"""Chunks that are written at once: so many small ones cost more to receive than a thread does."""
_THREADS = 4


class Threads:
    """Threads for what waits for a disk. They are kept: to start one costs as much as a piece.

    A disk that is slow holds up nobody who waits for something else, such as the address of a
    host: these threads are nobody else's.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="acedata-file")

    def start(self, work: Callable[[], T]) -> Future[T]:
        """Begin in a thread what blocks; threads take it in the order in which it was begun."""
        return self._pool.submit(work)

    async def run(self, work: Callable[[], T]) -> T:
        """Run in a thread what blocks.

        Who is cancelled meanwhile waits for its end all the same: a file must not be closed or
        removed by one while another one writes.
        """
        return await end_of(self.start(work))

    def close(self) -> None:
        """Let the threads end, once they have done what they were given."""
        self._pool.shutdown(wait=False)


async def end_of(running: Future[T]) -> T:
    """Wait for the end of what runs in a thread, also where the waiter is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        ended = asyncio.Event()
        running.add_done_callback(partial(_tell, asyncio.get_running_loop(), ended))
        try:
            await ended.wait()
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled
    return running.result()


def _tell(loop: asyncio.AbstractEventLoop, ended: asyncio.Event, _: Future[Any]) -> None:
    with suppress(RuntimeError):  # the loop is over, and so is whoever waited
        loop.call_soon_threadsafe(ended.set)


class PartFile:
    """A file that is written piece by piece, and then put on the disk.

    It is made with its first piece, and must not exist before.

    Args:
        path: Where it is, in a directory that is there.
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
        self._writing: Future[FileIO] | None = None

    def add(self, chunk: bytes) -> bool:
        """Take what comes next; returns whether it is time for `hand_over`."""
        if len(self.head) < HEAD:
            self.head = (self.head + chunk)[:HEAD]
        self._chunks.append(chunk)
        self._waiting += len(chunk)
        return self._waiting >= _PIECE or len(self._chunks) >= _MOST_CHUNKS

    async def hand_over(self) -> None:
        """Have all that was added written; waits for the piece before, and not for this one.

        Raises:
            OSError: The piece before could not be written.
        """
        await self._written()
        chunks = self._take()
        if chunks:
            self._writing = self._threads.start(lambda: self._write(chunks))

    async def flush(self) -> None:
        """Hand all that was added to the system; raises OSError."""
        await self.hand_over()
        await self._written()

    async def start_over(self) -> None:
        """Forget what was added."""
        self.head = b""
        self._take()
        await self._written()
        file = self._file
        if file is not None and file.tell():
            await self._threads.run(lambda: _empty(file))

    def seal(self) -> None:
        """Close the file, once all of it is on the disk. Blocks; does nothing the second time."""
        if self._writing is not None:
            self._writing.result()
        if self._file is None or not self._file.closed:
            with self._write(self._take()) as file:
                os.fsync(file.fileno())

    def discard(self) -> None:
        """Close the file, if it is still open, and remove it. Blocks; never fails."""
        if self._writing is not None:
            wait_for([self._writing])
        with suppress(OSError):
            if self._file is not None:
                self._file.close()
        with suppress(OSError, ValueError):
            self.path.unlink(missing_ok=True)

    async def _written(self) -> None:
        """Wait until what was handed over is written; raises what kept it from that."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await end_of(writing)

    def _write(self, chunks: list[bytes]) -> FileIO:
        if self._file is None:
            self._file = FileIO(self.path, "xb")
        _write_all(self._file, chunks)
        return self._file

    def _take(self) -> list[bytes]:
        chunks, self._chunks, self._waiting = self._chunks, [], 0
        return chunks


def _write_all(file: FileIO, chunks: list[bytes]) -> None:
    """Write all of them: a system that has no room left for all takes a part, and says nothing."""
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
