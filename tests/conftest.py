"""A fake vendor in memory, whose clock jumps, and a client of it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from acedata_async import AceData
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock

# Where time is short, as where each commit is tested, fewer examples are tried.
settings.register_profile("few", max_examples=25, deadline=None)
settings.register_profile("many", max_examples=100, deadline=None)
settings.load_profile("few" if os.environ.get("CI") else "many")


@pytest.fixture
def clock() -> ManualClock:
    """The time, for vendor and client alike."""
    return ManualClock()


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A vendor whose songs take twelve seconds."""
    async with Sandbox(clock=clock, seed=1, durations=12.0) as sandbox:
        yield sandbox


@pytest.fixture
async def ace(sandbox: Sandbox) -> AceData:
    """A client; it is closed with the sandbox."""
    return sandbox.client(seed=1)
