"""When to look at a task next."""

from __future__ import annotations

FIRST_LOOK = 4.0
"""Seconds after its submission at which a task is first looked at: none is done earlier."""

_LONGEST_GAP = 15.0


def first_look(age: float, *, acknowledged: bool) -> float:
    """Return the seconds until the first look at a task.

    Args:
        age: Seconds since the task began, as far as known.
        acknowledged: Whether this client submitted it. A task from elsewhere may be long done
            and is looked at right away.
    """
    return max(0.0, FIRST_LOOK - age) if acknowledged else 0.0


def next_gap(age: float, *, watched: int, least: float) -> float:
    """Return the seconds between two looks at a task that still runs.

    A task is looked at ever more rarely, a share of its age apart, so that the news is late by
    a small share of the wait: an eighth for one task alone, a tenth for several, which share
    each request, so that every one of them costs less than a lone one.

    Args:
        age: Seconds since the task began.
        watched: How many tasks are watched together, at least 1.
        least: The policy's least interval in seconds.
    """
    return max(least, min(_LONGEST_GAP, age / (8 if watched == 1 else 10)))


def error_pause(failures: int, *, chance: float) -> float:
    """Return the seconds without lookups after failed ones: 1, 2, 4, … 30, with jitter.

    Args:
        failures: How many lookups have failed in a row, at least 1.
        chance: A random number from 0 to 1.
    """
    return min(30.0, 2.0 ** min(failures - 1, 8)) * (0.5 + 0.5 * chance)
