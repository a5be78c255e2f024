"""Voices: made in either way, at once or in the background."""

from __future__ import annotations

import asyncio

import pytest

from acedata_async import AceData, TaskFailed
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock
from tests.fish.conftest import CALLBACK, RECORDING, calls
from tests.patience import until

UNKNOWN = "0" * 32


async def test_voice_made_at_once(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """Without a callback_url the call lasts until the voice is trained, and asks nothing more."""
    watcher = await ace.fish.create_voice(RECORDING, title="Me", description="d")
    assert clock.elapsed == pytest.approx(24.0)
    assert (watcher.state, watcher.done()) == ("succeeded", True)
    made = await watcher
    assert (made.title, made.description, made.trained) == ("Me", "d", True)
    assert made.task_id == watcher.id
    assert (sandbox.stats.submission_requests, sandbox.stats.lookups) == (1, 0)
    assert (await ace.fish.model(made)).id == made.id


async def test_voice_does_not_hold_up_others(ace: AceData, sandbox: Sandbox) -> None:
    """As many voices as there are connections for them are made; a song is as quick as ever."""
    voices = [asyncio.create_task(ace.fish.create_voice(RECORDING)) for _ in range(40)]
    await until(lambda: sandbox.stats.in_flight >= 16)
    song = await ace.producer.generate("A song")
    said = await ace.fish.speak("Hello.")
    assert (await said).audio_url
    assert (await song)[0].audio_url
    assert (await ace.fish.models(page_size=1)).items
    assert not any(one.done() for one in voices)
    taken = ace.stats().mean_lag
    assert taken is not None
    assert taken < 2.0
    assert len({(await watcher).id for watcher in await asyncio.gather(*voices)}) == 40
    assert sandbox.stats.submission_requests == 42


async def test_voice_does_not_hold_up_what_is_answered_with_its_result(
    ace: AceData, sandbox: Sandbox, clock: PatientClock
) -> None:
    """Nor do other calls that hold their connection wait for the voices: lyrics take seconds."""
    voices = [asyncio.create_task(ace.fish.create_voice(RECORDING)) for _ in range(40)]
    await until(lambda: sandbox.stats.in_flight >= 16)
    assert (await ace.producer.lyrics("A song")).lyrics
    assert clock.elapsed < 10.0
    assert not any(one.done() for one in voices)
    await asyncio.gather(*voices)


async def test_voice_in_the_background(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """With a callback_url it is acknowledged at once and watched through Fish's own lookups."""
    watcher = await ace.fish.create_voice(RECORDING, title="Me", callback_url=CALLBACK)
    assert (clock.elapsed, watcher.state, watcher.done()) == (0.0, "pending", False)
    made = await watcher
    assert made.trained
    assert clock.elapsed >= 24.0
    assert sandbox.stats.lookups_by_service["producer"] == 0
    assert sandbox.stats.lookups_by_service["fish"] == sandbox.stats.lookups > 0


async def test_training_is_not_done(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """A record that is finished while its voice is `training` is not: it cannot speak yet."""
    sandbox.inject("trained-late")
    watcher = await ace.fish.create_voice(RECORDING, callback_url=CALLBACK)
    states = [task.state async for task in watcher]
    assert states[-1] == "succeeded"
    assert set(states[:-1]) <= {"pending", "running"}
    assert clock.elapsed >= 48.0
    assert (await watcher).trained


async def test_answered_while_training(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """An answer whose voice is `training` is an acknowledgement; the voice comes by lookups."""
    sandbox.inject("sync-training", on="create_voice")
    watcher = await ace.fish.create_voice(RECORDING)
    assert (clock.elapsed, watcher.done()) == (0.0, False)
    assert (await watcher).trained
    assert clock.elapsed >= 24.0
    assert calls(sandbox) == (1, 1)


async def test_preview_is_not_done(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """A running record that shows its voice already is no result."""
    sandbox.inject("preview")
    watcher = await ace.fish.create_voice(RECORDING, callback_url=CALLBACK)
    assert (await watcher).trained
    assert clock.elapsed >= 24.0


@pytest.mark.parametrize("shape", ["F1", "F2", "F3", "F4", "F5", "F7"])
async def test_voice_that_fails(ace: AceData, sandbox: Sandbox, shape: str) -> None:
    """Every shape of a failed record is a failure, also one that holds a voice."""
    sandbox.inject(f"fail-{shape}")
    watcher = await ace.fish.create_voice(RECORDING, callback_url=CALLBACK)
    with pytest.raises(TaskFailed, match="fetch failed") as failed:
        await watcher
    assert failed.value.task.state == "failed"


async def test_newer_address(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """A voice by the newer address is answered at once, creates no task, and is private."""
    made = await ace.fish.create_model(RECORDING, title="Me", tags=["calm"], texts=["Hi."])
    assert clock.elapsed < 1.0
    assert (made.title, made.trained, made.visibility) == ("Me", True, "private")
    assert (made.tags, made.samples[0].text, made.task_id) == (["calm"], "Hi.", None)
    assert str(made.samples[0].audio_url).startswith("https://")
    assert made.raw["dmca_taken_down"] is False
    assert sandbox.stats.submissions_by_action == {"create_model": 1}
    said = await (await ace.fish.speak("Hello.", reference_id=made))
    assert said.audio_url
