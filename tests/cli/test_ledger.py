"""The commands `ledger …`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acedata_async.cli import ledger_file
from acedata_async.ledger import NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, document, in_use, ledger_at, song, write


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger with a song that is unknown, one that is lost, one that failed and one to come."""

    async def fill(ledger: SqliteLedger) -> None:
        asked = {"action": "generate", "prompt": "A song", "title": "Lanterns", "seed": 7}
        keys = ["unsure", "lost", "failed", "later"]
        await ledger.add([NewEntry(key=key, request=asked) for key in keys])
        for key in keys[:3]:
            await ledger.begin(key)
        await ledger.doubt("unsure", ValueError("cut off"))
        await ledger.accept("lost", "task-1")
        await ledger.lose("lost", ValueError("no record"))
        await ledger.refuse("failed", ValueError("refused"))

    place = tmp_path / "acedata.ledger"
    change(place, fill)
    return place


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


def test_looking_works_while_a_run_is_at_work(acedata: Acedata, path: Path) -> None:
    """A ledger in use can be read; deciding is for afterwards."""
    with in_use(path), pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger_file, "PATIENCE", 0.0)
        for words in (["list"], ["show", "lost"], ["unknown"]):
            assert acedata("ledger", *words).exit_code == 0
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
    shown = acedata("ledger", "unknown", "-o", path.parent).stdout
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
    assert acedata("ledger", "unknown").stdout == "nothing is unknown or lost\n"


def test_a_task_id_is_looked_up_next(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The unknown song is the task that the user has found; the next run fetches it."""
    sandbox.inject("cut-after-accept", times=1)
    sandbox.inject("list-refused")
    form = write(tmp_path, song())
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 5
    (task_id,) = sandbox.tasks
    result = acedata("ledger", "resolve", "a", "--task-id", f" {task_id} ")
    assert result.stdout == f"a is task {task_id}; the next `acedata bulk` looks it up\n"
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == 1


def test_a_resubmitted_song_is_sent_again(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """By hand, with a warning that it may be paid twice."""
    sandbox.inject("cut-after-accept", times=1)
    sandbox.inject("list-refused")
    form = write(tmp_path, song())
    acedata("bulk", form, "-o", tmp_path)
    result = acedata("ledger", "resolve", "a", "--resubmit")
    assert result.stdout == "the next `acedata bulk` sends a again; it may be paid twice\n"
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == 2


def test_what_is_given_up_is_left(acedata: Acedata, path: Path) -> None:
    """It is neither sent nor looked for; a later decision may send it after all."""
    assert acedata("ledger", "resolve", "unsure", "--give-up").exit_code == 0
    assert ledger_at(path)["unsure"].state == "given_up"
    assert acedata("ledger", "resolve", "unsure", "--resubmit").exit_code == 0
    assert ledger_at(path)["unsure"].state == "pending"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["unsure"], 2, "exactly one"),
        (["unsure", "--give-up", "--resubmit"], 2, "exactly one"),
        (["unsure", "--task-id", " "], 2, "the id of a task"),
        (["unsure", "--task-id", "task-1"], 2, "lost has this task"),
        (["lost", "--task-id", "task-1"], 1, "lost is lost: accept is for"),
        (["failed", "--resubmit"], 1, "nothing was changed"),
        (["nobody", "--give-up"], 1, "no entry 'nobody'"),
    ],
)
def test_a_decision_that_makes_no_sense_changes_nothing(
    acedata: Acedata, path: Path, words: list[str], code: int, said: str
) -> None:
    """It is refused with the reason."""
    before = ledger_at(path)
    result = acedata("ledger", "resolve", *words)
    assert result.exit_code == code
    assert said in " ".join(result.stderr.split())
    assert ledger_at(path) == before


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


def test_many_entries_are_listed(acedata: Acedata, tmp_path: Path) -> None:
    """Thousands are no trouble."""

    async def fill(ledger: SqliteLedger) -> None:
        asked = {"action": "generate", "prompt": "A song"}
        await ledger.add([NewEntry(key=f"s{n}", request=asked) for n in range(3000)])

    change(tmp_path / "acedata.ledger", fill)
    assert len(acedata("ledger", "list").stdout.splitlines()) == 3000
    assert len(document(acedata("ledger", "list", "--json"))["entries"]) == 3000
