"""Writing to stdout, where that is possible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import pytest

from acedata_async.cli.output import as_json, plain, to_stdout
from tests.cli.conftest import Acedata, song, write

FULL = Path("/dev/full")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it is done by a shell")


@pytest.fixture
def form(acedata: Acedata, tmp_path: Path) -> Path:
    """A form whose song is saved."""
    path = write(tmp_path, song())
    assert acedata("bulk", path, "-o", tmp_path).exit_code == 0
    return path


def in_a_shell(line: str, *words: str) -> tuple[int, str]:
    """Run a command line in a shell; return the exit code and stderr."""
    command = [sys.executable, "-m", "acedata_async"]
    done = subprocess.run(  # noqa: S603 - this very command
        ["/bin/sh", "-c", line, "sh", *command, *words],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    return done.returncode, done.stderr


COMMANDS = [
    ["ledger", "list"],
    ["ledger", "list", "--json"],
    ["ledger", "show", "a", "--json"],
    ["ledger", "unknown"],
    ["bulk", "form.jsonl", "--dry-run", "-o", "new"],
    ["ledger", "show", "nobody", "--json"],
]


@pytest.mark.skipif(not FULL.exists(), reason="no such device here")
@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_full_disk_is_told(words: Sequence[str]) -> None:
    """One line that says so, the exit code of such errors, and no traceback."""
    code, told = in_a_shell('"$@" > /dev/full', *words)
    assert code == 1
    assert told.startswith("acedata: ")
    assert told.count("\n") == 1
    if "nobody" not in words:
        assert "could not be written to stdout: No space left on device" in told


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("words", COMMANDS)
def test_a_closed_stdout_is_told(words: Sequence[str]) -> None:
    """The same where there is no stdout at all."""
    code, told = in_a_shell('"$@" >&-', *words)
    assert code == 1
    assert told.count("\n") == 1
    if "nobody" not in words:
        assert told == "acedata: OSError: stdout is closed: the result could not be written\n"


def test_a_run_is_told_at_its_end(tmp_path: Path) -> None:
    """What was made is there, and the ledger knows of it; only the account is missing."""
    form = write(tmp_path, song())
    code, told = in_a_shell('"$@" >&-', "bulk", str(form), "-o", str(tmp_path), "--sandbox", "-q")
    assert (code, told.count("\n")) == (1, 1)
    assert (tmp_path / "a.m4a").is_file()


def test_json_is_readable_and_harmless() -> None:
    """Letters of all languages stay; what is invisible is escaped; half a pair is replaced."""
    assert as_json({"a": "Ünï 雨 \u202e\x9b"}) == '{"a": "Ünï 雨 \\u202e\\u009b"}'
    assert as_json(["\U000e0041", "\ud800"]) == '["\\udb40\\udc41", "?"]'
    assert as_json({"a": 1}, indent=2) == '{\n  "a": 1\n}'


def test_a_missing_stdout_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """So it is for whoever was started without one."""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(OSError, match="stdout is closed"):
        to_stdout("a")


def test_what_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason; a reader who has enough is another matter."""
    for error, told in (
        (OSError(28, "No space"), "could not be written to stdout: No space"),
        (BrokenPipeError(32, "Broken pipe"), "Broken pipe"),
    ):
        monkeypatch.setattr(sys, "stdout", Refusing(error))
        with pytest.raises(type(error), match=told):
            to_stdout("a")


class Refusing(StringIO):
    """A stream that cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self.error = error

    def write(self, _: str, /) -> int:
        """Fail."""
        raise self.error


def test_a_line_is_one_line() -> None:
    """Whatever a text of the API's holds."""
    assert plain("a\nb\x1b[2Jc\u2028d") == "a b [2Jc d"


SAY = "\u4eca\u5929 \U0001f600"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_what_stdout_cannot_write(tmp_path: Path, encoding: str) -> None:
    """Letters that its encoding lacks are escaped; the id and the file are told, and paid once."""
    words = ["speak", SAY, "-o", "c.mp3", "--sandbox"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(  # noqa: S603 - this very command
        [sys.executable, "-m", "acedata_async", *words],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0
    assert b"\\u4eca\\u5929 \\U0001f600" in done.stdout
    assert b"file      c.mp3" in done.stdout
    assert b"Traceback" not in done.stderr


def test_json_that_stdout_cannot_write(tmp_path: Path) -> None:
    """A document stays one, whatever the encoding."""
    words = ["speak", SAY, "-o", "c.mp3", "--json", "--sandbox"]
    done = subprocess.run(  # noqa: S603 - this very command
        [sys.executable, "-m", "acedata_async", *words],
        capture_output=True,
        check=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
        timeout=60,
    )
    assert json.loads(done.stdout.decode("cp1252"))["speech"]["text"] == SAY
