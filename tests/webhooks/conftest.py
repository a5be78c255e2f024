"""A client with callbacks, and a receiver of them."""

from __future__ import annotations

import pytest

from acedata_async import AceData, Callbacks
from acedata_async.sandbox import Sandbox
from acedata_async.webhooks import Receiver


@pytest.fixture
def callbacks() -> Callbacks:
    """Where the vendor is to call."""
    return Callbacks("https://songs.example.org/callbacks", "sixteen characters and more")


@pytest.fixture
async def ace(sandbox: Sandbox, callbacks: Callbacks) -> AceData:
    """A client that asks for callbacks; it is closed with the sandbox."""
    return sandbox.client(seed=1, callbacks=callbacks)


@pytest.fixture
def receiver(ace: AceData) -> Receiver:
    """What takes them in."""
    return Receiver(ace)
