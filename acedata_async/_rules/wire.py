"""Reading values as the API sends them: numbers in strings, two forms of time, nulls."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard

_LONGEST_ID = 200
"""Characters of a task's id at most; the vendor's have 36."""


def as_number(value: Any) -> float | None:
    """Read a number, also one in a string (`duration` is sent as `"181.3014"`)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_whole(value: Any) -> int | None:
    """Read a count."""
    number = as_number(value)
    return None if number is None else int(number)


def as_share(value: Any) -> float | None:
    """Read a progress as a share from 0 to 1 (`progress` is sent as `"100%"`)."""
    if isinstance(value, str) and value.strip().endswith("%"):
        percent = as_number(value.strip()[:-1])
        return None if percent is None else min(1.0, max(0.0, percent / 100))
    number = as_number(value)
    if number is None:
        return None
    return min(1.0, max(0.0, number if number <= 1 else number / 100))


def as_text(value: Any) -> str | None:
    """Read a text; a number becomes its digits (`seed` may be either)."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return repr(value)


def as_moment(value: Any) -> datetime | None:
    """Read a moment as an aware datetime, from Unix seconds or ISO 8601."""
    number = as_number(value)
    try:
        if number is not None:
            return datetime.fromtimestamp(number, UTC)
        if isinstance(value, str):
            moment = datetime.fromisoformat(value)
            return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return value if isinstance(value, datetime) else None


def as_unix(value: Any) -> float | None:
    """Read a moment as Unix seconds, from such or from ISO 8601."""
    number = as_number(value)
    if number is not None:
        return number
    moment = as_moment(value)
    return None if moment is None else moment.timestamp()


def read_date(value: str | None) -> float | None:
    """Read a date in the form of HTTP headers as Unix seconds."""
    # Not at the top: needed in an answer's head only, and a twentieth of the import time.
    from email.utils import parsedate_to_datetime  # noqa: PLC0415

    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def as_object(value: Any) -> Mapping[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_objects(value: Any) -> list[Mapping[str, Any]]:
    """Read a list of JSON objects, or one object as a list of one; leave all else out."""
    if isinstance(value, Mapping):
        return [value]
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def is_task_id(value: object) -> TypeGuard[str]:
    """Say whether something can be the id of a task: a line of text, not empty, not long."""
    if not isinstance(value, str) or not value.isprintable():
        return False
    return bool(value.strip()) and len(value) <= _LONGEST_ID
