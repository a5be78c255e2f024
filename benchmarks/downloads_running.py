"""Starts a fresh server process and a fresh client process for each run of downloads."""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.downloads_files import AT_ONCE, Batch, wrong
from benchmarks.serving import serving

_ROOT = Path(__file__).resolve().parent.parent
_LOOK = 0.01
"""Seconds between two looks at the memory of a client that does not tell it itself."""
_LONGEST = 900.0

CURL = "curl"
HTTPX = "httpx"
SYNCED = "httpx with fsync"
OURS = "acedata-async"
ON_AIOHTTP = "acedata-async on aiohttp"
_MODULES = {
    HTTPX: "downloads_httpx",
    SYNCED: "downloads_httpx",
    OURS: "downloads_ours",
    ON_AIOHTTP: "downloads_aiohttp",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one client did with one batch.

    Attributes:
        wall: Seconds.
        cpu: Seconds of user and system time of the client process.
        peak: The most memory that was ever resident, in MB.
        sent: Bytes on the wire, heads of answers and all.
        body: Those of them that were in bodies.
        requests: How many there were.
        connections: The same.
        cuts: Answers that were cut.
        busy: The share of a core that the server took.
        others: How many cores something else took meanwhile, the system's own work included; None
            where that is not known.
        missing: Files that did not come.
        wrong: Files that came and are not as they should be.
        failures: What downloads failed of.
    """

    wall: float
    cpu: float
    peak: float
    sent: int
    body: int
    requests: int
    connections: int
    cuts: int
    busy: float
    others: float | None
    missing: int
    wrong: int
    failures: tuple[str, ...]


@dataclass(slots=True)
class Bench:
    """Where clients meet the file server.

    Args:
        batch: What they fetch.
        noise: The file that the batch is made of; it is written.

    Attributes:
        versions: The versions of the packages that took part up to now.
    """

    batch: Batch
    noise: Path
    versions: dict[str, str] = field(default_factory=dict)
    _digests: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.batch.write_noise(self.noise)
        self._digests = self.batch.digests(self.noise)

    def run(self, client: str, place: Path, *, cut: float = 0.0, seed: int = 1) -> Run:
        """Let a client fetch the batch into a directory in `place`, and look at what came.

        Args:
            client: Which one.
            place: Where it writes; nothing is left there.
            cut: The chance that an answer is cut.
            seed: Of that chance.
        """
        with tempfile.TemporaryDirectory(dir=place) as directory:
            os.sync()  # nobody pays for what was written before
            with self._server(cut, seed) as base_url:
                before = _Usage()
                if client == CURL:
                    found = self._by_curl(base_url, directory)
                else:
                    found = self._by_python(client, base_url, directory)
                with urllib.request.urlopen(f"{base_url}/bench/report") as reply:  # noqa: S310
                    seen = json.load(reply)
                others = before.others(seen["cpu"])
            bad = wrong(Path(directory), self._digests)
            missing = sum(not Path(directory, name).exists() for name in bad)
        if not bad and seen["body"] < self.batch.count * self.batch.size:
            raise RuntimeError(f"{client}: fewer bytes were counted than came: {seen}")
        busy = seen.pop("cpu") / seen.pop("wall")
        failures = tuple(found.pop("failures"))
        return Run(
            **seen,
            **found,
            busy=busy,
            others=others,
            missing=missing,
            wrong=len(bad) - missing,
            failures=failures,
        )

    @contextmanager
    def _server(self, cut: float, seed: int) -> Iterator[str]:
        told = {
            "noise": str(self.noise),
            "count": self.batch.count,
            "size": self.batch.size,
            "cut": cut,
            "seed": seed,
            "core": _core(0),
        }
        with serving(sys.executable, "downloads_server", told) as base_url:
            yield base_url

    def _by_python(self, client: str, base_url: str, directory: str) -> dict[str, Any]:
        told = {
            "module": _MODULES[client],
            "synced": client == SYNCED,
            "base_url": base_url,
            "directory": directory,
            "names": self.batch.names,
            "core": _core(-1),
        }
        ended = subprocess.run(
            [sys.executable, "-m", "benchmarks.downloads_client", json.dumps(told)],
            cwd=_ROOT,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=_LONGEST,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(f"{client}:\n{ended.stderr}")
        found: dict[str, Any] = json.loads(ended.stdout)
        self.versions |= found.pop("versions")
        return found

    def _by_curl(self, base_url: str, directory: str) -> dict[str, Any]:
        last = self.batch.count - 1
        command = [
            shutil.which(CURL) or CURL,
            *("--fail", "--silent", "--show-error"),
            *("--parallel", "--parallel-max", str(AT_ONCE), "--no-progress-meter"),
            f"{base_url}/files/[0000-{last:04}].wav",
            *("--output", f"{directory}/#1.wav"),
        ]
        core = _core(-1)
        before, began, peak = _of_children(), time.monotonic(), 0.0
        with _on_core(core), subprocess.Popen(command, env=_environment()) as process:
            while process.poll() is None:
                peak = max(peak, _peak_of(process.pid))
                time.sleep(_LOOK)
        wall, cpu = time.monotonic() - began, _of_children() - before
        failures = [f"exit {process.returncode}"] if process.returncode else []
        return {"wall": wall, "cpu": cpu, "peak": peak, "failures": failures}


class _Usage:
    """What the machine has done up to now."""

    def __init__(self) -> None:
        self._moment = time.monotonic()
        self._machine = _machine_busy()
        self._children = _of_children()

    def others(self, server: float) -> float | None:
        """Return how many cores others took since then, given the server's seconds of CPU."""
        now = _machine_busy()
        if now is None or self._machine is None:
            return None
        ours = _of_children() - self._children + server
        return max(0.0, now - self._machine - ours) / (time.monotonic() - self._moment)


def _machine_busy() -> float | None:
    """Return the seconds for which cores were busy since the machine was started."""
    try:
        first = Path("/proc/stat").read_text("ascii").splitlines()[0]
    except OSError:
        return None
    user, nice, system, _idle, _waiting, *interrupts = map(int, first.split()[1:9])
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK")


def _of_children() -> float:
    """Return the seconds of CPU of all clients that have ended."""
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def curl_version() -> str | None:
    """Return the version of curl, or None if there is none."""
    if not (found := shutil.which(CURL)):
        return None
    told = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    return told.stdout.split()[1]


def _environment() -> dict[str, str]:
    return os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _core(number: int) -> int | None:
    if not hasattr(os, "sched_getaffinity"):
        return None
    cores = sorted(os.sched_getaffinity(0))
    return cores[number] if len(cores) > 1 else None


@contextmanager
def _on_core(core: int | None) -> Iterator[None]:
    """Keep this process on one core, and what it starts; a program cannot be asked to."""
    if core is None:
        yield
        return
    usual = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, usual)


def _peak_of(process: int) -> float:
    """Return the most memory that a process had resident up to now, in MB; 0 if unknown."""
    try:
        lines = Path(f"/proc/{process}/status").read_text("ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(one.split()[1]) * 1.024e-3 for one in lines if one.startswith("VmHWM")), 0.0)
