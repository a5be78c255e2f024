"""Running `bulk` again finishes what is missing, and never pays twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acedata_async.ledger import NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, change, document, ledger_at, song, write

COVER = {"key": "b", "action": "cover", "source": "a"}
UPLOAD = {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"}
UPLOAD_COVER = {"key": "x", "action": "upload_cover", "source": "mine"}


def states(acedata: Acedata, directory: Path, *entries: dict[str, Any], code: int) -> list[str]:
    """Run a form and return how its songs ended, in its order."""
    form = write(directory, *entries)
    result = acedata("bulk", form, "-o", directory, "--json", "--timeout", 300)
    assert result.exit_code == code, result.stderr
    return [one["state"] for one in document(result)["songs"]]


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (["fail-F1"], 1),
        (["media-404"], 1),
        (["moderation"], 1),
        (["used-up"], 4),
        (["invalid-token"], 3),
        (["cut-after-accept", "fail-F1"], 5),
        (["never"], 6),
        (["no-result"], 6),
        (["refuse-connection"], 7),
        (["bad-request"], 1),
    ],
)
def test_the_most_serious_song_decides(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, faults: list[str], code: int
) -> None:
    """The exit code is that of the worst song, whose reason is on stderr, and is on stdout."""
    for fault in faults:
        sandbox.inject(fault, times=None if fault == "refuse-connection" else 1)
    form = write(tmp_path, song(), song("b"))
    result = acedata("bulk", form, "-o", tmp_path, "--timeout", 300, "--marking", "off")
    assert result.exit_code == code, result.stderr
    assert any(line.startswith(("a: ", "b: ")) for line in result.stderr.splitlines())
    assert any(line.startswith(("  a", "  b")) for line in result.stdout.splitlines())


@pytest.mark.parametrize(
    ("fault", "code"),
    [("moderation", 1), ("bad-request", 1), ("fail-F1", 1), ("cut-after-accept", 5), ("never", 6)],
)
def test_two_identical_runs_end_alike(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, fault: str, code: int
) -> None:
    """What the ledger remembers of a song counts as it did when it was new."""
    sandbox.inject(fault, times=1)
    form = write(tmp_path, song(), COVER)
    options = ["-o", tmp_path, "--timeout", 60, "--marking", "off", "--json"]
    told = [document(acedata("bulk", form, *options))["exit_code"] for _ in range(2)]
    assert told == [code, code]
    assert sandbox.stats.submission_requests == 1


def test_a_failed_song_waits_for_a_word(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """What failed is reported again, and sent again with --retry-failed."""
    sandbox.inject("fail-F1", times=1)
    form = write(tmp_path, song())
    for resumed in (0, 1):
        result = acedata("bulk", form, "-o", tmp_path)
        assert result.exit_code == 1
        assert "1 failed: not charged; run it again with --retry-failed\n  a: " in result.stdout
        assert f"; {resumed} resumed" in result.stdout
    assert acedata("bulk", form, "-o", tmp_path, "--retry-failed").exit_code == 0
    assert sandbox.stats.submissions == 2


def test_an_unknown_song_stays_unknown(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """It is not sent again; it says that it may be paid, and how to decide."""
    sandbox.inject("cut-after-accept", times=1)
    form = write(tmp_path, song())
    for _ in range(2):
        result = acedata("bulk", form, "-o", tmp_path, "--marking", "off")
        assert result.exit_code == 5
        assert "1 unknown: may be paid; not sent again\n  a: " in result.stdout
        assert f"  see them: acedata ledger unknown -o {tmp_path}\n" in result.stdout
        assert f"  decide: acedata ledger resolve KEY -o {tmp_path} with" in result.stdout
    assert sandbox.stats.submissions == 1


def test_a_marked_call_is_found(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A call whose answer was lost is found in the vendor's list by its marker."""
    sandbox.inject("cut-after-accept", times=1)
    assert states(acedata, tmp_path, song(), song("b"), code=0) == ["saved", "saved"]
    assert sandbox.stats.submissions == 2


