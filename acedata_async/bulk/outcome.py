"""How a request of a run ended, and how the run stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from acedata_async.errors import AceDataError, SubmissionUnknown, TaskFailed
from acedata_async.ledger.entry import Entry
from acedata_async.models.request import ApiRequest
from acedata_async.models.results import Audio, Stems, UploadedAudio
from acedata_async.models.task import Task
from acedata_async.models.voices import Speech, Voice

OutcomeState = Literal[
    "saved",
    "succeeded",
    "failed",
    "unknown",
    "lost",
    "given_up",
    "submitted",
    "skipped",
    "invalid",
]
"""`saved`: made, and its file is here. `succeeded`: made; no file was wanted, or it could not be
fetched, and `error` says why. `failed`: refused, or failed; not charged. `unknown`: it was sent,
and nobody knows whether it was accepted. `lost`: it was accepted, and its record is gone or did
not end in time; it is looked up again by the next run. `given_up`: ended by hand. `submitted`: it
was accepted, and the ledger could not be written meanwhile. `skipped`: not sent, for the reason
given; the next run sends it. `invalid`: the request itself is wrong."""


@dataclass(frozen=True)
class BulkOutcome:
    """How one request ended.

    Attributes:
        key: Its key; None for an invalid request without one.
        request: What was asked for, as it was given to the run; for what only the ledger knew of,
            the fields as it keeps them.
        state: How it ended.
        error: What went wrong, or None.
        reason: The same in words; empty where all is well.
        path: Its file, once it is whole.
        task_id: The task's id, where there is one.
        record: The final record as the API sent it, or the answer to an upload.
        resumed: Whether it had ended before this run, which only reports it.
    """

    key: str | None
    request: object = field(repr=False)
    state: OutcomeState
    error: AceDataError | None = None
    reason: str = ""
    path: Path | None = None
    task_id: str | None = None
    record: Mapping[str, Any] | None = field(default=None, repr=False)
    resumed: bool = False

    @cached_property
    def task(self) -> Task | None:
        """The final task, or None where there is none."""
        if self.record is None or self.upload is not None:
            return None
        return Task.read(self.record)

    @property
    def audios(self) -> list[Audio]:
        """The songs that were made."""
        return self.task.audios if self.task else []

    @property
    def stems(self) -> Stems | None:
        """The stems, in place of songs."""
        return self.task.stems if self.task else None

    @property
    def speech(self) -> Speech | None:
        """What was said, in place of songs."""
        return self.task.speech if self.task else None

    @property
    def voice(self) -> Voice | None:
        """The voice that was made, in place of songs."""
        return self.task.voice if self.task else None

    @cached_property
    def upload(self) -> UploadedAudio | None:
        """What an upload was answered with, in place of songs."""
        if self.record is None or not self.record.get("audio_id"):
            return None
        return UploadedAudio.read(self.record)

    @property
    def title(self) -> str | None:
        """The title of the song or voice, or None where there is none."""
        made = next(iter(self.audios), None) or self.stems or self.voice
        return made.title if made else None

    @property
    def duration(self) -> float | None:
        """The song's length in seconds, or None where it is not known."""
        return self.audios[0].duration if self.audios else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkStats:
    """How a run stands; a snapshot.

    Attributes:
        waiting: Requests that were taken in and not begun.
        submitting: Paid calls on their way.
        generating: Tasks that the vendor works on, and that are watched.
        downloading: Files that are being fetched.
        looked_for: Paid calls with an unknown outcome that are still looked for.
        ended: How many requests ended in each state.
        resumed: How many of those had ended before this run.
        submitted: Paid calls of this run that were accepted.
        spent: Songs of the ledger that were paid for, or may have been; what `budget` counts.
        credits: The sum of all costs that records told; what `budget_credits` counts. None where
            something was paid for and no record told a cost.
        limit: How many tasks may be under way at once now.
        in_flight: The task id of each song, by its key, that is at the vendor and not yet made;
            None for a paid call that has not been answered.
        paused: Why nothing is sent for now; None while things go on.
        stopped: Why nothing is sent any more; None while things go on.
    """

    waiting: int
    submitting: int
    generating: int
    downloading: int
    looked_for: int
    ended: Mapping[OutcomeState, int]
    resumed: int
    submitted: int
    spent: int
    credits: float | None
    limit: int
    in_flight: Mapping[str, str | None]
    paused: str | None
    stopped: str | None


def recorded_error(entry: Entry, request: ApiRequest | None) -> AceDataError | None:
    """Return what went wrong with an entry before this run, as an error again.

    Args:
        entry: The entry.
        request: What it asks for, where that can still be said.
    """
    message = "no reason was written down" if entry.error is None else entry.error.message
    if entry.state == "failed" and entry.result is not None:
        return TaskFailed(Task.read(entry.result))
    if entry.state in {"unknown", "submitting"} and request is not None:
        return SubmissionUnknown(message, request=request, marker=entry.marker or None)
    if entry.error is None:
        return None
    return AceDataError(f"{entry.error.type}: {message}")
