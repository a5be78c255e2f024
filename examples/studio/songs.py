"""What the page shows of a song: the entry of the ledger, in words."""

from __future__ import annotations

import itertools
import shlex
import statistics
import sys
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from acedata_async import Audio, InvalidRequest, Task
from acedata_async.ledger import Entry, EntryState, Withdrawn
from examples.studio.settings import Settings
from examples.studio.words import failure_words, refusal

Stage = Literal[
    "waiting",
    "sending",
    "making",
    "fetching",
    "ready",
    "made",
    "failed",
    "withdrawn",
    "unknown",
    "lost",
    "over",
]
"""Where a song stands, for the page."""

_STAGES: Mapping[EntryState, Stage] = {
    "pending": "waiting",
    "submitting": "sending",
    "submitted": "making",
    "succeeded": "fetching",
    "saved": "ready",
    "failed": "failed",
    "unknown": "unknown",
    "lost": "lost",
    "given_up": "over",
}

_UNKNOWN = (
    "It was sent, and the answer was lost: it may have been paid. It is looked for, and never sent"
    " again by itself. Should it stay like this, stop the studio and decide by hand:"
)
_LOST = (
    "The vendor took it, and it was paid. It is looked up again when the studio is started next."
    " Where it stands:"
)

_REMEMBERED = 21
"""How many songs tell how long the next one takes."""


class Origin(NamedTuple):
    """The song that another one was made from."""

    key: str
    title: str


