"""The app as a whole: its help, its version, its door as a module."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acedata_async import __main__, __version__
from acedata_async.cli.app import app

COMMANDS = [command.name or "" for command in app.registered_commands]
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    """The help of each command shows how to call it."""
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"acedata {name} " in " ".join(result.stdout.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference(name: str) -> None:
    """The reference tells of every command."""
    assert f"`acedata {name}" in REFERENCE.read_text(encoding="utf-8")


def test_every_option_is_in_the_reference() -> None:
    """The reference tells of every option."""
    text = REFERENCE.read_text(encoding="utf-8")
    shown = " ".join(CliRunner().invoke(app, [name, "--help"]).stdout for name in COMMANDS)
    options = {word for word in shown.split() if word.startswith("--") and len(word) > 2}
    assert {word for word in options if f"`{word}" not in text} == set()


def test_the_version() -> None:
    """--version prints it and ends."""
    result = CliRunner().invoke(app, ["--version"])
    assert (result.exit_code, result.stdout) == (0, f"acedata-async {__version__}\n")


def test_main_runs_the_app(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script `acedata` is this function."""
    monkeypatch.setattr(sys, "argv", ["acedata", "--version"])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"acedata-async {__version__}\n"


@pytest.mark.parametrize("missing", ["typer", "rich.table"])
def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    """Without typer and rich there is one clear line and exit code 3."""
    monkeypatch.delitem(sys.modules, "acedata_async.cli.app")
    monkeypatch.delitem(sys.modules, "acedata_async.cli.jobs")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 3
    assert "pip install 'acedata-async[cli]'" in capsys.readouterr().err


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the extra brings is explained by it."""
    monkeypatch.delitem(sys.modules, "acedata_async.cli.app")
    monkeypatch.setitem(sys.modules, "acedata_async.cli.tasks", None)
    with pytest.raises(ModuleNotFoundError):
        __main__.main()


def test_it_runs_as_a_module() -> None:
    """`python -m acedata_async` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "acedata_async", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"acedata-async {__version__}\n"
