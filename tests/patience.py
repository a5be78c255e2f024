"""Waiting for something that has no event."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object]) -> None:
    """Let the event loop run until a condition holds, for a real minute at most."""
    async with asyncio.timeout(60.0):
        while not condition():  # noqa: ASYNC110 - nobody has an event for it
            await asyncio.sleep(0)
