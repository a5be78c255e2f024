"""A secret taken out of what others wrote."""

from __future__ import annotations

import json
from html import escape
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.masking import bytes_without, without

SECRET = 'https://x.example/ü/s3cr3t?a="b"&c=s3cr3t'


def nested(value: Any) -> str:
    """Return a value as JSON within JSON within JSON."""
    return json.dumps(json.dumps(json.dumps(value)))


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        f"to {SECRET}, and {SECRET}",
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False).replace("/", "\\/"),
        nested(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET),
        escape(SECRET),
        escape(SECRET, quote=False),
    ],
)
def test_spellings(text: str) -> None:
    """It is found as others spell it, in bytes as in values."""
    assert b"s3cr3t" not in bytes_without(text.encode(), SECRET, "…")
    assert "s3cr3t" not in without(text, SECRET, "…")


@given(
    st.recursive(
        st.none() | st.integers() | st.just(SECRET) | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.just(SECRET) | st.text(max_size=4), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_values(value: Any) -> None:
    """It is found in names and in texts, however deep; all else stays as it was."""
    shown = without(value, SECRET, "(hidden)")
    assert "s3cr3t" not in json.dumps(shown)
    assert json.loads(json.dumps(shown)) == json.loads(
        json.dumps(value).replace(json.dumps(SECRET), '"(hidden)"')
    )
