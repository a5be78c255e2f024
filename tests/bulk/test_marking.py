"""The marker of a paid call, and the secret of a receiver."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from acedata_async import AceData
from acedata_async._rules.marking import Marking
from acedata_async.ledger import Ledger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PLACEHOLDER,
    entries_of,
    make,
    song,
    songs,
    states,
    tally,
)

SECRET = "s3cr3t-of-mine"
RECEIVER = f"https://me.example/hook?token={SECRET}"


def addresses(sandbox: Sandbox) -> list[str | None]:
    """Return the `callback_url` of each accepted submission."""
    return [body.get("callback_url") for body in sandbox.submissions]


def everything_in(directory: Path) -> dict[str, bytes]:
    """Return the content of each file below a directory, by its path."""
    files = [path for path in directory.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


async def test_marker_goes_into_the_placeholder(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Each call carries its own, in the address for whoever has no receiver."""
    await make(ace, songs(3), ledger=ledger)
    entries = await entries_of(ledger)
    assert addresses(sandbox) == [PLACEHOLDER + entry.marker for entry in entries.values()]
    assert len({entry.marker for entry in entries.values()}) == 3


async def test_receiver_of_the_user_is_not_touched(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Its address is sent as it is; such a call cannot be looked for."""
    sandbox.inject("cut-after-accept", times=1)
    outcomes = await make(ace, [song("a", callback_url=RECEIVER), song("b")], ledger=ledger)
    assert states(outcomes) == {"a": "unknown", "b": "succeeded"}
    assert addresses(sandbox)[0] == RECEIVER
    assert str(addresses(sandbox)[1]).startswith(PLACEHOLDER)


async def test_receiver_of_the_user_carries_the_marker_if_allowed(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """With `everywhere` the marker is added to its query, and the call is found."""
    sandbox.inject("cut-after-accept", times=1)
    requests = [song("a", callback_url=RECEIVER), song("b")]
    outcomes = await make(ace, requests, ledger=ledger, marking="everywhere")
    assert tally(outcomes.values()) == {"succeeded": 2}
    marker = (await entries_of(ledger))["a"].marker
    assert addresses(sandbox)[0] == f"{RECEIVER}&acedata_marker={marker}"
    assert sandbox.stats.submission_requests == 2


@pytest.mark.parametrize("marking", ["placeholder", "everywhere", "off"])
@pytest.mark.parametrize("fault", ["", "cut-after-accept", "moderation", "fail-F1", "no-result"])
async def test_secret_of_a_receiver_is_written_nowhere(  # noqa: PLR0917 - fixtures
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    marking: Marking,
    fault: str,
) -> None:
    """Neither the ledger's files nor an outcome, an error or the log hold it."""
    if fault:
        sandbox.inject(fault, times=1)
    ledger = tmp_path / "songs.ledger"
    requests = [song("a", callback_url=RECEIVER), song("x", weirdness=5, callback_url=RECEIVER)]
    shown: list[str] = []
    caplog.set_level(logging.DEBUG)
    async with ace.producer.bulk(
        requests, ledger=ledger, directory=tmp_path / "out", marking=marking
    ) as run:
        async for outcome in run:
            error = outcome.error
            shown += map(repr, [outcome, error, getattr(error, "__dict__", 0), outcome.task])
            shown += [outcome.reason, str(error), repr(outcome.record)]
        shown += [repr(run), repr(run.stats)]
        written = everything_in(tmp_path)
        assert any(name.endswith("-wal") for name in written)
    contents = [*written.values(), *everything_in(tmp_path).values()]
    assert not any(SECRET.encode() in content for content in contents)
    assert SECRET not in "".join(shown)
    assert SECRET not in caplog.text
    assert SECRET not in repr((await entries_of(ledger))["a"].request)
    assert RECEIVER in str(addresses(sandbox)) or fault == "moderation"


async def test_secret_may_change(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """Where news are sent is no part of what a song is."""
    await make(ace, [song("a", callback_url=RECEIVER)], ledger=ledger)
    outcomes = await make(ace, [song("a", callback_url=RECEIVER + "2")], ledger=ledger)
    assert states(outcomes) == {"a": "succeeded"}
    assert sandbox.stats.submissions == 1
