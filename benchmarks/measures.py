"""From what client and server have noted to the figures of a row. Plain functions."""

from __future__ import annotations

import math
import statistics
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

Figures = Mapping[str, float]


def of_wave(wave: Mapping[str, Any], report: Mapping[str, Any]) -> dict[str, float]:
    """Return the figures of one wave of songs.

    Args:
        wave: What the client noted from the first submission to the last result.
        report: What the server noted, of other waves too.
    """
    began, ended = wave["began"], wave["ended"]
    waits: list[dict[str, Any]] = wave["waits"]
    songs = len(waits)
    found: dict[str, float] = {
        "cpu_ms": wave["cpu"] * 1000 / songs,
        "peak_mb": wave["memory_peak"],
        "growth_mb": wave["memory_peak"] - wave["memory_before"],
        "connections": _between(report["connections"], began, ended),
        "paid": _between(report["created_at"], began - 0.01, ended),
        **_of_waits(waits, report["finished_at"]),
        **_of_requests(report["requests"], began, ended, songs),
    }
    if "longest_gap" in wave:
        found["gap_ms"] = wave["longest_gap"] * 1000
    return found


def of_hold(
    held: Mapping[str, Any], report: Mapping[str, Any], tasks: int, *, traced: bool
) -> dict[str, float]:
    """Return the figures of waits that only wait."""
    name = "traced_kb" if traced else "resident_kb"
    return {
        name: held["grown"] / tasks / 1024,
        "looks": report["ids_asked"] / tasks,
        "broken": held["broken"],
    }


def of_songs(songs: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Return the figures of songs made one after the other, given their lookups and lags."""
    return {
        "polls": statistics.fmean(polls for polls, _ in songs),
        **_of_lags([lag for _, lag in songs]),
    }


def medians(runs: Sequence[Figures]) -> dict[str, float]:
    """Return the median of each figure over several runs."""
    names = dict.fromkeys(name for run in runs for name in run)
    return {name: statistics.median(run[name] for run in runs if name in run) for name in names}


def _of_waits(
    waits: Sequence[Mapping[str, Any]], finished_at: Mapping[str, float]
) -> dict[str, float]:
    good = [wait for wait in waits if wait["error"] is None]
    ends = [finished_at[wait["task_id"]] for wait in good]
    lags = [wait["ended_at"] - end for wait, end in zip(good, ends, strict=True)]
    refused = sum(wait["task_id"] is None for wait in waits)
    found: dict[str, float] = {"refused": refused, "lost": len(waits) - len(good) - refused}
    if good:
        last = max(wait["ended_at"] for wait in good)
        found |= {"beyond": last - max(ends), **_of_lags(lags)}
    return found


def _of_lags(lags: Sequence[float]) -> dict[str, float]:
    ordered = sorted(lags)
    return {
        "lag_mean": statistics.fmean(ordered),
        "lag_p95": _quantile(ordered, 0.95),
        "lag_p99": _quantile(ordered, 0.99),
    }


def _of_requests(
    requests: Sequence[tuple[float, bool, float]], began: float, ended: float, songs: int
) -> dict[str, float]:
    """Return the figures of the requests in a span, given their times, kinds and server CPU."""
    here = [request for request in requests if began <= request[0] <= ended]
    seconds = Counter(int(moment) for moment, _, _ in here)
    busy: defaultdict[int, float] = defaultdict(float)
    for (moment, _, cpu), (_, _, later_cpu) in pairwise(here):
        busy[int(moment)] += later_cpu - cpu
    return {
        "polls": sum(lookup for _, lookup, _ in here) / songs,
        "rate_mean": len(here) / (ended - began),
        "rate_peak": max(seconds.values(), default=0),
        "server_busy": 100.0 * max(busy.values(), default=0.0),
    }


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that is not below this share of all."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _between(moments: Sequence[float], begin: float, end: float) -> int:
    ordered = sorted(moments)
    return bisect_right(ordered, end) - bisect_left(ordered, begin)
