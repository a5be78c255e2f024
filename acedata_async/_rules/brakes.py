"""When a run of many paid calls stops sending, or pauses: before it costs more than it brings."""

from __future__ import annotations

_STREAK = 3
"""Unknown outcomes in a row after which sending pauses."""
_FIRST_PAUSE = 60.0
_MOST_PAUSES = 4
"""Pauses in a row after which sending stops: each is ended by one call, which may be paid."""


class Brakes:
    """Says whether the next paid call may go.

    Attributes:
        stopped: Why no call goes any more, in words; None while they do.
        paused: Why none goes for now, in words; None while they do.
    """

    def __init__(self) -> None:
        self.stopped: str | None = None
        self.paused: str | None = None
        self._streak = 0
        self._pauses = 0
        self._until = float("-inf")

    def wait(self, now: float, *, under_way: int) -> float:
        """Return the seconds until a call may go: 0 for now, infinite while nothing changes.

        Args:
            now: The monotonic time in seconds.
            under_way: How many calls have not been answered yet.
        """
        if self.stopped is not None:
            return float("inf")
        if self.paused is None:
            return 0.0
        if under_way:
            return float("inf")  # after a pause they go one by one
        return max(0.0, self._until - now)

    def stop(self, reason: str) -> None:
        """Let no call go any more; the first reason is kept."""
        if self.stopped is None:
            self.stopped = reason

    def answered(self) -> None:
        """Note a call that was accepted, or refused: the API can tell."""
        self._streak = self._pauses = 0
        self.paused = None
        self._until = float("-inf")

    def doubted(self, now: float, why: str) -> str | None:
        """Note a call whose outcome is not known; return what to tell, if that is new.

        Args:
            now: The monotonic time in seconds.
            why: What went wrong with it.
        """
        self._streak += 1
        if self._streak < _STREAK or self.stopped is not None:
            return None
        if now < self._until:  # it was under way when the pause began
            return None
        self._pauses += 1
        count = f"{self._streak} outcomes in a row are unknown, the last because {why}"
        if self._pauses > _MOST_PAUSES:
            self.stop(f"{count}; nothing more is sent: run it again when the API answers")
            return self.stopped
        pause = _FIRST_PAUSE * 2.0 ** (self._pauses - 1)
        self._until = now + pause
        self.paused = f"{count}; the next one is sent in {pause:.0f} s, alone"
        return self.paused
