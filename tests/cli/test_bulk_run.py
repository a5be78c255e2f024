"""The report of a bulk run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acedata_async.cli import ledger_file
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, in_use, song, write


def test_a_report_has_a_line_for_each_song(acedata: Acedata, tmp_path: Path) -> None:
    """It is written anew by each run, as the songs end."""
    report = tmp_path / "report.jsonl"
    for resumed in (False, True):
        form = write(tmp_path, song(), song("b"))
        result = acedata("bulk", form, "-o", tmp_path, "--report", report)
        lines = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
        assert result.exit_code == 0
        assert {(line["key"], line["state"], line["resumed"]) for line in lines} == {
            ("a", "saved", resumed),
            ("b", "saved", resumed),
        }


def test_a_report_that_cannot_be_opened_costs_nothing(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It is opened before anything is paid."""
    result = acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--report", tmp_path)
    assert result.exit_code == 2
    assert f"{tmp_path} cannot be written" in result.stderr
    assert sandbox.stats.lookups == 0


@pytest.mark.parametrize("name", ["acedata.ledger", "acedata.ledger-wal", "form.jsonl", "a.m4a"])
def test_a_report_takes_no_other_files_place(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    """Neither that of the ledger, even before there is one, nor that of the form or of a song."""
    form = write(tmp_path, song())
    (tmp_path / "a.m4a").write_bytes(b"ID3 a song")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    result = acedata("bulk", form, "-o", tmp_path, "--report", tmp_path / name)
    assert result.exit_code == 2
    assert "--report" in result.stderr
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert sandbox.stats.lookups == sandbox.stats.submission_requests == 0


def test_a_run_that_is_refused_leaves_the_other_ones_report_alone(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started twice by mistake, the first goes on with the report that it has begun."""
    monkeypatch.setattr(ledger_file, "PATIENCE", 0.0)
    form, report = write(tmp_path, song()), tmp_path / "report.jsonl"
    words = ("bulk", form, "-o", tmp_path, "--report", report)
    assert acedata(*words).exit_code == 0
    before = report.read_bytes()
    with in_use(tmp_path / "acedata.ledger"):
        assert acedata(*words).exit_code == 1
    assert report.read_bytes() == before
    assert before.count(b"\n") == 1


@pytest.mark.parametrize("content", [b"", b"ID3 a song", b"[1]\n", b'{"key": "a"}\n', b"\xff\n"])
def test_a_report_is_known_by_its_first_line(
    acedata: Acedata, tmp_path: Path, content: bytes
) -> None:
    """What begins in another way is left as it is; an empty file is written to."""
    report = tmp_path / "report.jsonl"
    report.write_bytes(content)
    result = acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--report", report)
    assert result.exit_code == (2 if content else 0)
    assert (report.read_bytes() == content) == bool(content)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device here")
def test_a_report_that_cannot_be_written_is_a_warning(acedata: Acedata, tmp_path: Path) -> None:
    """The songs are worth more than the report; it is said once."""
    form = write(tmp_path, song(), song("b"))
    result = acedata("bulk", form, "-o", tmp_path, "--report", "/dev/full")
    assert result.exit_code == 0
    assert result.stderr.count("acedata: warning: the report ends here") == 1
