"""A vendor and commands in processes of their own, which can be killed at any instant."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from acedata_async import LedgerError
from acedata_async.ledger import Entry, SqliteLedger
from acedata_async.sandbox.records import ACCOUNT

PATIENCE = 240.0
"""Seconds after which something that has to come about on any machine has not."""

COMMAND = ("acedata_async",)
"""The module of the real command, and what stands before its own arguments."""

LEDGER = "acedata.ledger"

_TOKEN = "sandbox-token"
_GLANCE = 0.03

_SERVER = """
import asyncio, json, sys
from acedata_async.sandbox import Sandbox, SystemClock

options = json.loads(sys.argv[1])
port, ahead = options.pop("port"), options.pop("ahead")
options["durations"] = tuple(options["durations"])

class Clock(SystemClock):
    def time(self):
        return super().time() + ahead

async def main():
    async with Sandbox(clock=Clock(), **options) as sandbox, sandbox.listen(port=port) as base_url:
        print(base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


class Vendor:
    """A sandbox in a process of its own, which goes on where it was when it is started again.

    Args:
        state: The file in which it keeps what it knows.
        **options: What `Sandbox` is made with.
    """

    def __init__(self, state: Path, **options: Any) -> None:
        self._options = {"durations": [0.3, 1.5], "latency": 0.03, **options, "state": str(state)}
        self._process: subprocess.Popen[str] | None = None
        self._port = 0
        self._line: HTTPConnection | None = None
        self.base_url = ""

    def start(self, *, ahead: float = 0.0) -> None:
        """Start it, at the address that it had before.

        Args:
            ahead: By how many seconds its clock is ahead of the machine's.
        """
        options = json.dumps({**self._options, "port": self._port, "ahead": ahead})
        self._process = subprocess.Popen(  # noqa: S603 - our own code
            [sys.executable, "-c", _SERVER, options], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        assert self.base_url, "the sandbox did not start"
        self._port = int(self.base_url.rpartition(":")[2])
        # One connection for all: it is asked often, and a new one costs more than the answer.
        self._line = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)

    def kill(self) -> None:
        """Kill it, if it runs."""
        if self._process is not None:
            with self._process:
                self._process.kill()
            self._process = None
        if self._line is not None:
            self._line.close()
            self._line = None

    def stats(self) -> dict[str, Any]:
        """Return what it has counted."""
        assert self._line is not None
        self._line.request("GET", "/sandbox/stats")
        with self._line.getresponse() as answer:
            stats: dict[str, Any] = json.load(answer)
            return stats

    def inject(self, fault: str, **options: Any) -> None:
        """Make something go wrong at it."""
        self._ask("POST", "/sandbox/faults", {"fault": fault, **options})

    def clear_faults(self) -> None:
        """Let nothing go wrong any more."""
        self._ask("DELETE", "/sandbox/faults", None)

    def tasks(self) -> list[dict[str, Any]]:
        """Return the records of all its tasks, as its list shows them."""
        wish = {"action": "retrieve_batch", "user_id": ACCOUNT["user_id"]}
        records: list[dict[str, Any]] = []
        while True:
            page = json.loads(
                self._ask("POST", "/producer/tasks", {**wish, "offset": len(records)})
            )
            records += page["items"]
            if not page["items"]:
                return records

    def get(self, url: str) -> bytes:
        """Return what is at one of its addresses."""
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:  # noqa: S310 - our own
            content: bytes = answer.read()
            return content

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> bytes:
        request = urllib.request.Request(  # noqa: S310 - our own server
            self.base_url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {_TOKEN}"},
        )
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as error:
                error.close()
                if error.code != 429 or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)


