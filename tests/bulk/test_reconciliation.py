"""Paid calls whose answer was lost: found, held, or sent again once they are known to be absent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, BulkOutcome, SubmissionUnknown
from acedata_async.bulk.settings import OnUnknown
from acedata_async.ledger import Ledger, MemoryLedger, NewEntry
from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.records import ACCOUNT
from tests.bulk.conftest import (
    NOTHING_CREATED,
    PLACEHOLDER,
    UNCLEAR,
    PatientClock,
    entries_of,
    make,
    marked,
    song,
    songs,
    states,
    tally,
)
from tests.patience import until

BLIND_LISTS = [
    "list-refused",
    "list-empty",
    "list-ignores-bounds",
    "list-oldest-first",
]


def addresses(sandbox: Sandbox) -> list[str | None]:
    """Return the `callback_url` of each accepted submission."""
    return [body.get("callback_url") for body in sandbox.submissions]


async def lose_one(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str, **options: Any
) -> dict[str, BulkOutcome]:
    """Make three songs; the answer to the second call, b, is lost."""
    requests = [song("a"), song("b"), song("c")]
    async with ace.producer.bulk(requests, ledger=ledger, max_in_flight=1, **options) as run:
        await until(lambda: run.stats.submitted == 1)
        sandbox.inject(fault, times=1)
        outcomes = [outcome async for outcome in run]
    return {str(outcome.key): outcome for outcome in outcomes}


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_call_is_found_by_its_marker(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """It is seen in the vendor's list, watched, and ends as if nothing had happened."""
    outcomes = await lose_one(ace, sandbox, ledger, fault)
    assert tally(outcomes.values()) == {"succeeded": 3}
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 3
    assert sandbox.stats.lookups_listing
    entry = (await entries_of(ledger))["b"]
    assert (entry.attempts, entry.error) == (1, None)


