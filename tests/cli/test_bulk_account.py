"""What is told of a bulk run at its end: what was paid, and what to do."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from acedata_async.cli.bulk_options import BulkOptions
from acedata_async.cli.spending import Paid, Spending
from acedata_async.ledger import NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, document, song, write
from tests.cli.test_survey import KEYS, fill

COVER = {"key": "b", "action": "cover", "source": "a"}
READER = {
    "key": "reader",
    "action": "create_voice",
    "voice_url": "https://example.org/me.mp3",
    "title": "Reader",
}
COVERS_COVER = {"key": "c", "action": "cover", "source": "b"}


def test_a_budget_that_is_used_says_what_to_raise(acedata: Acedata, tmp_path: Path) -> None:
    """It is said once, not for each song; what is left of it, too."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(6)))
    result = acedata("bulk", form, "-o", tmp_path, "--budget", 4)
    assert result.exit_code == 6
    assert result.stdout.endswith(
        "4 saved, 0 failed, 0 unknown, 0 lost, 2 skipped; 0 resumed (ended before this run)\n"
        "paid: 4 songs in this run, 4 songs in this ledger; left of the budget: 0 songs\n"
        "2 over the budget: not sent; raise --budget and run it again\n"
        "  s4\n"
        "  s5\n"
        "stopped: the budget of 4 songs is used (4 in the ledger)\n"
    )
    assert "stopped: the budget of 4 songs is used (4 in the ledger)\n" in result.stderr
    assert "s4: skipped\ns5: skipped\n" in result.stderr


def test_a_budget_in_credits_that_cannot_be_kept(acedata: Acedata, tmp_path: Path) -> None:
    """Where records tell no cost it has to be given in songs; nobody can say what is left."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(7)))
    result = acedata("bulk", form, "-o", tmp_path, "--budget-credits", 40)
    assert "; left of the budget: credits nobody can tell\n" in result.stdout
    assert " over the budget: not sent; give --budget in place of --budget-cre" in result.stdout


def test_credits_that_are_used_say_so(acedata: Acedata, tmp_path: Path) -> None:
    """The option that is to be raised is the one that ended the run."""
    change(tmp_path / "acedata.ledger", one_priced)
    form = write(tmp_path, song("new"))
    result = acedata("bulk", form, "-o", tmp_path, "--budget-credits", 3, "--budget", 10)
    assert "raise --budget-credits and run it again\n  new\n" in result.stdout
    assert "paid: 0 songs in this run, 1 song (2 credits) in this ledger" in result.stdout
    assert "; left of the budget: 9 songs, 1 credits\n" in result.stdout
    told = document(
        acedata("bulk", form, "-o", tmp_path, "--budget-credits", 3, "--budget", 10, "--json")
    )
    in_all = {"songs": 1, "doubtful": 0, "credits": 2.0, "without_cost": 0}
    assert told["paid"]["in_all"] == in_all
    assert told["paid"]["budget_left"] == {"songs": 9, "credits": 1.0}
    assert told["exit_code"] == 6


async def one_priced(ledger: SqliteLedger) -> None:
    """Let a ledger have an upload that cost two credits."""
    asked = {"action": "upload", "audio_url": "https://x.example/a.mp3"}
    await ledger.add([NewEntry(key="old", request=asked)])
    await ledger.begin("old")
    await ledger.finish("old", {"audio_id": "x"}, cost=2.0, name=None)


def test_each_run_tells_what_it_paid(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """What failed is not paid, what is unknown may be; earlier runs count in all only."""
    sandbox.inject("fail-F1", times=1)
    acedata("bulk", write(tmp_path, song()), "-o", tmp_path)
    sandbox.inject("cut-after-accept", times=1)
    form = write(tmp_path, song(), song("x"), song("y"))
    first = acedata("bulk", form, "-o", tmp_path, "--marking", "off")
    assert first.exit_code == 5
    assert (
        "paid: 2 songs (1 of them perhaps not) in this run,"
        " 2 songs (1 of them perhaps not) in this ledger\n"
    ) in first.stdout
    told = document(acedata("bulk", write(tmp_path, song("z")), "-o", tmp_path, "--json"))
    assert told["paid"]["this_run"]["songs"] == 1
    assert told["paid"]["in_all"]["songs"] == 3


@pytest.mark.parametrize(
    ("options", "left"),
    [
        (BulkOptions(), {"songs": None, "credits": None}),
        (BulkOptions(budget=5), {"songs": 2, "credits": None}),
        (BulkOptions(budget=2, budget_credits=10.5), {"songs": 0, "credits": 4.5}),
        (BulkOptions(budget_credits=1.0), {"songs": None, "credits": 0.0}),
    ],
)
def test_what_is_left_of_a_budget(options: BulkOptions, left: dict[str, float | None]) -> None:
    """Never less than nothing; None where there is no budget."""
    spending = Spending(Paid(), Paid(songs=3, credits=6.0, priced=3))
    assert spending.left(options) == left


def test_a_source_that_was_not_made_says_what_to_do(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What to do is about the first source that is at fault, however long the chain is."""
    sandbox.inject("fail-F1", times=1)
    form = write(tmp_path, song(), COVER, COVERS_COVER)
    for _ in range(2):
        result = acedata("bulk", form, "-o", tmp_path)
        assert result.exit_code == 1
        told = result.stdout[result.stdout.index("2 without a source") :].splitlines()
        assert [line.partition(":")[0] for line in told[1:3]] == ["  b", "  c"]
        assert told[3:] == [
            "  where the source failed: run it again with --retry-failed, or change its line"
        ]


