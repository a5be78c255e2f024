"""The figures of downloads as tables in Markdown, and the page docs/benchmarks-downloads.md."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.downloads_files import Batch
from benchmarks.downloads_running import HTTPX, ON_AIOHTTP, OURS, SYNCED, Run

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks-downloads.md"

MOST_TIME = 1.1
MOST_MEMORY = 64.0
MOST_BYTES = 1.2
_QUIET = 0.25
"""Cores that others may take before seconds tell little."""


@dataclass(frozen=True, slots=True)
class Case:
    """What several clients do by turns.

    Attributes:
        label: What it is called.
        batch: What is fetched.
        place: Where to.
        clients: Who takes turns.
        cut: The chance that an answer is cut.
    """

    label: str
    batch: Batch
    place: Path
    clients: tuple[str, ...]
    cut: float = 0.0


_WORTH_TIMING = 100_000_000
"""Bytes of a case below which its times tell nothing."""

Results = Mapping[str, Sequence[Run]]
"""The runs of each client, by turns."""

_HOW = """\
# Benchmarks of downloads

The figures of one run of `nox -s bench_downloads -- --write`; without `--write` they are printed.

- Each run is a fresh client process and a fresh server process, over HTTP on the loopback
  interface, each on a core of its own. Clients take turns, every other turn in reverse; a figure
  is the median of so many runs as the last column says, a ratio that of the ratios within a turn.
- The server moves the files by `sendfile` from the page cache, and knows `Range`, `If-Range` and
  `ETag`. `server busy` is its share of a core.
- curl is `curl --parallel --parallel-max 6`. `httpx` is `AsyncClient.stream` and `aiter_raw` into
  an open file, six at a time, without fsync, resuming or checks; `httpx with fsync` adds fsync.
  Ours are `ace.download` for one file and `ace.download_many` for several, with their defaults,
  which include fsync; on aiohttp as in [less CPU](how-to/less-cpu.md).
- Seconds and CPU (user and system) are those of the downloads, without start and imports; curl's
  are those of its process. Peak memory is VmHWM of the process, with Python and all packages.
- `in memory` is a file system in memory, where fsync does nothing: what the code costs. `on disk`
  is the disk of this machine, which takes what it takes.
- `others` is how many cores something else took meanwhile, the system's own work included. Beyond
  {quiet} seconds prove nothing, the less since a client of several threads, as ours is, gets more
  of a core that it shares: a good ratio is then called `not proven`. CPU is hurt less.
- Cut: each answer is cut with a chance of 50 %, at a random place; half of the cuts are an orderly
  end, half a reset, sent once all before it has arrived. Each file's digest is compared, in all
  runs. `sent / files` are the bytes of bodies that the server has sent, over those of the files.

