"""A measured process: it fetches files into a directory, in the way of the module it is told."""

from __future__ import annotations

import asyncio
import gc
import importlib
import time

from benchmarks import probe


def _main() -> None:
    told = probe.orders()
    way = importlib.import_module(f"benchmarks.{told['module']}")
    # httpx is loaded when it is first needed; that is no part of a download.
    importlib.import_module("httpx")
    gc.collect()
    began, cpu = time.monotonic(), time.process_time()
    failures = asyncio.run(way.fetch(told))
    wall, cpu = time.monotonic() - began, time.process_time() - cpu
    found = {"wall": wall, "cpu": cpu, "peak": probe.peak_memory(), "failures": failures}
    probe.answer(found, *way.PACKAGES)


if __name__ == "__main__":
    _main()
