"""How long tasks take, learned from those that ended."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any

from acedata_async._rules.wire import as_number, as_object, as_text

FORM = "acedata-durations"
VERSION = 1

_USUAL_SIGMA = 0.35
"""Spread that is assumed while few durations are known: that of songs of one kind."""
_ASSUMED = 3.0
"""How many durations that assumption is worth."""
_MEMORY = 50.0
"""Durations after which an old one counts a third, where they come in slowly…"""
_MEMORY_SECONDS = 1800.0
"""…and seconds after which it does, where a crowd comes in at once: its slowest, who are the last
to come, must not push out its quickest."""
_SHORTEST, _LONGEST = 0.1, 86_400.0
_MOST_KINDS = 500
_SAMPLE = 64
"""How many running tasks are looked at one by one; of more, every so many stands for others."""
_ROUNDS = 3
_SQRT2, _SQRT_TAU = math.sqrt(2.0), math.sqrt(2.0 * math.pi)
_NO_CHANCE = 1e-6
"""Share of tasks that last longer, below which a spread says nothing any more."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How long tasks of one kind take: log-normal, as songs do.

    Attributes:
        median: Half of them take less, in seconds.
        sigma: Standard deviation of the duration's natural logarithm.
    """

    median: float
    sigma: float

    @property
    def longest(self) -> float:
        """Seconds that about one task in a thousand exceeds."""
        return self.median * math.exp(3.0 * self.sigma)

    def chance(self, age: float) -> float:
        """Return the share of tasks that are over at an age in seconds, from 0 to 1."""
        return _below(self._deviation(age))

    def lateness(self, age: float, then: float) -> float:
        """Return how late the news of a task's end would be on average, in seconds.

        Args:
            age: When it was seen running.
            then: When it is looked at next. If it does not end before, the lateness is 0.
        """
        left = 1.0 - self.chance(age)
        if left < _NO_CHANCE:
            return then - age  # it should have ended long ago, and may do so any moment
        missed = self._missed(then) - self._missed(age) - self.chance(age) * (then - age)
        return max(0.0, missed) / left

    def _missed(self, age: float) -> float:
        """Return the seconds that tasks have been over by an age, on average over all of them."""
        deviation = self._deviation(age)
        mean_of_ended = self.median * math.exp(self.sigma**2 / 2) * _below(deviation - self.sigma)
        return max(age, 0.0) * _below(deviation) - mean_of_ended

    def _deviation(self, age: float) -> float:
        return math.log(max(age, 1e-9) / self.median) / self.sigma


def _below(deviation: float) -> float:
    return 0.5 * math.erfc(-deviation / _SQRT2)


@dataclass(slots=True)
class _Moments:
    """What is kept of a kind: weight, mean and sum of squares of the logarithms."""

    count: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    latest: float = -math.inf

    def add(self, value: float, now: float) -> None:
        kept = math.exp(-min(max(0.0, now - self.latest) / _MEMORY_SECONDS, 1 / _MEMORY))
        self.latest = now
        self.squares *= kept
        self.count = self.count * kept + 1.0
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)

    def spread(self, running: list[float]) -> Spread:
        mean, sigma = self.mean, self._sigma(self.squares, self.count)
        sample = running[:: 1 + len(running) // _SAMPLE]
        for _ in range(_ROUNDS if sample else 0):
            mean, sigma = self._with_running(mean, sigma, sample, len(running) / len(sample))
        return Spread(math.exp(mean), sigma)

    def _sigma(self, squares: float, count: float) -> float:
        variance = (squares + _ASSUMED * _USUAL_SIGMA**2) / (max(count - 1.0, 0.0) + _ASSUMED)
        return math.sqrt(variance * (1.0 + 1.0 / max(count, 1.0)))

    def _with_running(
        self, mean: float, sigma: float, running: list[float], weight: float
    ) -> tuple[float, float]:
        """Count tasks that still run as what they will have taken, as far as can be told.

        Each stands for `weight` of them. Applied again and again it is the EM algorithm for
        censored observations.
        """
        count, total, squares = self.count, self.count * self.mean, 0.0
        for age in running:
            deviation = (math.log(age) - mean) / sigma
            if -1.0 < deviation < 3.0:  # the young tell nothing yet, the stuck nothing any more
                pull = math.exp(-0.5 * deviation**2) / _SQRT_TAU / (1.0 - _below(deviation))
                expected = mean + sigma * pull
                count += weight
                total += weight * expected
                squares += weight * sigma**2 * (1.0 + deviation * pull - pull**2)
                squares += weight * (expected - self.mean) ** 2
        new = total / count
        squares += self.squares - count * (new - self.mean) ** 2
        return new, self._sigma(max(squares, 0.0), count)


def kind_of(service: str, request: Mapping[str, Any], record_type: str | None) -> str | None:
    """Return what a task has its duration in common with: service, action and model.

    Fish's requests name no action; the type of their records stands in for it.
    """
    action, model = (as_text(request.get(name)) or "" for name in ("action", "model"))
    action = action or record_type or ""
    if not action:
        return None
    return intern(f"{service}/{action}/{model}")  # thousands of tasks share it


class Durations:
    """What has been learned of each kind of task: service, action and model.

    Old durations fade as new ones come in, so that a vendor who gets slower or quicker is
    followed.
    """

    def __init__(self) -> None:
        self._kinds: dict[str, _Moments] = {}

    def note(self, kind: str, seconds: float, now: float) -> bool:
        """Learn that a task succeeded after so many seconds; `now` is monotonic.

        Returns:
            Whether it was learned: a record whose times do not fit is not.
        """
        if not _SHORTEST <= seconds <= _LONGEST:
            return False
        if kind not in self._kinds and len(self._kinds) >= _MOST_KINDS:
            del self._kinds[min(self._kinds, key=lambda one: self._kinds[one].latest)]
        self._kinds.setdefault(kind, _Moments()).add(math.log(seconds), now)
        return True

    def spread(self, kind: str, running: Iterable[float] = ()) -> Spread | None:
        """Return how long such tasks take, or None while nothing is known.

        Args:
            kind: The kind.
            running: Ages in seconds of tasks of the kind that still run. They count as "at least
                this old": those that ended so far are the quick ones.
        """
        known = self._kinds.get(kind)
        return None if known is None else known.spread([age for age in running if age > 0])

    def to_json(self) -> str:
        """Return what has been learned as a JSON text."""
        kinds = {
            kind: {
                "count": round(known.count, 2),
                "median": round(math.exp(known.mean), 3),
                "sigma": round(math.sqrt(known.squares / known.count), 4),
            }
            for kind, known in sorted(self._kinds.items())
        }
        return json.dumps({"form": FORM, "version": VERSION, "kinds": kinds})

    @classmethod
    def from_json(cls, text: str) -> Durations:
        """Read what `to_json` wrote.

        Raises:
            ValueError: It is something else, of a newer version, or damaged.
        """
        try:
            saved = as_object(json.loads(text))
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        kinds, version = saved.get("kinds"), saved.get("version")
        fits = saved.get("form") == FORM and version == VERSION and version is not True
        if not fits or not isinstance(kinds, Mapping):
            raise ValueError(f"not a text of the form {FORM}, version {VERSION}")
        durations = cls()
        for kind, known in list(kinds.items())[:_MOST_KINDS]:
            count, median, sigma = (
                as_number(as_object(known).get(name)) for name in ("count", "median", "sigma")
            )
            if count is None or median is None or sigma is None:
                raise ValueError(f"{kind!r} lacks count, median or sigma")
            if not (count >= 1 and _SHORTEST <= median <= _LONGEST and 0 <= sigma <= 10):
                raise ValueError(f"{kind!r} has a count, median or sigma that cannot be")
            # From another time, it is to yield to what is seen now.
            count = min(count, _MEMORY)
            durations._kinds[kind] = _Moments(count, math.log(median), count * sigma**2)
        return durations
