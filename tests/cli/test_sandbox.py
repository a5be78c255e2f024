"""The command `sandbox`, and the sandbox inside other commands."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acedata_async.cli.app import app
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata


@pytest.fixture
def listened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Interrupt the server as soon as it is up; the ports that were asked for."""
    ports: list[int] = []
    real = Sandbox.listen

    @asynccontextmanager
    async def listen(self: Sandbox, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
        ports.append(port)
        async with real(self, host, port) as base_url:
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
            yield base_url

    monkeypatch.setattr(Sandbox, "listen", listen)
    return ports


def test_it_serves_until_ctrl_c(listened: list[int]) -> None:
    """It prints its address, that of its counts, and how to point a client at it."""
    result = CliRunner().invoke(app, ["sandbox", "--port", "0", "--fault", "throttle"])
    assert result.exit_code == 0
    assert "The sandbox listens at http://127.0.0.1:" in result.stdout
    assert "/sandbox/stats" in result.stdout
    assert "export ACEDATACLOUD_API_BASE_URL=http://127.0.0.1:" in result.stdout
    assert result.stderr.splitlines() == ["Ctrl-C ends it", "stopped"]
    assert listened == [0]


@pytest.mark.parametrize("seconds", ["3:8", "0:0", "5"])
def test_json_has_the_addresses(listened: list[int], seconds: str) -> None:
    """With --json the addresses are one document."""
    result = CliRunner().invoke(app, ["sandbox", "--port", "0", "--json", "--seconds", seconds])
    made = json.loads(result.stdout)
    assert made["stats_url"] == made["base_url"] + "/sandbox/stats"


def test_it_goes_on_from_its_state(listened: list[int], tmp_path: Path) -> None:
    """What an earlier sandbox has accepted is there again, and the file is named."""
    state = tmp_path / "state.jsonl"

    async def make_song() -> list[str]:
        async with Sandbox(state=state) as sandbox:
            _ = await sandbox.client().producer.generate("A song")
            return sandbox.tasks

    tasks = asyncio.run(make_song())
    for _ in range(2):
        result = CliRunner().invoke(app, ["sandbox", "--port", "0", "--state", str(state)])
        assert result.exit_code == 0, result.stderr
        assert f"What it keeps: {state} (tasks so far: 1)" in result.stdout

    async def read_tasks() -> list[str]:
        async with Sandbox(state=state) as sandbox:
            return sandbox.tasks

    assert asyncio.run(read_tasks()) == tasks


def test_another_file_is_no_state(tmp_path: Path) -> None:
    """A file that is something else is told and left alone, and nothing is served."""
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n")
    result = CliRunner().invoke(app, ["sandbox", "--port", "0", "--state", str(notes)])
    assert result.exit_code == 3
    assert f"{notes} is not the state file of a sandbox" in result.stderr
    assert notes.read_text() == "mine\n"


@pytest.mark.parametrize(
    "options", [["--fault", "nonsense"], ["--seconds", "x"], ["--seconds", "8:3"], ["--port", "x"]]
)
def test_wrong_options_end_with_2(options: list[str]) -> None:
    """A fault that does not exist is told, with those that do."""
    assert CliRunner().invoke(app, ["sandbox", *options]).exit_code == 2


def test_a_port_in_use_is_told() -> None:
    """One clear line, and exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(app, ["sandbox", "--port", port])
    assert result.exit_code == 3
    assert f"port {port} cannot be had" in result.stderr


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server needs uvicorn; the rest of the command line does not."""

    def listen(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'uvicorn'", name="uvicorn")

    monkeypatch.setattr(Sandbox, "listen", listen)
    result = CliRunner().invoke(app, ["sandbox"])
    assert result.exit_code == 3
    assert "pip install '.[sandbox]' in a clone of the project" in result.stderr


def test_any_command_can_have_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --sandbox no token is needed, and nothing leaves the machine."""
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN", raising=False)
    monkeypatch.setattr("acedata_async.cli.session._SANDBOX_SECONDS", (0.0, 0.0))
    result = CliRunner().invoke(app, ["lyrics", "A harbour", "--sandbox", "--json"])
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["lyrics"]


def test_each_start_has_ids_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id from an earlier start never names another song in a later one."""
    monkeypatch.setattr("acedata_async.cli.session._SANDBOX_SECONDS", (0.0, 0.0))
    arguments = ["generate", "A song", "--sandbox", "--no-wait"]
    first, second = (CliRunner().invoke(app, arguments).stdout for _ in range(2))
    assert first
    assert first != second


def test_each_served_sandbox_has_a_seed_of_its_own(
    listened: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same holds for one that is served."""
    seeds: list[object] = []
    real = Sandbox.__init__

    def make(self: Sandbox, **options: Any) -> None:
        seeds.append(options["seed"])
        real(self, **options)

    monkeypatch.setattr(Sandbox, "__init__", make)
    for _ in range(2):
        CliRunner().invoke(app, ["sandbox", "--port", "0"])
    assert len(set(seeds)) == len(listened) == 2


def test_no_advice_to_go_on_where_nothing_does(acedata: Acedata, sandbox: Sandbox) -> None:
    """A sandbox inside the command ends with it."""
    sandbox.inject("never")
    result = acedata("generate", "A song", "--sandbox", "--timeout", 50)
    assert result.exit_code == 6
    assert "acedata watch" not in result.stderr
    assert "the sandbox inside this command is gone" in result.stderr
