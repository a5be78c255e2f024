"""One file over as many answers as it takes: what to ask for next, and what an answer brings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Literal, NamedTuple

from acedata_async._rules.wire import as_number

_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_PROGRESS = 64 * 1024
"""Bytes that make a try worth repeating without end; a tenth of what is missing does so, too."""

_CERTAIN = 60.0
"""Seconds by which a date of change must be older than its answer: a file may change twice within
its date's one second, and the two clocks may not be one (RFC 9110, 8.8.2.2)."""

Beginning = Literal["anew", "on"]
"""Where the bytes of an answer belong: at the start of the file, or behind what is there."""


class Transfer:
    """How much of a file is here, and whether the rest can be asked for alone.

    Attributes:
        received: Bytes that are here.
        total: Bytes of the whole file; None while nobody has told.
    """

    def __init__(self) -> None:
        self.received = 0
        self.total: int | None = None
        self._validator: str | None = None
        self._end: float = math.inf
        self._is_open = False
        self._best = 0

    def headers(self) -> dict[str, str]:
        """Return what to ask for: the rest, where it is certain to be of the same file."""
        if not self.received or self._validator is None:
            return {}
        return {"range": f"bytes={self.received}-", "if-range": self._validator}

    def begin(self, status: int, headers: Mapping[str, str]) -> Beginning | None:
        """Take in the head of an answer to the last request; None if it is of no use.

        Args:
            status: 200 for the whole file, 206 for a part of it.
            headers: Of the answer, names in lower case.
        """
        if status == 206:
            part = _part(headers)
            if part is None or not self._fits(part, headers):
                self.start_over()
                return None
            self._end, self._is_open = part.end, part.total is None
            if self.received:
                self.total = part.total if self.total is None else self.total
                return "on"
            self.total = part.total
        else:
            length = as_number(headers.get("content-length"))
            self.received, self._is_open = 0, False
            self.total = None if length is None else int(length)
            self._end = math.inf if self.total is None else self.total
        self._validator = _validator(headers)
        return "anew"

    def start_over(self) -> None:
        """Ask for the whole file the next time: what is here is of no use."""
        self.received, self._validator = 0, None

    def take(self, size: int) -> None:
        """Note that so many bytes have come."""
        self.received += size
        if self.received > self._end:
            self._validator = None  # nobody knows what these bytes are

    def got_on(self) -> bool:
        """Say, after a try that failed, whether it came notably further than all before it."""
        missing = math.inf if self.total is None else max(1.0, self.total - self._best)
        further = self.received - self._best >= min(_PROGRESS, missing / 10)
        self._best = max(self._best, self.received)
        return further

    @property
    def shortage(self) -> str | None:
        """Why what came cannot be the whole file, in words; None if it may be."""
        if self.received == 0:
            return "no bytes came"
        if self.total is not None and self.received != self.total:
            return f"{self.received} bytes came of {self.total}"
        if self.received > self._end:
            return f"{self.received} bytes came of {self._end}"
        if self._is_open and self.total is None:
            return "a part of a file came whose length nobody tells"
        return None

    def _fits(self, part: _Part, headers: Mapping[str, str]) -> bool:
        """Say whether a part is the one that was asked for, of the file that it was asked of."""
        if part.start != self.received:
            return False
        if not self.received:
            return True
        # A server that has a validator has to tell it with each part.
        is_same = self._validator is not None and self._validator == (
            headers.get("etag", "").strip() or headers.get("last-modified", "").strip()
        )
        return is_same and (None in {part.total, self.total} or part.total == self.total)


class _Part(NamedTuple):
    """Which bytes of a file an answer has, and how many there are in all, where that is told."""

    start: int
    end: int
    total: int | None


def _part(headers: Mapping[str, str]) -> _Part | None:
    """Read which part of a file an answer has; None where it tells none that there can be."""
    told = _RANGE.fullmatch(headers.get("content-range", "").strip())
    if told is None:
        return None
    start, end = int(told[1]), int(told[2]) + 1
    total = None if told[3] == "*" else int(told[3])
    return _Part(start, end, total) if start < end <= (total or end) else None


def _validator(headers: Mapping[str, str]) -> str | None:
    """Return what tells one state of a file from another, and is certain to (RFC 9110, 13.1.5)."""
    etag = headers.get("etag", "").strip()
    if etag:
        return None if etag.startswith("W/") else etag
    changed = headers.get("last-modified", "").strip()
    age = _seconds(headers.get("date", "")) - _seconds(changed)
    return changed if age >= _CERTAIN else None


def _seconds(date: str) -> float:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan
