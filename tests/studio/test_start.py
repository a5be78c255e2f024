"""How the studio starts on its fake vendor, and what it says when it cannot."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tests.studio.processes import PATIENCE, ROOT, Process, ask, free_port


def _second(*arguments: str) -> str:
    """Start a studio that cannot start, and return what it says."""
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "examples.studio", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 3
    assert "Traceback" not in ended.stderr
    return ended.stderr


def _two_ports() -> int:
    """Return a port that nobody listens at, as at the one behind it."""
    while True:
        port = free_port()
        try:
            with socket.create_server(("127.0.0.1", port + 1)):
                return port
        except OSError:
            continue


def test_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """That of the page as that of the fake vendor behind it; with what to do."""
    port = _two_ports()
    for taken in (port, port + 1):
        with socket.create_server(("127.0.0.1", taken)):
            said = _second("--sandbox", "--port", str(port), "--directory", str(tmp_path))
        assert f"port {taken} is taken. Is another studio running?" in said
        assert "--port" in said
    assert "there is no port 65536" in _second("--sandbox", "--port", "65535")


def test_second_one_leaves_the_fake_vendor_alone(tmp_path: Path) -> None:
    """At other ports, and with the same directory, it ends before it opens the vendor's state."""
    port, other = _two_ports(), _two_ports()
    place = ("--directory", str(tmp_path), "--sandbox")
    log = tmp_path / "studio.log"
    first = Process(
        *("-m", "examples.studio", "--port", str(port), *place), log=log, environment={}
    )
    try:
        first.wait()
        assert ask(f"http://127.0.0.1:{port}/api/songs")["sandbox"]
        said = _second("--port", str(other), *place)
        assert f"is in use by process {first.process.pid}" in said
    finally:
        first.kill()
