"""How fast a token may ask: a budget that grows while all is well and shrinks on 429."""

from __future__ import annotations

import math
from collections import deque

_FASTEST = 50.0
"""Requests a second that are never exceeded once a rate is known; 60 is the highest figure in
the vendor's documents."""
_SLOWEST = 0.2
_REMEMBERED = 1000
"""Turns that are remembered while there is no limit, to know the pace when one is met."""


class Governor:
    """A token bucket whose rate is found by trying.

    The rate doubles with each clean second until the first 429 (slow start), then grows by one
    a second; a 429 halves it and stops everybody once, for the time that the API asked for or
    for a pause that doubles with each 429 in a row.

    Args:
        rate: Requests a second at the start; infinite for "no limit until the first 429".
        burst: How many requests may go at once after a rest.
    """

    def __init__(self, *, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._budget = burst
        self._refilled = -math.inf
        self._grown = -math.inf
        self._slowed = -math.inf
        self._threshold = math.inf
        self._closed_until = -math.inf
        self._refusals = 0
        self._taken: deque[float] = deque(maxlen=_REMEMBERED)
        self.era = 0
        """Grows with each slowing, so that who waited for a turn knows that it is void."""

    @property
    def rate(self) -> float:
        """Requests a second at present."""
        return self._rate

    def wait(self, now: float) -> float:
        """Return the seconds until a request may go; 0 when it may go now."""
        opens = max(now, self._closed_until)
        self._refill(opens)
        queue = 0.0 if self._budget >= 1 else (1 - self._budget) / self._rate
        return opens - now + queue

    def take(self, now: float) -> float:
        """Take a turn and return the seconds until it comes; turns come in the order taken."""
        pause = self.wait(now)
        if self._grown == -math.inf:
            self._grown = now  # the first second begins
        if math.isinf(self._rate):
            self._taken.append(now)
        else:
            self._budget -= 1
        return pause

    def answered(self, now: float) -> None:
        """Note an answer that was not a 429: the rate may grow."""
        self._refusals = 0
        if math.isinf(self._rate) or now - self._grown < 1:
            return
        self._grown = now
        faster = self._rate * 2 if self._rate < self._threshold else self._rate + 1
        self._rate = min(_FASTEST, faster)

    def refused(self, now: float, *, sent: float, retry_after: float | None, chance: float) -> None:
        """Note a 429.

        Args:
            now: The monotonic time in seconds.
            sent: When the refused request was sent. Of many that were under way when the limit
                struck, only the first slows everybody.
            retry_after: What the API asked for, in seconds, or None.
            chance: A random number from 0 to 1, for the jitter.
        """
        asked = now + (retry_after or 0.0)
        if sent <= self._slowed:
            self._closed_until = max(self._closed_until, asked)
            return
        if math.isinf(self._rate):
            self._rate = float(sum(sent - 1 < moment <= sent for moment in self._taken))
        self._refusals += 1
        self._threshold = self._rate = min(_FASTEST, max(_SLOWEST, self._rate / 2))
        pause = 0.0 if retry_after else min(30.0, 2.0 ** min(self._refusals - 1, 8))
        self._closed_until = max(self._closed_until, asked, now + pause + chance * 0.5)
        self._budget, self._refilled = 1.0, self._closed_until
        self._slowed = self._grown = now
        self.era += 1

    def _refill(self, now: float) -> None:
        if math.isinf(self._rate):
            self._budget = self._burst
        elif now > self._refilled:
            earned = (now - self._refilled) * self._rate if self._refilled > -math.inf else 0.0
            self._budget = min(self._burst, self._budget + earned)
            self._refilled = now
