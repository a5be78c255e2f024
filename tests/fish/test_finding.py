"""Runs at Fish whose answers were lost, and ledgers that hold songs as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    InvalidRequest,
    VoiceModelRequest,
)
from acedata_async.ledger import Ledger
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    NOTHING_CREATED,
    PLACEHOLDER,
    UNCLEAR,
    entries_of,
    names_in,
    outcomes_of,
    song,
    songs,
    states,
    tally,
)
from tests.bulk.conftest import make as make_songs
from tests.fish.conftest import RECORDING, calls, make, speech, speeches, voice
from tests.patience import until
from tests.tasks.watching import client


class Door(httpx.AsyncBaseTransport):
    """Notes what is asked of lists; nothing may be asked of Producer.

    Attributes:
        listed: What lists were asked for.
    """

    def __init__(self, sandbox: Sandbox) -> None:
        self.listed: list[dict[str, Any]] = []
        self._inner = sandbox.transport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Note a list and hand it on."""
        assert request.url.path.startswith("/fish/")
        body = json.loads(request.content)
        if "user_id" in body:
            self.listed.append(body)
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_lost_answer_is_found(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """It is seen in the list of Fish's speeches by its marker, and never sent again."""
    door = Door(sandbox)
    ace = client(sandbox, transport=door)
    async with ace.fish.bulk(speeches(3), ledger=ledger, max_in_flight=1) as run:
        await until(lambda: run.stats.submitted == 1)
        sandbox.inject(fault, times=1)
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 3}
    assert calls(sandbox) == (3, 3)
    assert sandbox.stats.lookups_listing
    assert {body["type"] for body in door.listed} == {"fish_tts"}
    assert (await entries_of(ledger))["t1"].attempts == 1


@pytest.mark.parametrize("fault", UNCLEAR)
async def test_lost_voice_is_found(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """A voice carries its marker, too; it is found among tasks of all types."""
    requests = [speech("x"), voice("me"), speech("a", source="me")]
    async with ace.fish.bulk(requests, ledger=ledger, max_in_flight=1) as run:
        await until(lambda: run.stats.submitted == 1)
        sandbox.inject(fault, times=1, on="create_voice")
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 3}
    assert calls(sandbox) == (3, 3)


@pytest.mark.parametrize("fault", NOTHING_CREATED)
async def test_what_is_in_no_list(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, fault: str
) -> None:
    """It stays unknown; asked to, a run sends it again once its absence is shown."""
    requests = speeches(3)
    async with ace.fish.bulk(requests, ledger=ledger, max_in_flight=1) as run:
        await until(lambda: run.stats.submitted == 1)
        sandbox.inject(fault, times=1)
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"succeeded": 2, "unknown": 1}
    assert calls(sandbox) == (2, 3)
    again = await make(ace, requests, ledger=ledger, on_unknown="resubmit_absent")
    assert tally(again.values()) == {"succeeded": 3}
    assert calls(sandbox) == (3, 4)


async def test_markers(ace: AceData, sandbox: Sandbox) -> None:
    """Each paid call carries a marker of its own, unless markers are off; a voice as well."""
    await make(ace, [voice("me"), *speeches(2)])
    addresses = [body["callback_url"] for body in sandbox.submissions]
    assert len(set(addresses)) == 3
    assert all(one.startswith(PLACEHOLDER) for one in addresses)
    await make(ace, [voice("me"), *speeches(2)], marking="off")
    assert all("callback_url" not in body for body in sandbox.submissions[3:])


async def test_songs_and_speeches_in_one_ledger(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """A ledger may hold both; each service goes on with its own, and leaves the other's alone."""
    async with ace.producer.bulk(songs(3), ledger=ledger):
        await until(lambda: sandbox.stats.submissions == 3)
    async with ace.fish.bulk([*speeches(3), speech("#", "x")], ledger=ledger):
        await until(lambda: sandbox.stats.submissions == 6)
    before = sandbox.stats.lookups_by_service
    out = tmp_path / "out"
    said = await make(ace, speeches(2), ledger=ledger, directory=out, leftovers=True)
    assert states(said) == dict.fromkeys(["t0", "t1", "t2"], "saved")
    assert sandbox.stats.lookups_by_service["producer"] == before["producer"]
    held = await entries_of(ledger)
    assert {key: held[key].state for key in ("s0", "s1", "s2")} == dict.fromkeys(
        ["s0", "s1", "s2"], "submitted"
    )
    before = sandbox.stats.lookups_by_service
    made = await make_songs(ace, songs(1), ledger=ledger, directory=out, leftovers=True)
    assert states(made) == dict.fromkeys(["s0", "s1", "s2"], "saved")
    assert sandbox.stats.lookups_by_service["fish"] == before["fish"]
    assert names_in(out) == {"t0.mp3", "t1.mp3", "t2.mp3", "s0.m4a", "s1.m4a", "s2.m4a"}
    assert calls(sandbox) == (6, 6)


async def test_same_key_in_both(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """A key is one thing's in the whole ledger, whatever the service."""
    await make_songs(ace, [song("a")], ledger=ledger)
    outcomes = await make(ace, [speech("a")], ledger=ledger)
    assert states(outcomes) == {"a": "invalid"}
    assert calls(sandbox) == (1, 1)


async def test_lost_answers_of_the_other_service(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """They are left to the runs of that service: nothing is listed for them here."""
    await make_songs(ace, [song("known")], ledger=ledger)
    sandbox.inject("cut-after-accept", times=1)
    async with ace.producer.bulk([song("s")], ledger=ledger) as run:
        await until(lambda: run.stats.looked_for)
    assert states(await make(ace, [speech("t")], ledger=ledger, leftovers=True)) == {
        "t": "succeeded"
    }
    assert sandbox.stats.lookups_listing == 0
    held = await entries_of(ledger)
    assert (held["s"].state, held["t"].state) == ("unknown", "succeeded")
    assert states(await make_songs(ace, [song("s")], ledger=ledger)) == {"s": "succeeded"}
    assert calls(sandbox) == (3, 3)


async def test_songs_are_refused(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """A request for the other service is invalid, and says where it belongs."""
    mixed = [song("s"), speech("t"), VoiceModelRequest(title="t", voices=RECORDING)]
    async with ace.fish.bulk(mixed, ledger=ledger) as run:
        outcomes = await outcomes_of(run)
    assert tally(outcomes) == {"invalid": 2, "succeeded": 1}
    first = next(one for one in outcomes if one.key == "s")
    assert isinstance(first.error, InvalidRequest)
    assert "ace.producer.bulk" in first.reason
    assert calls(sandbox) == (1, 1)
