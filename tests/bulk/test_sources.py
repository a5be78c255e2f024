"""Songs that start from another item's song or upload."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData
from acedata_async.ledger import Ledger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    UNCLEAR,
    check_files,
    cover,
    make,
    marked,
    song,
    states,
    tally,
)

UPLOAD = {"key": "mine", "action": "upload", "audio_url": "https://x.example/a.mp3"}
UPLOAD_COVER = {"key": "x", "action": "upload_cover", "source": "mine"}
STEMS = {"key": "parts", "action": "stems", "source": "a"}


def covers(number: int, source: str = "a") -> list[dict[str, Any]]:
    """Return so many covers of one song."""
    return [cover(f"b{n}", source, prompt=f"Cover {n}") for n in range(number)]


def sources_at(sandbox: Sandbox, action: str) -> Sequence[str]:
    """Return what the vendor was asked to start from, in order."""
    return [one["audio_id"] for one in sandbox.submissions if one.get("action") == action]


async def test_cover_waits_for_its_song(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """It is sent with the id of the song that was made, and both files come."""
    directory = tmp_path / "out"
    outcomes = await make(ace, [song("a"), cover("b", "a")], ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sources_at(sandbox, "cover") == [outcomes["a"].audios[0].id]
    assert sandbox.stats.submissions == 2


async def test_cover_without_a_ledger(ace: AceData, sandbox: Sandbox) -> None:
    """What songs may start from is kept for the run, also long after the song has ended."""
    requests = [song("a"), *(song(f"s{n}", f"Song {n}") for n in range(300)), cover("b", "a")]
    outcomes = await make(ace, requests, max_in_flight=100)
    assert tally(outcomes.values()) == {"succeeded": 302}
    assert sources_at(sandbox, "cover") == [outcomes["a"].audios[0].id]


async def test_cover_does_not_wait_for_a_file(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The song's file may take its time, or never come."""
    sandbox.inject("media-500")
    outcomes = await make(ace, [song("a"), cover("b", "a")], directory=tmp_path / "out")
    assert tally(outcomes.values()) == {"succeeded": 2}
    assert all(outcome.error for outcome in outcomes.values())


