"""How a bulk run ended: what is said of it, and to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from rich.table import Table
from rich.text import Text

from acedata_async import BulkItem, BulkOutcome
from acedata_async.cli.exits import Exit, code_of_outcome, worst
from acedata_async.cli.ledger_file import LedgerPlace
from acedata_async.cli.output import Output, minutes, plain
from acedata_async.ledger import Entry, EntryError

_MOST_ROWS = 50
_MOST_KEYS = 20
_ALWAYS_COUNTED = ("saved", "failed", "unknown", "lost", "skipped")
_UNANSWERED = "the run was left before the answer to its paid call came"


class _Group(NamedTuple):
    """What is said of songs that did not end well: that, and the states in a ledger to list."""

    words: str
    ledger_state: str


_GROUPS: Mapping[str, _Group] = {
    "unknown": _Group("may be paid; not sent again", "unknown"),
    "lost": _Group("run it again: looked up again", "lost"),
    "not fetched": _Group("made and paid; run it again to fetch the file", "succeeded"),
    "submitted": _Group("accepted and paid; run it again: waited for", "submitted"),
    "failed": _Group("not charged; run it again with --retry-failed", "failed"),
    "given up": _Group("ended by hand", "given_up"),
    "invalid": _Group("not sent", ""),
    "skipped": _Group("not sent; run it again", "pending"),
    "not begun": _Group("not sent; run it again", "pending"),
}
"""The most urgent first."""

_NAMES = {"given_up": "given up", "succeeded": "not fetched", "pending": "not begun"}
"""The groups that are not called as the state is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Song:
    """What is kept of a song that ended, or was left."""

    key: str
    action: str
    state: str
    task_id: str | None = None
    audio_id: str | None = None
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
    def group(self) -> str | None:
        """Which of the groups of what did not end well it is in; None for what did."""
        if self.state == "saved" or (self.state == "succeeded" and self.code is Exit.GOOD):
            return None
        return _NAMES.get(self.state, self.state)

    def document(self) -> dict[str, Any]:
        """Return it for `--json` and for a report."""
        error = self.error
        return {
            "key": self.key,
            "action": self.action,
            "state": self.state,
            "task_id": self.task_id,
            "audio_id": self.audio_id,
            "title": self.title,
            "duration": self.duration,
            "file": self.file,
            "resumed": self.resumed,
            "reason": self.reason or None,
            "error": error and {"type": error.type, "message": error.message},
        }

    def line(self) -> str:
        """Return it in one line."""
        place = f" {self.file}" if self.file and self.state == "saved" else ""
        before = " (before this run)" if self.resumed else ""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.key}: {self.state}{place}{before}{reason}"


class Account:
    """How the songs of a run ended.

    Args:
        items: The form; songs are told of in its order.
        place: Where the ledger is.
    """

    def __init__(self, items: Sequence[BulkItem], place: LedgerPlace) -> None:
        self._songs: dict[str, Song | None] = {item.key or "": None for item in items}
        self._items = items
        self._place = place

    @property
    def songs(self) -> list[Song]:
        """Those of which something is known."""
        return [song for song in self._songs.values() if song is not None]

    @property
    def code(self) -> Exit:
        """The exit code that the songs give rise to."""
        return worst(song.code for song in self.songs)

    def add(self, song: Song) -> None:
        """Take in how a song ended."""
        self._songs[song.key] = song

    def open_keys(self) -> set[str]:
        """Return the keys of the songs of which nothing is known yet."""
        return {key for key, song in self._songs.items() if song is None}

    def leave(self, entries: Mapping[str, Entry]) -> None:
        """Take in that the run was left: the other songs are as the ledger says."""
        open_keys = self.open_keys()
        for item in self._items:
            if item.key in open_keys:
                self.add(Song.left(item, entries.get(item.key)))

    def write(self, output: Output, *, stopped: str | None) -> None:
        """Write all of it to stdout.

        Args:
            output: Where to.
            stopped: Why nothing more was sent, if so.
        """
        songs = self.songs
        counts = Counter(song.state for song in songs)
        if output.as_json:
            output.result(self._document(songs, counts, stopped), ())
            return
        if songs and len(songs) <= _MOST_ROWS:
            output.table_console().print(_table(songs))
            output.result({}, [""])
        lines = [_summary(songs, counts), *self._groups(songs)]
        if stopped is not None:
            lines.append(f"stopped: {stopped}")
        output.result({}, lines)

    def _document(
        self, songs: Sequence[Song], counts: Counter[str], stopped: str | None
    ) -> dict[str, Any]:
        always = {state: counts[state] for state in _ALWAYS_COUNTED}
        resumed = sum(song.resumed for song in songs)
        return {
            "directory": str(self._place.output),
            "ledger": str(self._place.path),
            "counts": {**always, **counts, "resumed": resumed},
            "stopped": stopped,
            "songs": [song.document() for song in songs],
        }

    def _groups(self, songs: Sequence[Song]) -> list[str]:
        lines: list[str] = []
        for name, group in _GROUPS.items():
            members = [song for song in songs if song.group == name]
            if members:
                lines.append(f"{len(members):,} {name}: {group.words}")
                lines += self._members(members, group.ledger_state)
                lines += self._ways(name)
        return lines

    def _members(self, members: Sequence[Song], state: str) -> list[str]:
        lines = [
            f"  {song.key}: {song.reason}" if song.reason else f"  {song.key}"
            for song in members[:_MOST_KEYS]
        ]
        if (more := len(members) - _MOST_KEYS) > 0:
            command = f": {self._place.command('list', '--state', state)}" if state else ""
            lines.append(f"  and {more:,} more{command}")
        return lines

    def _ways(self, name: str) -> list[str]:
        if name != "unknown":
            return []
        resolve = self._place.command("resolve", "KEY")
        return [
            f"  see them: {self._place.command('unknown')}",
            f"  decide: {resolve} with --task-id ID, --resubmit or --give-up",
        ]


def _summary(songs: Sequence[Song], counts: Counter[str]) -> str:
    others = [state for state in counts if state not in _ALWAYS_COUNTED]
    parts = [f"{counts[state]:,} {state}" for state in (*_ALWAYS_COUNTED, *others)]
    resumed = sum(song.resumed for song in songs)
    return f"{', '.join(parts)}; {resumed:,} resumed (ended before this run)"


def _table(songs: Sequence[Song]) -> Table:
    table = Table("Title", "Action", "Duration", box=None, pad_edge=False)
    table.add_column("File", overflow="fold")
    for song in songs:
        place = Text(plain(song.file)) if song.file else Text(song.group or song.state)
        title = Text(plain(song.title or f"({song.key})"))
        table.add_row(title, Text(plain(song.action)), Text(minutes(song.duration)), place)
    return table


def _action_of(request: object) -> str:
    if isinstance(request, Mapping):
        return str(request.get("action", ""))
    return str(getattr(request, "action", ""))
