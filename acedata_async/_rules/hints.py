"""Hints that a task has changed: what a callback is worth before a lookup has confirmed it.

Anybody may forge one, any may be lost, come twice, or come before the id is known. So each id's
first hint makes the task due for one lookup, and that is all that it does.
"""

from __future__ import annotations

from collections import OrderedDict, deque

_MOST = 10_000
"""How many ids and markers are remembered."""
_KEPT = 900.0
"""Seconds for which they are."""
_LATE = 10.0
"""Seconds after its task was seen to be over for which a callback is not yet missing."""
_LATELY = 8
"""Of so many callbacks that were due…"""
_MOST_MISSED = 1
"""…so many may be missing, and callbacks are still relied on."""


class Hints:
    """The hints of the last quarter of an hour: each id counts once."""

    def __init__(self) -> None:
        self._noted: OrderedDict[tuple[str, str | None], tuple[float, bool]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._noted)

    def note(self, task_id: str, marker: str | None, now: float, *, used: bool) -> bool:
        """Take in a hint and say whether it is the first one of its kind.

        Args:
            task_id: The task's id, as the hint has it.
            marker: What it shows beside that, or None.
            now: The monotonic time in seconds.
            used: Whether it is acted on now; otherwise it is kept for `take`.
        """
        self._tidy(now)
        if (task_id, marker) in self._noted:
            return False
        self._noted[task_id, marker] = now, used
        if len(self._noted) > _MOST:
            self._noted.popitem(last=False)
        return True

    def take(self, task_id: str, marker: str | None, now: float) -> bool:
        """Say whether a hint waits for this task; from now on it is used.

        Args:
            task_id: The task's id.
            marker: What a hint has to show, if it shows anything.
            now: The monotonic time in seconds.
        """
        self._tidy(now)
        waiting = False
        for key in {(task_id, marker), (task_id, None)}:
            noted, used = self._noted.get(key, (now, True))
            if not used:
                self._noted[key] = noted, True
                waiting = True
        return waiting

    def _tidy(self, now: float) -> None:
        while self._noted and next(iter(self._noted.values()))[0] + _KEPT <= now:
            self._noted.popitem(last=False)


class Trust:
    """Whether callbacks arrive, so that lookups need be no more than a safety net.

    They are relied on once one has come, and as long as nearly all of the last ones have: they may
    be sent to another process, or to an address that leads nowhere.
    """

    def __init__(self) -> None:
        self._missing: OrderedDict[str, float] = OrderedDict()
        self._lately: deque[bool] = deque(maxlen=_LATELY)

    def came(self, task_id: str) -> None:
        """Take in that a callback has come for a task that awaited one."""
        self._missing.pop(task_id, None)
        self._lately.append(True)

    def came_late(self, task_id: str) -> None:
        """Take in a hint for a task that nobody waits for, perhaps since it was seen to be over."""
        if task_id in self._missing:
            self.came(task_id)

    def ended_without(self, task_id: str, now: float) -> None:
        """Take in that a task was seen to be over before its callback has come."""
        self._missing[task_id] = now + _LATE
        if len(self._missing) > _MOST:
            self._missing.popitem(last=False)

    def holds(self, now: float) -> bool:
        """Say whether callbacks can be relied on."""
        return not self.fails(now) and any(self._lately)

    def fails(self, now: float) -> bool:
        """Say whether callbacks that were due have not come."""
        while self._missing and next(iter(self._missing.values())) <= now:
            self._missing.popitem(last=False)
            self._lately.append(False)
        return self._lately.count(False) > _MOST_MISSED
