"""Where the marker of a paid call travels."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.marking import Marking, carries_marker, marked, placeholder_at

MARKER = "0123456789abcdef0123456789abcdef"
PLACEHOLDER = "https://api.acedata.cloud/health"


def mark(own: str | None, marking: Marking = "everywhere", marker: str = MARKER) -> str | None:
    """Return the address that carries a marker."""
    return marked(marker, own, marking=marking, placeholder=PLACEHOLDER)


@pytest.mark.parametrize(
    "base_url",
    [
        "https://api.acedata.cloud",
        "https://x402.acedata.cloud",
        "https://acedata.cloud",
        "https://API.AceData.cloud:443/v1",
    ],
)
def test_vendor(base_url: str) -> None:
    """At each of the vendor's hosts it is the address that the vendor's documents name."""
    assert placeholder_at(base_url) == "https://api.acedata.cloud/health"


@pytest.mark.parametrize(
    ("base_url", "placeholder"),
    [
        ("http://127.0.0.1:8377", "http://127.0.0.1:8377/health"),
        ("http://localhost:80/api", "http://localhost:80/api/health"),
        ("http://[::1]:8377", "http://[::1]:8377/health"),
        ("http://sandbox.localhost", "http://sandbox.localhost/health"),
        ("https://notacedata.cloud", "https://notacedata.cloud/health"),
        ("https://acedata.cloud.example.org", "https://acedata.cloud.example.org/health"),
        ("nowhere", "nowhere/health"),
    ],
)
def test_elsewhere(base_url: str, placeholder: str) -> None:
    """Anywhere else it is a path there, so that nothing else is ever called."""
    assert placeholder_at(base_url) == placeholder


@pytest.mark.parametrize("marking", ["placeholder", "everywhere"])
def test_no_address(marking: Marking) -> None:
    """A request without an address of its own is sent with the placeholder."""
    assert mark(None, marking) == f"{PLACEHOLDER}?acedata_marker={MARKER}"


def test_own_address_is_left_alone() -> None:
    """An address of the user's carries no marker unless it was allowed."""
    assert mark("https://me.example/hook", "placeholder") is None


@pytest.mark.parametrize("own", [None, "https://me.example/hook"])
def test_off(own: str | None) -> None:
    """Where it is off, no marker is sent."""
    assert mark(own, "off") is None


@pytest.mark.parametrize(
    ("own", "address"),
    [
        ("https://me.example/hook", "https://me.example/hook?acedata_marker=M"),
        ("https://me.example", "https://me.example?acedata_marker=M"),
        ("https://me.example/?a=1", "https://me.example/?a=1&acedata_marker=M"),
        ("https://me.example/?a=1#f", "https://me.example/?a=1&acedata_marker=M#f"),
        ("https://me.example/#f", "https://me.example/?acedata_marker=M#f"),
        ("https://me.example/#!/a?b=1", "https://me.example/?acedata_marker=M#!/a?b=1"),
        ("https://me.example/?", "https://me.example/?acedata_marker=M"),
        ("https://me.example/?a=1&", "https://me.example/?a=1&acedata_marker=M"),
        ("https://me.example/?a=b%26c&d", "https://me.example/?a=b%26c&d&acedata_marker=M"),
    ],
)
def test_own_address(own: str, address: str) -> None:
    """The marker joins the query; path, query and fragment stay as they were."""
    assert mark(own, marker="M") == address


@given(
    st.from_regex(
        r"https://[a-z]{1,9}/[a-z/]{0,9}(\?[a-z=&]{0,9})?(#[a-z?=&]{0,9})?", fullmatch=True
    )
)
def test_any_address(own: str) -> None:
    """Whatever the address looks like, the marker is one more value of its query."""
    address = mark(own) or ""
    before, after = urlsplit(own), urlsplit(address)
    assert (after.scheme, after.netloc, after.path) == (before.scheme, before.netloc, before.path)
    assert after.fragment == before.fragment
    values = parse_qs(after.query)
    assert values.pop("acedata_marker") == [MARKER]
    assert values == parse_qs(before.query)
    assert carries_marker(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        PLACEHOLDER,
        f"{PLACEHOLDER}?acedata_marker=",
        f"{PLACEHOLDER}?acedata_marker=***",
        f"{PLACEHOLDER}?acedata_marker=…",
        f"{PLACEHOLDER}?acedata_marker=0123",
        f"{PLACEHOLDER}?other_acedata_marker={MARKER}",
        "https://api.acedata.cloud/…",
    ],
)
def test_no_marker(address: str) -> None:
    """An address without a marker, or with a masked one, carries none."""
    assert not carries_marker(address)
