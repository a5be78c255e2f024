"""Hints that a task has changed: what a callback is worth before a lookup has confirmed it.

Anybody may forge one, any may be lost, come twice, or come before the id is known. So each id's
first hint makes the task due for one lookup, and that is all that it does.
"""

from __future__ import annotations

from collections import OrderedDict

_MOST = 10_000
"""How many ids and markers are remembered."""
_KEPT = 900.0
"""Seconds for which they are."""
_LATE = 10.0
"""Seconds after its task was seen to be over for which a callback is not yet missing."""
_MOST_MISSED = 3
"""So many missing ones in a row, where any has ever come, and callbacks are not relied on."""


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
    """Whether callbacks arrive, so that lookups need be no more than a safety net."""

    def __init__(self) -> None:
        self._missing: dict[str, float] = {}
        self._proven = False

    def came(self) -> None:
        """Take in that a callback has come for a task that awaited one."""
        self._proven = True
        self._missing.clear()

    def came_late(self, task_id: str) -> None:
        """Take in a hint for a task that nobody waits for, perhaps since it was seen to be over."""
        if task_id in self._missing:
            self.came()

    def ended_without(self, task_id: str, now: float) -> None:
        """Take in that a task was seen to be over before its callback has come."""
        if len(self._missing) < _MOST_MISSED:
            self._missing[task_id] = now + _LATE

    def holds(self, now: float) -> bool:
        """Say whether callbacks can be relied on; they are until one that was due is missing."""
        missed = sum(late <= now for late in self._missing.values())
        return missed < (_MOST_MISSED if self._proven else 1)
