"""Running again what was broken off: nothing lost, nothing paid twice."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from acedata_async import (
    AceData,
    AceDataError,
    GenerateRequest,
    InvalidRequest,
    LedgerError,
    TaskFailed,
)
from acedata_async.ledger import Ledger, MemoryLedger, NewEntry, SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    check_files,
    entries_of,
    make,
    marked,
    song,
    songs,
    states,
    tally,
)
from tests.patience import until


async def test_finished_run_asks_for_nothing(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """What is made and saved is reported, with its record, file and title."""
    directory = tmp_path / "out"
    first = await make(ace, songs(5), ledger=ledger, directory=directory)
    before = sandbox.stats
    again = await make(ace, songs(5), ledger=ledger, directory=directory)
    assert sandbox.stats == before
    assert list(again) == [f"s{number}" for number in range(5)]
    for key, outcome in again.items():
        assert outcome.resumed
        assert not first[key].resumed
        assert outcome.error is None
        assert outcome.path == first[key].path
        assert outcome.task_id == first[key].task_id
        assert outcome.title == first[key].title
        assert outcome.duration == first[key].duration
        assert outcome.audios == first[key].audios


@pytest.mark.parametrize("number", [500])
async def test_restart_looks_many_up_at_once(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, number: int
) -> None:
    """What an earlier run has submitted costs one lookup for each fifty, and is not sent again."""
    ledger = MemoryLedger(now=clock.time)
    requests = songs(number)
    items = [GenerateRequest(prompt=one["prompt"]) for one in requests]
    await ledger.add(
        [
            NewEntry(key=one["key"], request={"action": "generate", "prompt": one["prompt"]})
            for one in requests
        ]
    )
    for one, item in zip(requests, items, strict=True):
        await ledger.begin(one["key"])
        watcher = await ace.producer.submit(item)
        await ledger.accept(one["key"], str(watcher.id))
    await clock.advance(60)
    outcomes = await make(ace, requests, ledger=ledger)
    assert tally(outcomes.values()) == {"succeeded": number}
    assert sandbox.stats.submission_requests == number
    assert math.ceil(number / 50) <= sandbox.stats.lookups <= math.ceil(number / 50) + 2


async def test_edited_line_with_the_same_key_is_refused(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """A key stands for one request: with other fields nothing is sent."""
    await make(ace, [song("a"), song("b")], ledger=ledger)
    outcomes = await make(ace, [song("a", "Another song"), song("b")], ledger=ledger)
    assert states(outcomes) == {"a": "invalid", "b": "succeeded"}
    assert isinstance(outcomes["a"].error, InvalidRequest)
    assert "'a'" in outcomes["a"].reason
    assert sandbox.stats.submission_requests == 2
    assert states(await make(ace, [song("a")], ledger=ledger)) == {"a": "succeeded"}


async def test_edited_line_without_a_key_is_another_song(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Lines may be moved, added and edited: only what is new is made."""
    first = await make(ace, [song(prompt="x"), song(prompt="x"), song(prompt="y")], ledger=ledger)
    assert sandbox.stats.submissions == 3
    moved = [song(prompt="y"), song(prompt="z"), song(prompt="x")]
    again = await make(ace, moved, ledger=ledger)
    assert sandbox.stats.submissions == 4
    assert len(set(first) & set(again)) == 2
    assert tally(again.values()) == {"succeeded": 3}


