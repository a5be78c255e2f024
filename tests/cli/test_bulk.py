"""The command `bulk`: from a form to songs."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acedata_async.cli import ledger_file
from acedata_async.cli.app import app
from acedata_async.ledger import SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, document, in_use, ledger_at, song, write

EXAMPLE = Path(__file__).parents[2] / "examples" / "songs.jsonl"


def test_the_example_ends_with_a_table(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each song is a line on stderr and a row on stdout; a second run asks the API nothing."""
    result = acedata("bulk", EXAMPLE, "-o", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.split()[:4] == ["Title", "Action", "Duration", "File"]
    assert "Harbour Lights" in result.stdout
    file = tmp_path / "harbour-lights.m4a"
    assert str(file) in result.stdout
    assert f"harbour-lights: saved {file}\n" in result.stderr
    assert result.stdout.splitlines()[-2:] == [
        (
            "16 saved, 0 failed, 0 unknown, 0 lost, 0 skipped, 1 succeeded;"
            " 0 resumed (ended before this run)"
        ),
        "paid: 17 songs in this run, 17 songs in this ledger",
    ]
    before = sandbox.stats
    again = acedata("bulk", EXAMPLE, "-o", tmp_path)
    assert again.exit_code == 0
    assert again.stdout.splitlines()[:-2] == result.stdout.splitlines()[:-2]
    assert again.stdout.endswith(
        "; 17 resumed (ended before this run)\npaid: 0 songs in this run, 17 songs in this ledger\n"
    )
    assert f"harbour-lights: saved {file} (before this run)\n" in again.stderr
    assert sandbox.stats == before


def test_a_form_comes_from_stdin_too(acedata: Acedata, tmp_path: Path) -> None:
    """`bulk -` reads stdin; --json is one document that tells all of each song."""
    result = acedata("bulk", "-", "-o", tmp_path, "--json", "-q", stdin=json.dumps(song()))
    assert (result.exit_code, result.stderr) == (0, "")
    told = document(result)
    (made,) = told["songs"]
    assert told["directory"] == str(tmp_path)
    assert told["ledger"] == str(tmp_path / "acedata.ledger")
    assert told["counts"] == {
        "saved": 1,
        "failed": 0,
        "unknown": 0,
        "lost": 0,
        "skipped": 0,
        "resumed": 0,
    }
    one = {"songs": 1, "doubtful": 0, "credits": None, "without_cost": 1}
    left = {"songs": None, "credits": None}
    assert told["paid"] == {"this_run": one, "in_all": one, "budget_left": left}
    assert (told["stopped"], told["exit_code"]) == (None, 0)
    assert (made["key"], made["action"], made["state"]) == ("a", "generate", "saved")
    assert Path(made["file"]).is_file()
    assert made["task_id"]
    assert made["audio_id"]
    assert made["duration"] > 0
    assert (made["resumed"], made["reason"], made["error"]) == (False, None, None)


def test_more_than_fifty_songs_are_only_summed_up(acedata: Acedata, tmp_path: Path) -> None:
    """Nobody reads a table of a thousand rows."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(60)))
    result = acedata("bulk", form, "-o", tmp_path, "--max-in-flight", 30)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        "60 saved, 0 failed, 0 unknown, 0 lost, 0 skipped; 0 resumed (ended before this run)\n"
        "paid: 60 songs in this run, 60 songs in this ledger\n"
    )


def test_the_help_says_what_it_costs(acedata: Acedata) -> None:
    """That it is paid, and how to see what it would cost; a flag takes no value."""
    told = " ".join(acedata("bulk", "--help").stdout.split())
    assert "each paid for once. Paid." in told
    assert "With --dry-run nothing is sent, paid or made" in told
    for words in (["bulk"], ["ledger", "list"], ["ledger", "resolve"]):
        shown = acedata(*words, "--help").stdout.lower()
        assert "bool" not in shown
        assert "--help" in shown


def test_all_problems_of_a_form_are_told(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Fifty of them on stderr, all in the document; nothing is sent, and nothing made."""
    form = write(tmp_path, song(), *({"action": "x"} for _ in range(60)))
    target = tmp_path / "new"
    result = acedata("bulk", form, "-o", target, "--json")
    lines = result.stderr.splitlines()
    assert result.exit_code == 2
    assert lines[0] == "acedata: InvalidRequest: 60 problems; nothing was sent"
    assert lines[1].startswith("  line 2: action: ")
    assert (len(lines), lines[-1]) == (52, "  … and 10 more")
    assert len(document(result)["error"]["problems"]) == 60
    assert sandbox.stats.lookups == 0
    assert not target.exists()


def test_a_thousand_problems_are_counted_all(acedata: Acedata, tmp_path: Path) -> None:
    """The last line of a long list stands for many."""
    form = write(tmp_path, *({"action": "x"} for _ in range(1100)))
    lines = acedata("bulk", form).stderr.splitlines()
    assert lines[0] == "acedata: InvalidRequest: 1,100 problems; nothing was sent"
    assert lines[-1] == "  … and 1,050 more"


def test_the_form_is_checked_before_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a token a wrong form is told as what it is; a good one ends with 3."""
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN", raising=False)
    target = tmp_path / "new"
    wrong = CliRunner().invoke(app, ["bulk", "-", "-o", str(target)], input="{")
    good = CliRunner().invoke(app, ["bulk", "-", "-o", str(target)], input=json.dumps(song()))
    assert (wrong.exit_code, good.exit_code) == (2, 3)
    assert not target.exists()


@pytest.mark.parametrize("content", [None, b"\xff", b"{", b"", b"# nothing\n"])
def test_a_file_that_cannot_be_used_ends_with_2(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, content: bytes | None
) -> None:
    """A missing, binary, wrong or empty file is told before anything is sent."""
    path = tmp_path / "form.jsonl"
    if content is not None:
        path.write_bytes(content)
    assert acedata("bulk", path).exit_code == 2
    assert sandbox.stats.lookups == 0


def test_what_is_no_file_is_told_plainly(acedata: Acedata, tmp_path: Path) -> None:
    """There is no more to say of a file that is not there, or of a directory."""
    missing = acedata("bulk", "nowhere.jsonl")
    assert missing.stderr == "acedata: InvalidRequest: nowhere.jsonl: no such file\n"
    assert " cannot be read: " in acedata("bulk", tmp_path).stderr


@pytest.mark.parametrize("limit", ["0", "-1", "many", "²", "9" * 7, "9" * 5000])
def test_a_limit_is_a_number_or_auto(acedata: Acedata, limit: str) -> None:
    """Anything else is wrong usage."""
    result = acedata("bulk", "-", "--max-in-flight", limit, stdin=json.dumps(song()))
    assert result.exit_code == 2
    assert "--max-in-flight" in result.stderr
    assert len(result.stderr) < 1000


def test_the_token_is_checked_first(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A token that is refused is found out by a free lookup."""
    sandbox.inject("lookup-401")
    assert acedata("bulk", write(tmp_path, song()), "-o", tmp_path).exit_code == 3
    assert sandbox.stats.submission_requests == 0


def test_a_directory_that_is_a_file_costs_nothing(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A place for files that is none is told before anything is sent."""
    blocked = tmp_path / "blocked"
    blocked.write_text("mine")
    result = acedata("bulk", write(tmp_path, song()), "-o", blocked)
    assert result.exit_code == 2
    assert f"{blocked} cannot be used" in result.stderr
    assert sandbox.stats.lookups == 0


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is read-only to this user"
)
def test_a_directory_that_is_read_only_costs_nothing(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The directory is tried before anything is sent."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    assert acedata("bulk", write(tmp_path, song()), "-o", closed).exit_code == 2
    assert sandbox.stats.lookups == 0


def test_a_second_run_is_refused(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process holds the ledger, nothing is sent, and it says who."""
    monkeypatch.setattr(ledger_file, "PATIENCE", 0.0)
    form = write(tmp_path, song())
    with in_use(tmp_path / "acedata.ledger"):
        result = acedata("bulk", form, "-o", tmp_path)
    assert result.exit_code == 1
    assert f"is in use by process {os.getpid()} " in result.stderr
    assert sandbox.stats.lookups == 0
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0


def test_a_damaged_ledger_is_told(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """What is no ledger is not written over."""
    path = tmp_path / "acedata.ledger"
    path.write_bytes(b"something else " * 100)
    result = acedata("bulk", write(tmp_path, song()), "-o", tmp_path)
    assert result.exit_code == 1
    assert result.stderr.startswith("acedata: LedgerError: ")
    assert sandbox.stats.lookups == 0


def test_a_ledger_elsewhere(acedata: Acedata, tmp_path: Path) -> None:
    """--ledger keeps it out of the directory, and the advice names it."""
    elsewhere = tmp_path / "my ledgers" / "one.db"
    files = tmp_path / "out"
    options = ["-o", files, "--ledger", elsewhere]
    refused = acedata("bulk", "-", *options, stdin=json.dumps(song()))
    assert refused.exit_code == 2
    assert f"{elsewhere.parent} is no directory: correct --ledger" in refused.stderr
    assert not files.exists()
    elsewhere.parent.mkdir()
    result = acedata("bulk", "-", "-o", files, "--ledger", elsewhere, stdin=json.dumps(song()))
    assert result.exit_code == 0
    assert [path.name for path in files.iterdir()] == ["a.m4a"]
    assert set(ledger_at(elsewhere)) == {"a"}


def test_another_request_under_a_known_key(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A changed line under a key of its own is a mistake, told before anything is sent."""
    acedata("bulk", write(tmp_path, song()), "-o", tmp_path)
    changed = write(tmp_path, song(prompt="Another"), song("b"))
    result = acedata("bulk", changed, "-o", tmp_path)
    assert result.exit_code == 2
    assert "line 1: the ledger has another request with the key 'a'" in result.stderr
    assert acedata("bulk", changed, "-o", tmp_path, "--dry-run").exit_code == 2
    assert sandbox.stats.submissions == 1


def test_a_form_is_for_one_service(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Speech has runs of its own; a form for both is refused before anything is made or sent."""
    speech = {"key": "s", "action": "speak", "text": "Hello"}
    files = tmp_path / "new"
    mixed = write(tmp_path, song(), speech)
    for more in ((), ("--dry-run",)):
        result = acedata("bulk", mixed, "-o", files, *more)
        assert result.exit_code == 2
        assert "line 2: speak is for another service than generate in line 1" in result.stderr
    assert not files.exists()
    assert acedata("bulk", write(tmp_path, speech), "-o", files).exit_code == 0
    assert (files / "s.mp3").is_file()
    assert sandbox.stats.submissions == 1


def test_a_warning_is_shown_once(acedata: Acedata, tmp_path: Path) -> None:
    """A thousand songs with the same oddity are one warning."""
    form = write(tmp_path, song(model="FUZZ-9"), song("b", model="FUZZ-9"))
    result = acedata("bulk", form, "-o", tmp_path, "-q")
    (warning,) = (line for line in result.stderr.splitlines() if "warning" in line)
    assert warning.startswith("acedata: warning: ")
    assert "FUZZ-9" in warning


def test_hostile_titles_steer_no_terminal(acedata: Acedata, tmp_path: Path) -> None:
    """What comes from elsewhere is shown as plain text."""
    title = "\x1b[31mred\x07 [bold]loud\nnext"
    form = write(tmp_path, {"action": "generate", "prompt": "x", "title": title})
    result = acedata("bulk", form, "-o", tmp_path)
    listed = acedata("ledger", "list", "-o", tmp_path)
    shown = acedata("ledger", "unknown", "-o", tmp_path)
    assert result.exit_code == 0
    assert "[bold]loud next" in result.stdout
    for text in (result.stdout, result.stderr, listed.stdout, shown.stdout):
        assert "\x1b" not in text
        assert "\x07" not in text


def test_a_ledger_belongs_to_one_api(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """What a sandbox made never passes for the real thing, nor the other way round."""

    async def made_elsewhere(ledger: SqliteLedger) -> None:
        await ledger.put_note("origin", "https://api.acedata.cloud")

    change(tmp_path / "acedata.ledger", made_elsewhere)
    result = acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--json")
    assert result.exit_code == 1
    assert document(result)["error"]["type"] == "LedgerError"
    assert "the ledger is of songs made at https://api.acedata.cloud" in result.stderr
    assert sandbox.stats.submission_requests == 0


def test_no_secret_reaches_a_ledger(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A callback address is masked in it, and a new secret is no other request."""
    for secret in ("s3cret", "other"):
        form = write(tmp_path, song(callback_url=f"https://me.example/hook/{secret}"))
        assert acedata("bulk", form, "-o", tmp_path, "--marking", "off").exit_code == 0
    assert sandbox.submissions[0]["callback_url"] == "https://me.example/hook/s3cret"
    assert sandbox.stats.submissions == 1
    content = b"".join(path.read_bytes() for path in tmp_path.glob("acedata.ledger*"))
    assert b"s3cret" not in content


def test_options_reach_the_run(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The limit in flight holds, and so does the budget, also for the next run."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(6)))
    options = ["-o", tmp_path, "--max-in-flight", 2, "--budget", 4, "--user-id", "me"]
    for _ in range(2):
        result = acedata("bulk", form, *options)
        assert result.exit_code == 6
        assert "stopped: the budget of 4 songs is used" in result.stdout
        assert sandbox.stats.submissions == 4
    assert sandbox.stats.max_tasks_in_flight == 2
