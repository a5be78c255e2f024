"""What is kept of a song of a bulk run that ended, or was left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acedata_async import BulkItem, BulkOutcome
from acedata_async.cli.exits import Exit, code_of_outcome
from acedata_async.ledger import Entry, EntryError

_UNANSWERED = "the run was left before the answer to its paid call came"

_WORDS = {
    "given_up": "given up",
    "succeeded": "not fetched",
    "pending": "not begun",
    "submitted": "not waited for",
}
"""What people call a state that has a name of its own in the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """What is kept of a song that ended, or was left."""

    key: str
    action: str
    state: str
    task_id: str | None = None
    audio_id: str | None = None
    voice_id: str | None = None
    title: str | None = None
    duration: float | None = None
    file: str | None = None
    resumed: bool = False
    reason: str = ""
    error: EntryError | None = None
    code: Exit = Exit.GOOD

    @classmethod
    def of(cls, outcome: BulkOutcome) -> Song:
        """Return what is kept of an outcome."""
        made = outcome.audios[0].id if outcome.audios else None
        return cls(
            key=outcome.key or "",
            action=_action_of(outcome.request),
            state=outcome.state,
            task_id=outcome.task_id,
            audio_id=outcome.upload.audio_id if outcome.upload else made,
            voice_id=outcome.voice.id if outcome.voice else None,
            title=outcome.title,
            duration=outcome.duration,
            file=None if outcome.path is None else str(outcome.path),
            resumed=outcome.resumed,
            reason=outcome.reason,
            error=None if outcome.error is None else EntryError.of(outcome.error),
            code=code_of_outcome(outcome),
        )

    @classmethod
    def left(cls, item: BulkItem, entry: Entry | None) -> Song:
        """Return what is kept of a song that has no outcome, for the run was left."""
        facts: dict[str, Any] = {"key": item.key or "", "action": item.action}
        if entry is None:
            return cls(**facts, state="pending")
        asking = entry.state == "submitting"
        return cls(
            **facts,
            state="unknown" if asking else entry.state,
            task_id=entry.task_id,
            reason=_UNANSWERED if asking else "",
            code=Exit.UNKNOWN if asking else Exit.UNFINISHED,
        )

    @property
    def is_made(self) -> bool:
        """Whether there is a song, also if its file is not here."""
        return self.state in {"saved", "succeeded"}

    @property
    def is_good(self) -> bool:
        """Whether there is nothing left to do about it."""
        return self.state == "saved" or (self.state == "succeeded" and self.code is Exit.GOOD)

    @property
    def words(self) -> str:
        """How it ended, for people."""
        return self.state if self.is_good else _WORDS.get(self.state, self.state)

    def document(self) -> dict[str, Any]:
        """Return it for `--json` and for a report."""
        error = self.error
        return {
            "key": self.key,
            "action": self.action,
            "state": self.state,
            "task_id": self.task_id,
            "audio_id": self.audio_id,
            "voice_id": self.voice_id,
            "title": self.title,
            "duration": self.duration,
            "file": self.file,
            "resumed": self.resumed,
            "reason": self.reason or None,
            "error": error and {"type": error.type, "message": error.message},
        }

    def line(self, *, with_reason: bool = True) -> str:
        """Return it in one line."""
        place = f" {self.file}" if self.file and self.state == "saved" else ""
        place += f", voice id {self.voice_id}" if self.voice_id else ""
        before = " (before this run)" if self.resumed else ""
        reason = f": {self.reason}" if self.reason and with_reason else ""
        return f"{self.key}: {self.words}{place}{before}{reason}"


def _action_of(request: object) -> str:
    if isinstance(request, Mapping):
        return str(request.get("action", ""))
    return str(getattr(request, "action", ""))
