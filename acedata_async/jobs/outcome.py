"""How a job stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from acedata_async.jobs.job import Job
from acedata_async.jobs.record import RecordState
from acedata_async.models.results import Audio, Stems, UploadedAudio

JobState = Literal[
    "waiting",
    "submitted",
    "running",
    "saved",
    "failed",
    "skipped",
    "unknown",
    "unfinished",
]
"""`waiting`: not begun. `submitted` and `running`: at the vendor. `saved`: done, with its file.
`failed`: refused, or failed. `skipped`: not begun, since its source failed or the account cannot
pay. `unknown`: it may have been paid. `unfinished`: the wait ended before the task, or the song is
made and its file could not be fetched; run it again."""

STANDING: Mapping[RecordState, JobState] = {
    "submitting": "unknown",
    "unknown": "unknown",
    "submitted": "unfinished",
    "finished": "failed",
    "saved": "saved",
    "failed": "failed",
}
"""How a job stands that an error ended, by what its record says."""


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job stands, or ended; a snapshot.

    Attributes:
        job: The job.
        state: How it stands.
        task_id: The task's id, once it is known.
        progress: From 0 to 1, while it runs and where the vendor says so.
        audio: The song, once it is made.
        stems: The stems, in place of a song.
        upload: The uploaded song, in place of a song.
        path: The file, once it is whole. An upload has none.
        error: What went wrong, where an error was raised.
        reason: In words, why it is not saved; empty otherwise.
    """

    job: Job
    state: JobState
    task_id: str | None = None
    progress: float | None = None
    audio: Audio | None = None
    stems: Stems | None = None
    upload: UploadedAudio | None = None
    path: Path | None = None
    error: Exception | None = None
    reason: str = ""

    @property
    def title(self) -> str | None:
        """The song's title, or None where there is none yet."""
        made = self.audio or self.stems
        return made.title if made else None

    @property
    def duration(self) -> float | None:
        """The song's length in seconds, or None where it is not known."""
        return self.audio.duration if self.audio else None

    @property
    def audio_id(self) -> str | None:
        """What a job that starts from this one takes as its audio id; None while unknown."""
        if self.upload is not None:
            return self.upload.audio_id
        return self.audio.id if self.audio else None