class Run:
    """A command that runs.

    Attributes:
        process: Its process.
        printed: Where what it writes goes.
    """

    def __init__(self, process: subprocess.Popen[bytes], printed: Path) -> None:
        self.process = process
        self.printed = printed

    @property
    def text(self) -> str:
        """What it has written, to stdout and stderr."""
        return self.printed.read_text("utf-8", "replace")

    def code(self) -> int:
        """Wait for its end and return its exit code."""
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait(PATIENCE)

    def ends_within(self, seconds: float) -> bool:
        """Wait for its end for so long; say whether it has come."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def lasts_until(self, condition: Callable[[], object]) -> bool:
        """Wait until a condition holds; False if the command ends before."""
        deadline = time.monotonic() + PATIENCE
        while not self.ends_within(_GLANCE):
            if condition():
                return True
            assert time.monotonic() < deadline, self.text
        return False


class Workplace:
    """A directory with a file of songs, in which the command is run again and again.

    Args:
        place: The directory.
        vendor: Who makes the songs.
        songs: The lines of the file.
    """

    def __init__(self, place: Path, vendor: Vendor, songs: Sequence[dict[str, Any]]) -> None:
        self.vendor = vendor
        self.songs = songs
        self.directory = place / "out"
        self.form = place / "songs.jsonl"
        self.form.write_text("".join(json.dumps(song) + "\n" for song in songs), "utf-8")
        self._place = place

    @contextmanager
    def bulk(self, *options: str, module: Sequence[str] = COMMAND) -> Iterator[Run]:
        """Run `acedata bulk`; it is killed in the end.

        Args:
            *options: Further options of the command.
            module: The module that is run, and what stands before the command's own arguments.
        """
        paths = [str(self.form), "-o", str(self.directory)]
        with self._run([*module, "bulk", *paths, *options]) as run:
            yield run

    def finish(self, *options: str, module: Sequence[str] = COMMAND) -> Run:
        """Run `acedata bulk` to its end."""
        with self.bulk(*options, module=module) as run:
            run.code()
            return run

    def listed_unknown(self) -> set[str]:
        """Return the keys that `acedata ledger list --state unknown --json` lists."""
        arguments = ["ledger", "list", "--state", "unknown", "--json", "-o", str(self.directory)]
        done = subprocess.run(  # noqa: S603 - our own code
            [sys.executable, "-m", *COMMAND, *arguments],
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        return {entry["key"] for entry in json.loads(done.stdout)["entries"]}

    def entries(self) -> dict[str, Entry]:
        """Return what the ledger remembers, by key; nothing where there is none yet."""

        async def read() -> dict[str, Entry]:
            async with SqliteLedger(self.directory / LEDGER, read_only=True) as ledger:
                return {entry.key: entry async for entry in ledger.entries()}

        try:
            return asyncio.run(read())
        except LedgerError:
            return {}

    def files(self) -> set[str]:
        """Return the names of the files there, those of the ledger left out."""
        if not self.directory.exists():
            return set()
        names = {path.name for path in self.directory.iterdir()}
        return {name for name in names if not name.startswith(LEDGER)}

    @contextmanager
    def _run(self, arguments: Sequence[str]) -> Iterator[Run]:
        environment = {
            **os.environ,
            "ACEDATACLOUD_API_TOKEN": _TOKEN,
            "ACEDATACLOUD_API_BASE_URL": self.vendor.base_url,
        }
        handle, name = tempfile.mkstemp(".txt", "printed-", self._place)
        with (
            os.fdopen(handle, "wb") as printed,
            subprocess.Popen(  # noqa: S603 - our own code
                [sys.executable, "-m", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            try:
                yield Run(process, Path(name))
            finally:
                process.kill()


@contextmanager
def workplace(songs: Sequence[dict[str, Any]], **options: Any) -> Iterator[Workplace]:
    """A directory with a file of songs, and a server of its own, killed in the end.

    Args:
        songs: The lines of the file.
        **options: What the sandbox is made with.
    """
    with tempfile.TemporaryDirectory() as directory:
        vendor = Vendor(Path(directory) / "state", **options)
        try:
            vendor.start()
            yield Workplace(Path(directory), vendor, songs)
        finally:
            vendor.kill()
