"""Which bytes of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re

_ONE = re.compile(r"\s*bytes\s*=\s*(?:(\d{1,40})\s*-\s*(\d{0,40})|-\s*(\d{1,40}))\s*", re.ASCII)


def chosen(header: str, size: int) -> range | None:
    """Return the bytes that a `Range` header asks for, or None for the whole file.

    None is also for a header that is to be ignored: one that asks for several ranges, in another
    unit, or that cannot be understood.

    Args:
        header: What it says; empty if there was none.
        size: How many bytes the file has.

    Raises:
        ValueError: The file has none of these bytes.
    """
    match = _ONE.fullmatch(header.lower())
    if match is None:
        return None
    first, last, ending = match.groups("")
    if ending:
        start, stop = max(0, size - int(ending)), size
    else:
        start, stop = int(first), int(last) + 1 if last else size
        if last and stop <= start:
            return None
    if start >= size:
        raise ValueError(f"the file has only {size} bytes")
    return range(start, min(stop, size))
