"""How fast a token may ask: a budget that grows while all is well and shrinks on 429."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from functools import partial

from acedata_async.events import Limited, Reason

_FASTEST = 50.0
"""Requests a second that are never exceeded once a rate is known; 60 is the highest figure in
the vendor's documents."""
_SLOWEST = 0.2
_HAIR = 1e-6
"""What a budget may lack of a turn: less than that is rounding, and no time to wait for."""
_REMEMBERED = 1000
"""Turns that are remembered, to know the pace when a limit is first met."""

Change = Callable[[float, Reason], object]
"""Told of each new rate, in requests a second, and why it is new."""


class Governor:
    """A token bucket whose rate is found by trying.

    The rate doubles with each clean second in which it was used up until the first 429 (slow
    start), then grows by one a second; a 429 halves it and stops everybody once, for the time that
    the API asked for or for a pause that doubles with each 429 in a row.

    Args:
        rate: Requests a second at the start; infinite for "no limit until the first 429".
        burst: How many requests may go at once after a rest.
        changed: Told of each new rate.

    Attributes:
        claimed: Whether somebody who takes turns without waiting in line has none, and wants the
            next one.
    """

    def __init__(
        self,
        *,
        rate: float,
        burst: float,
        changed: Change | None = None,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._changed = changed
        self._budget = burst
        self._refilled = -math.inf
        self._grown = -math.inf
        self._slowed = -math.inf
        self._threshold = math.inf
        self._closed_until = -math.inf
        self._refusals = 0
        self._used_up = False
        self.claimed = False
        self._taken: deque[float] = deque(maxlen=_REMEMBERED)

    @property
    def rate(self) -> float:
        """Requests a second at present."""
        return self._rate

    def wait(self, now: float, *, behind: bool = False) -> float:
        """Return the seconds until a request may go; 0 when it may go now.

        Args:
            now: The monotonic time in seconds.
            behind: Whether it leaves the next turn to who has claimed it.
        """
        opens = max(now, self._closed_until)
        self._refill(opens)
        lacking = 1 + (behind and self.claimed) - self._budget
        queue = 0.0 if lacking < _HAIR else lacking / self._rate
        return opens - now + queue

    def take(self, now: float) -> float:
        """Take a turn and return the seconds until it comes; turns come in the order taken."""
        pause = self.wait(now)
        if self._grown == -math.inf:
            self._grown = now  # the first second begins
        self._taken.append(now + pause)
        if not math.isinf(self._rate):
            self._budget -= 1
            self._used_up |= self._budget < 1
        return pause

    def answered(self, now: float) -> None:
        """Note an answer that was not a 429: a rate that was used up may grow."""
        self._refusals = 0
        if math.isinf(self._rate) or now - self._grown < 1:
            return
        self._grown = now
        if self._used_up:
            self._used_up = False
            faster = self._rate * 2 if self._rate < self._threshold else self._rate + 1
            self._set(min(_FASTEST, faster), "clean")

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
        self._refusals += 1
        self._halve(self.pace(sent))
        pause = 0.0 if retry_after else min(30.0, 2.0 ** min(self._refusals - 1, 8))
        self._closed_until = max(self._closed_until, asked, now + pause + chance * 0.5)
        self._budget, self._refilled = 1.0, self._closed_until
        self._slowed = self._grown = now

    def give_way(self, now: float) -> None:
        """Go at half the pace, because others of the same token were refused."""
        if now - self._slowed >= 1:
            self._halve(self.pace(now))
            self._budget, self._refilled = 0.0, max(now, self._closed_until)
            self._slowed = self._grown = now

    def pace(self, now: float) -> float:
        """Return how many turns came in the second before."""
        return float(sum(now - 1 < moment <= now for moment in self._taken))

    def _halve(self, pace: float) -> None:
        rate = pace if math.isinf(self._rate) else self._rate
        self._threshold = min(_FASTEST, max(_SLOWEST, rate / 2))
        self._set(self._threshold, "refused")

    def _set(self, rate: float, reason: Reason) -> None:
        if rate != self._rate:
            self._rate = rate
            if self._changed is not None:
                self._changed(rate, reason)

    def _refill(self, now: float) -> None:
        if math.isinf(self._rate):
            self._budget = self._burst
        elif now > self._refilled:
            earned = (now - self._refilled) * self._rate if self._refilled > -math.inf else 0.0
            self._budget = min(self._burst, self._budget + earned)
            self._refilled = now


class Budget:
    """What may be asked of one service: lookups and submissions, which may share a limit there.

    Args:
        changed: Told of each new rate, with "lookup" or "submit" before it.
        lookups: The lookups of another service with the same token, which share one rate.
    """

    def __init__(
        self,
        changed: Callable[[Limited, float, Reason], object] | None = None,
        *,
        lookups: Governor | None = None,
    ) -> None:
        def told(purpose: Limited) -> Change | None:
            return None if changed is None else partial(changed, purpose)

        self.lookups = lookups or Governor(rate=1, burst=5, changed=told("lookup"))
        self.submissions = Governor(rate=math.inf, burst=1, changed=told("submit"))

    def lookup_refused(
        self, now: float, *, sent: float, retry_after: float | None, chance: float
    ) -> None:
        """Note a 429 to a lookup. Where submissions are the flood, it is they who make room."""
        flood = self.submissions.pace(now) > max(1.0, self.lookups.pace(sent))
        self.lookups.refused(now, sent=sent, retry_after=retry_after, chance=chance)
        if flood:
            self.submissions.give_way(now)
