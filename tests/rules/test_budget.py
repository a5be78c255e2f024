"""What one token may ask: lookups and submissions."""

from __future__ import annotations

import math

from acedata_async._rules.governor import Budget


def flooded(lookups: int, submissions: int) -> Budget:
    """Return a budget of which so much was used within the last second."""
    budget = Budget()
    for _ in range(lookups):
        budget.lookups.take(0.0)
    for _ in range(submissions):
        budget.submissions.take(0.0)
    budget.lookup_refused(0.5, sent=0.2, retry_after=None, chance=0.0)
    return budget


def test_budget_at_the_start() -> None:
    """Five lookups may go, then one a second; submissions have no limit until the first 429."""
    budget = Budget()
    assert [budget.lookups.take(0.0) for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    assert {budget.submissions.take(0.0) for _ in range(100)} == {0.0}


def test_flood_of_submissions_makes_room() -> None:
    """Where a lookup is refused because submissions are the flood, they slow down too."""
    budget = flooded(lookups=3, submissions=30)
    assert budget.submissions.rate == 15.0
    assert budget.lookups.rate == 0.5


def test_submissions_that_are_no_flood() -> None:
    """Where lookups are the many, submissions go on."""
    budget = flooded(lookups=3, submissions=3)
    assert math.isinf(budget.submissions.rate)
    assert budget.submissions.wait(0.5) == 0.0
    assert budget.lookups.rate == 0.5


def test_budget_tells_of_changes() -> None:
    """Each new rate is told with what it is the rate of."""
    told: list[tuple[str, float, str]] = []
    budget = Budget(lambda *change: told.append(change))
    for _ in range(30):
        budget.submissions.take(0.0)
    budget.lookup_refused(0.5, sent=0.2, retry_after=None, chance=0.0)
    assert told == [("lookup", 0.5, "refused"), ("submit", 15.0, "refused")]
