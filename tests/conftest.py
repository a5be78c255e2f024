"""A fake vendor in memory, whose clock jumps, and a client of it."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import AsyncIterator

import pytest
from hypothesis import settings

from acedata_async import AceData
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.examples import FEW, IN_HASTE, MANY

settings.register_profile("few", max_examples=FEW, deadline=None)
settings.register_profile("many", max_examples=MANY, deadline=None)
settings.load_profile("few" if IN_HASTE else "many")

# Without compiled files, each of hundreds of processes would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int | None:
    """Return one worker more than there are cores: some test always waits for a process."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Spare the garbage collector thousands of tests that stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _ctrl_c_is_heard() -> None:
    """Let Ctrl-C count also where the tests were started in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


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
