"""The rows of a ledger's file: plain functions on a connection, each one read or one change.

Each decides before it writes, so that one that cannot be done leaves nothing behind.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from acedata_async.errors import LedgerError
from acedata_async.ledger.entry import (
    ENDED,
    STATES,
    Entry,
    EntryError,
    EntryState,
    Step,
    Totals,
    transition,
)

Value: TypeAlias = str | float | None
"""What a column holds."""

_COLUMNS = (
    "key",
    "marker",
    "state",
    "task_id",
    "attempts",
    "cost",
    "name",
    "path",
    "error",
    "times",
    "request",
    "result",
)

_SELECT = (
    "SELECT key, marker, state, task_id, attempts, cost, name, path, error, times, request, result"
    " FROM entries "
)

_SELECT_WITH_ID = _SELECT.replace(" FROM", ", id FROM")

_IN_STATE = (
    "SELECT id FROM (SELECT id FROM entries WHERE state = ? AND id > ? AND id <= ?"
    " ORDER BY id LIMIT ?)"  # in the order of the index, so that no query sorts a whole state
)

_INSERT = (
    "INSERT INTO entries (key, marker, state, attempts, times, request)"
    " VALUES (?, ?, 'pending', 0, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id"
)

_UPDATE = (
    "UPDATE entries SET marker = :marker, state = :state, task_id = :task_id,"
    " attempts = :attempts, cost = :cost, name = :name, path = :path, error = :error,"
    " times = :times, request = :request, result = :result WHERE key = :key"
)

_SOME = 500
"""How many values fit into one query with ease."""


class NewRow(NamedTuple):
    """What is to be added, as it is written."""

    key: str
    marker: str
    times: str
    request: str


def encode(name: str, value: Any) -> Value:
    """Return what the column of that name holds for a value.

    Raises:
        LedgerError: It is nothing that can be kept.
    """
    if value is None or name in {"cost", "attempts"}:
        return value  # type: ignore[no-any-return]
    if isinstance(value, EntryError):
        return to_json(name, {"type": value.type, "message": value.message})
    if name in {"times", "request", "result"}:
        return to_json(name, value)
    return text(name, value)


def text(name: str, value: str) -> str:
    """Return a text as it is, if it is one that can be kept.

    Raises:
        LedgerError: It has characters without a meaning of their own (lone surrogates).
    """
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise LedgerError(
            f"{name} {value!a} cannot be kept in a ledger: it is no valid Unicode text"
        ) from error
    return value


def to_json(name: str, value: Any) -> str:
    """Return a value as JSON, readable where it can be, with lone surrogates escaped.

    Raises:
        LedgerError: It is no JSON.
    """
    try:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise LedgerError(f"{name} cannot be kept in a ledger as JSON: {error}") from error
    try:
        written.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=_plain)
    return written


def _plain(value: Any) -> dict[Any, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no JSON")


def _decode(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name == "error":
        return EntryError(**json.loads(value))
    if name in {"times", "request", "result"}:
        return json.loads(value)
    if name == "state" and value not in STATES:
        raise ValueError(f"{value!r} is no state")
    return value


def _entry(row: Sequence[Any]) -> Entry:
    try:
        return Entry(
            **{name: _decode(name, value) for name, value in zip(_COLUMNS, row, strict=True)}
        )
    except (ValueError, TypeError) as error:
        raise LedgerError(
            f"the ledger's entry {row[0]!r} is damaged ({error}): restore a backup"
        ) from error


def add(connection: sqlite3.Connection, rows: Sequence[NewRow]) -> list[Entry]:
    """Add what is not there yet; return all of it as it stands."""
    return [_add(connection, row) for row in rows]


def _add(connection: sqlite3.Connection, row: NewRow) -> Entry:
    entry = Entry(
        key=row.key,
        marker=row.marker,
        times=json.loads(row.times),
        request=json.loads(row.request),
    )
    added = connection.execute(_INSERT, row).fetchone() is not None
    return entry if added else _entry(_row(connection, row.key))


def get(connection: sqlite3.Connection, key: str) -> Entry | None:
    """Return an entry, or None where there is none."""
    row = _row(connection, key)
    return None if row is None else _entry(row)


def _row(connection: sqlite3.Connection, key: str) -> Any:
    return connection.execute(_SELECT + "WHERE key = ?", (key,)).fetchone()


def apply(
    connection: sqlite3.Connection, key: str, step: Step, facts: Mapping[str, Value], now: float
) -> Entry:
    """Let an entry take a step.

    Args:
        connection: The ledger's file.
        key: The entry's name.
        step: What happens to it.
        facts: What was learned by it, as `encode` returns it.
        now: The time, in Unix seconds.

    Raises:
        WrongStep: The step cannot be taken from the entry's state.
        LedgerError: There is no such entry.
    """
    row = _row(connection, key)
    if row is None:
        raise LedgerError(f"the ledger has no entry {key!r}")
    learned = {name: _decode(name, value) for name, value in facts.items()}
    after = transition(_entry(row), step, now, **learned)
    change = {"error": None, **facts, "state": after.state, "attempts": after.attempts}
    change["times"] = encode("times", after.times)
    connection.execute(_UPDATE, {**dict(zip(_COLUMNS, row, strict=True)), **change})
    return after


def doubt_all(connection: sqlite3.Connection, now: float) -> None:
    """Let all become `unknown` whose paid call was under way when its process ended."""
    facts = {"error": encode("error", ENDED)}
    for [key] in connection.execute(
        "SELECT key FROM entries WHERE state = 'submitting'"
    ).fetchall():
        apply(connection, key, "doubt", facts, now)


def last_row(connection: sqlite3.Connection) -> int:
    """Return the number of the last row; 0 where there is none."""
    [last] = connection.execute("SELECT COALESCE(MAX(id), 0) FROM entries").fetchone()
    return int(last)


def part(
    connection: sqlite3.Connection, after: int, until: int, states: Sequence[EntryState] | None
) -> tuple[int, list[Entry]]:
    """Return the next entries and the number of the last row among them.

    Args:
        connection: The ledger's file.
        after: The number of the last row that was seen.
        until: The number of the last row to return; it is returned when there are no more.
        states: Only those in one of these; None for all.
    """
    wanted = "id > ? AND id <= ?"
    values: list[int | str] = [after, until]
    if states is not None:
        wanted = "id IN (" + " UNION ALL ".join([_IN_STATE] * len(states)) + ")"
        values = [value for state in states for value in (state, after, until, _SOME)]
    found = connection.execute(
        _SELECT_WITH_ID + "WHERE " + wanted + " ORDER BY id LIMIT ?", [*values, _SOME]
    ).fetchall()
    last = found[-1][-1] if len(found) == _SOME else until
    return last, [_entry(row[:-1]) for row in found]


def of_tasks(connection: sqlite3.Connection, task_ids: Sequence[str]) -> dict[str, Entry]:
    """Return the entries with these task ids; of two with the same, the one added first."""
    found: dict[str, Entry] = {}
    for start in range(0, len(task_ids), _SOME):
        some = task_ids[start : start + _SOME]
        wanted = "WHERE task_id IN (" + ", ".join("?" * len(some)) + ") ORDER BY id DESC"
        rows = connection.execute(_SELECT + wanted, some).fetchall()
        found |= {entry.task_id: entry for entry in map(_entry, rows) if entry.task_id is not None}
    return found


def totals(connection: sqlite3.Connection) -> Totals:
    """Return what the ledger adds up to."""
    counts = connection.execute("SELECT state, COUNT(*) FROM entries GROUP BY state").fetchall()
    [cost] = connection.execute("SELECT TOTAL(cost) FROM entries WHERE cost IS NOT NULL").fetchone()
    return Totals(dict(counts), cost)


def note(connection: sqlite3.Connection, name: str) -> str | None:
    """Return a note, or None where there is none."""
    row = connection.execute("SELECT text FROM notes WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def put_note(connection: sqlite3.Connection, name: str, written: str) -> None:
    """Write a note, in the place of the one of that name."""
    connection.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, written))
