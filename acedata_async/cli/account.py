"""How a bulk run ended: what is said of it, and to whom."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table
from rich.text import Text

from acedata_async import BulkItem
from acedata_async.cli.advice import Advice
from acedata_async.cli.bulk_options import BulkOptions
from acedata_async.cli.exits import Exit, worst
from acedata_async.cli.output import Output, minutes, plain, thing_of
from acedata_async.cli.song import Song
from acedata_async.cli.spending import Spending
from acedata_async.ledger import Entry

_MOST_ROWS = 50
_ALWAYS_COUNTED = ("saved", "failed", "unknown", "lost", "skipped")


class Account:
    """How the songs of a run ended.

    Args:
        items: The form; songs are told of in its order.
        options: What the run was told.
    """

    def __init__(self, items: Sequence[BulkItem], options: BulkOptions) -> None:
        self._songs: dict[str, Song | None] = {item.key or "": None for item in items}
        self._items = items
        self._options = options

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

    def write(
        self, output: Output, code: Exit, *, stopped: str | None, spending: Spending | None
    ) -> None:
        """Write all of it to stdout.

        Args:
            output: Where to.
            code: What the command ends with.
            stopped: Why nothing more was sent, if so.
            spending: What was paid for; None where nobody can say.

        Raises:
            OSError: It could not be written.
        """
        songs = self.songs
        if output.as_json:
            output.result(self._document(songs, code, stopped, spending), ())
            return
        if songs and len(songs) <= _MOST_ROWS:
            output.table(_table(songs))
            output.result({}, [""])
        sources = {item.key or "": item.source for item in self._items if item.source}
        advice = Advice(songs, sources, options=self._options, stopped=stopped, spending=spending)
        thing = thing_of(output.service)
        lines = [_summary(songs), *(spending.lines(self._options, thing) if spending else ())]
        lines += advice.lines()
        if stopped is not None:
            lines.append(f"stopped: {stopped}")
        output.result({}, lines)

    def _document(
        self, songs: Sequence[Song], code: Exit, stopped: str | None, spending: Spending | None
    ) -> dict[str, Any]:
        counts = Counter(song.state for song in songs)
        always = {state: counts[state] for state in _ALWAYS_COUNTED}
        resumed = sum(song.resumed for song in songs)
        return {
            "directory": str(self._options.output),
            "ledger": str(self._options.path),
            "counts": {**always, **counts, "resumed": resumed},
            "paid": spending and spending.document(self._options),
            "stopped": stopped,
            "exit_code": int(code),
            "songs": [song.document() for song in songs],
        }


def _summary(songs: Sequence[Song]) -> str:
    counts = Counter(song.words for song in songs)
    others = [words for words in counts if words not in _ALWAYS_COUNTED]
    parts = [f"{counts[words]:,} {words}" for words in (*_ALWAYS_COUNTED, *others)]
    resumed = sum(song.resumed for song in songs)
    return f"{', '.join(parts)}; {resumed:,} resumed (ended before this run)"


def _table(songs: Sequence[Song]) -> Table:
    table = Table("Title", "Action", "Duration", box=None, pad_edge=False)
    table.add_column("File", overflow="fold")
    for song in songs:
        made = song.file or (f"voice id {song.voice_id}" if song.voice_id else song.words)
        place = Text(plain(made))
        title = Text(plain(song.title or f"({song.key})"))
        table.add_row(title, Text(plain(song.action)), Text(minutes(song.duration)), place)
    return table
