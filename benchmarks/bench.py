"""Measure this package beside the vendor's SDK: `nox -s bench`, or `python -m benchmarks.bench`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from benchmarks import page, tables
from benchmarks.cases import Case, cases, slower, tiny
from benchmarks.processes import Laboratory
from benchmarks.running import Row, rows


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    names = list(dict.fromkeys(case.scenario for case in cases()))
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument(
        "--full", action="store_true", help="songs of 45 s, three runs, more patience"
    )
    parser.add_argument("--only", action="append", choices=names, help="one scenario; repeatable")
    parser.add_argument("--runs", type=int, help="how often each scenario is run")
    parser.add_argument("--write", action="store_true", help=f"write {page.PAGE.name}")
    parser.add_argument("--smoke", action="store_true", help="tiny songs: only see that it runs")
    parser.add_argument(
        "--vendor-python", default=sys.executable, help="the interpreter that has acedatacloud"
    )
    options = parser.parse_args(arguments)
    if options.write and (options.only or options.smoke):
        parser.error("--write is for a whole run")
    return options


def _chosen(options: argparse.Namespace) -> list[Case]:
    found = [case for case in cases() if not options.only or case.scenario in options.only]
    if options.full:
        found = [slower(case) for case in found]
    if options.smoke:
        found = [tiny(case) for case in found]
    if options.runs:
        found = [replace(case, runs=options.runs) for case in found]
    return found


def _measure(laboratory: Laboratory, wanted: Sequence[Case], *, at_once: int) -> list[Row]:
    pairs = [(case, client) for case in wanted for client in case.clients]

    def run(pair: tuple[Case, str]) -> list[Row]:
        case, client = pair
        began = time.monotonic()
        try:
            found = rows(laboratory, case, client)
        except (RuntimeError, subprocess.SubprocessError) as error:
            # The others are worth their time all the same.
            laboratory.broken.append(f"{case.label}, {client}")
            print(error, file=sys.stderr)
            return []
        seconds = time.monotonic() - began
        print(f"{case.label}, {client}: {seconds:.0f} s", file=sys.stderr, flush=True)
        return found

    with ThreadPoolExecutor(at_once) as pool:
        return [row for found in pool.map(run, pairs) for row in found]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what was asked for, and print the tables."""
    options = _options(arguments)
    wanted = _chosen(options)
    patience = 10.0 if options.smoke else 400.0 if options.full else 250.0
    laboratory = Laboratory(sys.executable, options.vendor_python, patience)
    about = page.machine()
    timed = [case for case in wanted if case.kind != "hold" and not options.smoke]
    found = _measure(laboratory, timed, at_once=1)
    # No time is measured in these.
    laboratory.alone = False
    rest = [case for case in wanted if case not in timed]
    found += _measure(laboratory, rest, at_once=4 if options.smoke else 3)
    versions = sorted(laboratory.versions.items())
    about.append(f"Packages: {', '.join(f'{name} {number}' for name, number in versions)}")
    print("\n".join(about), tables.text(found), sep="\n\n")
    if options.write:
        about.append(f"Command: `nox -s bench -- {_given(options)}`")
        _write(tables.markdown(found), about, wanted, laboratory)
    if laboratory.broken:
        raise SystemExit(f"not measured: {'; '.join(laboratory.broken)}")


def _given(options: argparse.Namespace) -> str:
    given = ["--full"] if options.full else []
    given += [f"--runs {options.runs}"] if options.runs else []
    return " ".join([*given, "--write"])


def _write(
    found: str, about: Sequence[str], wanted: Sequence[Case], laboratory: Laboratory
) -> None:
    song = next(case for case in wanted if case.kind == "songs")
    held = next(dict(case.orders)["seconds"] for case in wanted if case.kind == "hold")
    names = dict.fromkeys(f"`{case.scenario}`" for case in wanted)
    facts = {
        "seconds": f"{song.median:g} s",
        "patience": f"{laboratory.lost_after(song):g}",
        "held": f"{held:g}",
        "scenarios": ", ".join(names),
    }
    page.PAGE.write_text(page.page(found, about, facts), encoding="utf-8")
    print(f"written: {page.PAGE}")


if __name__ == "__main__":
    main()
