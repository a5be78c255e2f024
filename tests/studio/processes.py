"""A vendor and a studio in processes of their own, which can be killed at any instant."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 60.0
"""Seconds after which something that has to come about on any machine has not."""

SECRET = "a-secret-of-tests-only"


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def ask(url: str, body: Any = None, *, method: str | None = None) -> Any:
    """Ask a service, and return its JSON; None for an empty answer."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
        text = answer.read()
    return json.loads(text) if text else None


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < give_up, f"not within {PATIENCE:g} s: {what}"
        time.sleep(0.05)


class Process:
    """A Python program of which one line says that it is up.

    Args:
        arguments: What stands behind `python`.
        log: Where it writes to.
        environment: What is added to ours.
    """

    def __init__(self, *arguments: str, log: Path, environment: Mapping[str, str]) -> None:
        self.log = log
        with log.open("ab") as file:
            self._begin = file.tell()
            self._arguments = arguments
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                [sys.executable, *arguments],
                cwd=ROOT,
                env={**os.environ, "NO_PROXY": "127.0.0.1", **environment},
                stdout=file,
                stderr=file,
            )

    def wait(self) -> None:
        """Wait until it is up."""

        def is_up() -> bool:
            assert self.process.poll() is None, self.written()
            return b"127.0.0.1" in self.log.read_bytes()[self._begin :]

        wait_until(is_up, f"{self._arguments} is up")

    def written(self) -> str:
        """Return what it has written."""
        return self.log.read_text("utf-8")

    def kill(self) -> None:
        """End it as nothing can be ended more thoroughly."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and return how it ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


class House:
    """A vendor and a studio that knows it, in a directory.

    Args:
        directory: Where everything is.
        seconds: How long a song takes, as two bounds.
        settings: More of the studio's environment.
    """

    def __init__(
        self, directory: Path, seconds: tuple[float, float] = (1.0, 2.0), **settings: str
    ) -> None:
        self._directory = directory
        self._seconds = seconds
        self._port, self._vendor_port = free_port(), free_port()
        self._settings = settings
        self.url = f"http://127.0.0.1:{self._port}"
        self.vendor_url = f"http://127.0.0.1:{self._vendor_port}"
        self.vendor = self._vendor()
        self.studio = self._studio()
        self.vendor.wait()
        self.studio.wait()

    def _vendor(self) -> Process:
        low, high = self._seconds
        return Process(
            *("-m", "acedata_async", "sandbox", "--port", str(self._vendor_port)),
            *("--seconds", f"{low}:{high}", "--state", str(self._directory / "vendor.jsonl")),
            log=self._directory / "vendor.log",
            environment={},
        )

    def _studio(self) -> Process:
        return Process(
            *("-m", "examples.studio", "--port", str(self._port)),
            log=self._directory / "studio.log",
            environment=self.environment,
        )

    def start_studio(self) -> None:
        """Start another studio, after the end of the last one."""
        self.studio = self._studio()
        self.studio.wait()

    @property
    def environment(self) -> dict[str, str]:
        """What the studio's environment says."""
        return {
            "ACEDATACLOUD_API_TOKEN": "sandbox-token",
            "ACEDATACLOUD_API_BASE_URL": self.vendor_url,
            "STUDIO_DIRECTORY": str(self._directory / "studio"),
            "STUDIO_URL": self.url,
            "STUDIO_SECRET": SECRET,
            "STUDIO_MAX_IN_FLIGHT": "20",
            "PYTHONWARNINGS": "error",
            **self._settings,
        }

    def counted(self) -> dict[str, Any]:
        """Return what the vendor has counted."""
        counted: dict[str, Any] = ask(f"{self.vendor_url}/sandbox/stats")
        return counted

    def inject(self, fault: str, **options: Any) -> None:
        """Make something go wrong at the vendor."""
        ask(f"{self.vendor_url}/sandbox/faults", {"fault": fault, **options})

    def order(self, action: str = "generate", key: str | None = None, **fields: Any) -> str:
        """Order something, and return its key."""
        key = key or str(uuid4())
        ask(f"{self.url}/api/songs", {"key": key, "action": action, "fields": fields})
        return key

    def song(self, key: str) -> dict[str, Any]:
        """Return what the studio shows of a song."""
        song: dict[str, Any] = ask(f"{self.url}/api/songs/{key}")
        return song

    def wait_for(self, key: str, stage: str) -> dict[str, Any]:
        """Wait until a song has come to a stage."""
        wait_until(lambda: self.song(key)["stage"] == stage, f"{key} is {stage}")
        return self.song(key)

    def close(self) -> None:
        """End both."""
        for one in (self.studio, self.vendor):
            one.kill()


@contextmanager
def house(
    directory: Path, seconds: tuple[float, float] = (1.0, 2.0), **settings: str
) -> Iterator[House]:
    """Run a vendor and a studio while the context is open."""
    running = House(directory, seconds, **settings)
    try:
        yield running
    finally:
        running.close()