async def test_call_is_found_when_the_list_shows_it_late(
    clock: PatientClock, ledger: Ledger | Path
) -> None:
    """A list that lags behind leaves it unknown; a later run finds it."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, list_delay=300.0) as sandbox:
        ace = sandbox.client(seed=1)
        outcomes = await lose_one(ace, sandbox, ledger, "cut-after-accept")
        assert states(outcomes) | {"b": ""} == {"a": "succeeded", "b": "", "c": "succeeded"}
        assert outcomes["b"].state == "unknown"
        await clock.advance(300)
        again = await make(ace, [song("a"), song("b"), song("c")], ledger=ledger)
        assert tally(again.values()) == {"succeeded": 3}
        assert sandbox.stats.submission_requests == 3


async def test_call_is_found_among_many_pages(clock: PatientClock, ledger: Ledger | Path) -> None:
    """The list is read page by page as far back as the call."""
    async with Sandbox(clock=clock, seed=1, durations=2.0, list_page=5) as sandbox:
        ace = sandbox.client(seed=1)
        async with ace.producer.bulk(
            [marked("x", "hang-after-accept"), *songs(80)], ledger=ledger
        ) as run:
            await until(lambda: run.stats.ended.get("succeeded") == 80)
        outcomes = await make(ace, [marked("x", "hang-after-accept")], ledger=ledger)
        if outcomes["x"].state == "unknown":  # the first call may still be under way
            await clock.advance(400)
            outcomes = await make(ace, [marked("x", "hang-after-accept")], ledger=ledger)
        assert states(outcomes) == {"x": "succeeded"}
        assert sandbox.stats.submission_requests == 81
        assert sandbox.stats.lookups_listing >= 16


@pytest.mark.parametrize("absent", ["hold", "resubmit_absent"])
@pytest.mark.parametrize("fault", BLIND_LISTS)
async def test_list_that_cannot_be_trusted(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str, absent: OnUnknown
) -> None:
    """What such a list lacks is held, and never sent again; the reason says what was seen."""
    sandbox.inject(fault)
    outcomes = await lose_one(ace, sandbox, ledger, "cut-before-accept", on_unknown=absent)
    assert states(outcomes) == {"a": "succeeded", "b": "unknown", "c": "succeeded"}
    assert isinstance(outcomes["b"].error, SubmissionUnknown)
    assert outcomes["b"].error.marker
    assert "list" in outcomes["b"].reason
    assert sandbox.stats.submission_requests == 3
    assert (await entries_of(ledger))["b"].state == "unknown"


@pytest.mark.parametrize("fault", ["list-refused", "list-empty"])
async def test_existing_task_is_not_sent_again_where_lists_fail(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """The worst case for money: the task exists, and the list does not show it."""
    sandbox.inject(fault)
    outcomes = await lose_one(
        ace, sandbox, ledger, "cut-after-accept", on_unknown="resubmit_absent"
    )
    assert outcomes["b"].state == "unknown"
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 3
    sandbox.clear_faults()
    again = await make(ace, [song("a"), song("b"), song("c")], ledger=ledger)
    assert tally(again.values()) == {"succeeded": 3}
    assert sandbox.stats.submissions == 3


async def test_task_that_the_list_lacks_for_an_hour_is_sent_again_at_most_once(
    clock: PatientClock, ledger: Ledger | Path
) -> None:
    """A list that lags by an hour shows no controls either: nothing is sent again."""
    async with Sandbox(clock=clock, seed=1, durations=12.0, list_delay=3600.0) as sandbox:
        ace = sandbox.client(seed=1)
        outcomes = await lose_one(
            ace, sandbox, ledger, "cut-after-accept", on_unknown="resubmit_absent"
        )
        assert outcomes["b"].state == "unknown"
        assert sandbox.stats.submission_requests == 3


@pytest.mark.parametrize("fault", NOTHING_CREATED)
async def test_absent_call_is_sent_again(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, clock: PatientClock, fault: str
) -> None:
    """Ten minutes later, since the list shows the songs before and after it, and once only."""
    begun = clock.elapsed
    outcomes = await lose_one(ace, sandbox, ledger, fault, on_unknown="resubmit_absent")
    assert tally(outcomes.values()) == {"succeeded": 3}
    assert sandbox.stats.submissions == 3
    assert sandbox.stats.submission_requests == 4
    entry = (await entries_of(ledger))["b"]
    assert entry.attempts == 2
    assert entry.times["submitting"] - clock._start - begun >= 600


async def test_absent_call_that_is_lost_again(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """The second call is looked for like the first, by a marker, and found."""
    requests = [song("a"), song("b"), song("c")]
    async with ace.producer.bulk(
        requests, ledger=ledger, max_in_flight=1, on_unknown="resubmit_absent"
    ) as run:
        await until(lambda: run.stats.submitted == 1)
        sandbox.inject("cut-before-accept", times=1)
        await until(lambda: run.stats.looked_for and run.stats.submitted == 2)
        sandbox.inject("cut-after-accept", times=1)
        outcomes = [outcome async for outcome in run]
    assert tally(outcomes) == {"succeeded": 3}
    assert sandbox.stats.submissions == 3
    assert sandbox.stats.submission_requests == 4


@pytest.mark.parametrize("alone", ["first", "last", "only"])
async def test_absence_without_controls_proves_nothing(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, alone: str
) -> None:
    """A song of ours has to be in the list from before the call, and one from after it."""
    x = marked("x", "cut-before-accept")
    requests = {"first": [x, song("a")], "last": [song("a"), x], "only": [x]}[alone]
    outcomes = await make(
        ace, requests, ledger=ledger, on_unknown="resubmit_absent", max_in_flight=1
    )
    assert outcomes["x"].state == "unknown"
    assert sandbox.stats.submission_requests == len(requests)
    assert outcomes["x"].reason.rpartition("; ")[2]


async def test_absence_is_found_by_a_later_run(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, clock: PatientClock
) -> None:
    """What one run held another may send again, if it is told so."""
    outcomes = await lose_one(ace, sandbox, ledger, "cut-before-accept")
    assert outcomes["b"].state == "unknown"
    await clock.advance(700)
    requests = [song("a"), song("b"), song("c")]
    assert states(await make(ace, requests, ledger=ledger))["b"] == "unknown"
    assert sandbox.stats.submission_requests == 3
    again = await make(ace, requests, ledger=ledger, on_unknown="resubmit_absent")
    assert tally(again.values()) == {"succeeded": 3}
    assert sandbox.stats.submissions == 3


async def test_marking_switched_off(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """No address is sent, and what is lost is held at once."""
    outcomes = await lose_one(
        ace, sandbox, ledger, "cut-after-accept", marking="off", on_unknown="resubmit_absent"
    )
    assert states(outcomes) == {"a": "succeeded", "b": "unknown", "c": "succeeded"}
    assert "without a marker" in outcomes["b"].reason
    assert addresses(sandbox) == [None] * 3
    assert sandbox.stats.lookups_listing == 0
    again = await make(ace, [song("b")], ledger=ledger, on_unknown="resubmit_absent")
    assert states(again) == {"b": "unknown"}
    assert sandbox.stats.submission_requests == 3


async def test_three_unknown_outcomes_in_a_row_make_a_pause(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A minute later one call goes out alone; as it is answered, all goes on as before."""
    sandbox.inject("error-502-after-accept", times=3)
    async with ace.producer.bulk(songs(12), max_in_flight=3) as run:
        await until(lambda: run.stats.paused)
        assert sandbox.stats.submission_requests == 3
        paused = clock.elapsed
        await until(lambda: sandbox.stats.submission_requests == 4)
        assert clock.elapsed - paused == pytest.approx(60, abs=1)
        outcomes = [outcome async for outcome in run]
        assert run.stats.paused is None
        assert run.stats.stopped is None
    assert tally(outcomes) == {"succeeded": 12}
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 12
    assert "held up" in caplog.text
    assert "3 outcomes in a row" in caplog.text


