"""The figures as tables: plain text, and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cases import AT_ONCE, MEMORY, SINGLE, TROUBLE, WATCHED
from benchmarks.running import Row


@dataclass(frozen=True, slots=True)
class _Column:
    name: str
    heading: str
    digits: int


_LAGS = (
    _Column("lag_mean", "lag mean s", 2),
    _Column("lag_p95", "lag p95 s", 2),
    _Column("lag_p99", "lag p99 s", 2),
)
_USUAL = (
    _Column("polls", "polls a song", 2),
    _Column("rate_mean", "requests/s mean", 1),
    _Column("rate_peak", "requests/s peak", 0),
    *_LAGS,
    _Column("beyond", "beyond slowest s", 2),
    _Column("cpu_ms", "CPU ms a song", 2),
    _Column("peak_mb", "peak MB", 0),
    _Column("growth_mb", "growth MB", 1),
    _Column("connections", "connections", 0),
    _Column("lost", "lost waits", 0),
    _Column("refused", "not submitted", 0),
)
_BUSY = _Column("server_busy", "server busy %", 0)
_COLUMNS: dict[str, tuple[_Column, ...]] = {
    AT_ONCE: (*_USUAL, _BUSY),
    WATCHED: (*_USUAL, _Column("gap_ms", "longest gap ms", 0), _BUSY),
    TROUBLE: (*_USUAL, _Column("paid", "tasks paid", 0)),
    MEMORY: (
        _Column("traced_kb", "allocated KiB a wait", 2),
        _Column("resident_kb", "resident KiB a wait", 2),
        _Column("looks", "looks a task", 1),
        _Column("broken", "waits broken off", 0),
    ),
    SINGLE: (_Column("polls", "polls a song", 2), *_LAGS),
}


def text(rows: Sequence[Row]) -> str:
    """Return the tables as plain text."""
    return "\n".join(_text_table(title, lines) for title, lines in _tables(rows))


def markdown(rows: Sequence[Row]) -> str:
    """Return the tables as Markdown."""
    return "\n".join(_markdown_table(title, lines) for title, lines in _tables(rows))


def _tables(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    found = [(title, [row for row in rows if row.table == title]) for title in _COLUMNS]
    return [(title, lines) for title, lines in found if lines]


def _cells(title: str, lines: Sequence[Row]) -> list[list[str]]:
    columns = [
        column for column in _COLUMNS[title] if any(column.name in row.figures for row in lines)
    ]
    head = ["what", "client", *(column.heading for column in columns), "runs"]
    body = [
        [row.label, row.client, *(_shown(row, column) for column in columns), str(row.runs)]
        for row in lines
    ]
    return [head, *body]


def _shown(row: Row, column: _Column) -> str:
    value = row.figures.get(column.name)
    return "" if value is None else f"{value:,.{column.digits}f}"


def _notes(lines: Sequence[Row]) -> list[str]:
    """Return what the waits ended with that did not end well."""
    return [
        f"{row.label}, {row.client}: "
        + ", ".join(f"{name} {count:,}" for name, count in row.errors.most_common())
        for row in lines
        if row.errors
    ]


def _text_table(title: str, lines: Sequence[Row]) -> str:
    cells = _cells(title, lines)
    widths = [max(len(row[index]) for row in cells) for index in range(len(cells[0]))]
    shown = [
        "  ".join(
            cell.ljust(width) if index < 2 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    notes = [f"  errors of {note}" for note in _notes(lines)]
    return "\n".join([title, *shown, *notes, ""])


def _markdown_table(title: str, lines: Sequence[Row]) -> str:
    head, *body = _cells(title, lines)
    rule = ["---", "---", *("--:" for _ in head[2:])]
    shown = [f"| {' | '.join(row)} |" for row in (head, rule, *body)]
    notes = [f"Errors of {note}.\n" for note in _notes(lines)]
    return "\n".join([f"## {title}", "", *shown, "", *notes])
