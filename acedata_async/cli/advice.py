"""What to do about the songs of a bulk run that did not end well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from acedata_async.cli.bulk_options import BulkOptions
from acedata_async.cli.song import Song
from acedata_async.cli.spending import Spending

_MOST_KEYS = 20
_CONSOLE = "https://platform.acedata.cloud"

_BY_SOURCE = "without a source"
_BY_BUDGET = "over the budget"


class _Group(NamedTuple):
    """What is said of songs that did not end well: that, and the states in a ledger to list."""

    words: str
    ledger_state: str


_GROUPS: Mapping[str, _Group] = {
    "unknown": _Group("may be paid; not sent again", "unknown"),
    "lost": _Group("run it again: looked up again", "lost"),
    "not fetched": _Group("made and paid; run it again to fetch the file", "succeeded"),
    "not waited for": _Group("accepted and paid; run it again: waited for", "submitted"),
    "failed": _Group("not charged; run it again with --retry-failed", "failed"),
    "given up": _Group("ended by hand", "given_up"),
    "invalid": _Group("not sent", ""),
    _BY_SOURCE: _Group("not sent, for what they start from was not made", "pending"),
    _BY_BUDGET: _Group("not sent", "pending"),
    "skipped": _Group("not sent; run it again", "pending"),
    "not begun": _Group("not sent; run it again", "pending"),
}
"""The most urgent first."""


class Advice:
    """Says what to do about songs, group by group.

    Args:
        songs: How they ended, in the order of the form.
        sources: The key of what a song starts from, by the key of the song.
        options: What the run was told.
        stopped: Why nothing more was sent, if so.
        spending: What was paid for; None where nobody can say.
    """

    def __init__(
        self,
        songs: Sequence[Song],
        sources: Mapping[str, str],
        *,
        options: BulkOptions,
        stopped: str | None,
        spending: Spending | None,
    ) -> None:
        self._songs = {song.key: song for song in songs}
        self._sources = sources
        self._options = options
        self._stopped = stopped
        self._raise = _what_to_raise(options, stopped, spending)

    def lines(self) -> list[str]:
        """Return it for people."""
        members: dict[str, list[Song]] = {name: [] for name in _GROUPS}
        for song in self._songs.values():
            if not song.is_good:
                members[self._group_of(song)].append(song)
        lines: list[str] = []
        for name, group in _GROUPS.items():
            if songs := members[name]:
                words = self._raise if name == _BY_BUDGET else group.words
                lines.append(f"{len(songs):,} {name}: {words}")
                lines += self._listed(songs, group.ledger_state)
                lines += self._ways(name, songs)
        return lines

    def _group_of(self, song: Song) -> str:
        if song.state != "skipped":
            return song.words
        cause = self._cause_of(song)
        if cause.state != "skipped":
            return _BY_SOURCE
        return _BY_BUDGET if self._raise and cause.reason == self._stopped else "skipped"

    def _cause_of(self, song: Song) -> Song:
        """Return the first song, from one that was not sent up to its sources, that is at fault."""
        while song.state == "skipped":
            source = self._songs.get(self._sources.get(song.key, ""))
            if source is None or source.is_made:
                break
            song = source
        return song

    def _listed(self, songs: Sequence[Song], state: str) -> list[str]:
        lines = []
        for song in songs[:_MOST_KEYS]:
            told = song.reason and song.reason != self._stopped  # that is said once, at the end
            lines.append(f"  {song.key}: {song.reason}" if told else f"  {song.key}")
        if (more := len(songs) - _MOST_KEYS) > 0:
            command = f": {self._options.command('list', '--state', state)}" if state else ""
            lines.append(f"  and {more:,} more{command}")
        return lines

    def _ways(self, name: str, songs: Sequence[Song]) -> list[str]:
        if name == "unknown":
            resolve = self._options.command("resolve", "KEY")
            return [
                f"  see them: {self._options.command('unknown')}",
                f"  what was charged: {_CONSOLE}",
                f"  decide: {resolve} with --task-id ID, --resubmit or --give-up",
            ]
        if name != _BY_SOURCE:
            return []
        ways = dict.fromkeys(self._way_with(self._cause_of(song)) for song in songs)
        return [f"  {way}" for way in ways]

    def _way_with(self, source: Song) -> str:
        """Return what to do about a source that was not made."""
        match source.state:
            case "failed":
                return (
                    "where the source failed: run it again with --retry-failed, or change its line"
                )
            case "unknown":
                resolve = self._options.command("resolve", "KEY")
                return f"where the source is unknown: decide about it, {resolve}"
            case "given_up":
                resolve = self._options.command("resolve", "KEY", "--resubmit")
                return f"where the source was given up: to send it after all, {resolve}"
        return "where the source has not ended: run it again"


def _what_to_raise(options: BulkOptions, stopped: str | None, spending: Spending | None) -> str:
    """Return what to do about a budget that ended the run; nothing where none did."""
    given = options.budget is not None or options.budget_credits is not None
    if not given or stopped is None or not stopped.startswith(("the budget", "a budget")):
        return ""
    if "cannot be kept" in stopped:
        return "not sent; give --budget in place of --budget-credits"
    used = spending is not None and spending.is_used(options)
    return f"not sent; raise {'--budget' if used else '--budget-credits'} and run it again"
