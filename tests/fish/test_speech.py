"""Speech: spoken, watched, refused, lost, failed, downloaded."""

from __future__ import annotations

import asyncio
import io
import json
import wave
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    AceDataError,
    APIError,
    DownloadError,
    InvalidRequest,
    MalformedResponse,
    Speech,
    SubmissionUnknown,
    TaskFailed,
    TaskNotFound,
    Voice,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.faults import FAULTS, Stage
from tests.bulk.conftest import PatientClock, names_in
from tests.fish.conftest import CALLBACK, RECORDING, Scripted, calls

SUBMISSION_FAULTS = sorted(
    name
    for name, fault in FAULTS.items()
    if fault.stage is Stage.SUBMISSION and name not in {"sync-training", "refuse-connection"}
)
"""What can go wrong with a submission of either service."""

SHAPES = ["F1", "F2", "F3", "F4", "F5", "F7"]


async def test_speech(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """It is acknowledged at once, and watched through Fish's own lookups."""
    watcher = await ace.fish.speak("Hello there.")
    assert (clock.elapsed, watcher.done()) == (0.0, False)
    said = await watcher
    assert (said.text, said.format, said.task_id) == ("Hello there.", "mp3", watcher.id)
    assert str(said.audio_url).endswith(".mp3")
    stats = sandbox.stats
    assert stats.lookups_by_service == {"producer": 0, "fish": stats.lookups}
    assert sandbox.submissions == [{"text": "Hello there.", "format": "mp3", "async": True}]


@pytest.mark.parametrize(
    ("speech_format", "ending"), [("mp3", ".mp3"), ("wav", ".wav"), ("pcm", ".wav")]
)
async def test_formats(ace: AceData, tmp_path: Path, speech_format: Any, ending: str) -> None:
    """A file has the ending of what is in it, though every address ends in `.mp3`."""
    said = await (await ace.fish.speak("Hello: there", format=speech_format, sample_rate=16000))
    assert str(said.audio_url).endswith(".mp3")
    path = await ace.download(said, tmp_path)
    assert path.suffix == ending
    assert path.name.startswith("Hello_ there")
    assert names_in(tmp_path) == {path.name}
    if ending == ".wav":
        with wave.open(io.BytesIO(path.read_bytes())) as sound:
            assert sound.getframerate() == 16000


async def test_several_voices(ace: AceData, sandbox: Sandbox) -> None:
    """A dialogue takes voices or their ids, in order."""
    first = await ace.fish.create_model(RECORDING, title="One")
    second = await ace.fish.create_model(RECORDING, title="Two")
    await (await ace.fish.speak("a", reference_id=[first, str(second.id)]))
    await (await ace.fish.speak("b", reference_id=(second,)))
    ids = [body.get("reference_id") for body in sandbox.submissions[2:]]
    assert ids == [[first.id, second.id], [second.id]]


async def test_voice_that_is_not_there(ace: AceData, sandbox: Sandbox) -> None:
    """The vendor's refusal is told in its words, and nothing was made."""
    for voice_id in ("0" * 32, "../x", "?x=1", "ü", "x" * 10_000):
        with pytest.raises(APIError, match="Reference not found"):
            await ace.fish.speak("Hello.", reference_id=voice_id)
    assert calls(sandbox) == (0, 5)


@pytest.mark.parametrize("reference", [Voice.read({}), [Voice.read({})], ["a", Voice.read({})]])
async def test_voice_without_an_id(reference: Any) -> None:
    """A voice that has no id is refused, and not passed over: it would be paid for."""
    vendor = Scripted({"task_id": "t"})
    with pytest.raises(InvalidRequest, match="reference_id"):
        await vendor.ace.fish.speak("Hello.", reference_id=reference)
    assert not vendor.requests


async def test_born_done(ace: AceData, sandbox: Sandbox, clock: PatientClock) -> None:
    """An answer that is the result has no task: it can be awaited, and costs no lookup."""
    sandbox.inject("sync", on="speak")
    first, second = await asyncio.gather(ace.fish.speak("One."), ace.fish.speak("Two."))
    assert (first.id, first.state, first.done()) == (None, "succeeded", True)
    assert (await first).audio_url != (await second).audio_url
    assert ((await first).text, (await second).text) == ("One.", "Two.")
    assert await first == await first
    assert await first.refresh() == first.task
    assert [task.state async for task in first] == ["succeeded"]
    assert sandbox.stats.lookups == 0


async def outcome_of(call: Any) -> str:
    """Return what became of a submission, in a word."""
    try:
        watcher = await call
    except SubmissionUnknown as unknown:
        return f"unknown {unknown.status}"
    except AceDataError as error:
        return f"{type(error).__name__} {getattr(error, 'status', '')}"
    return "made" if await watcher.result() else "nothing"


@pytest.mark.parametrize("fault", SUBMISSION_FAULTS)
async def test_submission_faults(ace: AceData, sandbox: Sandbox, fault: str) -> None:
    """A submission that goes wrong ends as a song's does, and nothing unclear is sent twice."""
    outcomes, made = [], []
    for call in (ace.producer.generate, ace.fish.speak):
        before = sandbox.stats
        times = 1 if fault.startswith("throttle") else None
        sandbox.inject(fault, times=times)
        outcomes.append(await outcome_of(call("Hello.")))
        sandbox.clear_faults()
        requests = sandbox.stats.submission_requests - before.submission_requests
        made.append((sandbox.stats.submissions - before.submissions, requests))
    assert outcomes[0] == outcomes[1]
    assert made[0] == made[1]
    assert made[1][0] <= 1
    assert made[1][1] == (2 if fault.startswith("throttle") else 1)


async def test_fields_in_errors(ace: AceData, sandbox: Sandbox) -> None:
    """A refusal that lists problems as JSON is put into words, each field named."""
    sandbox.inject("e3-fields", times=1)
    with pytest.raises(APIError) as refused:
        await ace.fish.speak("Hello.")
    assert "text: " in refused.value.message
    assert not {"[", "{"} & set(str(refused.value))
    sandbox.inject("e3-nested", times=1)
    with pytest.raises(APIError, match="HTTP 400: Reference not found"):
        await ace.fish.speak("Hello.")


async def test_field_that_the_vendor_refuses(ace: AceData, sandbox: Sandbox) -> None:
    """So is the vendor's own refusal of what this package lets pass."""
    with pytest.raises(APIError, match=r"prosody\.speed: .*was 90") as refused:
        await ace.fish.speak("Hello.", prosody={"speed": 90})
    assert refused.value.status == 400
    with (
        pytest.warns(UserWarning, match="s9"),
        pytest.raises(APIError, match="model must be one of s1, s2-pro"),
    ):
        await ace.fish.speak("Hello.", model="s9")
    assert calls(sandbox) == (0, 2)


@pytest.mark.parametrize(
    ("address", "slash"),
    [
        ("https://example.com/hook/s3cr3t", "/"),
        ("https://example.com/hook/s3cr3t", "\\/"),
        ("https://example.com/h\u00f6ok/s3cr3t", "/"),
    ],
)
async def test_secret_that_a_refusal_repeats(address: str, slash: str) -> None:
    """A refusal that shows the callback_url within JSON within JSON does not show it here."""
    problem = {"loc": ["body", "callback_url"], "msg": "bad", "input": address}
    message = json.dumps([problem]).replace("/", slash)
    vendor = Scripted(httpx.Response(400, json={"status": 400, "message": message}))
    with pytest.raises(APIError, match="callback_url: bad") as refused:
        await vendor.ace.fish.speak("Hello.", callback_url=address)
    shown = f"{refused.value} {refused.value.message} {refused.value.body}"
    assert "s3cr3t" not in shown


@pytest.mark.parametrize("shape", SHAPES)
async def test_failed_records(ace: AceData, sandbox: Sandbox, shape: str) -> None:
    """Every shape of a failed record is a failure; what it left behind is in the task."""
    sandbox.inject(f"fail-{shape}")
    watcher = await ace.fish.speak("Hello.")
    with pytest.raises(TaskFailed, match="fetch failed") as failed:
        await watcher
    task = failed.value.task
    assert (task.state, watcher.state) == ("failed", "failed")
    assert (task.speech is not None) == (shape == "F4")
    assert (failed.value.code == "api_error") == (shape in {"F1", "F4", "F5"})
    again = ace.fish.watch(str(watcher.id))
    with pytest.raises(TaskFailed):
        await again


async def test_passing_failure(ace: AceData, sandbox: Sandbox) -> None:
    """A bare error string without an end is passing: it may recover, or be waited out."""
    sandbox.inject("recovers", times=1)
    assert (await (await ace.fish.speak("Hello."))).audio_url
    sandbox.inject("fail-F6")
    watcher = await ace.fish.speak("Hello.")
    with pytest.raises(WatchTimeout):
        await watcher.result(timeout=60)


@pytest.mark.parametrize(
    "quirk", ["null-keys", "ack-stored", "late-visible", "elapsed", "iso-started-at", "with-cost"]
)
async def test_odd_records(ace: AceData, sandbox: Sandbox, quirk: str) -> None:
    """Records may look odd on their way; the speech comes all the same."""
    sandbox.inject(quirk)
    assert (await (await ace.fish.speak("Hello."))).audio_url


async def test_record_without_a_result(ace: AceData, sandbox: Sandbox) -> None:
    """A record that has finished with nothing is no success."""
    sandbox.inject("no-result")
    with pytest.raises(TaskFailed, match="anomalous"):
        await (await ace.fish.speak("Hello."))


async def test_lookups(ace: AceData, sandbox: Sandbox) -> None:
    """Tasks can be looked up one by one or together; those of Producer are not there."""
    said = [await ace.fish.speak(f"Sentence {n}.") for n in range(3)]
    song = await ace.producer.generate("A song")
    ids = [*(str(one.id) for one in said), str(song.id)]
    assert (await ace.fish.retrieve(ids[0])).type == "fish_tts"
    found = await ace.fish.retrieve_batch([*ids, ids[0], "no-such"])
    assert set(found) == set(ids[:3])
    with pytest.raises(TaskNotFound):
        await ace.fish.retrieve(ids[3])
    with pytest.raises(TaskNotFound):
        await ace.fish.watch(ids[3])
    assert (await song)[0].audio_url


async def test_watching_others(ace: AceData, sandbox: Sandbox) -> None:
    """A task from elsewhere is watched by its id; the call itself asks nothing."""
    there = sandbox.client(seed=2)
    said = await there.fish.speak("Hello.")
    made = await there.fish.create_voice(RECORDING, callback_url=CALLBACK)
    watched = ace.fish.watch(str(said.id))
    trained = ace.fish.watch(str(made.id), result=Voice)
    wrong = ace.fish.watch(str(made.id))
    assert sandbox.stats.lookups == 0
    assert (await watched).audio_url == (await said).audio_url
    assert (await trained).trained
    with pytest.raises(MalformedResponse, match="result=Voice"):
        await wrong


async def test_watching_many(ace: AceData, sandbox: Sandbox) -> None:
    """Speeches and voices can be watched together, in few lookups."""
    said = [await ace.fish.speak(f"Sentence {n}.") for n in range(60)]
    made = await ace.fish.create_voice(RECORDING, callback_url=CALLBACK)
    ids = [*(str(one.id) for one in said), str(made.id)]
    watched = sandbox.client(seed=2).fish.watch_many([*ids, ids[0]])
    assert (len(watched), sandbox.stats.lookups) == (61, 0)
    results = await watched.results()
    assert [type(one) for one in results] == [Speech] * 60 + [Voice]
    assert [getattr(one, "task_id", None) for one in results] == ids
    assert sandbox.stats.lookups < 30


@pytest.mark.parametrize("speech_format", ["pcm", None])
async def test_samples_without_a_container(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, speech_format: str | None
) -> None:
    """What was paid for as `pcm` is saved, also where it comes as bare samples."""
    samples = bytes(range(256)) * 20
    path = sandbox.add_media("said.mp3", content=samples, content_type="audio/pcm")
    url = f"https://media.sandbox.acedata.invalid{path}"
    said = Speech(audio_url=url, text="Hello", format=speech_format)
    saved = await ace.download(said, tmp_path)
    assert saved.read_bytes() == samples
    assert saved.name == "Hello.pcm"
    with pytest.raises(DownloadError, match=r"\(audio/pcm\) is no sound: it begins with b'"):
        await ace.download(said.model_copy(update={"format": "mp3"}), tmp_path)
