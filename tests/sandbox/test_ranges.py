"""Which bytes a request asks for."""

from __future__ import annotations

import pytest

from acedata_async.sandbox.ranges import chosen


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-", range(100)),
        ("bytes=40-", range(40, 100)),
        ("bytes=40-49", range(40, 50)),
        ("Bytes = 99-99", range(99, 100)),
        ("bytes=40-1000", range(40, 100)),
        ("bytes=-10", range(90, 100)),
        ("bytes=-1000", range(100)),
    ],
)
def test_one_range(header: str, expected: range) -> None:
    """One range is found, and ends with the file at the latest."""
    assert chosen(header, 100) == expected


@pytest.mark.parametrize(
    "header",
    ["", "bytes=0-1,5-6", "bytes=5-4", "items=0-1", "bytes=", "bytes=-", "bytes=x-", "bytes 0-1"],
)
def test_ignored(header: str) -> None:
    """Several ranges, and what is no range, mean the whole file."""
    assert chosen(header, 100) is None


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", f"bytes={10**30}-"])
def test_unsatisfiable(header: str) -> None:
    """A range behind the end of the file is none."""
    with pytest.raises(ValueError, match="100 bytes"):
        chosen(header, 100)


def test_empty_file() -> None:
    """No range fits an empty file."""
    with pytest.raises(ValueError, match="0 bytes"):
        chosen("bytes=0-", 0)
