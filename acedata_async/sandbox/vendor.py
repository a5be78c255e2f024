"""The vendor's memory: its tasks, its songs, its files, and what it has counted."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from acedata_async.sandbox.fault_rules import FaultRules
from acedata_async.sandbox.faults import MARKED_LOOKUPS, Fault, Stage
from acedata_async.sandbox.limits import Limits
from acedata_async.sandbox.media_files import MediaFile, MediaLibrary
from acedata_async.sandbox.replies import Reply, failure
from acedata_async.sandbox.songs import Commission, Song, song_item, stems_item, written_lyrics
from acedata_async.sandbox.stats import Counters, SandboxStats

Durations = Callable[[Random], float] | float | tuple[float, float]
"""How long tasks take, in seconds: always the same, between two bounds, or drawn."""

_SIBLING_SHARE = 0.1
"""Lyrics, uploads, videos and WAV files take this part of what a song takes."""

_QUEUE_SHARE = 0.02
_SONG_SHARE = 0.4
"""In the documents' record the song's own `created_at` is at 0.39 of the task's run."""


@dataclass(slots=True, kw_only=True)
class Task:
    """One accepted submission.

    Attributes:
        record_id: The database's own id, `_id` on the wire.
        type: What kind of record it is: `audios`, or the sibling address.
        request: The submitted body, as it was sent.
        data: What it results in, with paths in place of URLs.
        finished_at: When it is over, in Unix seconds; infinite if never.
        quirks: Names of the record faults that it has.
        marked: Lookup faults asked for by its markers, and how often each still strikes.
        seen: Whether a lookup has shown it.
    """

    id: str
    record_id: str
    trace_id: str
    type: str
    action: str
    request: dict[str, Any]
    data: Any
    created_at: float
    started_at: float
    finished_at: float
    quirks: frozenset[str]
    marked: dict[str, int]
    seen: bool = False


class Vendor:
    """All that the fake vendor remembers. It knows no clock and no network.

    Args:
        seed: What all its chances come from; separate ones for tasks, lookups and faults, so
            that the number of lookups does not change the songs.
        token: The only token that it takes, or None for nearly any.
        durations: How long tasks take.
        page_size: The most items that a batch lookup returns, or None.
        batch_limit: From how many ids on the faults about too large batches strike.
        limits: How much it takes at once.
    """

    def __init__(
        self,
        *,
        seed: int,
        token: str | None,
        durations: Durations,
        page_size: int | None,
        batch_limit: int,
        limits: Limits,
    ) -> None:
        self.token = token
        self.page_size = page_size
        self.batch_limit = batch_limit
        self.limits = limits
        self.counters = Counters()
        self.rules = FaultRules(Random(f"{seed} faults"))
        self.lookup_rng = Random(f"{seed} lookups")
        self.tasks: dict[str, Task] = {}
        self.songs: dict[str, Song] = {}
        self.media: dict[str, MediaFile] = {}
        self._rng = Random(f"{seed} tasks")
        self._trace_rng = Random(f"{seed} traces")
        self._draw_duration = _drawing(durations)
        self._library = MediaLibrary()

    def trace_id(self) -> str:
        """Return a fresh id for an answer that belongs to no task."""
        return _uuid(self._trace_rng)

    def throttle(self, code: str, message: str) -> Reply:
        """Return the refusal of what a limit does not let pass."""
        return failure(429, code, message, self.trace_id(), headers=self.limits.headers)

    def accept(
        self, sibling: str | None, body: dict[str, Any], marks: Iterable[Fault], now: float
    ) -> Task:
        """Create the task of a valid submission; from here on it would be billed.

        Args:
            sibling: The address other than `/producer/audios`, or None for that one.
            body: The submitted body.
            marks: The faults that its markers ask for.
            now: The time, in Unix seconds.
        """
        rng = self._rng
        action = sibling or body["action"]
        marks = list(marks)
        drawn = self.rules.draw_all(Stage.RECORD, action=action)
        quirks = frozenset(f.name for f in (*drawn, *marks) if f.stage is Stage.RECORD)
        duration = max(0.0, self._draw_duration(rng)) * (_SIBLING_SHARE if sibling else 1.0)
        created_at = round(now, 3)
        task_id = _uuid(rng)
        task = Task(
            id=task_id,
            record_id=f"{int(now) & 0xFFFFFFFF:08x}{rng.getrandbits(64):016x}",
            trace_id=_uuid(rng),
            type=sibling or "audios",
            action=action,
            request=body,
            data=self._produce(sibling, body, task_id, created_at + _SONG_SHARE * duration),
            created_at=created_at,
            started_at=round(created_at + _QUEUE_SHARE * duration, 3),
            finished_at=math.inf if "never" in quirks else round(created_at + duration, 3),
            quirks=quirks,
            marked={
                f.name: MARKED_LOOKUPS for f in marks if f.stage in {Stage.LOOKUP, Stage.BATCH}
            },
        )
        self.tasks[task.id] = task
        self.counters.submissions_by_action[action] += 1
        self.limits.count_task(task.finished_at)
        return task

    def stats(self, now: float) -> SandboxStats:
        """Return what has been counted up to now."""
        most = _most_at_once(
            (task.created_at, min(task.finished_at, now)) for task in self.tasks.values()
        )
        return self.counters.snapshot(max_tasks_in_flight=most)

    def _produce(
        self, sibling: str | None, body: dict[str, Any], task_id: str, moment: float
    ) -> Any:
        match sibling:
            case None if body["action"] == "stems":
                self.media[f"/media/stems/{task_id}.zip"] = self._library.stems
                return [stems_item(self.songs[body["audio_id"]], task_id)]
            case None:
                return [self._produce_song(body, moment)]
            case "lyrics":
                return written_lyrics(body["prompt"])
            case "upload":
                return self._take_in_upload()
            case "videos":
                path = f"/media/video/{task_id}.mp4"
                self.media[path] = self._library.video
                return {"video_url": path}
            case _:
                path = f"/media/wav/{task_id}.wav"
                song = self.songs[body["audio_id"]]
                self.media[path] = self._library.tone(song.id)
                return [{"title": song.title, "file_url": path}]

    def _produce_song(self, body: dict[str, Any], moment: float) -> dict[str, Any]:
        commission = Commission(
            action=body["action"],
            request=body,
            source=self.songs.get(body.get("audio_id", "")),
            id=_uuid(self._rng),
            seed=str(self._rng.getrandbits(32)),
            created_at=moment,
        )
        melody = self._library.melody(commission.chosen_seed())
        item = song_item(commission, melody)
        self.songs[item["id"]] = Song(item["id"], item["title"], item["lyric"])
        self.media[item["audio_url"]] = melody
        self.media[item["image_url"]] = self._library.cover
        return item

    def _take_in_upload(self) -> dict[str, str]:
        song = Song(_uuid(self._rng), "Uploaded audio", "", uploaded=True)
        path = f"/media/audio/{song.id}.m4a"
        self.songs[song.id] = song
        self.media[path] = self._library.melody(song.id)
        return {"audio_id": song.id, "lyric": song.lyric, "audio_url": path}


def typical_duration(rng: Random) -> float:
    """Return a duration as songs really have it: log-normal, half of them under 40 s."""
    return rng.lognormvariate(math.log(40.0), 0.3)


def _drawing(durations: Durations) -> Callable[[Random], float]:
    if isinstance(durations, tuple):
        low, high = durations
        return lambda rng: rng.uniform(low, high)
    if isinstance(durations, int | float):
        seconds = durations
        return lambda _: seconds
    return durations


def _uuid(rng: Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _most_at_once(spans: Iterable[tuple[float, float]]) -> int:
    """Return how many of these spans overlap at the most; one that ends makes room first."""
    changes = sorted(change for begin, end in spans for change in ((begin, 1), (end, -1)))
    most = current = 0
    for _, change in changes:
        current += change
        most = max(most, current)
    return most