async def test_chain_of_five(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """Each starts from the one before."""
    chain = [song("c0"), *(cover(f"c{n}", f"c{n - 1}") for n in range(1, 5))]
    outcomes = await make(ace, chain, ledger=ledger)
    assert list(outcomes) == [f"c{n}" for n in range(5)]
    assert tally(outcomes.values()) == {"succeeded": 5}
    made = [outcomes[f"c{n}"].audios[0].id for n in range(4)]
    assert sources_at(sandbox, "cover") == made


async def test_chain_is_taken_up_in_the_middle(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """A later run goes on from the last song that there is."""
    chain = [song("c0"), *(cover(f"c{n}", f"c{n - 1}") for n in range(1, 5))]
    async with ace.producer.bulk(chain, ledger=ledger) as run:
        async for outcome in run:
            if outcome.key == "c2":
                break
    assert tally((await make(ace, chain, ledger=ledger)).values()) == {"succeeded": 5}
    assert sandbox.stats.submissions == 5


async def test_cover_of_a_song_of_an_earlier_run(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """A line that is added later starts from what the ledger knows."""
    first = await make(ace, [song("a")], ledger=ledger)
    outcomes = await make(ace, [song("a"), cover("b", "a")], ledger=ledger)
    assert states(outcomes) == {"a": "succeeded", "b": "succeeded"}
    assert sources_at(sandbox, "cover") == [first["a"].audios[0].id]
    assert sandbox.stats.submissions == 2


async def test_stems_of_a_song(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """They are a zip of their own."""
    directory = tmp_path / "out"
    outcomes = await make(ace, [song("a"), STEMS], ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert outcomes["parts"].path == directory / "parts.zip"
    assert outcomes["parts"].stems
    assert not outcomes["parts"].audios


async def test_upload_and_a_cover_of_it(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """An upload is answered with its result, has no file, and is not made again."""
    directory = tmp_path / "out"
    requests = [UPLOAD, UPLOAD_COVER]
    outcomes = await make(ace, requests, ledger=ledger, directory=directory)
    assert states(outcomes) == {"mine": "succeeded", "x": "saved"}
    assert outcomes["mine"].upload
    assert sources_at(sandbox, "upload_cover") == [outcomes["mine"].upload.audio_id]
    before = sandbox.stats
    again = await make(ace, requests, ledger=ledger, directory=directory)
    assert sandbox.stats == before
    assert states(again) == states(outcomes)
    assert again["mine"].upload == outcomes["mine"].upload


async def test_upload_with_an_unknown_outcome(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """It carries no marker, so it cannot be found; it is not sent again, nor what needs it."""
    sandbox.inject("cut-after-accept", times=1, on="upload")
    for _ in range(2):
        outcomes = await make(ace, [UPLOAD, UPLOAD_COVER], ledger=ledger)
        assert states(outcomes) == {"mine": "unknown", "x": "skipped"}
        assert "marker" in outcomes["mine"].reason
        assert "mine" in outcomes["x"].reason
    assert sandbox.stats.submission_requests == 1


@pytest.mark.parametrize("fault", ["fail-F1", "moderation", "no-result"])
async def test_cover_of_a_song_that_was_not_made(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """It is skipped, with the reason, in this run and in the next."""
    requests = [marked("a", fault), cover("b", "a"), cover("c", "b")]
    for _ in range(2):
        outcomes = await make(ace, requests, ledger=ledger)
        assert outcomes["a"].state in {"failed", "lost"}
        assert states(outcomes) | {"a": ""} == {"a": "", "b": "skipped", "c": "skipped"}
        assert "source a" in outcomes["b"].reason
        assert "source b" in outcomes["c"].reason
    assert sandbox.stats.submission_requests == 1


async def test_cover_of_a_song_that_is_retried(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """With `retry_failed` song and cover come about in the next run."""
    sandbox.inject("fail-F1", times=1)
    requests = [song("a"), cover("b", "a")]
    assert states(await make(ace, requests, ledger=ledger)) == {"a": "failed", "b": "skipped"}
    outcomes = await make(ace, requests, ledger=ledger, retry_failed=True)
    assert states(outcomes) == {"a": "succeeded", "b": "succeeded"}
    assert sandbox.stats.submissions == 3


async def test_cover_of_a_skipped_song(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Where the budget does not reach for the song, its cover is skipped as well."""
    requests = [song("z"), song("a"), cover("b", "a")]
    outcomes = await make(ace, requests, ledger=ledger, budget=1)
    assert states(outcomes) == {"z": "succeeded", "a": "skipped", "b": "skipped"}
    outcomes = await make(ace, requests, ledger=ledger)
    assert tally(outcomes.values()) == {"succeeded": 3}


async def test_cover_of_an_unknown_song(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """A song that is looked for and not found holds nobody up for ever."""
    requests = [marked("a", "cut-before-accept"), cover("b", "a"), song("c")]
    for _ in range(2):
        outcomes = await make(ace, requests, ledger=ledger)
        assert states(outcomes) == {"c": "succeeded", "a": "unknown", "b": "skipped"}
        assert "source a" in outcomes["b"].reason
    assert sandbox.stats.submission_requests == 2


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_cover_of_a_song_that_is_found(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """Once the song with the lost acknowledgement is found and made, its cover goes."""
    outcomes = await make(ace, [song("z"), marked("a", fault), cover("b", "a")], ledger=ledger)
    assert tally(outcomes.values()) == {"succeeded": 3}
    assert sources_at(sandbox, "cover") == [outcomes["a"].audios[0].id]
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 3


async def test_many_dependents_of_one_song(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Three hundred covers wait for one song, and each starts from it."""
    requests = [song("a"), *covers(300), song("z")]
    outcomes = await make(ace, requests, ledger=ledger, max_in_flight=100)
    assert tally(outcomes.values()) == {"succeeded": 302}
    assert sources_at(sandbox, "cover") == [outcomes["a"].audios[0].id] * 300
    assert sandbox.stats.submissions == 302


@pytest.mark.parametrize("fault", ["moderation", "fail-F1", "cut-before-accept"])
async def test_many_dependents_of_a_song_that_is_not_made(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """All of them are skipped."""
    requests = [marked("a", fault), *covers(300), song("z")]
    outcomes = await make(ace, requests, ledger=ledger)
    assert tally(outcomes.values())["skipped"] == 300
    assert outcomes["z"].state == "succeeded"
    assert sandbox.stats.submission_requests == 2


async def test_source_that_is_no_item_of_the_run(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """A source has to be among the same requests, even if the ledger knows it."""
    await make(ace, [song("a")], ledger=ledger)
    outcomes = await make(ace, [cover("b", "a")], ledger=ledger)
    assert states(outcomes) == {"b": "invalid"}
    assert "source" in outcomes["b"].reason
    assert sandbox.stats.submissions == 1
