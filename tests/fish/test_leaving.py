"""Callers that go, and clients that are closed, while Fish is at work."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from acedata_async import AceData, ClientClosed, SubmissionUnknown, Timeouts, Voice
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.bulk.conftest import PatientClock, states
from tests.fish.conftest import CALLBACK, RECORDING, calls, make, speeches, voice
from tests.patience import until


def running() -> set[str]:
    """Return the names of the client's own asyncio tasks."""
    names = {task.get_name() for task in asyncio.all_tasks()}
    return {name for name in names if name.startswith("acedata:")}


async def settled() -> None:
    """Wait until the client is at rest, and has taken note of how its work ended."""
    await until(lambda: not running())
    await asyncio.sleep(0)


async def cancelled(task: asyncio.Task[Any]) -> None:
    """Cancel what waits, and see that it is."""
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_caller_of_a_voice_goes(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, caplog: pytest.LogCaptureFixture
) -> None:
    """The voice that nobody waits for is made, paid once, and can be claimed, once."""
    caller = asyncio.create_task(ace.fish.create_voice(RECORDING, title="Me"))
    await until(lambda: sandbox.stats.submissions)
    await cancelled(caller)
    assert ace.fish.claim() == []
    await settled()
    assert clock.elapsed >= 24.0
    assert ace.producer.claim() == []
    (watcher,) = ace.fish.claim()
    made = await watcher
    assert isinstance(made, Voice)
    assert (made.title, made.trained) == ("Me", True)
    assert ace.fish.claim() == []
    assert f"task {watcher.id} was accepted after its caller went" in caplog.text
    assert calls(sandbox) == (1, 1)


async def test_callers_of_speech_go(ace: AceData, sandbox: Sandbox) -> None:
    """Of many callers that go at once each speech that was sent can be claimed."""
    callers = [asyncio.create_task(ace.fish.speak(f"Sentence {n}.")) for n in range(50)]
    await until(lambda: sandbox.stats.submission_requests >= 5)
    for caller in callers:
        caller.cancel()
    results = await asyncio.gather(*callers, return_exceptions=True)
    accepted = [one for one in results if not isinstance(one, BaseException)]
    await settled()
    claimed = ace.fish.claim()
    assert len(claimed) + len(accepted) == sandbox.stats.submissions
    assert sandbox.stats.submissions == sandbox.stats.submission_requests
    assert {one.id for one in (*claimed, *accepted)} == set(sandbox.tasks)
    for watcher in claimed:
        assert (await watcher).audio_url


async def test_speech_born_done_is_claimed(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """So can one that was answered with its result, though it has no id."""
    sandbox.inject("sync")
    caller = asyncio.create_task(ace.fish.speak("Hello."))
    await until(lambda: sandbox.stats.submissions)
    await cancelled(caller)
    await settled()
    (watcher,) = ace.fish.claim()
    assert (watcher.id, watcher.done()) == (None, True)
    assert (await watcher).text == "Hello."


async def test_caller_of_a_model_goes(
    ace: AceData, clock: PatientClock, caplog: pytest.LogCaptureFixture
) -> None:
    """A voice by the newer address has no task to claim: its id is in the log."""
    async with Sandbox(clock=clock, seed=1, latency=1.0) as slow:
        caller = asyncio.create_task(slow.client().fish.create_model(RECORDING, title="Me"))
        await until(lambda: slow.stats.in_flight)
        await cancelled(caller)
        await settled()
        made = (await slow.client().fish.models(mine=True)).items
        assert [one.title for one in made] == ["Me"]
        assert str(made[0].id) in caplog.text


async def test_waiter_that_goes_hurts_nobody(ace: AceData, sandbox: Sandbox) -> None:
    """Of two that wait for one speech the other gets it."""
    watcher = await ace.fish.speak("Hello.")
    first, second = (asyncio.create_task(watcher.result()) for _ in range(2))
    await asyncio.sleep(0)
    await cancelled(first)
    assert (await second).audio_url
    assert calls(sandbox) == (1, 1)


async def test_iterating_is_left(ace: AceData, sandbox: Sandbox) -> None:
    """Leaving a list of voices in the middle asks for no further page."""
    async for _ in ace.fish.models(page_size=2):
        break
    assert sandbox.stats.catalogue_requests == 1
    caller = asyncio.create_task(_all(ace))
    await until(lambda: sandbox.stats.catalogue_requests >= 3)
    await cancelled(caller)
    asked = sandbox.stats.catalogue_requests
    await settled()
    assert sandbox.stats.catalogue_requests <= asked + 1


async def _all(ace: AceData) -> list[Voice]:
    return [one async for one in ace.fish.models(page_size=1)]


async def test_closing_while_a_voice_is_made(caplog: pytest.LogCaptureFixture) -> None:
    """The call gets its grace; what it brings is not known then, which is said and logged."""
    async with Sandbox(clock=ManualClock(jump=False), durations=12.0) as sandbox:
        ace = sandbox.client(timeouts=Timeouts(close=0.01))
        caller = asyncio.create_task(ace.fish.create_voice(RECORDING))
        await until(lambda: sandbox.stats.submissions)
        closing = asyncio.create_task(ace.aclose())
        with pytest.raises(SubmissionUnknown, match="closed meanwhile"):
            await caller
        await closing
        assert "create_voice" in caplog.text
        assert not running()
        with pytest.raises(ClientClosed):
            await ace.fish.speak("Hello.")
        with pytest.raises(ClientClosed):
            await ace.fish.model("a")
        assert calls(sandbox) == (1, 1)


async def test_closing_waits_for_a_voice(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """A voice that comes within the grace is its caller's."""
    caller = asyncio.create_task(ace.fish.create_voice(RECORDING))
    await until(lambda: sandbox.stats.submissions)
    await ace.aclose()
    assert (await (await caller)).trained


async def test_closing_while_others_wait(ace: AceData, sandbox: Sandbox) -> None:
    """Waits end with ClientClosed; what is at the vendor lives on, and another client has it."""
    said = await ace.fish.speak("Hello.")
    made = await ace.fish.create_voice(RECORDING, callback_url=CALLBACK)
    waiting = [asyncio.create_task(one.wait()) for one in (said, made)]
    listing = asyncio.create_task(_all(ace))
    await asyncio.sleep(0)
    await ace.aclose()
    results = await asyncio.gather(*waiting, listing, return_exceptions=True)
    assert [type(one) for one in results] == [ClientClosed] * 3
    other = sandbox.client(seed=2)
    assert (await other.fish.watch(str(said.id))).audio_url
    assert (await other.fish.watch(str(made.id), result=Voice)).trained
    assert not running()


async def test_run_that_is_left_while_a_voice_is_made(
    ace: AceData, sandbox: Sandbox, clock: PatientClock, tmp_path: Any
) -> None:
    """A run that holds a connection for a voice leaves it in doubt, and the next one finds it."""
    requests = [*speeches(1), voice("me"), *speeches(2)[1:]]
    path = tmp_path / "ledger"
    async with ace.fish.bulk(requests, ledger=path, marking="off") as run:
        await until(lambda: sandbox.stats.submissions == 3)
    assert run.stats.in_flight
    outcomes = await make(sandbox.client(seed=2), requests, ledger=path)
    assert states(outcomes)["me"] == "unknown"  # it carried no marker
    assert {states(outcomes)[key] for key in ("t0", "t1")} == {"succeeded"}
    assert calls(sandbox) == (3, 3)
