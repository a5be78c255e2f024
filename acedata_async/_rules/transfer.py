"""One file over as many answers as it takes: what to ask for next, and what an answer brings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Literal

from acedata_async._rules.wire import as_number

_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_PROGRESS = 64 * 1024
"""Bytes that make a try worth repeating without end; a tenth of what is missing does so, too."""

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
        told = _RANGE.fullmatch(headers.get("content-range", "").strip())
        if status == 206 and (self.received or told is None or int(told[1]) != 0):
            if told is not None and self._goes_on(told, headers):
                return "on"
            self.start_over()
            return None
        self.received = 0
        if told is not None and status == 206:  # all of it, as a part
            self.total = None if told[3] == "*" else int(told[3])
        else:
            length = as_number(headers.get("content-length"))
            self.total = None if length is None else int(length)
        self._validator = _validator(headers)
        return "anew"

    def start_over(self) -> None:
        """Ask for the whole file the next time: what is here is of no use."""
        self.received, self._validator = 0, None

    def take(self, size: int) -> None:
        """Note that so many bytes have come."""
        self.received += size

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
        return None

    def _goes_on(self, told: re.Match[str], headers: Mapping[str, str]) -> bool:
        """Say whether a part is the one that was asked for, of the file that it was asked of."""
        if int(told[1]) != self.received or self._validator is None:
            return False
        if _validator(headers) != self._validator:
            return False  # a server that has one has to tell it with each part
        whole = None if told[3] == "*" else int(told[3])
        if self.total is None:
            self.total = whole
        return whole in {None, self.total}


def _validator(headers: Mapping[str, str]) -> str | None:
    """Return what tells one state of a file from another, and is certain to."""
    etag = headers.get("etag", "").strip()
    if etag and not etag.startswith("W/"):
        return etag
    return headers.get("last-modified", "").strip() or None
