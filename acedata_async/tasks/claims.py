"""Which task a paid call is said to have become, by whoever the vendor called."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

_MOST = 10_000
"""How many are remembered that nobody has asked about."""


class Claims:
    """Hints that carry a marker. They are hints: only the task's record is a proof."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, str] = OrderedDict()
        self._asked: dict[str, Callable[[str], object]] = {}

    def tell(self, marker: str, task_id: str) -> None:
        """Take in that the call with this marker is said to be this task."""
        self._said[marker] = task_id
        self._said.move_to_end(marker)
        while len(self._said) > _MOST:
            self._said.popitem(last=False)
        if marker in self._asked:
            self._asked[marker](task_id)

    def ask(self, marker: str, told: Callable[[str], object]) -> None:
        """Have `told` called with each task that a marker is said to be, those known at once."""
        self._asked[marker] = told
        if marker in self._said:
            told(self._said[marker])

    def forget(self, marker: str) -> None:
        """Ask no more about a marker."""
        self._asked.pop(marker, None)
