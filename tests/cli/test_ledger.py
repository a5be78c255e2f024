"""The commands `ledger …`."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from acedata_async.cli import ledger_file
from acedata_async.ledger import NewEntry, SqliteLedger
from tests.cli.conftest import Acedata, change, document, in_use, ledger_at, song, write


def test_a_list_has_a_line_for_each(acedata: Acedata, path: Path) -> None:
    """Key, state, task id, what it is, file and when; the ledger here is the default."""
    result = acedata("ledger", "list")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split()[:2] for line in lines] == [
        ["unsure", "unknown"],
        ["lost", "lost"],
        ["failed", "failed"],
        ["later", "pending"],
    ]
    assert "task-1" in lines[1]
    assert all("Lanterns" in line for line in lines)
    assert acedata("ledger", "list", "--ledger", path).stdout == result.stdout


def test_a_list_of_some_states(acedata: Acedata, path: Path) -> None:
    """--state may be repeated; with --json it is one document, also without any entry."""
    options = ["-o", path.parent, "--json"]
    told = document(acedata("ledger", "list", "--state", "failed", "--state", "lost", *options))
    assert told["ledger"] == str(path)
    assert [entry["key"] for entry in told["entries"]] == ["lost", "failed"]
    lost = told["entries"][0]
    assert lost["error"] == {"type": "ValueError", "message": "no record"}
    assert list(lost["times"]) == ["pending", "submitting", "submitted", "lost"]
    assert "T" in lost["times"]["lost"]
    assert document(acedata("ledger", "list", "--state", "saved", *options))["entries"] == []


def test_a_state_must_be_one(acedata: Acedata, path: Path) -> None:
    """A wrong state is wrong usage, and the right ones are named."""
    result = acedata("ledger", "list", "--state", "done")
    assert result.exit_code == 2
    assert "given_up" in result.stderr


@pytest.mark.parametrize(
    "words", [["list"], ["show", "a"], ["unknown"], ["resolve", "a", "--give-up"]]
)
def test_no_ledger_is_made_by_looking(acedata: Acedata, tmp_path: Path, words: list[str]) -> None:
    """Where there is none, that is said, and there is none afterwards."""
    result = acedata("ledger", *words, "-o", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"acedata: LedgerError: no ledger at {tmp_path / 'acedata.ledger'}\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["show", "a"],
        ["unknown"],
        ["resolve", "a", "--give-up"],
        ["resolve", "a", "--task-id", "x", "--unchecked"],
    ],
)
@pytest.mark.parametrize("content", [None, b"", b"no ledger, but notes of the user's own"])
def test_nothing_is_made_at_a_wrong_place(
    acedata: Acedata, tmp_path: Path, words: list[str], content: bytes | None
) -> None:
    """A mistyped path makes no directory, and a file that is no ledger gets none beside it."""
    place = tmp_path / "mistyped" / "one.ledger"
    if content is not None:
        place = tmp_path / "notes"
        place.write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    result = acedata("ledger", *words, "--ledger", place)
    assert result.exit_code == 1
    assert result.stderr.startswith("acedata: LedgerError: ")
    assert sorted(tmp_path.rglob("*")) == before
    if content is not None:
        assert place.read_bytes() == content
    if content == b"":
        assert f"{place} is empty, so it remembers nothing: " in result.stderr


def test_times_have_their_zone(acedata: Acedata, path: Path) -> None:
    """ISO 8601 with the offset, to the second for people."""
    listed = acedata("ledger", "list").stdout.splitlines()[0].split()[-1]
    shown = acedata("ledger", "show", "lost").stdout
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", listed)
    assert re.search(r"  lost at +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d\n", shown)
    (entry,) = document(acedata("ledger", "list", "--json", "--state", "lost"))["entries"]
    assert datetime.fromisoformat(entry["times"]["lost"]).utcoffset() is not None
    assert path.exists()


def test_looking_works_while_a_run_is_at_work(acedata: Acedata, path: Path) -> None:
    """A ledger in use can be read; deciding is for afterwards."""
    with in_use(path), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_file, "PATIENCE", 0.0)
        for words, code in ((["list"], 0), (["show", "lost"], 0), (["unknown"], 5)):
            assert acedata("ledger", *words).exit_code == code
        refused = acedata("ledger", "resolve", "lost", "--give-up")
    assert refused.exit_code == 1
    assert "is in use by process" in refused.stderr
    assert ledger_at(path)["lost"].state == "lost"


def test_an_entry_is_shown_whole(acedata: Acedata, path: Path) -> None:
    """State, error, times, marker and what was asked for."""
    shown = acedata("ledger", "show", "lost").stdout
    for words in (
        "task-1",
        "ValueError: no record",
        "marker",
        "lost at",
        "asked: seed",
        "Lanterns",
    ):
        assert words in shown
    told = document(acedata("ledger", "show", "lost", "--json"))
    assert told["request"]["seed"] == 7
    assert len(told["marker"]) == 32
    assert told["record"] is None
    assert acedata("ledger", "show", "nobody").exit_code == 1


def test_a_saved_song_is_shown_with_its_record(acedata: Acedata, tmp_path: Path) -> None:
    """The record is summed up for people, and whole in the document."""
    upload = {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"}
    acedata("bulk", write(tmp_path, song(title="Lanterns"), upload), "-o", tmp_path)
    shown = acedata("ledger", "show", "a").stdout
    assert "  record           succeeded\n" in shown
    assert "Lanterns (0:" in shown
    assert document(acedata("ledger", "show", "a", "--json"))["record"]["id"]
    assert "  uploaded as" in acedata("ledger", "show", "mine").stdout


def test_what_is_unknown_or_lost_is_explained(acedata: Acedata, path: Path) -> None:
    """When it was sent, what it asks for, why, and the three ways to decide."""
    result = acedata("ledger", "unknown", "-o", path.parent)
    shown = result.stdout
    assert result.exit_code == 5
    assert "unsure: unknown, sent 2" in shown
    assert "  asks for  generate; Lanterns; A song\n" in shown
    assert "  because   cut off\n" in shown
    assert "  task id   task-1\n" in shown
    for way in ("--task-id ID", "--resubmit", "--give-up"):
        assert f"acedata ledger resolve KEY -o {path.parent} {way}" in shown
    assert "failed" not in shown.replace("--", "")


def test_nothing_is_unknown(acedata: Acedata, tmp_path: Path) -> None:
    """That is good news, and told."""
    acedata("bulk", write(tmp_path, song()), "-o", tmp_path)
    result = acedata("ledger", "unknown")
    assert (result.exit_code, result.stdout) == (0, "nothing is unknown or lost\n")
    told = document(acedata("ledger", "unknown", "--json"))
    assert told == {"ledger": "acedata.ledger", "entries": [], "exit_code": 0}


def test_scripts_learn_what_is_in_doubt(acedata: Acedata, path: Path) -> None:
    """One document, and the exit code: 5 for what is unknown, 6 for what is only lost."""
    result = acedata("ledger", "unknown", "--json")
    told = document(result)
    assert [(entry["key"], entry["state"]) for entry in told["entries"]] == [
        ("unsure", "unknown"),
        ("lost", "lost"),
    ]
    assert result.exit_code == told["exit_code"] == 5
    acedata("ledger", "resolve", "unsure", "--give-up")
    result = acedata("ledger", "unknown", "--json")
    assert result.exit_code == document(result)["exit_code"] == 6
    assert path.exists()


def test_what_a_killed_run_left_is_in_doubt(acedata: Acedata, tmp_path: Path) -> None:
    """A call that was under way may be paid, also before the next run has found it so."""

    async def send(ledger: SqliteLedger) -> None:
        await ledger.add([NewEntry(key="a", request={"action": "generate", "prompt": "x"})])
        await ledger.begin("a")

    change(tmp_path / "acedata.ledger", send)
    result = acedata("ledger", "unknown")
    assert result.exit_code == 5
    assert result.stdout.startswith("a: submitting, sent 2")


def test_hostile_entries_steer_no_terminal(acedata: Acedata, tmp_path: Path) -> None:
    """Whatever stands in a ledger is shown as plain text, and is valid JSON."""
    asked = {"action": "generate", "title": "\x1b]0;x\x07\n\u2028[red]", "prompt": "\x9b31m"}

    async def fill(ledger: SqliteLedger) -> None:
        await ledger.add([NewEntry(key="k\x1b[2J\r", request=asked)])
        await ledger.begin("k\x1b[2J\r")

    change(tmp_path / "acedata.ledger", fill)
    change(tmp_path / "acedata.ledger", lambda ledger: ledger.totals())
    for words in (["list"], ["unknown"], ["show", "k\x1b[2J\r"]):
        shown = acedata("ledger", *words).stdout
        assert "[red]" in shown
        assert not any(mark in shown for mark in ("\x1b", "\x07", "\x9b", "\r", "\u2028"))
    entries = json.loads(acedata("ledger", "list", "--json").stdout)["entries"]
    assert entries[0]["key"] == "k\x1b[2J\r"


def test_documents_steer_no_terminal(acedata: Acedata, tmp_path: Path) -> None:
    """What turns the direction of a text, or is a control, is escaped; letters are not."""
    hostile = "\u202eevil\u2066\x9b31m\x7f\u200f\u2028\U000e0041"
    form = write(tmp_path, song(title=f"Grüße 雨{hostile}"))
    report = tmp_path / "report.jsonl"
    options = ["-o", tmp_path, "--json", "--report", report]
    told = acedata("bulk", form, *options).stdout
    for text in (
        told,
        report.read_text(encoding="utf-8"),
        acedata("ledger", "list", "--json").stdout,
        acedata("ledger", "show", "a", "--json").stdout,
    ):
        assert all(one.isprintable() or one == "\n" for one in text)
        assert "Grüße 雨" in text
    assert json.loads(told)["songs"][0]["title"] == f"Grüße 雨{hostile}"


def test_many_entries_are_listed(acedata: Acedata, tmp_path: Path) -> None:
    """Thousands are no trouble."""

    async def fill(ledger: SqliteLedger) -> None:
        asked = {"action": "generate", "prompt": "A song"}
        await ledger.add([NewEntry(key=f"s{n}", request=asked) for n in range(3000)])

    change(tmp_path / "acedata.ledger", fill)
    assert len(acedata("ledger", "list").stdout.splitlines()) == 3000
    assert len(document(acedata("ledger", "list", "--json"))["entries"]) == 3000
