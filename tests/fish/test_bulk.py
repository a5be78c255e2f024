"""Many voices and speeches: in order, written down, found again, paid for once."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    BulkItem,
    SpeechRequest,
    VoiceRequest,
)
from acedata_async.ledger import Entry, Ledger, MemoryLedger
from acedata_async.ledger.entry import Step
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import (
    PatientClock,
    entries_of,
    names_in,
    outcomes_of,
    states,
    tally,
)
from tests.fish.conftest import CALLBACK, RECORDING, Scripted, calls, make, speech, speeches, voice
from tests.patience import until


async def test_speeches_by_a_voice_of_the_same_run(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """A voice is made first; what it says is saved under the right endings, and a voice not."""
    requests = [
        voice("me", title="Me"),
        speech("a", "One.", source="me"),
        speech("b", "Two.", source="me", format="wav"),
        speech("c", "Three.", source="me", format="pcm"),
        speech("d", "Four.", reference_id="d7900c21663f485ab63ebdb7e5905036"),
    ]
    directory = tmp_path / "out"
    outcomes = await make(ace, requests, ledger=ledger, directory=directory)
    assert states(outcomes) == {"me": "succeeded", **dict.fromkeys("abcd", "saved")}
    assert names_in(directory) == {"a.mp3", "b.wav", "c.wav", "d.mp3"}
    made = outcomes["me"].voice
    assert made is not None
    assert made.trained
    assert (outcomes["me"].title, outcomes["me"].path) == ("Me", None)
    spoken = {body["text"]: body["reference_id"] for body in sandbox.submissions if "text" in body}
    assert [spoken[text] for text in ("One.", "Two.", "Three.")] == [made.id] * 3
    for key in "ab":
        said = outcomes[key].speech
        assert said is not None
        assert said.text == ("One." if key == "a" else "Two.")
    with wave.open(io.BytesIO((directory / "b.wav").read_bytes())) as sound:
        assert sound.getnframes()
    again = await make(ace, requests, ledger=ledger, directory=directory)
    assert all(one.resumed for one in again.values())
    assert calls(sandbox) == (5, 5)


async def test_names_without_keys(ace: AceData, tmp_path: Path) -> None:
    """Where there is no key of the user's, a file is named by how the text begins."""
    requests = [SpeechRequest(text="Good: morning"), speech(text="Good: morning", format="wav")]
    outcomes = await make(ace, requests, directory=tmp_path)
    assert tally(outcomes.values()) == {"saved": 2}
    names = sorted(names_in(tmp_path))
    assert all(name.startswith("Good_ morning - v1-") for name in names)
    assert sorted(name.rpartition(".")[2] for name in names) == ["mp3", "wav"]


