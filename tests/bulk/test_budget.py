"""How much a run may spend: counted in songs, or in the vendor's credits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, ConfigurationError
from acedata_async.ledger import Ledger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import make, marked, songs, states, tally
from tests.patience import until
from tests.tasks.watching import Witness, client


def priced(sandbox: Sandbox, cost: Any) -> AceData:
    """Return a client of a vendor whose records say what a song cost."""

    def with_cost(_: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any]:
        for record in body.get("items", [body]):
            if record.get("finished_at"):
                record["response"]["cost"] = {"amount": cost, "currency": "credits"}
        return body

    return client(sandbox, transport=Witness(sandbox, with_cost))


async def test_budget_in_songs(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """So many songs are paid for, and no more, in all runs of the ledger together."""
    async with ace.producer.bulk(songs(10), ledger=ledger, budget=4) as run:
        outcomes = [outcome async for outcome in run]
        assert run.stats.spent == 4
        assert run.stats.stopped is not None
        assert "4 songs" in run.stats.stopped
    assert tally(outcomes) == {"succeeded": 4, "skipped": 6}
    assert all("budget" in one.reason for one in outcomes if one.state == "skipped")
    assert sandbox.stats.submission_requests == 4
    again = await make(ace, songs(10), ledger=ledger, budget=4)
    assert tally(again.values()) == {"succeeded": 4, "skipped": 6}
    assert sandbox.stats.submission_requests == 4
    more = await make(ace, songs(10), ledger=ledger, budget=7)
    assert tally(more.values()) == {"succeeded": 7, "skipped": 3}
    assert tally((await make(ace, songs(10), ledger=ledger)).values()) == {"succeeded": 10}
    assert sandbox.stats.submissions == 10


async def test_budget_of_nothing(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """With a budget of 0 a run finishes what was paid for, and buys nothing."""
    async with ace.producer.bulk(songs(5), ledger=ledger):
        await until(lambda: sandbox.stats.submissions == 2)
    outcomes = await make(ace, songs(5), ledger=ledger, budget=0)
    assert states(outcomes) == {
        "s0": "succeeded",
        "s1": "succeeded",
        "s2": "skipped",
        "s3": "skipped",
        "s4": "skipped",
    }
    assert sandbox.stats.submissions == 2


async def test_budget_counts_what_was_charged(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """What was refused or failed costs nothing; one song at a time, the budget is used up."""
    requests = [marked("x", "moderation"), marked("y", "fail-F1"), *songs(5)]
    outcomes = await make(ace, requests, ledger=ledger, budget=3, max_in_flight=1)
    assert tally(outcomes.values()) == {"failed": 2, "succeeded": 3, "skipped": 2}
    assert sandbox.stats.submissions == 4


async def test_budget_counts_what_may_have_been_charged(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """An unknown outcome and a lost song count as paid."""
    requests = [marked("x", "cut-before-accept"), marked("y", "no-result"), *songs(5)]
    outcomes = await make(ace, requests, ledger=ledger, budget=4, max_in_flight=1)
    assert tally(outcomes.values()) == {"unknown": 1, "lost": 1, "succeeded": 2, "skipped": 3}
    again = await make(ace, requests, ledger=ledger, budget=4)
    assert tally(again.values()) == tally(outcomes.values())


async def test_budget_is_never_passed_by_what_is_under_way(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Songs count from the moment they are sent."""
    for _ in range(3):
        async with ace.producer.bulk(songs(30), ledger=ledger, budget=10, max_in_flight=30):
            await until(lambda: sandbox.stats.submissions == 10)
            await until(lambda: not sandbox.stats.in_flight)
    assert sandbox.stats.submissions == 10


async def test_budget_without_a_ledger(ace: AceData, sandbox: Sandbox) -> None:
    """It is the run's own then."""
    for number in (1, 2):
        assert tally((await make(ace, songs(9), budget=2)).values()) == {
            "succeeded": 2,
            "skipped": 7,
        }
        assert sandbox.stats.submissions == 2 * number


async def test_budget_in_credits(sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """It is never passed by more than the songs sent before any price was known."""
    ace = priced(sandbox, 1.5)
    async with ace.producer.bulk(songs(40), ledger=ledger, budget_credits=15) as run:
        outcomes = [outcome async for outcome in run]
        assert run.stats.credits == pytest.approx(15)
        assert "15 credits" in str(run.stats.stopped)
    assert tally(outcomes) == {"succeeded": 10, "skipped": 30}
    assert sandbox.stats.submissions == 10


async def test_budget_in_credits_over_two_runs(sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """What songs cost is in the ledger: the second run knows what is left, and what one costs."""
    ace = priced(sandbox, 2)
    first = await make(ace, songs(40), ledger=ledger, budget_credits=13)
    assert tally(first.values()) == {"succeeded": 6, "skipped": 34}
    again = await make(ace, songs(40), ledger=ledger, budget_credits=13)
    assert tally(again.values()) == {"succeeded": 6, "skipped": 34}
    assert sandbox.stats.submissions == 6
    more = await make(ace, songs(40), ledger=ledger, budget_credits=20)
    assert tally(more.values()) == {"succeeded": 10, "skipped": 30}
    await ace.aclose()


async def test_budget_in_credits_where_records_are_silent(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """It stops after the first songs and says that it cannot be kept."""
    async with ace.producer.bulk(songs(40), ledger=ledger, budget_credits=100) as run:
        outcomes = [outcome async for outcome in run]
        assert "do not say" in str(run.stats.stopped)
    assert sandbox.stats.submissions <= 5
    assert tally(outcomes)["succeeded"] == sandbox.stats.submissions
    assert any("give it in songs" in one.reason for one in outcomes)


@pytest.mark.parametrize("cost", [float("1e400"), "two", -1, None, {"x": 1}])
async def test_price_that_makes_no_sense(sandbox: Sandbox, tmp_path: Path, cost: Any) -> None:
    """It harms neither song nor ledger."""
    value = None if cost == float("inf") else cost
    ace = priced(sandbox, value)
    ledger = tmp_path / "songs.ledger"
    assert tally((await make(ace, songs(3), ledger=ledger)).values()) == {"succeeded": 3}
    await ace.aclose()


@pytest.mark.parametrize(
    "options",
    [
        {"budget": -1},
        {"budget": 1.5},
        {"budget": True},
        {"budget": "3"},
        {"budget_credits": -0.5},
        {"budget_credits": float("nan")},
        {"budget_credits": float("inf")},
        {"max_in_flight": 0},
        {"max_in_flight": True},
        {"max_in_flight": "many"},
        {"on_unknown": "resubmit"},
        {"on_unknown": "resubmit_absent"},
        {"leftovers": True},
        {"marking": "yes"},
        {"user_id": " "},
        {"ledger": 5},
        {"directory": 5},
    ],
)
async def test_setting_that_is_not_allowed(
    ace: AceData, sandbox: Sandbox, options: dict[str, Any]
) -> None:
    """It is refused by the call itself, with its name."""
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        ace.producer.bulk([], **options)
