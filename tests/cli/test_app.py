"""The app as a whole: its help, its version, its door as a module."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acedata_async import __main__, __version__
from acedata_async.cli.app import app

COMMANDS = [command.name or "" for command in app.registered_commands]
COMMANDS += [
    f"{group.name} {command.name}"
    for group in app.registered_groups
    if group.typer_instance is not None
    for command in group.typer_instance.registered_commands
]
ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference" / "cli.md"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples(name: str) -> None:
    """The help of each command shows how to call it."""
    result = CliRunner().invoke(app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"acedata {name} " in " ".join(result.stdout.split())


def test_a_paragraph_of_the_help_fills_its_lines() -> None:
    """Only the terminal's width breaks a line, never that of the source."""
    wide = {"COLUMNS": "400", "TERMINAL_WIDTH": "400"}
    shown = CliRunner().invoke(app, ["--help"], env=wide).stdout
    assert "the address from ACEDATACLOUD_API_BASE_URL where" in shown
    shown = CliRunner().invoke(app, ["bulk", "--help"], env=wide).stdout
    assert "and nothing is paid twice" in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "hi", "--weirdness", "abc", "--json", "--sandbox"],
        ["no-such-command", "--json"],
        ["--no-such-option", "--json"],
        ["sandbox", "--port", "x", "--json"],
        ["bulk", "form.jsonl", "--max-in-flight", "0", "--json"],
        ["ledger", "list", "--state", "x", "--json"],
    ],
)
def test_wrong_usage_is_a_document_too(arguments: list[str]) -> None:
    """With --json even a command line that cannot be read is told on stdout."""
    result = CliRunner().invoke(app, arguments)
    error = json.loads(result.stdout)["error"]
    assert (result.exit_code, error["type"], error["exit_code"]) == (2, "UsageError", 2)
    assert error["message"]
    assert CliRunner().invoke(app, [one for one in arguments if one != "--json"]).stdout == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_reference(name: str) -> None:
    """The reference tells of every command."""
    assert f"`acedata {name}" in REFERENCE.read_text(encoding="utf-8")


def test_every_option_is_in_the_reference() -> None:
    """The reference tells of every option."""
    text = REFERENCE.read_text(encoding="utf-8")
    shown = " ".join(CliRunner().invoke(app, [*name.split(), "--help"]).stdout for name in COMMANDS)
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
    for name in ("bulk", "bulk_run", "account", "board"):
        monkeypatch.delitem(sys.modules, f"acedata_async.cli.{name}")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 3
    assert "pip install '.[cli]' in a clone of the project" in capsys.readouterr().err


def test_another_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what the extra brings is explained by it."""
    monkeypatch.delitem(sys.modules, "acedata_async.cli.app")
    monkeypatch.setitem(sys.modules, "acedata_async.cli.tasks", None)
    with pytest.raises(ModuleNotFoundError):
        __main__.main()


class _Impatience(MetaPathFinder):
    """A user who presses Ctrl-C while modules are looked for."""

    def find_spec(self, *_: object) -> None:
        """Press it."""
        raise KeyboardInterrupt


def test_interrupted_before_it_has_begun(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C during the imports is one line and 130, and no traceback."""
    monkeypatch.delitem(sys.modules, "acedata_async.cli.app")
    monkeypatch.setattr(sys, "meta_path", [_Impatience(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    assert ended.value.code == 130
    assert capsys.readouterr().err == "acedata: interrupted\n"


def test_it_runs_as_a_module() -> None:
    """`python -m acedata_async` is the same command."""
    done = subprocess.run(
        [sys.executable, "-m", "acedata_async", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout == f"acedata-async {__version__}\n"
