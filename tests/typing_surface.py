"""The types of every public call, asserted for the type checker; never run."""

from __future__ import annotations

from pathlib import Path
from typing import assert_type

from acedata_async import (
    AceData,
    AceDataError,
    Audio,
    CallAnswered,
    CallSent,
    CoverRequest,
    Event,
    GenerateRequest,
    Lyrics,
    Observer,
    RateChanged,
    Stats,
    Stems,
    StemsRequest,
    Task,
    TaskFinal,
    TaskSeen,
    TaskWatcher,
    UploadedAudio,
    VideoFile,
    WatchSet,
    WavFile,
    log_events,
)
from acedata_async.sandbox import Sandbox


async def producer(ace: AceData, song: Audio, mine: UploadedAudio) -> None:
    """What the methods of `ace.producer` return."""
    make = ace.producer
    assert_type(await make.generate("a"), TaskWatcher[list[Audio]])
    assert_type(await make.generate(lyric="a", seed=1, weirdness=0.5), TaskWatcher[list[Audio]])
    assert_type(await make.cover(song, cover_strength=1), TaskWatcher[list[Audio]])
    assert_type(await make.upload_cover(mine), TaskWatcher[list[Audio]])
    assert_type(await make.extend("id", continue_at=3), TaskWatcher[list[Audio]])
    assert_type(await make.replace_section(song, start=1, end=2), TaskWatcher[list[Audio]])
    assert_type(await make.stems(song), TaskWatcher[Stems])
    assert_type(await make.submit(GenerateRequest(prompt="a")), TaskWatcher[list[Audio]])
    assert_type(await make.submit(CoverRequest(audio_id="a")), TaskWatcher[list[Audio]])
    assert_type(await make.submit(StemsRequest(audio_id="a")), TaskWatcher[Stems])
    assert_type(await make.lyrics("a"), Lyrics)
    assert_type(await make.upload("https://a.test/b.mp3"), UploadedAudio)
    assert_type(await make.wav(song), WavFile)
    assert_type(await make.video(song), VideoFile)
    assert_type(await make.retrieve("id"), Task)
    assert_type(await make.retrieve_batch(["id"]), dict[str, Task])
    assert_type(make.watch("id"), TaskWatcher[list[Audio]])
    assert_type(make.watch("id", result=Stems), TaskWatcher[Stems])
    assert_type(make.watch_many(["id"]), WatchSet[list[Audio]])


async def handles(watcher: TaskWatcher[Stems], watched: WatchSet[list[Audio]]) -> None:
    """What watchers and sets give."""
    assert_type(await watcher, Stems)
    assert_type(await watcher.result(timeout=3), Stems)
    assert_type(await watcher.wait(), Task)
    assert_type(await watcher.refresh(), Task | None)
    async for task in watcher:
        assert_type(task, Task)
    async for one in watched:
        assert_type(one, TaskWatcher[list[Audio]])
    assert_type(watched[0], TaskWatcher[list[Audio]])
    assert_type(await watched.results(), list[list[Audio]])
    assert_type(await watched.results(return_exceptions=True), list[list[Audio] | AceDataError])
    assert_type(WatchSet.read_ids(watched.to_json()), list[str])


async def files(ace: AceData, song: Audio, sandbox: Sandbox) -> None:
    """What downloads and the sandbox give."""
    assert_type(await ace.download(song, "songs/"), Path)
    assert_type(sandbox.client(), AceData)


def observing(event: Event) -> None:
    """What observers are told, and what may be one."""
    assert_type(event, CallSent | CallAnswered | TaskSeen | TaskFinal | RateChanged)
    if isinstance(event, TaskFinal):
        assert_type(event.lag, float | None)
        assert_type(event.lookups, int)
    if isinstance(event, CallAnswered):
        assert_type(event.status, int | None)
    seen: list[Event] = []
    observers: list[Observer] = [log_events, observing, seen.append]
    ace = AceData("token", observers=observers)
    assert_type(ace.stats(), Stats)
    assert_type(ace.stats().lookups_per_task, float | None)