def test_each_state_of_a_source_has_its_way(acedata: Acedata, tmp_path: Path) -> None:
    """Unknown, given up, or not ended in time: each is decided about in its own way."""
    change(tmp_path / "acedata.ledger", fill)
    sources = ["unknown", "given", "lost"]
    covers = [{"key": f"of-{key}", "action": "cover", "source": key} for key in sources]
    form = write(tmp_path, *(song(key) for key in KEYS), *covers)
    shown = acedata("bulk", form, "-o", tmp_path, "--timeout", 60).stdout
    resolve = f"acedata ledger resolve KEY -o {tmp_path}"
    assert f"  where the source is unknown: decide about it, {resolve}\n" in shown
    again = f"acedata ledger resolve KEY --resubmit -o {tmp_path}"
    assert f"  where the source was given up: to send it after all, {again}\n" in shown
    assert "  where the source has not ended: run it again\n" in shown


def test_a_song_over_the_budget_holds_back_its_cover(acedata: Acedata, tmp_path: Path) -> None:
    """The budget is what is at fault, for both."""
    form = write(tmp_path, song(), song("x"), {**COVER, "source": "x"})
    result = acedata("bulk", form, "-o", tmp_path, "--budget", 1)
    assert "2 over the budget: not sent; raise --budget and run it again\n  x\n  b" in result.stdout


def test_an_unknown_song_says_where_to_look(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The ledger, the vendor's console, and the three ways to decide."""
    sandbox.inject("cut-after-accept", times=1)
    shown = acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--marking", "off").stdout
    assert f"  see them: acedata ledger unknown -o {tmp_path}\n" in shown
    assert "  what was charged: https://platform.acedata.cloud\n" in shown
    assert f"  decide: acedata ledger resolve KEY -o {tmp_path} with --task-id ID," in shown


def test_states_have_names_for_people(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Neither `given_up` nor `pending` is a word."""
    sandbox.inject("never", times=1)
    form = write(tmp_path, song())
    acedata("bulk", form, "-o", tmp_path, "--timeout", 60)
    acedata("ledger", "resolve", "a", "-o", tmp_path, "--give-up")
    result = acedata("bulk", form, "-o", tmp_path)
    assert ", 1 given up; 1 resumed" in result.stdout
    assert "given_up" not in result.stdout + result.stderr
    assert "a: given up (before this run)\n" in result.stderr


def test_a_voice_is_known_by_its_id(acedata: Acedata, tmp_path: Path) -> None:
    """It has no file: its id is in the table, the document, the report and the ledger."""
    said = {"key": "one", "action": "speak", "source": "reader", "text": "Mind the gap. " * 9}
    form = write(tmp_path, READER, said)
    report = tmp_path / "report.jsonl"
    told = document(acedata("bulk", form, "-o", tmp_path, "--json", "--report", report))
    voice, speech = told["songs"]
    assert re.fullmatch(r"[0-9a-f]{32}", voice["voice_id"])
    assert speech["voice_id"] is None
    assert json.loads(report.read_text().splitlines()[0])["voice_id"] == voice["voice_id"]
    again = acedata("bulk", form, "-o", tmp_path)
    assert f"voice id {voice['voice_id']}" in again.stdout
    assert "paid: 0 items in this run, 2 items " in again.stdout
    assert "song" not in again.stdout
    dry = acedata("bulk", form, "-o", tmp_path / "new", "--dry-run", "--budget", 1)
    assert "the budget allows 1 new item" in dry.stdout
    assert f"reader: succeeded, voice id {voice['voice_id']} (before" in again.stderr
    assert f"  voice id         {voice['voice_id']}\n" in acedata("ledger", "show", "reader").stdout
    assert f"  {voice['voice_id']}  " in acedata("ledger", "list").stdout.splitlines()[0]
    listed = document(acedata("ledger", "list", "--json"))["entries"]
    assert [entry["voice_id"] for entry in listed] == [voice["voice_id"], None]
    shown = acedata("ledger", "show", "one").stdout
    assert "Mind the gap. Mind the gap. Mind the gap. Mind the gap. Min…\n" in shown


def test_a_song_is_listed_with_its_id(acedata: Acedata, tmp_path: Path) -> None:
    """For scripts that make another one of it."""
    told = document(acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--json"))
    (entry,) = document(acedata("ledger", "list", "--json"))["entries"]
    assert entry["audio_id"] == told["songs"][0]["audio_id"]
    assert entry["voice_id"] is None


def test_an_unknown_speech_is_told_shortly(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A chapter is recognised by how it begins."""
    sandbox.inject("cut-after-accept", times=1)
    form = write(tmp_path, {"key": "one", "action": "speak", "text": "Mind the gap.\n" * 9})
    assert acedata("bulk", form, "-o", tmp_path, "--marking", "off").exit_code == 5
    shown = acedata("ledger", "unknown").stdout
    short = "Mind the gap. Mind the gap. Mind the gap. Mind the gap. Min…"
    assert f"  asks for  speak; {short}\n" in shown


def test_sum_of_some_costs_says_of_how_many() -> None:
    """A sum that leaves out what told no cost is not shown as what all of it cost."""
    paid = Paid(songs=3, credits=0.756, priced=2)
    assert paid.words("item") == "3 items (0.756 credits for 2 of them)"
    assert paid.document()["without_cost"] == 1
