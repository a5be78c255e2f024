"""From a case to its rows: run it, as often as it wants, and work out the figures."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from benchmarks import measures
from benchmarks.cases import THEIRS, Case
from benchmarks.processes import Laboratory

_IDLE = 1
"""With so many songs the runs of a case are nearly idle, and happen at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table.

    Attributes:
        errors: What the waits that did not end well ended with, over all runs.
    """

    table: str
    label: str
    client: str
    runs: int
    figures: measures.Figures
    errors: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one run has to say for one row."""

    figures: measures.Figures
    errors: Counter[str] = field(default_factory=Counter)


def rows(laboratory: Laboratory, case: Case, client: str) -> list[Row]:
    """Run a case with one client as often as it wants, and return its rows."""
    with ThreadPoolExecutor(case.runs if case.songs <= _IDLE else 1) as pool:
        runs = list(pool.map(lambda seed: _run(laboratory, case, client, seed), range(case.runs)))
    return [
        Row(
            table=case.table,
            label=case.label,
            client=f"{client}, {word}" if word else client,
            runs=case.runs,
            figures=measures.medians([run[number].figures for run in runs]),
            errors=sum((run[number].errors for run in runs), Counter()),
        )
        for number, word in enumerate(_words(case, client))
    ]


def _words(case: Case, client: str) -> list[str]:
    """Return what tells the rows of one client apart."""
    if client == THEIRS or case.kind in {"hold", "in-memory"}:
        return [""]
    return ["cold", "warm"][: case.waves_of(client)]


def _run(laboratory: Laboratory, case: Case, client: str, seed: int) -> list[_Part]:
    match case.kind:
        case "in-memory":
            found = laboratory.in_memory(case)
            return [_Part(measures.of_songs(found["songs"]))]
        case "hold":
            return [_Part(_held(laboratory, case, client))]
        case _:
            found, report = laboratory.meet(case, client, seed)
            return [_Part(measures.of_wave(wave, report), _errors(wave)) for wave in found["waves"]]


def _held(laboratory: Laboratory, case: Case, client: str) -> measures.Figures:
    figures: dict[str, float] = {}
    for traced in (True, False):
        found, report = laboratory.meet(case, client, 0, traced=traced)
        figures |= measures.of_hold(found, report, case.songs, traced=traced)
    return figures


def _errors(wave: dict[str, Any]) -> Counter[str]:
    return Counter(wait["error"] for wait in wave["waits"] if wait["error"])
