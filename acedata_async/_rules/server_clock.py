"""What time it is at the server, whose clock and ours need not agree."""

from __future__ import annotations

import math


class ServerClock:
    """The difference between the server's clock and ours, narrowed down by what is seen.

    Nothing that the server has dated can lie in its future, and nothing that it dates in answer
    to a request can lie before that request was sent.
    """

    def __init__(self) -> None:
        self._least = -math.inf
        self._most = math.inf
        self._close = math.inf

    @property
    def ahead(self) -> float:
        """Seconds that the server's clock is ahead of ours, as far as is known; else 0."""
        if self._least <= 0.0 <= self._most:
            return 0.0
        # A task is created a moment after it is sent, and seen to have ended much later than it
        # did: of the bounds, the upper one of exact moments is the closest.
        if math.isfinite(self._close):
            return min(self._close, self._most)
        return (self._least + self._most) / 2 if math.isfinite(self._most) else self._least

    def note(
        self, moment: float, *, sent: float | None, received: float, precision: float = 0.0
    ) -> None:
        """Learn from a moment that the server gave.

        Args:
            moment: Unix seconds by the server's clock.
            sent: When the request went out in answer to which it was set, in Unix seconds by our
                clock; None where it may be older than that.
            received: When its answer came.
            precision: Seconds by which the true moment may be later than the one given.
        """
        least = moment - received
        most = math.inf if sent is None else moment + precision - sent
        if least > self._most or most < self._least:  # one of the clocks was set
            self._least, self._most, self._close = least, most, math.inf
        else:
            self._least, self._most = max(self._least, least), min(self._most, most)
        if precision == 0.0:
            self._close = min(self._close, most)