async def test_line_that_was_taken_out(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """It is left alone; with `leftovers` what was paid for is finished, named by nobody."""
    directory = tmp_path / "out"
    async with ace.producer.bulk(songs(3), ledger=ledger, directory=directory):
        await until(lambda: sandbox.stats.submissions == 3)
    outcomes = await make(ace, songs(1), ledger=ledger, directory=directory)
    assert states(outcomes) == {"s0": "saved"}
    outcomes = await make(ace, songs(1), ledger=ledger, directory=directory, leftovers=True)
    assert states(outcomes) == dict.fromkeys(["s0", "s1", "s2"], "saved")
    assert outcomes["s1"].request == {"action": "generate", "prompt": "A song 1"}
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == 3


async def test_leftover_that_is_named_after_all(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """It has one outcome, with the request as it was given."""
    async with ace.producer.bulk(songs(3), ledger=ledger):
        await until(lambda: sandbox.stats.submissions == 3)
    requests = songs(3)
    outcomes = await make(ace, requests, ledger=ledger, leftovers=True)
    assert tally(outcomes.values()) == {"succeeded": 3}
    assert all(outcomes[one["key"]].request is one for one in requests)
    assert sandbox.stats.submissions == 3


async def test_failed_song_is_reported_again(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """It is not sent again by itself, and the error is still there."""
    await make(ace, [marked("a", "fail-F1"), marked("b", "moderation")], ledger=ledger)
    before = sandbox.stats.submission_requests
    outcomes = await make(ace, [marked("a", "fail-F1"), marked("b", "moderation")], ledger=ledger)
    assert states(outcomes) == {"a": "failed", "b": "failed"}
    assert all(outcome.resumed and outcome.reason for outcome in outcomes.values())
    assert isinstance(outcomes["a"].error, TaskFailed)
    assert type(outcomes["b"].error) is AceDataError
    assert "PermissionDenied" in outcomes["b"].reason
    assert sandbox.stats.submission_requests == before


async def test_failed_song_is_retried_where_that_is_asked_for(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Its old task is looked up first; as that has failed for good, it is sent anew."""
    sandbox.inject("fail-F1", times=1)
    sandbox.inject("moderation", times=1)
    requests = [song("a"), song("b"), song("c")]
    failed = await make(ace, requests, ledger=ledger)
    assert tally(failed.values()) == {"failed": 2, "succeeded": 1}
    lookups = sandbox.stats.lookups_single
    outcomes = await make(ace, requests, ledger=ledger, retry_failed=True)
    assert tally(outcomes.values()) == {"succeeded": 3}
    assert sandbox.stats.submissions == 4
    assert sandbox.stats.lookups_single > lookups
    entries = await entries_of(ledger)
    assert sorted(entry.attempts for entry in entries.values()) == [1, 2, 2]


async def test_failed_song_that_came_about_after_all(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, clock: PatientClock, tmp_path: Path
) -> None:
    """A look at the old task shows the song: nothing is paid, and the budget counts it."""
    watcher = await ace.producer.generate("A song")
    held: Ledger = SqliteLedger(ledger, now=clock.time) if isinstance(ledger, Path) else ledger
    await held.open()
    await held.add([NewEntry(key="a", request={"action": "generate", "prompt": "A song"})])
    await held.begin("a")
    await held.accept("a", str(watcher.id))
    await held.fail("a", RuntimeError("as it seemed"), {"id": watcher.id})
    await watcher
    if isinstance(ledger, Path):
        await held.aclose()
    directory = tmp_path / "out"
    async with ace.producer.bulk(
        [song("a")], ledger=ledger, directory=directory, retry_failed=True
    ) as run:
        outcomes = [outcome async for outcome in run]
        spent = run.stats.spent
    check_files(sandbox, outcomes, directory)
    assert sandbox.stats.submissions == 1
    assert spent == 1


async def test_deleted_file_is_fetched_again(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """It costs a download, and no paid call and no lookup."""
    directory = tmp_path / "out"
    outcomes = await make(ace, songs(3), ledger=ledger, directory=directory)
    path = outcomes["s1"].path
    assert path is not None
    path.unlink()
    before = sandbox.stats
    again = await make(ace, songs(3), ledger=ledger, directory=directory)
    check_files(sandbox, again.values(), directory)
    assert again["s1"].path == path
    assert sandbox.stats.media_requests == before.media_requests + 1
    assert sandbox.stats.submission_requests == before.submission_requests
    assert sandbox.stats.lookups == before.lookups


async def test_files_wanted_later(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """A run without a directory makes the songs; a later one with a directory fetches them."""
    assert tally((await make(ace, songs(3), ledger=ledger)).values()) == {"succeeded": 3}
    lookups = sandbox.stats.lookups
    outcomes = await make(ace, songs(3), ledger=ledger, directory=tmp_path / "out")
    check_files(sandbox, outcomes.values(), tmp_path / "out")
    assert (sandbox.stats.submissions, sandbox.stats.lookups) == (3, lookups)
    outcomes = await make(ace, songs(3), ledger=ledger)
    assert tally(outcomes.values()) == {"saved": 3}


async def test_lost_song_is_looked_up_again(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, clock: PatientClock
) -> None:
    """Each run sees whether its record has come back, and nothing is sent."""
    requests = [marked("a", "never"), song("b")]
    assert states(await make(ace, requests, ledger=ledger)) == {"a": "lost", "b": "succeeded"}
    for task in sandbox._vendor.tasks.values():
        task.finished_at = clock.time() + 20
    outcomes = await make(ace, requests, ledger=ledger)
    assert states(outcomes) == {"b": "succeeded", "a": "succeeded"}
    assert not outcomes["a"].resumed
    assert sandbox.stats.submissions == 2


async def test_removed_record_stays_lost(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """A record that is gone is looked for a while each time, and the song is not sent again."""
    requests = [marked("a", "vanish")]
    assert states(await make(ace, requests, ledger=ledger)) == {"a": "lost"}
    assert states(await make(ace, requests, ledger=ledger)) == {"a": "lost"}
    assert sandbox.stats.submission_requests == 1


async def test_ledger_of_another_api_is_refused(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Ids of one API mean nothing at another."""
    await make(ace, songs(1), ledger=ledger)
    other = sandbox.client(base_url="https://other.acedata.invalid")
    with pytest.raises(LedgerError, match=r"other\.acedata\.invalid"):
        await make(other, songs(2), ledger=ledger)
    assert sandbox.stats.submission_requests == 1
    assert tally((await make(ace, songs(2), ledger=ledger)).values()) == {"succeeded": 2}
