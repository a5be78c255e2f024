"""Measure downloads: `nox -s bench_downloads`, or `python -m benchmarks.downloads`.

curl, httpx alone, and this package fetch the same files by turns, each in a process of its own.
Then answers are cut at random, and what came is compared byte by byte.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.downloads_files import Batch
from benchmarks.downloads_page import PAGE, Case, Results, broken, page, tables
from benchmarks.downloads_running import (
    CURL,
    HTTPX,
    ON_AIOHTTP,
    OURS,
    SYNCED,
    Bench,
    Run,
    curl_version,
)
from benchmarks.page import machine

_ONE, _MANY = Batch(1, 200_000_000), Batch(500, 4_000_000)
_TINY_ONE, _TINY_MANY = Batch(1, 4_000_000), Batch(12, 256_000)
_MEMORY = Path("/dev/shm")  # noqa: S108 - a directory of a random name in it
_CUT = 0.5
_TURNS = 5
_MORE = 3
"""How many times as many turns the one file has, which takes a second."""


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s bench_downloads --", description=__doc__)
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.name}")
    parser.add_argument("--tiny", action="store_true", help="few bytes: only see that it runs")
    parser.add_argument(
        "--turns",
        type=int,
        default=_TURNS,
        help=f"{_TURNS} unless given; times {_MORE} for one file",
    )
    parser.add_argument(
        "--disk",
        type=Path,
        default=Path(tempfile.gettempdir()),
        help="where files go that are written to a disk; some 3 GB are needed",
    )
    options = parser.parse_args(arguments)
    if options.turns < 1:
        parser.error("--turns: at least 1")
    if options.write and options.tiny:
        parser.error("--write is for a whole run")
    return options


def _cases(disk: Path, *, tiny: bool) -> list[Case]:
    one, many = (_TINY_ONE, _TINY_MANY) if tiny else (_ONE, _MANY)
    usual = (*((CURL,) if curl_version() else ()), HTTPX, OURS, ON_AIOHTTP)
    ours = (OURS, ON_AIOHTTP)
    wanted = 2 * many.count * many.size
    in_memory = _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > wanted
    memory, word = (_MEMORY, "in memory") if in_memory else (disk, "on disk")
    cases = [Case(f"{_named(batch)}, {word}", batch, memory, usual) for batch in (one, many)]
    if in_memory and not tiny:
        cases += [
            Case(f"{_named(batch)}, on disk", batch, disk, (*usual, SYNCED))
            for batch in (one, many)
        ]
    cases += [
        Case(f"{_named(batch)}, {word}, cut", batch, memory, ours, _CUT) for batch in (one, many)
    ]
    return cases


def _named(batch: Batch) -> str:
    size = f"{batch.size / 1e6:g} MB"
    return f"1 file of {size}" if batch.count == 1 else f"{batch.count} files of {size}"


def _take(bench: Bench, case: Case, turns: int) -> Results:
    """Let the clients of a case take turns, every other one in reverse.

    So those that are compared stand side by side, and neither is always the first: what a machine
    can do changes within a minute.
    """
    found: dict[str, list[Run]] = {client: [] for client in case.clients}
    for turn in range(turns):
        for client in reversed(case.clients) if turn % 2 else case.clients:
            run = bench.run(client, case.place, cut=case.cut, seed=turn + 1)
            found[client].append(run)
            others = "?" if run.others is None else f"{run.others:.1f}"
            print(
                f"{case.label}, {client}: {run.wall:.2f} s, CPU {run.cpu:.2f} s,"
                f" {run.peak:.0f} MB, {run.sent / 1e6:.1f} MB sent, others {others},"
                f" {run.missing} missing, {run.wrong} wrong",
                file=sys.stderr,
                flush=True,
            )
    return found


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the tables; ends with an error if a byte was wrong."""
    options = _options(arguments)
    about = machine()
    turns = 1 if options.tiny else options.turns
    versions: dict[str, str] = {}
    found: list[tuple[Case, Results]] = []
    with tempfile.TemporaryDirectory(dir=options.disk) as scratch:
        benches: dict[Batch, Bench] = {}
        for case in _cases(options.disk, tiny=options.tiny):
            if case.batch not in benches:
                noise = Path(scratch, f"{len(benches)}.noise")
                benches[case.batch] = Bench(case.batch, noise, versions)
            more = 1 if options.tiny or case.cut or case.batch.count > 1 else _MORE
            found.append((case, _take(benches[case.batch], case, turns * more)))
    if version := curl_version():
        versions["curl"] = version
    about.append(f"Packages: {', '.join(f'{name} {of}' for name, of in sorted(versions.items()))}")
    given = "" if turns == _TURNS else f"--turns {turns} "
    about.append(f"Command: `nox -s bench_downloads -- {given}--write`")
    about.append(f"Load after: {os.getloadavg()[0]:.1f}")
    print(tables(found, about))
    if options.write:
        PAGE.write_text(page(found, about), encoding="utf-8")
        print(f"written: {PAGE}")
    if bad := broken(found):
        raise SystemExit("\n".join(bad))


if __name__ == "__main__":
    main()
