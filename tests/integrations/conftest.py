"""A sandbox whose clock moves only when a test moves it."""

from __future__ import annotations

import pytest

from acedata_async import Callbacks


@pytest.fixture
def callbacks() -> Callbacks:
    """Where the vendor is to call."""
    return Callbacks("https://songs.example.org/callbacks", "sixteen characters and more")
