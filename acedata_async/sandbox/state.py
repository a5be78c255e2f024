"""What a sandbox remembers beyond its process: a file that gets a line for all that matters.

The first line says what the file is; each further one is a JSON object. A line is handed to the
system before the answer goes out that tells of it, so a sandbox that is killed forgets nothing
that it has acknowledged. The half of a line that it may leave behind is dropped at the next
start. Files of a machine that loses its power are not cared for.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import ExitStack
from io import FileIO
from pathlib import Path
from typing import Any

from acedata_async.ledger.lock import lock
from acedata_async.sandbox.past import Accepted, Past, accepted_line, changed_line
from acedata_async.sandbox.stats import Counters
from acedata_async.sandbox.task import Task

_FORM = "acedata-sandbox"
_VERSION = 1
_EVENTS_BETWEEN_COUNTS = 50


class Journal:
    """The state file of one sandbox; no other can use it at the same time.

    Args:
        path: Where it is. A file that does not exist is begun, readable for its owner only.

    Attributes:
        past: What it had in it when it was opened.

    Raises:
        ValueError: It cannot be read or written, is something else, or is in use.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._uncounted = 0
        self._batches_counted = 0
        self.past = Past()
        try:
            self._file = FileIO(self._path, "a+", opener=_open_privately)
            with ExitStack() as closed_if_it_fails:
                closed_if_it_fails.enter_context(self._file)
                self._hold()
                self._take_up()
                closed_if_it_fails.pop_all()
        except OSError as error:
            raise ValueError(f"{path} cannot be used: {error.strerror or error}") from error

    def accept(self, accepted: Accepted, *, drawn: int, counters: Counters) -> None:
        """Write down a submission that is taken; after this it may be acknowledged.

        Args:
            accepted: The submission.
            drawn: How far the chances of its service got with it.
            counters: What was counted up to now.

        Raises:
            OSError: It could not be written, and so is not in the file.
            RuntimeError: The journal was closed.
        """
        if self._file.closed:
            raise RuntimeError(f"{self._path} was closed with its sandbox and takes no more tasks")
        counted = counters.kept(batches_known=self._batches_counted)
        self._write(accepted_line(accepted, drawn=drawn, counted=counted))
        self._note_counted(counters)

    def change(self, tasks: Iterable[Task]) -> None:
        """Write down what lookups and callbacks have left on tasks."""
        if not self._file.closed:
            self._write(changed_line(tasks))

    def count_event(self, counters: Counters) -> None:
        """Take note of a request or callback that is over; now and then the counts are kept."""
        self._uncounted += 1
        if self._uncounted >= _EVENTS_BETWEEN_COUNTS and not self._file.closed:
            self._count(counters)

    def close(self, counters: Counters) -> None:
        """Write the counts down a last time and close the file; harmless the second time."""
        if not self._file.closed:
            with self._file:
                self._count(counters)

    def _hold(self) -> None:
        try:
            lock(self._file)
        except (BlockingIOError, PermissionError) as error:
            raise ValueError(
                f"{self._path} is in use by another sandbox; stop that one, or name another file"
            ) from error

    def _take_up(self) -> None:
        self._file.seek(0)
        raw = self._file.readall()
        header = _encoded({"form": _FORM, "version": _VERSION})
        begun = raw.rfind(b"\n") + 1
        if begun or not header.startswith(raw):
            self._read(raw[:begun] or raw)
        self._end = begun
        self._file.truncate(begun)
        if not begun:
            self._write_bytes(header)
        self._write({"start": self.past.starts + 1})
        self._batches_counted = len(self.past.counters.ids_per_batch)

    def _read(self, raw: bytes) -> None:
        first, *rest = raw.removesuffix(b"\n").split(b"\n")
        match _decoded(first):
            case {"form": str(form), "version": version} if form == _FORM:
                if version != _VERSION:
                    reads = f"this one reads version {_VERSION}"
                    raise ValueError(f"{self._path} is of a sandbox of version {version}; {reads}")
            case _:
                raise ValueError(f"{self._path} is not the state file of a sandbox")
        for number, line in enumerate(rest, 2):
            try:
                self.past.take_in(_decoded(line))
            except ValueError as error:
                message = f"line {number} of {self._path} cannot be understood: {error}"
                raise ValueError(message) from error

    def _count(self, counters: Counters) -> None:
        self._write({"counted": counters.kept(batches_known=self._batches_counted)})
        self._note_counted(counters)

    def _note_counted(self, counters: Counters) -> None:
        self._batches_counted = len(counters.ids_per_batch)
        self._uncounted = 0

    def _write(self, line: dict[str, Any]) -> None:
        self._write_bytes(_encoded(line))

    def _write_bytes(self, line: bytes) -> None:
        left = memoryview(line)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            # Or the next line would stick to what there is of this one.
            self._file.truncate(self._end)
            raise
        self._end += len(line)


def _open_privately(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


def _decoded(line: bytes) -> Any:
    """Return a line's JSON, or None if it is none, which no line is."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
