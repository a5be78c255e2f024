"""The studio as a process: one for each ledger, and an end that keeps what is under way."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from tests.studio.processes import PATIENCE, ROOT, House, free_port, house, wait_until


def _listen(running: House, heard: list[bytes], ended: list[float]) -> None:
    with urllib.request.urlopen(f"{running.url}/api/events", timeout=PATIENCE) as stream:  # noqa: S310
        heard.extend(stream)
    ended.append(time.monotonic())


def test_second_studio_is_told_who_has_the_ledger(tmp_path: Path) -> None:
    """In one line, without a traceback; the first one is not disturbed."""
    with house(tmp_path) as running:
        second = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "examples.studio", "--port", str(free_port())],
            cwd=ROOT,
            env={**running.environment, "NO_PROXY": "127.0.0.1"},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert second.returncode == 3
        assert f"is in use by process {running.studio.process.pid}" in second.stderr
        assert "The studio cannot start" in second.stderr
        assert "Traceback" not in second.stderr
        assert running.order(prompt="Undisturbed")


def test_termination_ends_streams_and_keeps_songs(tmp_path: Path) -> None:
    """With streams open it ends at once, each as it should; the next one finishes the songs."""
    with house(tmp_path, (2.0, 3.0)) as running:
        heard: list[list[bytes]] = [[] for _ in range(20)]
        ended: list[float] = []
        streams = [threading.Thread(target=_listen, args=(running, one, ended)) for one in heard]
        for stream in streams:
            stream.start()
        wait_until(lambda: all(heard), "all streams have said hello")
        keys = [running.order(prompt=f"Song {number}") for number in range(3)]
        running.wait_for(keys[-1], "making")

        began = time.monotonic()
        running.studio.stop()
        for stream in streams:
            stream.join(PATIENCE)
        assert len(ended) == len(streams)
        assert time.monotonic() - began < 5.0
        assert "Traceback" not in running.studio.written()
        assert all(b"event: song\r\n" in one for one in heard)

        running.start_studio()
        for key in keys:
            running.wait_for(key, "ready")
        assert running.counted()["submissions"] == len(keys)
        assert "Traceback" not in running.studio.written()
