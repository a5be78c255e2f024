"""What files consist of."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async.sandbox.contents import Content, Held, Joined, Noise


def _all(content: Content) -> bytes:
    return b"".join(content.pieces(0, content.size))


_CONTENTS: list[Content] = [
    Held(bytes(range(256)) * 300),
    Noise(200_000, "a"),
    Joined(Held(b"head"), Noise(100_000, "a"), Held(b""), Held(b"tail")),
]


@pytest.mark.parametrize("content", _CONTENTS)
@given(bounds=st.tuples(st.integers(0, 70_000), st.integers(0, 70_000)))
def test_parts(content: Content, bounds: tuple[int, int]) -> None:
    """Each part of a content is that part of the whole, wherever it begins and ends."""
    start, stop = min(bounds), max(bounds)
    assert b"".join(content.pieces(start, stop)) == _all(content)[start:stop]


@pytest.mark.parametrize("content", _CONTENTS)
def test_sizes(content: Content) -> None:
    """A content has as many bytes as it says."""
    assert len(_all(content)) == content.size


def test_digests() -> None:
    """Other bytes have another digest, the same bytes the same."""
    assert len({content.digest for content in (*_CONTENTS, Noise(200_000, "b"))}) == 4
    assert Noise(7, "a").digest == Noise(7, "a").digest != Noise(8, "a").digest
    assert Held(b"x").digest == Held(b"x").digest != Held(b"y").digest


def test_noise_does_not_repeat() -> None:
    """No two blocks are alike, so that a part in the wrong place is seen."""
    noise = Noise(4_000_000, "a")
    pieces = list(noise.pieces(0, noise.size))
    assert len(set(pieces)) == len(pieces)


def test_large_noise_takes_no_memory() -> None:
    """Of 200 MB there is never more in memory than a few pieces."""
    noise = Noise(200_000_000, "a")
    tracemalloc.start()
    try:
        assert sum(map(len, noise.pieces(0, noise.size))) == noise.size
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
