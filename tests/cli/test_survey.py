"""`bulk --dry-run`: how a form stands, without a request."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acedata_async.cli.app import app
from acedata_async.cli.survey import Survey
from acedata_async.ledger import NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, document, song, write

KEYS = ["made", "saved", "sent", "sending", "failed", "unknown", "lost", "given"]


async def fill(ledger: SqliteLedger) -> None:
    """Let a ledger have an entry in each state; `sending` stays as a killed run leaves it."""
    asked = {"action": "generate", "prompt": "A song"}
    await ledger.add([NewEntry(key=key, request=asked) for key in (*KEYS, "pending")])
    for number, key in enumerate(KEYS):
        await ledger.begin(key)
        if key == "unknown":
            await ledger.doubt(key, ValueError("cut"))
        elif key == "failed":
            await ledger.refuse(key, ValueError("no"))
        elif key != "sending":
            await ledger.accept(key, f"task-{number}")
    for key in ("made", "saved"):
        await ledger.finish(key, {"id": "x"}, cost=2.0, name=key)
    await ledger.save("saved", "saved.m4a")
    for key in ("lost", "given"):
        await ledger.lose(key, ValueError("gone"))
    await ledger.give_up("given")


def test_without_a_ledger_all_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no token, and makes nothing."""
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN", raising=False)
    target = tmp_path / "new"
    form = json.dumps(song())
    result = CliRunner().invoke(app, ["bulk", "-", "-o", str(target), "--dry-run"], input=form)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "      1  new: would be sent, and paid\n"
    assert not target.exists()


def test_each_state_is_counted(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """It says how many songs stand how, and changes nothing in the ledger."""
    path = tmp_path / "acedata.ledger"
    change(path, fill)
    (tmp_path / "saved.m4a").write_text("a song")
    before = path.read_bytes()
    form = write(tmp_path, *(song(key) for key in ("new", "pending", *KEYS)))
    told = document(acedata("bulk", form, "-o", tmp_path, "--dry-run", "--json", "--budget", 8))
    assert told["counts"] == {
        "new": 2,
        "held_back": 0,
        "saved": 1,
        "in_flight": 1,
        "made": 1,
        "failed": 1,
        "unknown": 2,
        "lost": 1,
        "given_up": 1,
    }
    assert told["spent"] == {"songs": 7, "credits": 4.0}
    assert told["budget_allows"] == 1
    assert path.read_bytes() == before
    assert sandbox.stats.lookups == 0


def test_the_rest_of_the_ledger_is_counted(acedata: Acedata, tmp_path: Path) -> None:
    """What is unfinished and not in the form would be finished too."""
    change(tmp_path / "acedata.ledger", fill)
    form = write(tmp_path, song())
    result = acedata("bulk", form, "-o", tmp_path, "--dry-run", "--budget-credits", 3)
    assert result.stdout.splitlines() == [
        "      1  new: would be sent, and paid",
        "      5  not in the form, but unfinished in the ledger",
        (
            "the budget allows 0 new songs: the budget of 3 credits is used"
            " (4, and the next song costs about 0.571429)"
        ),
    ]


def test_failed_ones_count_as_new_if_they_are_sent(acedata: Acedata, tmp_path: Path) -> None:
    """--retry-failed makes them new."""
    change(tmp_path / "acedata.ledger", fill)
    form = write(tmp_path, song("failed"))
    options = ["-o", tmp_path, "--dry-run", "--json"]
    assert document(acedata("bulk", form, *options))["counts"]["failed"] == 1
    told = document(acedata("bulk", form, *options, "--retry-failed"))
    assert (told["counts"]["failed"], told["counts"]["new"]) == (0, 1)


def test_what_has_no_source_is_not_sent(acedata: Acedata, tmp_path: Path) -> None:
    """What starts from a song that failed or was given up is held back, and so on down."""
    change(tmp_path / "acedata.ledger", fill)
    sources = {"b": "failed", "c": "b", "d": "given", "e": "lost", "f": "made"}
    covers = [{"key": key, "action": "cover", "source": of} for key, of in sources.items()]
    form = write(tmp_path, *(song(key) for key in KEYS), *covers)
    options = ["-o", tmp_path, "--dry-run"]
    told = document(acedata("bulk", form, *options, "--json"))
    # There is no audio id in the record of what was made here.
    assert (told["counts"]["held_back"], told["counts"]["new"]) == (4, 1)
    shown = acedata("bulk", form, *options).stdout
    assert "      4  not to be sent: the source has failed, or was given up\n" in shown
    told = document(acedata("bulk", form, *options, "--json", "--retry-failed"))
    assert (told["counts"]["held_back"], told["counts"]["new"]) == (2, 4)


def test_a_budget_in_credits_needs_a_cost(acedata: Acedata, tmp_path: Path) -> None:
    """Nobody knows what a song costs before the first one; unless that has told, none is sent."""
    form = write(tmp_path, song())
    options = ["-o", tmp_path, "--dry-run", "--budget-credits", 3]
    assert "no cost is in the ledger yet" in acedata("bulk", form, *options).stdout
    acedata("bulk", form, "-o", tmp_path)
    more = acedata("bulk", write(tmp_path, song(), song("b")), *options)
    assert "the budget allows 0 new songs: a budget in credits cannot be kept" in more.stdout


def test_the_smaller_budget_counts() -> None:
    """Songs and credits are both limits, and no more than is new is allowed."""
    survey = Survey(paid=10, cost=20.0)
    survey.counts["new"] = 5
    assert survey.room(None, None) is None
    assert survey.room(12, None) == 2
    assert survey.room(12, 22.0) == 1
    assert survey.room(100, 100.0) == 5
    assert survey.room(5, None) == 0
    assert survey.room(None, 10.0) == 0
