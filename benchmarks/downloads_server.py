"""The file server: a thread for each connection, and the system moves the bytes (`sendfile`).

python -m benchmarks.downloads_server '{"count": 500, "size": 4000000, …}' prints its address and
serves until it is terminated. `GET /bench/report` tells what was sent.
"""

from __future__ import annotations

import array
import contextlib
import fcntl
import json
import os
import re
import socket
import struct
import termios
import threading
import time
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from benchmarks.downloads_files import Batch
from benchmarks.probe import orders

_LONGEST_QUEUE = 30.0
"""Seconds that a client may leave bytes in the queue before its connection is reset."""
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{0,18})")


@dataclass(slots=True)
class _Seen:
    """What was seen up to now.

    Attributes:
        sent: Bytes that were sent, heads of answers and all.
        body: Those of them that were in bodies.
        requests: How many there were.
        connections: The same.
        cuts: Answers that were cut.
        cpu: Seconds of CPU since the first request.
        wall: Seconds since the first request.
    """

    sent: int = 0
    body: int = 0
    requests: int = 0
    connections: int = 0
    cuts: int = 0
    cpu: float = 0.0
    wall: float = 0.0


@dataclass(slots=True)
class _Store:
    """What is served, and what is noted.

    Args:
        batch: The files.
        noise: The open file that they are windows of.
        cut: The chance that an answer is cut, which ends its connection.
        seed: Makes it repeatable: it is drawn for each file and each answer anew.
    """

    batch: Batch
    noise: int
    cut: float
    seed: int
    seen: _Seen = field(default_factory=_Seen)
    _asked: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _began: tuple[float, float] | None = None

    def connected(self) -> None:
        with self._lock:
            self.seen.connections += 1

    def asked(self, name: str, length: int) -> tuple[int, bool] | None:
        """Note a request; return after how many bytes to cut and whether rudely, or None."""
        with self._lock:
            if self._began is None:
                self._began = time.monotonic(), time.process_time()
            self.seen.requests += 1
            turn = self._asked[name] = self._asked.get(name, 0) + 1
            rng = Random(f"{self.seed} {name} {turn}")
            if rng.random() >= self.cut:
                return None
            self.seen.cuts += 1
            return rng.randrange(length), rng.random() < 0.5

    def sent(self, head: int, body: int) -> None:
        with self._lock:
            self.seen.sent += head + body
            self.seen.body += body

    def report(self) -> dict[str, Any]:
        with self._lock:
            if self._began is not None:
                self.seen.wall = time.monotonic() - self._began[0]
                self.seen.cpu = time.process_time() - self._began[1]
            return asdict(self.seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, store: _Store) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        """Serve a file, a part of one, or the report."""
        if self.path == "/bench/report":
            self._answer(200, {"Content-Type": "application/json"}, self._report())
            return
        name = self.path.removeprefix("/files/")
        if self.server.store.batch.place(name) is None:
            self._answer(404, {}, b"")
            return
        self._file(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name it has
        """Say nothing."""

    def setup(self) -> None:
        """Take a connection."""
        super().setup()
        self._counted = False

    def handle(self) -> None:
        """Serve a connection until one of both ends it."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def _report(self) -> bytes:
        return json.dumps(self.server.store.report()).encode()

    def _file(self, name: str) -> None:
        store = self.server.store
        if not self._counted:
            self._counted = True
            store.connected()
        size, tag = store.batch.size, f'"{name}-{store.batch.size}"'
        told = {"ETag": tag, "Accept-Ranges": "bytes", "Content-Type": "audio/wav"}
        wanted = _RANGE.fullmatch(self.headers.get("Range", ""))
        start, end, status = 0, size, 200
        if wanted and self.headers.get("If-Range", tag) == tag:
            start = int(wanted[1])
            end = min(int(wanted[2]) + 1, size) if wanted[2] else size
            if start >= end:
                self._answer(416, {**told, "Content-Range": f"bytes */{size}"}, b"")
                return
            status = 206
            told["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
        cut = store.asked(name, end - start)
        head = self._head(status, {**told, "Content-Length": str(end - start)})
        self._send(head, name, start, end if cut is None else start + cut[0])
        if cut is not None:
            self._cut(rudely=cut[1])

    def _head(self, status: int, told: dict[str, str]) -> bytes:
        lines = [f"HTTP/1.1 {status} {self.responses[status][0]}"]
        lines += [f"{name}: {value}" for name, value in told.items()]
        return "\r\n".join([*lines, "", ""]).encode("ascii")

    def _answer(self, status: int, told: dict[str, str], body: bytes) -> None:
        head = self._head(status, {**told, "Content-Length": str(len(body))})
        self.connection.sendall(head + body)

    def _send(self, head: bytes, name: str, start: int, end: int) -> None:
        """Send the bytes of a file from `start` to `end`, and note how many that are."""
        store = self.server.store
        opening = store.batch.header
        place = (store.batch.place(name) or 0) - len(opening)
        self.connection.sendall(head)
        offset = start
        try:
            if offset < len(opening) and offset < end:
                self.connection.sendall(opening[offset : min(end, len(opening))])
                offset = min(end, len(opening))
            while offset < end:
                offset += os.sendfile(
                    self.connection.fileno(), store.noise, place + offset, end - offset
                )
        finally:
            store.sent(len(head), offset - start)

    def _cut(self, *, rudely: bool) -> None:
        """End the connection: orderly, or by a reset."""
        self.close_connection = True
        if not rudely:
            return
        _wait_until_taken(self.connection)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # At once: the server would end it in an orderly way first. It closes when nobody reads.
        self.rfile.close()
        self.connection.close()


def _wait_until_taken(connection: socket.socket) -> None:
    """Wait until the other side has acknowledged all bytes: a reset takes back the others.

    How many those were cannot be told: they go on leaving while one asks.
    """
    queued = array.array("i", [0])
    give_up = time.monotonic() + _LONGEST_QUEUE
    while time.monotonic() < give_up:
        fcntl.ioctl(connection, termios.TIOCOUTQ, queued)
        if not queued[0]:
            return
        time.sleep(0.0005)
    raise TimeoutError("the client takes nothing")


def _main() -> None:
    told = orders()
    noise = os.open(told["noise"], os.O_RDONLY)
    batch = Batch(told["count"], told["size"])
    with _Server(_Store(batch, noise, told["cut"], told["seed"])) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    _main()