async def test_voice_that_fails(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """What was to be said by it is not sent."""
    requests = [voice("me", title="#sandbox:fail-F1"), speech("a", source="me")]
    outcomes = await make(ace, requests, ledger=ledger)
    assert states(outcomes) == {"me": "failed", "a": "skipped"}
    assert "me" in outcomes["a"].reason
    assert calls(sandbox) == (1, 1)


async def test_voice_that_is_trained_late(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """Nothing is said by a voice that cannot speak yet."""
    sandbox.inject("trained-late", on="create_voice")
    outcomes = await make(ace, [voice("me"), speech("a", source="me")])
    assert tally(outcomes.values()) == {"succeeded": 2}
    assert clock.elapsed >= 48.0


async def test_born_done_answers_are_kept(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path
) -> None:
    """An answer that is the result is in the ledger, and its file is fetched, now or later."""
    sandbox.inject("sync", on="speak")
    sandbox.inject("media-404")
    first = await make(ace, speeches(3), ledger=ledger, directory=tmp_path / "out")
    assert tally(first.values()) == {"succeeded": 3}
    assert all("not downloaded" in one.reason for one in first.values())
    held = await entries_of(ledger)
    assert {(one.state, one.task_id) for one in held.values()} == {("succeeded", None)}
    sandbox.clear_faults()
    again = await make(ace, speeches(3), ledger=ledger, directory=tmp_path / "out")
    assert tally(again.values()) == {"saved": 3}
    texts = {key: one.speech and one.speech.text for key, one in again.items()}
    assert texts == {f"t{number}": f"Sentence {number}." for number in range(3)}
    assert names_in(tmp_path / "out") == {"t0.mp3", "t1.mp3", "t2.mp3"}
    assert calls(sandbox) == (3, 3)
    assert sandbox.stats.lookups == 0


async def test_file_of_a_born_done_answer_is_fetched_once(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, tmp_path: Path
) -> None:
    """A whole file that was not noted as saved when the run was left is not fetched again."""
    ledger = Forgetful(clock)
    sandbox.inject("sync", on="speak")
    async with ace.fish.bulk([speech("t")], ledger=ledger, directory=tmp_path):
        await until(lambda: names_in(tmp_path) == {"t.mp3"} and ledger.reached)
    ledger.reached = None
    outcomes = await make(ace, [speech("t")], ledger=ledger, directory=tmp_path)
    assert states(outcomes) == {"t": "saved"}
    assert names_in(tmp_path) == {"t.mp3"}
    assert sandbox.stats.media_requests == 1


async def test_name_of_a_born_done_answer(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Without a key of the user's its file is named by how the text begins, as any other is."""
    sandbox.inject("sync", on="speak")
    await make(ace, [speech(text="Good morning")], directory=tmp_path)
    assert all(name.startswith("Good morning - v1-") for name in names_in(tmp_path))


class Forgetful(MemoryLedger):
    """Never comes to noting that a file is saved.

    Attributes:
        reached: Whether it is at it; None lets it be noted.
    """

    def __init__(self, clock: PatientClock) -> None:
        super().__init__(now=clock.time)
        self.reached: bool | None = False

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Wait for ever before that step."""
        if step == "save" and self.reached is not None:
            self.reached = True
            await asyncio.Event().wait()
        return await super().apply(key, step, facts)


async def test_budget_in_credits(ace: AceData, sandbox: Sandbox, ledger: Ledger | Path) -> None:
    """Records tell what a speech cost; nothing more is sent than the budget allows."""
    requests = [speech(f"t{number}", "x" * 1000) for number in range(6)]
    async with ace.fish.bulk(requests, ledger=ledger, budget_credits=32, max_in_flight=1) as run:
        outcomes = await outcomes_of(run)
        assert run.stats.credits == pytest.approx(31.5)
    assert tally(outcomes) == {"succeeded": 3, "skipped": 3}
    more = await make(ace, requests, ledger=ledger, budget_credits=1000)
    assert tally(more.values()) == {"succeeded": 6}
    assert calls(sandbox) == (6, 6)


async def test_requests_of_every_form(ace: AceData, sandbox: Sandbox) -> None:
    """Requests, items and mappings are taken alike; the engine travels as a header."""
    requests = [
        SpeechRequest(text="a", model="s1"),
        BulkItem.of(VoiceRequest(voice_url=RECORDING, title="Me"), key="me"),
        speech("b", "b", model="s2.1-pro", prosody={"speed": 1.5}),
        speech("c", "c", references=[{"audio": "https://example.com/a.mp3", "text": "a"}]),
        speech("d", "d", prosody={"speed": 0}),
        speech("e", "e", prosody={5: 1}),
        speech("f", "f", source="me", reference_id="a"),
        speech("g", "g", callback_url=CALLBACK),
    ]
    outcomes = await make(ace, requests)
    assert tally(outcomes.values()) == {"succeeded": 5, "invalid": 3}
    assert "prosody.speed" in outcomes["d"].reason
    assert "reference_id" in outcomes["f"].reason
    assert not any("model" in body for body in sandbox.submissions)
    hidden = [body["callback_url"] for body in sandbox.submissions if body.get("text") == "g"]
    assert hidden == [CALLBACK]
    assert "secret" not in repr(outcomes["g"])


async def test_budget_in_credits_of_born_done_answers(ace: AceData, sandbox: Sandbox) -> None:
    """Where no answer says what it cost, a budget in credits stops the run, and says why."""
    sandbox.inject("sync", on="speak")
    async with ace.fish.bulk(speeches(12), budget_credits=1000, max_in_flight=1) as run:
        outcomes = await outcomes_of(run)
        assert "cannot be kept" in str(run.stats.stopped)
    assert tally(outcomes) == {"succeeded": 1, "skipped": 11}
    assert calls(sandbox) == (1, 1)


async def test_budget_in_credits_and_a_long_text(ace: AceData, sandbox: Sandbox) -> None:
    """Speech is billed by its bytes: a text that is too long for what is left is not sent."""
    requests = [*speeches(3), speech("long", "x" * 100_000), speech("short", "x")]
    outcomes = await make(ace, requests, budget_credits=20, max_in_flight=1)
    assert outcomes["long"].state == "skipped"
    assert calls(sandbox)[0] <= 4


@pytest.mark.parametrize("told", [True, False])
async def test_budget_in_credits_of_a_voice_and_its_speeches(
    ace: AceData,
    sandbox: Sandbox,
    told: bool,  # noqa: FBT001 - a parameter
) -> None:
    """What a voice cost says nothing of what speech costs; a budget that holds both is kept."""
    if told:
        sandbox.inject("with-cost", on="create_voice")
    requests = [voice("me"), *(speech(f"t{n}", "x" * 1000, source="me") for n in range(4))]
    outcomes = await make(ace, requests, budget_credits=100, max_in_flight=1)
    assert tally(outcomes.values()) == {"succeeded": 5}


NO_VOICE = {"error": {"code": "not_found", "message": "voice not found"}, "trace_id": "x"}
NO_API = {"error": {"code": "no_api", "message": "no such api"}}


@pytest.mark.parametrize(
    ("status", "body", "stops"),
    [
        (404, NO_VOICE, False),
        (404, {"error": {"message": "voice not found"}}, False),
        (404, {"status": 404, "message": "Model not found"}, False),
        (200, {"status": 404, "message": "Model not found"}, False),
        (404, NO_API, True),
        (404, {"message": "no Route matched with those values"}, True),
        (404, {"detail": "Not Found"}, True),
        (404, {}, True),
    ],
)
async def test_voice_that_is_not_there(status: int, body: dict[str, Any], *, stops: bool) -> None:
    """It fails what asked for it, and nothing else; an address that is not there stops the run."""

    def answer(request: httpx.Request) -> httpx.Response:
        if b'"bad"' in request.content:
            return httpx.Response(status, json=body)
        return httpx.Response(200, json={"audio_url": "https://example.com/a.mp3"})

    requests = [speech("a", reference_id="bad"), *speeches(3)]
    vendor, ledger = Scripted(answer), MemoryLedger()
    outcomes = await make(vendor.ace, requests, ledger=ledger, max_in_flight=1)
    others = "skipped" if stops else "succeeded"
    assert states(outcomes) == {
        "a": "skipped" if stops else "failed",
        **dict.fromkeys(("t0", "t1", "t2"), others),
    }
    assert len(vendor.requests) == (1 if stops else 4)
    await make(vendor.ace, requests, ledger=ledger)
    assert len(vendor.requests) == (2 if stops else 4)