"""


def page(cases: Sequence[tuple[Case, Results]], about: Sequence[str]) -> str:
    """Return the whole page."""
    return _HOW.format(quiet=_QUIET) + tables(cases, about)


def tables(cases: Sequence[tuple[Case, Results]], about: Sequence[str]) -> str:
    """Return what was found, as Markdown."""
    parts = [
        ["## What was wanted", "", *_table(_WANTED, _verdicts(cases)), ""],
        ["## The ratios, turn by turn", "", *_table(_RATIOS, _ratios(cases)), ""],
        ["## The figures", "", *_table(_FIGURES, _figures(cases)), ""],
        ["## The machine", "", *(f"- {line}" for line in about), ""],
    ]
    return "\n".join(line for part in parts for line in part)


def broken(cases: Sequence[tuple[Case, Results]]) -> list[str]:
    """Return what did not come as it should have, in words."""
    return [
        f"{case.label}, {client}: {run.missing} files missing, {run.wrong} wrong;"
        f" {'; '.join(run.failures[:3])}"
        for case, results in cases
        for client, runs in results.items()
        for run in runs
        if run.missing or run.wrong or run.failures
    ]


_WANTED = ("what", "client", "wanted", "found", "")
_RATIOS = ("what", "client", "beside", "seconds", "of each turn", "CPU", "of each turn")
_FIGURES = (
    *("what", "client", "s", "CPU s", "peak MB", "MB on the wire", "sent / files", "requests"),
    *("connections", "cuts", "server busy %", "others", "missing", "wrong", "runs"),
)


def _verdicts(cases: Sequence[tuple[Case, Results]]) -> list[list[str]]:
    rows = []
    for case, results in cases:
        for client in (OURS, ON_AIOHTTP):
            runs = results[client]
            rows.append([case.label, client, *_verdict("peak MB", _most(_peak, runs), MOST_MEMORY)])
            if case.cut:
                lost = sum(run.missing + run.wrong for run in runs)
                rows.append([case.label, client, *_verdict("files missing or wrong", lost, 0)])
                most = max(_share(case, run) for run in runs)
                rows.append([case.label, client, *_verdict("sent / files", most, MOST_BYTES)])
            elif case.batch.count * case.batch.size >= _WORTH_TIMING:
                for name, of in (("seconds", _wall), ("CPU", _cpu)):
                    ratio = statistics.median(_ratios_of(results, client, HTTPX, of))
                    row = _verdict(f"{name} / httpx", ratio, MOST_TIME)
                    if name == "seconds" and _noisy(results):
                        row[-1] = "not proven" if ratio <= MOST_TIME else f"{row[-1]}, or others"
                    rows.append([case.label, client, *row])
    return rows


def _verdict(name: str, found: float, most: float) -> list[str]:
    return [f"{name} ≤ {most:g}", f"{found:.4g}", "yes" if found <= most else "**no**"]


def _most(of: Callable[[Run], float], runs: Sequence[Run]) -> float:
    return max(map(of, runs))


def _noisy(results: Results) -> bool:
    runs = [run for client in (HTTPX, OURS, ON_AIOHTTP) for run in results.get(client, ())]
    return any(run.others is None or run.others > _QUIET for run in runs)


def _ratios(cases: Sequence[tuple[Case, Results]]) -> list[list[str]]:
    rows = []
    for case, results in cases:
        for beside in (HTTPX, SYNCED):
            for client in (OURS, ON_AIOHTTP):
                if client not in results or beside not in results:
                    continue
                row = [case.label, client, beside]
                for of in (_wall, _cpu):
                    found = _ratios_of(results, client, beside, of)
                    row.append(f"{statistics.median(found):.2f}")
                    row.append(", ".join(f"{one:.2f}" for one in found))
                rows.append(row)
    return rows


def _ratios_of(
    results: Results, client: str, beside: str, of: Callable[[Run], float]
) -> list[float]:
    pairs = zip(results[client], results[beside], strict=True)
    return [of(run) / of(other) for run, other in pairs]


def _figures(cases: Sequence[tuple[Case, Results]]) -> list[list[str]]:
    return [_row(case, client, runs) for case, results in cases for client, runs in results.items()]


def _row(case: Case, client: str, runs: Sequence[Run]) -> list[str]:
    def middle(of: Callable[[Run], float], digits: int) -> str:
        return f"{statistics.median(map(of, runs)):,.{digits}f}"

    others = [run.others for run in runs if run.others is not None]
    return [
        case.label,
        client,
        middle(_wall, 2),
        middle(_cpu, 2),
        middle(_peak, 0),
        middle(lambda run: run.sent / 1e6, 1),
        middle(lambda run: _share(case, run), 3),
        middle(lambda run: run.requests, 0),
        middle(lambda run: run.connections, 0),
        middle(lambda run: run.cuts, 0),
        middle(lambda run: run.busy * 100, 0),
        f"{max(others):.1f}" if others else "",
        str(sum(run.missing for run in runs)),
        str(sum(run.wrong for run in runs)),
        str(len(runs)),
    ]


def _wall(run: Run) -> float:
    return run.wall


def _peak(run: Run) -> float:
    return run.peak


def _cpu(run: Run) -> float:
    return run.cpu


def _share(case: Case, run: Run) -> float:
    return run.body / (case.batch.count * case.batch.size)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = ["---"] * len(head)
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]
