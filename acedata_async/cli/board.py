"""How a bulk run goes, on stderr: a moving display on a terminal, lines elsewhere."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from types import TracebackType
from typing import Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from acedata_async import BulkRun, BulkStats
from acedata_async._clock import Clock, sleep
from acedata_async.cli.output import Output, plain, thing_of
from acedata_async.cli.song import Song

_TICK = 0.25
"""Seconds between two looks at how the run stands."""
_LINE_EVERY = 30.0
_PACE_OVER = 180.0
"""Seconds over which the pace is taken."""
_BAR = 40


class Pace:
    """How fast songs are made, over the last minutes."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def see(self, now: float, made: int) -> None:
        """Note how many songs were made up to now."""
        self._seen.append((now, made))
        while now - self._seen[0][0] > _PACE_OVER:
            self._seen.popleft()

    @property
    def a_minute(self) -> float:
        """Songs a minute; 0 where that is not known."""
        if not self._seen:
            return 0.0
        (begin, before), (end, after) = self._seen[0], self._seen[-1]
        return 60 * (after - before) / (end - begin) if end > begin else 0.0


class Board:
    """Shows how a run goes while its context is open.

    Args:
        run: The run; begun.
        output: Where to show it.
        clock: The time.
        total: How many songs there are, those that only the ledger knows included.
    """

    def __init__(self, run: BulkRun, output: Output, clock: Clock, *, total: int) -> None:
        self._run = run
        self._output = output
        self._clock = clock
        self._total = total
        self._made = 0
        self._pace = Pace()
        self._next_line = clock.monotonic() + _LINE_EVERY
        self._last_line = ""
        self._told_stop = False
        self._ticking: asyncio.Task[None] | None = None
        # It is drawn on the event loop, for the run may change while a thread reads it.
        self._live = Live(console=output.progress, transient=True, auto_refresh=False)

    async def __aenter__(self) -> Self:
        if self._output.live:
            self._live.start()
        if not self._output.quiet:
            self._ticking = asyncio.create_task(self._tick(), name="acedata: board")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._ticking is not None:
                self._ticking.cancel()
                await asyncio.wait([self._ticking])
        finally:
            self._live.stop()

    def hear(self, song: Song) -> None:
        """Take in how a song ended."""
        self._made += song.state in {"saved", "succeeded"} and not song.resumed
        if self._output.live:
            return
        stopped = self._run.stats.stopped if song.state == "skipped" else None
        common = stopped is not None and song.reason == stopped
        if common and not self._told_stop:
            self._told_stop = True
            self._output.note(f"stopped: {stopped}")
        self._output.note(song.line(with_reason=not common))

    async def _tick(self) -> None:
        while True:
            now, stats = self._clock.monotonic(), self._run.stats
            self._pace.see(now, self._made)
            if self._output.live:
                self._live.update(self._render(stats), refresh=True)
            elif now >= self._next_line:
                self._next_line = now + _LINE_EVERY
                self._say(" | ".join(filter(None, self._texts(stats))))
            await sleep(self._clock, _TICK)

    def _say(self, line: str) -> None:
        if line != self._last_line:
            self._last_line = line
            self._output.note(line)

    def _render(self, stats: BulkStats) -> RenderableType:
        done = min(sum(stats.ended.values()), self._total)
        bar = Table.grid(padding=(0, 2))
        done_words, counts, pace, trouble = self._texts(stats)
        bar.add_row(
            ProgressBar(total=max(1, self._total), completed=done, width=_BAR), Text(done_words)
        )
        lines = [Text(counts), Text(pace, style="dim")]
        if trouble:
            lines.append(Text(trouble, style="yellow"))
        return Group(bar, *lines)

    def _texts(self, stats: BulkStats) -> tuple[str, str, str, str]:
        done = min(sum(stats.ended.values()), self._total)
        things = f"{thing_of(self._output.service)}s"
        trouble = f"paused: {stats.paused}" if stats.paused else ""
        if stats.stopped:
            trouble = f"stopped: {stats.stopped}"
        return (
            f"{done:,} of {self._total:,} {things}",
            counts_text(stats, self._total),
            self._pace_text(stats, self._total - done),
            plain(trouble),
        )

    def _pace_text(self, stats: BulkStats, left: int) -> str:
        limit, pace = f"up to {stats.limit:,} at once", self._pace.a_minute
        if pace <= 0 or stats.stopped:
            return limit
        things = f"{thing_of(self._output.service)}s"
        return f"{pace:.1f} {things} a minute, {_time_left(60 * left / pace)} left, {limit}"


def counts_text(stats: BulkStats, total: int) -> str:
    """Return how many songs are where; those that went wrong only if there are any."""
    ended = Counter(stats.ended)
    busy = stats.submitting + stats.generating + stats.downloading + stats.looked_for
    saved = ended["saved"] + ended["succeeded"]
    parts = [
        f"{max(0, total - ended.total() - busy):,} waiting",
        f"{stats.submitting:,} submitting",
        f"{stats.generating:,} generating",
        f"{stats.downloading:,} downloading",
        f"{saved:,} saved",
        f"{ended['failed']:,} failed",
        f"{ended['unknown'] + stats.looked_for:,} unknown",
        f"{ended['lost']:,} lost",
    ]
    others = ended.total() - saved - sum(ended[state] for state in ("failed", "unknown", "lost"))
    return ", ".join([*parts, f"{others:,} not sent"] if others else parts)


def _time_left(seconds: float) -> str:
    whole = max(1, round(seconds / 60))
    return f"{whole} min" if whole < 60 else f"{whole // 60} h {whole % 60} min"
