"""Execute what README, docs and examples show: every Python block, every `acedata` command.

Each runs as a process of its own in an empty folder, against the sandbox as a server, with the
token and the address in the environment: as it stands, nothing is replaced.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
SCRIPTS = sorted((ROOT / "examples").glob("*.py"))
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)

SERVER = """
import asyncio
from acedata_async.sandbox import Sandbox, SystemClock

async def main():
    async with Sandbox(clock=SystemClock(), durations=(0.2, 0.4)).listen() as base_url:
        print(base_url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


def blocks(language: str) -> list[tuple[str, str]]:
    """Return the blocks of a language on all pages, each with where it stands."""
    found = []
    for page in PAGES:
        for number, (name, text) in enumerate(BLOCK.findall(page.read_text("utf-8")), 1):
            if name == language:
                found.append((f"{page.relative_to(ROOT)}#{number}", text))
    return found


@pytest.fixture(scope="session")
def environment() -> Iterator[dict[str, str]]:
    """The environment of a user who works with the sandbox as a server."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        try:
            yield {
                **os.environ,
                "ACEDATACLOUD_API_TOKEN": "sandbox-token",
                "ACEDATACLOUD_API_BASE_URL": address,
                "PYTHONWARNINGS": "error",
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            }
        finally:
            server.terminate()


def execute(command: list[str], environment: dict[str, str], folder: Path) -> None:
    """Run a command, and show what it said if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("text", [pytest.param(text, id=place) for place, text in blocks("python")])
def test_python(text: str, environment: dict[str, str], tmp_path: Path) -> None:
    """The block runs; if it holds tests, they pass."""
    script = tmp_path / "test_example.py"
    script.write_text(text, encoding="utf-8")
    scope = "asyncio_default_fixture_loop_scope=function"
    tests = ["-m", "pytest", "-q", "-o", scope] if "def test_" in text else []
    execute([sys.executable, *tests, str(script)], environment, tmp_path)


@pytest.mark.parametrize("text", [pytest.param(text, id=place) for place, text in blocks("bash")])
def test_commands(text: str, environment: dict[str, str], tmp_path: Path) -> None:
    """Each line of the block is a command that ends well."""
    (tmp_path / "songs.jsonl").write_text((ROOT / "examples/songs.jsonl").read_text("utf-8"))
    for line in text.replace("\\\n", " ").splitlines():
        execute(shlex.split(line), environment, tmp_path)


@pytest.mark.parametrize("script", [pytest.param(path, id=path.name) for path in SCRIPTS])
def test_scripts(script: Path, environment: dict[str, str], tmp_path: Path) -> None:
    """The example runs."""
    execute([sys.executable, str(script)], environment, tmp_path)
