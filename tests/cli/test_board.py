"""What a bulk run shows while it goes."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from acedata_async import BulkStats
from acedata_async.cli.board import Pace, counts_text
from acedata_async.cli.output import thing_of
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, song, write

STATS = BulkStats(
    waiting=3,
    submitting=1,
    generating=2,
    downloading=1,
    looked_for=1,
    ended={"saved": 4, "succeeded": 1, "unknown": 1, "skipped": 2},
    resumed=0,
    submitted=9,
    spent=9,
    credits=0.0,
    limit=5,
    in_flight={},
    paused=None,
    stopped=None,
)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let stderr be a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")


def visible(text: str) -> str:
    """Return a text without what steers a terminal."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.mark.usefixtures("terminal")
def test_a_terminal_sees_counts_and_no_lines(acedata: Acedata, tmp_path: Path) -> None:
    """The bar, the counts, the pace, the time left and the limit; nothing for each song."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(12)))
    result = acedata("bulk", form, "-o", tmp_path)
    shown = visible(result.stderr)
    assert result.exit_code == 0
    assert "0 of 12 songs" in shown
    assert "5 generating" in shown
    assert "7 waiting" in shown
    assert re.search(r"[\d.]+ songs a minute, \d+ min left, up to \d+ at once", shown)
    assert "s1: saved" not in shown


@pytest.mark.usefixtures("terminal")
def test_a_terminal_sees_why_it_stops(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """An empty balance is shown while the others are finished."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(3)))
    result = acedata("bulk", form, "-o", tmp_path, "--budget", 1)
    assert "stopped: the budget of 1 song is used" in visible(result.stderr)


def test_elsewhere_there_are_lines(acedata: Acedata, tmp_path: Path) -> None:
    """A line for each song, and one with the counts every half minute."""
    form = write(tmp_path, *(song(f"s{number}") for number in range(12)))
    lines = acedata("bulk", form, "-o", tmp_path).stderr.splitlines()
    assert sum(line.startswith("s") and ": saved " in line for line in lines) == 12
    assert any(re.match(r"\d+ of 12 songs \| \d+ waiting, .* at once$", line) for line in lines)


def test_quiet_shows_neither(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--quiet leaves errors and warnings only, on a terminal as well."""
    form = write(tmp_path, song())
    assert acedata("bulk", form, "-o", tmp_path, "-q").stderr == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert acedata("bulk", form, "-o", tmp_path, "-q").stderr == ""


def test_counts_add_up() -> None:
    """Whoever is nowhere else waits; what was not sent is told only if there is any."""
    assert counts_text(STATS, 20) == (
        "7 waiting, 1 submitting, 2 generating, 1 downloading, 5 saved, 0 failed, 2 unknown,"
        " 0 lost, 2 not sent"
    )
    assert "not sent" not in counts_text(replace(STATS, ended={"saved": 4}), 20)


def test_the_pace_is_that_of_the_last_minutes() -> None:
    """What was long ago does not count, and without a song there is no pace."""
    pace = Pace()
    assert pace.a_minute == 0
    pace.see(0.0, 0)
    assert pace.a_minute == 0
    pace.see(60.0, 0)
    assert pace.a_minute == 0
    pace.see(120.0, 4)
    assert pace.a_minute == 2
    pace.see(300.0, 16)
    assert pace.a_minute == 4


def test_what_a_run_makes() -> None:
    """Voices and speeches are no songs."""
    assert (thing_of("producer"), thing_of("fish")) == ("song", "item")
