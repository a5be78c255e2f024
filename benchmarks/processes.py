"""Starts a fresh server process and a fresh client process for each run."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.cases import OURS_ON_AIOHTTP, THEIRS, Case
from benchmarks.serving import serving

_ROOT = Path(__file__).resolve().parent.parent
_AROUND = 60.0
"""Seconds that starting and ending a process take at the very most."""


@dataclass(slots=True)
class Laboratory:
    """Where clients meet servers.

    Args:
        ours: The interpreter of the environment that has this package.
        theirs: That of the one that has the vendor's SDK.
        patience: Seconds after which a wait counts as lost, beyond four times the median.
        alone: Whether nothing else runs at the same time: then each process gets its own core.

    Attributes:
        versions: The versions of the packages that took part up to now.
        broken: What could not be measured.
    """

    ours: str
    theirs: str
    patience: float
    alone: bool = True
    versions: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)

    def meet(
        self, case: Case, client: str, seed: int, *, traced: bool = False
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run a client against a server, and return what each of them noted."""
        told = {
            "kind": case.kind,
            "songs": case.songs,
            "waves": case.waves_of(client),
            "patience": self.lost_after(case),
            "transport": "aiohttp" if client == OURS_ON_AIOHTTP else "httpx",
            "traced": traced,
            "core": self._core(-1),
            **dict(case.orders),
        }
        python, module = (self.theirs, "theirs") if client == THEIRS else (self.ours, "ours")
        with self._server(case, seed) as base_url:
            found = self._ask(python, module, {**told, "base_url": base_url})
            with urllib.request.urlopen(f"{base_url}/bench/report") as reply:  # noqa: S310 - ours
                report: dict[str, Any] = json.load(reply)
        return found, report

    def in_memory(self, case: Case) -> dict[str, Any]:
        """Run this package with the sandbox in the same process, and return what it noted."""
        told = {
            "songs": case.songs,
            "waves": 1,
            "patience": self.lost_after(case),
            "median": case.median,
            "sigma": case.sigma,
            "core": None,
            **dict(case.orders),
        }
        return self._ask(self.ours, "in_memory", told)

    def lost_after(self, case: Case) -> float:
        """Return after how many seconds a wait that has not ended counts as lost."""
        return self.patience + 4 * case.median

    @contextmanager
    def _server(self, case: Case, seed: int) -> Iterator[str]:
        told = {
            "median": case.median,
            "sigma": case.sigma,
            "seed": seed,
            "never": False,
            "outage": None,
            "requests_per_second": None,
            "retry_after": None,
            "core": self._core(0),
            **dict(case.server),
        }
        with serving(self.ours, "server", told) as base_url:
            yield base_url

    def _ask(self, python: str, module: str, told: dict[str, Any]) -> dict[str, Any]:
        ended = subprocess.run(
            [python, "-m", f"benchmarks.{module}", json.dumps(told)],
            cwd=_ROOT,
            env=os.environ | {"NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=_AROUND + told["waves"] * (told["patience"] + 10.0),
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"benchmarks.{module} {told}:\n{ended.stderr}")
        found: dict[str, Any] = json.loads(ended.stdout)
        self.versions |= found.pop("versions")
        return found

    def _core(self, number: int) -> int | None:
        if not self.alone or not hasattr(os, "sched_getaffinity"):
            return None
        cores = sorted(os.sched_getaffinity(0))
        return cores[number] if len(cores) > 1 else None
