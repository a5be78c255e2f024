"""What a client of the sandbox can be told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from acedata_async._clock import Clock
from acedata_async.callbacks import Callbacks
from acedata_async.config import PollPolicy, Timeouts
from acedata_async.events import Observer


class ClientOptions(TypedDict, total=False):
    """What `Sandbox.client` hands on to `AceData`; see there."""

    api_token: str
    fish_token: str
    base_url: str
    poll: PollPolicy
    timeouts: Timeouts
    observers: Iterable[Observer]
    learned: str
    callbacks: Callbacks
    clock: Clock
    seed: int
