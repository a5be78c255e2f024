"""Addresses for the vendor's calls: signed, and no secret in them."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import Callbacks, ConfigurationError

URL = "https://songs.example.org/callbacks"
OLD, NEW = "an-old-secret-of-ours", "the-new-secret-of-ours"


def parts(address: str) -> tuple[str, str]:
    """Return marker and signature of an address."""
    start, marker, signature = address.rsplit("/", 2)
    assert start == URL
    return marker, signature


def test_address() -> None:
    """Each address has a marker and a signature, and opens the receiver."""
    callbacks = Callbacks(URL, NEW)
    marker, signature = parts(callbacks.address("0123456789abcdef"))
    assert marker == "0123456789abcdef"
    assert callbacks.opens(marker, signature)
    assert NEW not in signature


def test_random_marker() -> None:
    """Without a marker of yours, each address is another one."""
    callbacks = Callbacks(URL + "/", NEW)
    first, second = callbacks.address(), callbacks.address()
    assert first != second
    assert callbacks.opens(*parts(first))


@pytest.mark.parametrize(
    ("marker", "signature"),
    [
        ("0123456789abcdef", ""),
        ("0123456789abcdef", "x" * 32),
        ("0123456789abcdeF", "right"),
        ("", "right"),
        ("0123456789abcdef", "right "),
        ("0123456789abcdef", "ä\udcff"),
        ("\udcff", "right"),
    ],
)
def test_forged(marker: str, signature: str) -> None:
    """Nothing else does."""
    callbacks = Callbacks(URL, NEW)
    right = parts(callbacks.address("0123456789abcdef"))[1]
    assert not callbacks.opens(marker, signature.replace("right", right))


@given(st.text(), st.text())
def test_forged_at_random(marker: str, signature: str) -> None:
    """Whatever somebody tries, he is told no, and nothing is raised."""
    assert not Callbacks(URL, NEW).opens(marker, signature)


def test_rotation() -> None:
    """The first secret signs, and addresses that an older one signed are still good."""
    before, after = Callbacks(URL, OLD), Callbacks(URL, NEW, OLD)
    assert after.opens(*parts(before.address()))
    assert not before.opens(*parts(after.address()))
    assert not Callbacks(URL, NEW).opens(*parts(before.address()))


def test_own() -> None:
    """Our addresses are told from those of others, and show their markers."""
    callbacks = Callbacks(URL, NEW)
    assert callbacks.marker_of(callbacks.address("0123456789")) == "0123456789"
    others = [URL, URL + "2/01234567/b", URL + "/short/b", URL + "/0123456789", "", None, 7]
    assert [callbacks.marker_of(address) for address in others] == [None] * len(others)


def test_shows_no_secret() -> None:
    """No form of it shows a secret."""
    callbacks = Callbacks(URL, NEW, OLD)
    assert repr(callbacks) == f"Callbacks({URL!r}, 2 secret(s))"
    for shown in (repr(callbacks), str(callbacks), str(vars_of(callbacks))):
        assert OLD not in shown
        assert NEW not in shown


def vars_of(callbacks: Callbacks) -> dict[str, Any]:
    """Return what a debugger would show."""
    return {name: getattr(callbacks, name) for name in callbacks.__slots__}


def test_copies() -> None:
    """It can be copied, compared, hashed and pickled, as a setting can."""
    callbacks = Callbacks(URL, NEW)
    for twin in (copy.copy(callbacks), pickle.loads(pickle.dumps(callbacks))):  # noqa: S301 - ours
        assert twin == callbacks
        assert hash(twin) == hash(callbacks)


@pytest.mark.parametrize(
    "url",
    [
        "http://songs.example.org/callbacks",
        "ftp://songs.example.org/callbacks",
        "https://user@songs.example.org/callbacks",
        "https://songs.example.org/callbacks?key=1",
        "https://songs.example.org/callbacks#here",
        "https://songs example.org/callbacks",
        "https:\\\\songs.example.org",
        "songs.example.org/callbacks",
        "https://",
        "https://songs.example.org:port/",
        "https://" + "x" * 500,
        "",
        None,
        b"https://songs.example.org",
    ],
)
def test_refused_address(url: Any) -> None:
    """An address that the vendor could not call, or that would give itself away, is refused."""
    with pytest.raises(ConfigurationError, match="Callbacks"):
        Callbacks(url, NEW)


def test_loopback() -> None:
    """On this machine plain HTTP will do."""
    assert (
        Callbacks("http://127.0.0.1:8000/callbacks", NEW).url == "http://127.0.0.1:8000/callbacks"
    )


@pytest.mark.parametrize("secrets", [(), ("short",), (NEW, ""), (NEW, None), (b"x" * 32,)])
def test_refused_secret(secrets: tuple[Any, ...]) -> None:
    """A secret that could be guessed is none; the error does not show it."""
    with pytest.raises(ConfigurationError, match="secret") as caught:
        Callbacks(URL, *secrets)
    assert "short" not in str(caught.value)


@pytest.mark.parametrize("marker", ["short", "with/slash/in/it", "x" * 65, "", "ümläüte-"])
def test_refused_marker(marker: str) -> None:
    """A marker has to fit into a path."""
    with pytest.raises(ConfigurationError, match="marker"):
        Callbacks(URL, NEW).address(marker)
