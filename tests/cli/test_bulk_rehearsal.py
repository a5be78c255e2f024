"""`bulk --dry-run` ends as the run would that ends before it sends anything."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acedata_async.cli import ledger_file
from acedata_async.cli.app import app
from acedata_async.ledger import SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, in_use, song, write


async def _made_elsewhere(ledger: SqliteLedger) -> None:
    await ledger.put_note("origin", "https://api.acedata.cloud")


def of_another_api(place: Path) -> list[object]:
    """Let the ledger be of another API."""
    change(place / "acedata.ledger", _made_elsewhere)
    return []


def damaged(place: Path) -> list[object]:
    """Let something else stand where the ledger should."""
    (place / "acedata.ledger").write_bytes(b"something else " * 100)
    return []


def onto_the_ledger(place: Path) -> list[object]:
    """Write the report onto the ledger."""
    return ["--report", place / "acedata.ledger"]


def nowhere(place: Path) -> list[object]:
    """Write the report where no directory is."""
    return ["--report", place / "missing" / "report.jsonl"]


def into_a_directory(place: Path) -> list[object]:
    """Write the report onto a directory."""
    return ["--report", place]


def onto_a_file(place: Path) -> list[object]:
    """Put the files where a file is."""
    (place / "blocked").write_text("mine")
    return ["-o", place / "blocked"]


def below_a_file(place: Path) -> list[object]:
    """Put the files below a file."""
    return [*onto_a_file(place), "-o", place / "blocked" / "deeper"]


def a_mistyped_ledger(place: Path) -> list[object]:
    """Keep the ledger where no directory is."""
    return ["--ledger", place / "mistyped" / "one.ledger"]


def a_ledger_that_is_none(place: Path) -> list[object]:
    """Keep the ledger in a directory's place."""
    return ["--ledger", place]


def no_account(_: Path) -> list[object]:
    """Give an id that is none."""
    return ["--user-id", " "]


@pytest.mark.parametrize(
    "prepare",
    [
        of_another_api,
        damaged,
        onto_the_ledger,
        nowhere,
        into_a_directory,
        onto_a_file,
        below_a_file,
        a_mistyped_ledger,
        a_ledger_that_is_none,
        no_account,
    ],
)
def test_what_the_run_refuses_is_refused(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, prepare: Callable[[Path], list[object]]
) -> None:
    """The code and the words are those of the run; nothing is made or sent."""
    form, options = write(tmp_path, song()), ["-o", tmp_path, *prepare(tmp_path)]
    before = sorted(tmp_path.rglob("*"))
    rehearsed = acedata("bulk", form, *options, "--dry-run")
    assert sorted(tmp_path.rglob("*")) == before
    assert sandbox.stats.lookups == 0
    done = acedata("bulk", form, *options)
    assert rehearsed.exit_code == done.exit_code != 0
    kinds = [result.stderr.split(":")[1] for result in (rehearsed, done)]
    assert kinds[0] == kinds[1]
    assert sandbox.stats.submission_requests == 0


def test_a_run_at_work_is_told(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another run on the same ledger would refuse this one."""
    monkeypatch.setattr(ledger_file, "PATIENCE", 0.0)
    form = write(tmp_path, song())
    with in_use(tmp_path / "acedata.ledger"):
        result = acedata("bulk", form, "-o", tmp_path, "--dry-run")
    assert result.exit_code == 1
    assert f"is in use by process {os.getpid()} " in result.stderr
    assert acedata("bulk", form, "-o", tmp_path, "--dry-run").exit_code == 0


def test_places_that_the_run_makes_are_no_obstacle(acedata: Acedata, tmp_path: Path) -> None:
    """A directory that is yet to be made holds the ledger and the report."""
    files = tmp_path / "new" / "files"
    form = write(tmp_path, song())
    for report in (files / "report.jsonl", tmp_path / "report.jsonl"):
        options = ["-o", files, "--report", report, "--dry-run"]
        assert acedata("bulk", form, *options).exit_code == 0
        assert sorted(tmp_path.iterdir()) == [form]


def test_a_report_stays_as_it_is(acedata: Acedata, tmp_path: Path) -> None:
    """An earlier report is not written over by a rehearsal."""
    form, report = write(tmp_path, song()), tmp_path / "report.jsonl"
    assert acedata("bulk", form, "-o", tmp_path, "--report", report).exit_code == 0
    before = report.read_bytes()
    options = ["-o", tmp_path, "--report", report, "--dry-run"]
    assert acedata("bulk", form, *options).exit_code == 0
    assert report.read_bytes() == before


def test_an_empty_ledger_is_a_new_one(acedata: Acedata, tmp_path: Path) -> None:
    """The run would make a ledger of it; nothing is known before."""
    ledger = tmp_path / "acedata.ledger"
    ledger.touch()
    result = acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "      1  new: would be sent, and paid\n")
    assert ledger.read_bytes() == b""


def test_the_address_of_the_environment_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token the ledger of another address is refused too, as is a bad address."""
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN", raising=False)
    monkeypatch.delenv("ACEDATACLOUD_API_BASE_URL", raising=False)
    change(tmp_path / "acedata.ledger", _made_elsewhere)
    words = ["bulk", "-", "-o", str(tmp_path), "--dry-run"]
    codes = []
    for address in (None, "http://127.0.0.1:1", "http://example.com"):
        if address is not None:
            monkeypatch.setenv("ACEDATACLOUD_API_BASE_URL", address)
        codes.append(CliRunner().invoke(app, words, input=json.dumps(song())).exit_code)
    assert codes == [0, 1, 3]
    in_a_sandbox = CliRunner().invoke(app, [*words, "--sandbox"], input=json.dumps(song()))
    assert in_a_sandbox.exit_code == 1
