"""When to look at a task next.

A lookup is worth a certain wait: the next one is due as soon as the lateness that is to be
expected, summed over the tasks that share the request, has grown to that. For a kind of task whose
durations are known this says both when to look first and how fast to go on.
"""

from __future__ import annotations

import math

from acedata_async._rules.durations import Spread

FIRST_LOOK = 4.0
"""Seconds after its submission at which a task of an unknown kind is first looked at."""

_PRICE = 0.16
"""Seconds of waiting that one lookup is worth."""
_FINENESS = 14.0
"""Two shared looks at a task are at least this share of its age apart: so its news are about a
thirtieth of the wait late, no more than those of a lone task, and long waits cost no crowd of
lookups."""
_TAIL_SHARE = 8.0
_LONGEST_GAP = 60.0
"""Seconds; whatever the age, also that of a record whose clock is years off."""
_LONGEST_TAIL_GAP = 30.0
_STEPS = 12

_NET = 60.0
"""Seconds after which a task of an unknown kind, whose end a callback is to tell, is looked at all
the same…"""
_LEAST_NET, _NEARLY_ALL = 15.0, 2.33
"""…and one of a known kind: once 99 in 100 are over (deviations from the mean), but not before so
many seconds, nor later than `_NET` after half of them are…"""
_SHORTEST_NET_GAP, _NET_FINENESS = 10.0, 4.0
"""…and from then on a quarter of its age apart, but between so many seconds and `_LONGEST_GAP`."""


def first_look(
    age: float,
    *,
    acknowledged: bool,
    spread: Spread | None,
    sharing: int,
    least: float,
    pace: float = 1.0,
) -> float:
    """Return the seconds until the first look at a task.

    Args:
        age: Seconds since the task began, as far as known.
        acknowledged: Whether this client submitted it. A task from elsewhere may be long done
            and is looked at right away.
        spread: How long such tasks take, or None while that is unknown.
        sharing: How many tasks share a request, at least 1.
        least: The policy's least interval in seconds.
        pace: The policy's pace.
    """
    if not acknowledged:
        return 0.0
    due = FIRST_LOOK
    if spread is not None:
        due = next_gap(0.0, spread=spread, sharing=sharing, least=least, pace=pace, chance=0.5)
    return max(0.0, due - age)


def safety_net(age: float, *, spread: Spread | None) -> float:
    """Return the seconds until the next look at a task whose end a callback is to tell.

    Args:
        age: Seconds since the task began.
        spread: How long such tasks take, or None while that is unknown.
    """
    first = _NET
    if spread is not None:
        nearly_all = spread.median * math.exp(_NEARLY_ALL * spread.sigma)
        first = max(_LEAST_NET, min(nearly_all, spread.median + _NET))
    if age < first:
        return first - age
    return min(max(age / _NET_FINENESS, _SHORTEST_NET_GAP), _LONGEST_GAP)


def next_gap(
    age: float, *, spread: Spread | None, sharing: int, least: float, pace: float, chance: float
) -> float:
    """Return the seconds between two looks at a task that still runs.

    Args:
        age: Seconds since the task began.
        spread: How long such tasks take, or None while that is unknown.
        sharing: How many tasks share a request, at least 1.
        least: The policy's least interval in seconds.
        pace: 1 as a rule; 2 looks twice as often, 0.5 half as often.
        chance: A random number from 0 to 1, for the jitter of tasks that take unusually long.
    """
    age = max(0.0, age)
    worth = _PRICE / pace**2 / sharing
    if sharing > 1:
        least = max(least, min(age / _FINENESS / pace, _LONGEST_GAP))
    if spread is None:
        # Nothing is known, not even the order of magnitude: at any age, the chance that a task
        # ends within the next tenth of its age is taken to be the same.
        return min(max(math.sqrt(2.0 * worth * age), least), max(_LONGEST_GAP, least))
    gap = _when_worth(spread, age, worth, least)
    beyond = (age - spread.longest) / (_TAIL_SHARE * math.sqrt(sharing) * pace)
    if beyond > gap:  # longer than was ever seen: perhaps it never ends
        return max(min(beyond, _LONGEST_TAIL_GAP) * (0.9 + 0.2 * chance), gap)
    return gap


def _when_worth(spread: Spread, age: float, worth: float, least: float) -> float:
    """Return the gap after which the expected lateness is worth a lookup, by bisection."""
    if spread.lateness(age, age + least) >= worth:
        return least
    low, high = least, max(_LONGEST_GAP, least)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if spread.lateness(age, age + middle) >= worth:
            high = middle
        else:
            low = middle
    return high


def error_pause(failures: int, *, chance: float) -> float:
    """Return the seconds without lookups after failed ones: 1, 2, 4, … 15, with jitter.

    Args:
        failures: How many lookups have failed in a row, at least 1.
        chance: A random number from 0 to 1.
    """
    return min(15.0, 2.0 ** min(failures - 1, 8)) * (0.5 + 0.5 * chance)