async def test_api_that_answers_nothing_ends_the_run(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, ledger: Ledger | Path
) -> None:
    """Each pause is ended by one call; after four of them nothing more is sent."""
    sandbox.inject("error-502-after-accept")
    outcomes = await make(ace, songs(100), ledger=ledger, max_in_flight=3)
    assert tally(outcomes.values()) == {"unknown": 7, "skipped": 93}
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 7
    assert clock.elapsed >= 60 + 120 + 240 + 480
    sandbox.clear_faults()
    again = await make(ace, songs(100), ledger=ledger)
    assert tally(again.values()) == {"succeeded": 100}
    assert sandbox.stats.submissions == 100


async def test_account_id_given_by_the_user_is_asked_for(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """With a wrong one the list is empty, and nothing is found."""
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a")], ledger=ledger, user_id="nobody")
    assert states(outcomes) == {"a": "unknown"}


async def test_only_song_of_an_account(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Without any record the account's id is not known; with the next song it is."""
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a")], ledger=ledger)
    assert states(outcomes) == {"a": "unknown"}
    assert "user_id" in outcomes["a"].reason
    outcomes = await make(ace, [song("a"), song("b")], ledger=ledger)
    assert tally(outcomes.values()) == {"succeeded": 2}
    assert sandbox.stats.submissions == 2


async def test_many_that_a_killed_process_left_in_doubt(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """All are found by reading the list once, however it is paged, and none is sent again."""
    ledger, requests = MemoryLedger(now=clock.time), songs(60)
    asked = [{"action": "generate", "prompt": one["prompt"]} for one in requests]
    news = [NewEntry(key=one["key"], request=asked[n]) for n, one in enumerate(requests)]
    for entry in await ledger.add(news):
        await ledger.begin(entry.key)
        await ace.producer.generate(
            entry.request["prompt"], callback_url=PLACEHOLDER + entry.marker
        )
        await ledger.doubt(entry.key, RuntimeError("killed"))
        await clock.advance(0.5)
    outcomes = await make(ace, requests, ledger=ledger, user_id=ACCOUNT["user_id"])
    assert tally(outcomes.values()) == {"succeeded": 60}
    assert sandbox.stats.submission_requests == 60
    assert sandbox.stats.lookups_listing <= 10
