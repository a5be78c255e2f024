"""Where the files of a run go, and what is there already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from acedata_async import (
    AceData,
    BulkItem,
    DownloadError,
    GenerateRequest,
    InvalidRequest,
    LedgerError,
)
from acedata_async.ledger import Entry, Ledger, MemoryLedger
from acedata_async.ledger.entry import Step
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    check_files,
    make,
    names_in,
    song,
    songs,
    states,
    tally,
)

LYRIC = "[Verse]\nThe kettle sings"


async def test_key_of_the_user_is_the_name(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Whoever names a song finds its file by that name."""
    directory = tmp_path / "new" / "out"
    outcomes = await make(ace, [song("first.take"), song("b-2")], directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert outcomes["first.take"].path == directory / "first.take.m4a"
    assert outcomes["b-2"].path == directory / "b-2.m4a"
    assert sandbox.stats.media_requests_with_token == 0


async def test_song_without_a_key_is_called_by_its_title(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The key stands behind it, so that songs of one title keep apart."""
    requests = [GenerateRequest(lyric=LYRIC, title="Rain: on/tin") for _ in range(3)]
    outcomes = await make(ace, requests, directory=tmp_path)
    check_files(sandbox, outcomes.values(), tmp_path)
    for key, outcome in outcomes.items():
        assert outcome.path == tmp_path / f"Rain_ on_tin - {key}.m4a"


@pytest.mark.parametrize("title", ["x" * 300, "…" * 150, "CON", "..", "a\tb\u202e.exe"])
async def test_title_that_is_no_name(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, title: str
) -> None:
    """The file gets a name that is safe everywhere, and still ends with the key."""
    request = {"action": "generate", "lyric": LYRIC, "title": title}
    outcomes = await make(ace, [request], directory=tmp_path)
    check_files(sandbox, outcomes.values(), tmp_path)
    [name] = names_in(tmp_path)
    assert name.removesuffix(".m4a").endswith(next(iter(outcomes)))
    assert len(name.encode()) < 220


async def test_file_that_is_in_the_way_is_not_touched(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """A file of the user's with the same name stays; the song's gets a number, and is found."""
    directory = tmp_path / "out"
    directory.mkdir()
    (directory / "S0.txt").write_text("mine")
    for _ in range(2):
        outcomes = await make(ace, songs(2), ledger=ledger, directory=directory)
        assert tally(outcomes.values()) == {"saved": 2}
        assert (directory / "S0.txt").read_text() == "mine"
        assert outcomes["s0"].path == directory / "s0 (2).m4a"
    assert sandbox.stats.media_requests == 2


async def test_file_that_appears_meanwhile_is_not_touched(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Even after the directory was read, nothing takes the place of another file."""
    directory = tmp_path / "out"
    async with ace.producer.bulk(songs(1), ledger=ledger, directory=directory) as run:
        (directory / "s0.m4a").write_text("mine")
        [outcome] = [outcome async for outcome in run]
    assert outcome.state == "saved"
    assert outcome.path is not None
    assert outcome.path != directory / "s0.m4a"
    assert (directory / "s0.m4a").read_text() == "mine"
    again = await make(ace, songs(1), ledger=ledger, directory=directory)
    assert again["s0"].path == outcome.path
    assert sandbox.stats.media_requests == 1


async def test_half_files_of_a_killed_run_are_swept(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path, clock: PatientClock
) -> None:
    """Those of its own songs, and of nobody else's."""
    sandbox.inject("media-cut")
    directory = tmp_path / "out"
    await make(ace, songs(2), ledger=ledger, directory=directory)
    (directory / ".s0.m4a.0123abcd.part").write_text("half")
    (directory / ".s1 (2).m4a.0123abcd.part").write_text("half")
    (directory / ".other.m4a.0123abcd.part").write_text("half")
    (directory / ".s0.part").write_text("mine")
    sandbox.clear_faults()
    outcomes = await make(ace, songs(2), ledger=ledger, directory=directory)
    assert tally(outcomes.values()) == {"saved": 2}
    assert names_in(directory) == {
        "s0.m4a",
        "s1.m4a",
        ".other.m4a.0123abcd.part",
        ".s0.part",
    }


async def test_file_that_was_not_written_down(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, clock: PatientClock
) -> None:
    """A file that came whole is known again, though the ledger was not told in time."""

    class Forgetful(MemoryLedger):
        well = False

        async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
            if step == "save" and not self.well:
                raise LedgerError("the disk is full")
            return await super().apply(key, step, facts)

    ledger = Forgetful(now=clock.time)
    outcomes = await make(ace, songs(2), ledger=ledger, directory=tmp_path)
    assert states(outcomes) == {"s0": "succeeded", "s1": "succeeded"}
    assert all(isinstance(outcome.error, LedgerError) for outcome in outcomes.values())
    assert names_in(tmp_path) == {"s0.m4a", "s1.m4a"}
    ledger.well = True
    again = await make(ace, songs(2), ledger=ledger, directory=tmp_path)
    check_files(sandbox, again.values(), tmp_path)
    assert sandbox.stats.media_requests == 2
    assert sandbox.stats.submissions == 2


async def test_directory_that_was_moved(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """Files are known by name within the directory of the run, wherever that is."""
    await make(ace, songs(3), ledger=ledger, directory=tmp_path / "old")
    (tmp_path / "old").rename(tmp_path / "new")
    before = sandbox.stats.media_requests
    outcomes = await make(ace, songs(3), ledger=ledger, directory=str(tmp_path / "new"))
    check_files(sandbox, outcomes.values(), tmp_path / "new")
    assert sandbox.stats.media_requests == before


async def test_directory_that_cannot_be(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """It is told before anything is paid."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(InvalidRequest, match="directory"):
        await make(ace, songs(3), directory=tmp_path / "file")
    assert sandbox.stats.submission_requests == 0


async def test_directory_that_vanishes(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """It is made again; if that cannot be, the songs are made all the same."""
    directory = tmp_path / "out"
    async with ace.producer.bulk(songs(3), ledger=ledger, directory=directory) as run:
        directory.rmdir()
        directory.write_text("in the way")
        outcomes = [outcome async for outcome in run]
    assert tally(outcomes) == {"succeeded": 3}
    assert all(isinstance(outcome.error, DownloadError) for outcome in outcomes)
    directory.unlink()
    again = await make(ace, songs(3), ledger=ledger, directory=directory)
    check_files(sandbox, again.values(), directory)
    assert sandbox.stats.submissions == 3


async def test_keys_that_differ_by_case(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Some file systems do not tell them apart, so the second one is refused."""
    outcomes = await make(ace, [song("Song"), song("song")], directory=tmp_path)
    assert states(outcomes) == {"song": "invalid", "Song": "saved"}


@pytest.mark.parametrize("key", ["../x", "a/b", "", "x" * 81, "nul", "song.m4a", ".hidden"])
async def test_key_that_is_no_name(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, key: str
) -> None:
    """It is refused before it costs anything, and no file gets outside."""
    outcomes: list[Any] = []
    async with ace.producer.bulk([song(key)], directory=tmp_path / "out") as run:
        outcomes = [outcome async for outcome in run]
    assert tally(outcomes) == {"invalid": 1}
    assert sandbox.stats.submission_requests == 0
    with pytest.raises(InvalidRequest):
        BulkItem.of(GenerateRequest(prompt="x"), key=key)
