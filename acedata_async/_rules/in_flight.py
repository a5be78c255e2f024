"""How many paid tasks may be under way at once: a limit that nobody documents for sure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

AT_FIRST: Mapping[str, int] = MappingProxyType({"producer": 5, "fish": 10})
"""The numbers that the vendor's pages name for its services."""
_AT_MOST = 1000
_PROBE_AFTER = 60.0
"""Seconds after a refusal until more than what was last known to fit is tried again."""
_RAREST_PROBE = 960.0
"""What these seconds grow to, doubling while each such trial is refused."""


class InFlight:
    """Finds out how many tasks the API takes at once.

    The limit grows by one with each task that ends well while it is the limit that holds others
    back. A 429 halves it once; it then comes back to the number that is known to fit, and tries
    one more only after a minute. A trial that is refused doubles the wait for the next one; one
    that is not makes the next one larger.

    Args:
        fixed: A limit that does not grow; 429 halves it all the same, and it comes back. None
            finds out.
        at_first: Where it starts to find out.
    """

    def __init__(self, fixed: int | None = None, *, at_first: int = AT_FIRST["producer"]) -> None:
        self._most = _AT_MOST if fixed is None else fixed
        self._limit = at_first if fixed is None else fixed
        self._fits = self._most
        self._slowed = float("-inf")
        self._pause = _PROBE_AFTER
        self._probe_at = float("-inf")
        self._probing = False
        self._step = 1

    @property
    def limit(self) -> int:
        """How many may be under way now."""
        return self._limit

    def made(self, now: float, *, under_way: int) -> None:
        """Note a task that ended well.

        Args:
            now: The monotonic time in seconds.
            under_way: How many are, with this one.
        """
        if self._limit > under_way:
            return
        if self._limit < self._fits:
            self._limit += 1
        elif self._limit < self._most and now >= self._probe_at:
            if self._probing:  # the trial before was not refused
                self._step, self._pause = self._step * 2, _PROBE_AFTER
            self._probing = True
            self._probe_at = now + _PROBE_AFTER
            self._fits = min(self._most, self._fits + self._step)
            self._limit += 1

    def refused(self, now: float, *, sent: float, under_way: int) -> None:
        """Note a 429.

        Args:
            now: The monotonic time in seconds.
            sent: When the refused call was sent. Of many that were under way when the limit
                struck, only the first halves it.
            under_way: How many are, with this one, which is not accepted yet.
        """
        if sent <= self._slowed:
            self._fits = max(self._limit, self._fits - 1)  # one more that does not fit
            return
        if under_way > self._fits:
            return  # it is tried again before there is room: nothing new
        if self._probing:
            self._pause = min(2 * self._pause, _RAREST_PROBE)
        self._probing, self._step = False, 1
        self._slowed, self._probe_at = now, now + self._pause
        self._fits = max(1, under_way - 1)
        self._limit = max(1, min(self._limit, under_way) // 2)