class Shelf:
    """What is known of all songs beside their entries in the ledger.

    Args:
        settings: How the studio is set up.

    Attributes:
        keys: The keys of all songs, the oldest first, each with its place in that order.
    """

    def __init__(self, settings: Settings) -> None:
        self.keys: dict[str, int] = {}
        self._places = itertools.count()
        self._settings = settings
        self._audios: dict[str, Origin] = {}
        self._lengths: dict[str, float] = {}
        self._waiting: set[str] = set()
        self._tasks: dict[str, str] = {}
        self._progress: dict[str, float] = {}
        self._notes: dict[str, str] = {}
        self._took: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))

    @property
    def waiting(self) -> int:
        """How many songs wait to be sent."""
        return len(self._waiting - self._notes.keys())

    @property
    def usual(self) -> dict[str, float]:
        """How long the vendor takes for each action, in seconds, by the last songs."""
        return {action: statistics.median(took) for action, took in self._took.items()}

    def add(self, key: str) -> bool:
        """Take in that there is a song; say whether that is news."""
        if key in self.keys:
            return False
        self.keys[key] = next(self._places)
        return True

    def learn(self, entry: Entry) -> None:
        """Take in how a song stands now."""
        is_old = self.add(entry.key) and entry.state == "saved"
        self._notes.pop(entry.key, None)
        (self._waiting.add if entry.state == "pending" else self._waiting.discard)(entry.key)
        if entry.state == "submitted" and entry.task_id:
            self._tasks[entry.task_id] = entry.key
        elif entry.task_id in self._tasks:
            del self._tasks[str(entry.task_id)]
            self._progress.pop(entry.key, None)
        if entry.state in {"succeeded", "saved"} and entry.result is not None:
            task = Task.read(entry.result)
            title = title_of(entry.request, next(iter(task.audios), None), None)
            self._audios |= {
                audio.id: Origin(entry.key, title) for audio in task.audios if audio.id
            }
            self._lengths |= {
                audio.id: audio.duration for audio in task.audios if audio.id and audio.duration
            }
            if is_old or entry.state == "succeeded":
                self._time(str(entry.request.get("action")), task)

    def check_place(self, asked: Mapping[str, Any]) -> None:
        """Make sure that an order does not go on from behind the end of a song that is here.

        Raises:
            InvalidRequest: It does.
        """
        place, length = asked.get("continue_at"), self._lengths.get(str(asked.get("audio_id")))
        if place is not None and length is not None and place > length:
            words = f"a number of seconds up to {length:.1f}, where the song ends"
            raise InvalidRequest("continue_at", place, words)

    def note(self, key: str, reason: str) -> None:
        """Take in what the ledger does not know of a song."""
        self._notes[key] = reason

    def forget_notes(self) -> list[str]:
        """Let go of what the ledger does not know; return the keys of those that it was about."""
        keys, self._notes = list(self._notes), {}
        return keys

    def progressed(self, task_id: str, progress: float | None) -> str | None:
        """Take in how far a task is; return the key of its song if that is news."""
        key = self._tasks.get(task_id)
        if key is None or progress is None or self._progress.get(key) == progress:
            return None
        self._progress[key] = progress
        return key

    def view(self, entry: Entry) -> dict[str, Any]:
        """Return what the page shows of a song, as JSON."""
        asked = entry.request
        task = Task.read(entry.result) if entry.result is not None else None
        audio = next(iter(task.audios), None) if task else None
        stage = "withdrawn" if is_withdrawn(entry) else _STAGES[entry.state]
        note = self._notes.get(entry.key)
        if stage == "fetching" and note:
            stage = "made"
        origin = self._audios.get(str(asked.get("audio_id")))
        there = stage == "ready"
        return {
            "key": entry.key,
            "place": self.keys.get(entry.key, 0),
            "revision": max(entry.times.values(), default=0.0),
            "action": asked.get("action"),
            "stage": stage,
            "title": title_of(asked, audio, origin),
            "prompt": asked.get("prompt"),
            "lyric": (audio and audio.lyric) or asked.get("lyric"),
            "model": (audio and audio.model) or asked.get("model"),
            "duration": audio.duration if audio else None,
            "audio_id": audio.id if audio else None,
            "origin": origin._asdict() if origin else None,
            "progress": self._progress.get(entry.key),
            "asked_at": entry.times.get("pending"),
            "begun_at": entry.times.get("submitted"),
            "made_at": task.finished_at.timestamp() if task and task.finished_at else None,
            "cost": entry.cost,
            "audio": f"media/{entry.key}/audio" if there and audio else None,
            "cover": f"media/{entry.key}/cover" if there and audio else None,
            "download": f"media/{entry.key}/download" if there else None,
            **self._trouble(stage, entry, task, note),
        }

    def _time(self, action: str, task: Task) -> None:
        if task.created_at and task.finished_at:
            self._took[action].append((task.finished_at - task.created_at).total_seconds())

    def _command(self, *words: str) -> str:
        """Return a command that works in any directory, whatever is on the path."""
        ledger = str(self._settings.ledger.absolute())
        return shlex.join(
            [sys.executable, "-m", "acedata_async", "ledger", *words, "--ledger", ledger]
        )

    def _trouble(
        self, stage: Stage, entry: Entry, task: Task | None, note: str | None
    ) -> dict[str, Any]:
        """Return what went wrong, what was paid, and what to do about it."""
        said = note or (entry.error.message if entry.error else None)
        told: dict[str, Any] = {}
        match stage:
            case "failed":
                error = entry.error
                told["reason"] = (
                    failure_words(task.failure) if task else refusal(error.type if error else None)
                )
                told["detail"] = error.message if error else None
                told["advice"] = (
                    f"{entry.cost:g} credits were taken." if entry.cost else "Nothing was paid."
                )
            case "withdrawn":
                told = {"reason": "It was taken back in time.", "advice": "Nothing was paid."}
            case "unknown":
                told = {"advice": _UNKNOWN, "detail": said, "command": self._command("unknown")}
            case "lost":
                told = {"advice": _LOST, "detail": said}
                told["command"] = self._command("show", entry.key)
            case "over":
                told["reason"] = "It was ended by hand."
            case "made":
                told = {"reason": "Its file could not be fetched.", "detail": said}
                told["advice"] = "It is paid, and can be fetched again."
            case "waiting" if note:
                told = {"reason": "It cannot be sent as it is: withdraw it, and order it anew."}
                told |= {"advice": "Nothing was paid.", "detail": note}
        return told


def is_withdrawn(entry: Entry) -> bool:
    """Say whether an order was taken back before it was sent."""
    return entry.error is not None and entry.error.type == Withdrawn.__name__


def title_of(asked: Mapping[str, Any], audio: Audio | None, origin: Origin | None) -> str:
    """Return what a song is called; for one without a title, how its words begin."""
    if audio is not None and audio.title not in {None, "", "Untitled"}:
        return str(audio.title)
    lines = f"{asked.get('title') or ''}\n{asked.get('lyric') or ''}\n{asked.get('prompt') or ''}"
    sung = (line.strip() for line in lines.splitlines())
    found = next((line for line in sung if line and not line.startswith("[")), None)
    return (found or (origin and origin.title) or "Untitled")[:120]