def test_a_killed_submission_is_unknown(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The ledger knows of a paid call before it goes, so that a kill leaves a trace."""

    async def send_and_be_killed(ledger: SqliteLedger) -> None:
        await ledger.add([NewEntry(key="a", request={"action": "generate", "prompt": "A song"})])
        await ledger.begin("a")

    change(tmp_path / "acedata.ledger", send_and_be_killed, now=sandbox.clock.time)
    sandbox.inject("list-refused")
    assert states(acedata, tmp_path, song(), code=5) == ["unknown"]
    assert sandbox.stats.submission_requests == 0


def test_a_lost_song_is_looked_up_again(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A song that outlasts the wait is lost for now, and waited for by each further run."""
    sandbox.inject("never")
    form = write(tmp_path, song())
    for _ in range(2):
        lookups = sandbox.stats.lookups
        result = acedata("bulk", form, "-o", tmp_path, "--timeout", 60)
        assert result.exit_code == 6
        assert "1 lost: run it again: looked up again\n" in result.stdout
        assert sandbox.stats.lookups > lookups + 1
    assert sandbox.stats.submissions == 1


def test_what_the_form_leaves_out_is_finished(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What was paid for is waited for also if its line is gone."""
    sandbox.inject("cut-after-accept", times=1)
    acedata("bulk", write(tmp_path, song()), "-o", tmp_path, "--marking", "off")
    acedata("ledger", "resolve", "a", "-o", tmp_path, "--task-id", *sandbox.tasks)
    result = acedata("bulk", write(tmp_path, song("b")), "-o", tmp_path, "--json")
    assert result.exit_code == 0
    told = {one["key"]: one["action"] for one in document(result)["songs"]}
    assert told == {"a": "generate", "b": "generate"}
    assert ledger_at(tmp_path / "acedata.ledger")["a"].state == "saved"


def test_a_file_that_is_gone_is_fetched_again(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It costs a download, and no money."""
    states(acedata, tmp_path, song(), code=0)
    (tmp_path / "a.m4a").unlink()
    assert states(acedata, tmp_path, song(), code=0) == ["saved"]
    assert (tmp_path / "a.m4a").is_file()
    assert sandbox.stats.submissions == 1


def test_a_download_that_failed_is_made_up_for(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The song is paid, so that only its download is repeated; its cover goes on at once."""
    sandbox.inject("media-404", times=1)
    result = acedata("bulk", write(tmp_path, song(), COVER), "-o", tmp_path)
    assert result.exit_code == 1
    assert "1 not fetched: made and paid; run it again to fetch the file\n  a: " in result.stdout
    assert states(acedata, tmp_path, song(), COVER, code=0) == ["saved", "saved"]
    assert sandbox.stats.submissions == 2


def test_a_file_of_the_users_is_left_alone(acedata: Acedata, tmp_path: Path) -> None:
    """A file that has the name already keeps it, and the song gets a number."""
    users = tmp_path / "a.m4a"
    users.write_text("mine")
    assert states(acedata, tmp_path, song(), code=0) == ["saved"]
    assert (tmp_path / "a (2).m4a").is_file()
    assert users.read_text() == "mine"


def test_a_song_without_its_source_is_skipped(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What starts from a song that was not made is not sent; others go on."""
    sandbox.inject("fail-F1", times=1)
    result = acedata("bulk", write(tmp_path, song(), COVER), "-o", tmp_path)
    assert result.exit_code == 1
    assert (
        "1 without a source: not sent, for what they start from was not made\n"
        "  b: its source a is failed\n"
        "  where the source failed: run it again with --retry-failed, or change its line\n"
    ) in result.stdout
    assert sandbox.stats.submissions == 1


@pytest.mark.parametrize(("fault", "code"), [("used-up", 4), ("insufficient-balance", 4)])
def test_a_refusal_that_all_would_meet_stops_the_rest(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, fault: str, code: int
) -> None:
    """An account that cannot pay learns it from a few refusals; the next run sends the rest."""
    sandbox.inject(fault)
    form = write(tmp_path, *(song(f"s{number}") for number in range(60)))
    result = acedata("bulk", form, "-o", tmp_path)
    assert result.exit_code == code
    assert sandbox.stats.submission_requests < 10
    lines = result.stdout.splitlines()
    assert lines[2] == "60 skipped: not sent; run it again"
    assert f"  and 40 more: acedata ledger list --state pending -o {tmp_path}" in lines
    assert lines[-1].startswith("stopped: ")
    sandbox.clear_faults()
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0


def test_an_upload_is_paid_once(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Its answer is kept, and what starts from it can do so in a later run."""
    assert states(acedata, tmp_path, UPLOAD, code=0) == ["succeeded"]
    assert states(acedata, tmp_path, UPLOAD, UPLOAD_COVER, code=0) == ["succeeded", "saved"]
    assert sandbox.stats.submissions_by_action == {"upload": 1, "upload_cover": 1}


def test_what_was_given_up_is_no_success(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A song that a hand has ended is reported as that, and nothing is sent."""
    sandbox.inject("never", times=1)
    states(acedata, tmp_path, song(), code=6)
    assert acedata("ledger", "resolve", "a", "-o", tmp_path, "--give-up").exit_code == 0
    assert states(acedata, tmp_path, song(), code=1) == ["given_up"]
    assert sandbox.stats.submissions == 1
