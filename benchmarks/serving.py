"""A server process that a client is measured against."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def serving(python: str, module: str, told: Mapping[str, Any]) -> Iterator[str]:
    """Yield the address of a server that runs meanwhile.

    Args:
        python: The interpreter.
        module: The server's, in this package; the first line that it prints is its address.
        told: What it is to know.
    """
    command = [python, "-m", f"benchmarks.{module}", json.dumps(told)]
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            if server.stdout is None or not (base_url := server.stdout.readline().strip()):
                raise RuntimeError("the server did not start")
            yield base_url
        finally:
            server.terminate()
