"""How many paid calls are under way at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from acedata_async.errors import (
    AceDataError,
    AuthenticationError,
    InsufficientBalance,
    PaymentRequired,
)

_AT_FIRST = 4
_AT_MOST = 32
_FATAL = (AuthenticationError, InsufficientBalance, PaymentRequired)


class Gate:
    """Lets paid calls through: few at first, more with each that is accepted.

    So an account that cannot pay learns it from a few refusals, not from hundreds. It holds
    back submissions only, never songs that are being made.

    Attributes:
        shut_by: The refusal after which no call can succeed, or None.
    """

    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(_AT_FIRST)
        self._width = _AT_FIRST
        self.shut_by: AceDataError | None = None

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it while the context is open; see how the call ends."""
        async with self._turns:
            try:
                yield
            except _FATAL as error:
                self.shut_by = error
                raise
            if self._width < _AT_MOST:
                self._width += 1
                self._turns.release()
