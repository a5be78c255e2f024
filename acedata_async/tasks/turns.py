"""Waiting for a turn: one caller at a time, so that nobody takes a turn that is not used."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from acedata_async._clock import Clock, sleep
from acedata_async._rules.governor import Governor

_LONGEST_SLEEP = 5.0
"""Seconds after which it is asked again whether anybody still wants the turn."""


class Turns:
    """The turns that a governor gives.

    Args:
        governor: How fast the token may ask.
        clock: The time.
    """

    def __init__(self, governor: Governor, clock: Clock) -> None:
        self._governor = governor
        self._clock = clock
        self._first = anyio.CapacityLimiter(1)

    async def take(self, check: Callable[[], object]) -> None:
        """Wait until a request may go, and take the turn.

        Args:
            check: Called before each wait and before the turn is taken; what it raises comes out,
                and no turn is taken.
        """
        async with self._first:
            while True:
                check()
                pause = self._governor.wait(self._clock.monotonic(), behind=True)
                if pause <= 0:
                    self._governor.take(self._clock.monotonic())
                    return
                await sleep(self._clock, min(pause, _LONGEST_SLEEP))
