"""A paid call that is looked for: in the vendor's list, and at the tasks that it is said to be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from acedata_async._rules.listing import Doubt
from acedata_async.bulk.passage import Passage

_MOST_CLAIM_LOOKS = 7
"""How often one is looked at again, after 2, 4, 8 … seconds."""
_MOST_CLAIMS = 3
"""How many tasks are looked at that a call is said to be."""


@dataclass(slots=True)
class Search:
    """One call that is looked for.

    Attributes:
        passage: The song.
        doubt: The call.
        claims: Tasks that it is said to be, with how often each was looked at in vain.
        claimed: How many such there were.
        claim_due: When to look at them next, in Unix seconds.
        since: What its age is counted from, in Unix seconds: not in the future, even if the clock
            was set back.
        said: What the last look brought, in words.
    """

    passage: Passage
    doubt: Doubt
    since: float
    said: str = "it has not been looked for"
    claims: dict[str, int] = field(default_factory=dict)
    claimed: int = 0
    claim_due: float = -math.inf

    def claim(self, task_id: str) -> None:
        """Take in that the call is said to be this task."""
        if task_id not in self.claims and self.claimed < _MOST_CLAIMS:
            self.claims[task_id] = 0
            self.claimed += 1
            self.claim_due = -math.inf

    def put_off(self, task_id: str, now: float) -> None:
        """Look at a task again later, whose record could not be read or is not there yet."""
        self.claims[task_id] += 1
        if self.claims[task_id] > _MOST_CLAIM_LOOKS:
            del self.claims[task_id]
        else:
            self.claim_due = now + 2.0 ** self.claims[task_id]

    @property
    def due(self) -> float:
        """When to look for it in the list, in Unix seconds; infinite after the last time."""
        moment = self.doubt.next_look()
        return math.inf if moment is None else moment

    def next_look(self) -> float:
        """Return when to look for it there, or at a task that it is said to be."""
        return min(self.due, self.claim_due) if self.claims else self.due

    def has_claim(self, now: float) -> bool:
        """Say whether a task that it is said to be is to be looked at now."""
        return bool(self.claims) and self.claim_due <= now
