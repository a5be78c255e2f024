"""Values as the API sends them."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.wire import (
    as_moment,
    as_number,
    as_object,
    as_objects,
    as_share,
    as_text,
    as_unix,
    read_date,
)
from tests.examples import examples

DATE_PARTS = [
    *("Tue,", "30", "Dec", "2025", "18:36:25", "+0200", "GMT", "9999999999"),
    *(":", "-", ",", "(", ")", "."),
]
MOMENT = datetime(2025, 12, 30, 18, 36, 25, 589000, UTC)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("181.3014058956916", 181.3014058956916),
        (" 7 ", 7.0),
        (7, 7.0),
        (0, 0.0),
        (-1.5, -1.5),
        (10**400, None),
        ("9" * 400, None),
        (math.nan, None),
        (math.inf, None),
        ("NaN", None),
        ("-Infinity", None),
        ("", None),
        ("seven", None),
        (True, None),
        (False, None),
        (None, None),
        ([7], None),
        ({}, None),
    ],
)
def test_number(value: Any, number: float | None) -> None:
    """Numbers and numbers in strings are read; all else is none."""
    assert as_number(value) == number


@pytest.mark.parametrize(
    ("value", "share"),
    [
        ("100%", 1.0),
        (" 40 % ", 0.4),
        ("0%", 0.0),
        ("140%", 1.0),
        ("-5%", 0.0),
        ("%", None),
        ("x%", None),
        ("nan%", None),
        (0.4, 0.4),
        (40, 0.4),
        ("40", 0.4),
        (250, 1.0),
        (-1, 0.0),
        (None, None),
        (True, None),
        ("half", None),
        ([], None),
    ],
)
def test_share(value: Any, share: float | None) -> None:
    """A progress is a share from 0 to 1, from percent, from a number, or unknown."""
    assert as_share(value) == (None if share is None else pytest.approx(share))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2450882164", "2450882164"),
        (4294469624, "4294469624"),
        (0.5, "0.5"),
        ("", ""),
        (True, None),
        (None, None),
        ([], None),
        ({}, None),
    ],
)
def test_text(value: Any, text: str | None) -> None:
    """Texts stay, numbers become their digits, all else is none."""
    assert as_text(value) == text


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        (1767119785.589, MOMENT),
        ("1767119785.589", MOMENT),
        ("2025-12-30T18:36:25.589Z", MOMENT),
        ("2025-12-30T18:36:25.589000+00:00", MOMENT),
        ("2025-12-30T20:36:25.589+02:00", MOMENT),
        ("2025-12-30T18:36:25.589", MOMENT),
        (MOMENT, MOMENT),
        ("2025-12-30", datetime(2025, 12, 30, tzinfo=UTC)),
        (1e300, None),
        (-1e300, None),
        ("2025-13-30T00:00:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_moment(value: Any, moment: datetime | None) -> None:
    """Both forms of time are read, and what has no zone is in UTC."""
    read = as_moment(value)
    assert read == moment
    assert read is None or read.tzinfo is not None


@pytest.mark.parametrize(
    ("value", "unix"),
    [
        (1767119785.589, 1767119785.589),
        ("1767119785.589", 1767119785.589),
        ("2025-12-30T20:36:25.589+02:00", 1767119785.589),
        (MOMENT, 1767119785.589),
        (1e300, 1e300),
        ("yesterday", None),
        (None, None),
        (True, None),
        ([], None),
    ],
)
def test_unix(value: Any, unix: float | None) -> None:
    """Both forms of time are read as Unix seconds."""
    assert as_unix(value) == (None if unix is None else pytest.approx(unix))


@pytest.mark.parametrize(
    ("value", "unix"),
    [
        ("Tue, 30 Dec 2025 18:36:25 GMT", 1767119785.0),
        ("Tue, 30 Dec 2025 18:36:25 -0000", 1767119785.0),
        ("Tue, 30 Dec 2025 20:36:25 +0200", 1767119785.0),
        ("30 Dec 2025 18:36:25", 1767119785.0),
        ("Tue, 32 Dec 2025 18:36:25 GMT", None),
        ("Tue, 30 Dec 2025 18:36:25 +9999", None),
        ("Tue, 30 Dec 99999 18:36:25 GMT", None),
        ("2025-12-30T18:36:25Z", None),
        ("soon", None),
        (" ", None),
        ("", None),
        (None, None),
    ],
)
def test_date(value: str | None, unix: float | None) -> None:
    """The date of an answer's head is read; what is none is none."""
    assert read_date(value) == unix


def test_objects() -> None:
    """One object is a list of one, and whatever is no object is left out."""
    assert as_object({"a": 1}) == {"a": 1}
    assert as_object([1]) == {}
    assert as_objects({"a": 1}) == [{"a": 1}]
    assert as_objects([{"a": 1}, None, 7, [], {}]) == [{"a": 1}, {}]
    assert as_objects("text") == []
    assert as_objects(None) == []


@examples(300)
@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()))
def test_never_raises(value: Any) -> None:
    """Whatever is sent is read, and what is read is usable."""
    number, share, moment = as_number(value), as_share(value), as_moment(value)
    assert number is None or math.isfinite(number)
    assert share is None or 0 <= share <= 1
    assert moment is None or moment.utcoffset() is not None
    unix = as_unix(value)
    assert as_text(value) is None or isinstance(as_text(value), str)
    assert unix is None or math.isfinite(unix)


@examples(300)
@given(st.text() | st.lists(st.sampled_from(DATE_PARTS)).map(" ".join))
def test_date_never_raises(value: str) -> None:
    """Whatever a head says, it is a date or none."""
    unix = read_date(value)
    assert unix is None or math.isfinite(unix)
