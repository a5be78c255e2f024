"""An entry of a ledger, in words and as a document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from acedata_async.bulk.items import product_kind
from acedata_async.bulk.passage import product_id_of
from acedata_async.cli.output import minutes, shortened
from acedata_async.ledger import Entry
from acedata_async.models.task import Task

_START = 40
"""Characters of a title or prompt in a list."""
_TEXT = "text"
"""What may be as long as a chapter: of it the beginning is shown, and all of it with `--json`."""


def document_of(entry: Entry) -> dict[str, Any]:
    """Return what a list tells of an entry, for `--json`; times are local, in ISO 8601."""
    title, prompt = _what(entry)
    error, made = entry.error, product_id_of(entry)
    is_voice = product_kind(str(entry.request.get("action"))) == "a voice"
    return {
        "key": entry.key,
        "action": entry.request.get("action"),
        "state": entry.state,
        "task_id": entry.task_id,
        "title": title,
        "prompt": prompt,
        "audio_id": None if is_voice else made,
        "voice_id": made if is_voice else None,
        "file": entry.path,
        "attempts": entry.attempts,
        "cost": entry.cost,
        "error": error and {"type": error.type, "message": error.message},
        "times": {state: _local(seconds).isoformat() for state, seconds in entry.times.items()},
    }


def whole_document_of(entry: Entry) -> dict[str, Any]:
    """Return all that is known of an entry, for `--json`."""
    return {
        **document_of(entry),
        "marker": entry.marker or None,
        "request": dict(entry.request),
        "record": None if entry.result is None else dict(entry.result),
    }


def line_of(entry: Entry) -> str:
    """Return an entry in one line: key, state, task id, what it is, file or id, when."""
    title, prompt = _what(entry)
    what = title or prompt or str(entry.request.get("action", ""))
    parts = [
        f"{entry.key:<24}",
        f"{entry.state:<10}",
        f"{entry.task_id or '-':<36}",
        f"{what[:_START]:<{_START}}",
        entry.path or product_id_of(entry) or "-",
        _moment(max(entry.times.values(), default=None)),
    ]
    return "  ".join(parts)


def facts_of(entry: Entry) -> list[str]:
    """Return all that people want to know of an entry, a fact a line."""
    times = sorted(entry.times.items(), key=lambda one: one[1])
    error = entry.error
    facts: list[tuple[str, object]] = [
        ("state", entry.state),
        ("task id", entry.task_id),
        ("error", error and f"{error.type}: {error.message}"),
        ("file", entry.path),
        ("cost", entry.cost),
        ("attempts", str(entry.attempts)),
        ("marker", entry.marker),
        *((f"{state} at", _moment(seconds)) for state, seconds in times),
        *((f"asked: {name}", _shown(name, value)) for name, value in entry.request.items()),
        *_record_facts(entry),
    ]
    return [entry.key, *(f"  {name:<16} {value}" for name, value in facts if value)]


def doubt_of(entry: Entry) -> list[str]:
    """Return what helps to decide about an entry that may be paid and is not here."""
    title, prompt = _what(entry)
    said = entry.request.get(_TEXT)
    prompt = prompt if said is None else shortened(str(said))
    asked = [str(entry.request.get("action", "")), title, prompt]
    facts = [
        ("asks for", "; ".join(part for part in asked if part)),
        ("task id", entry.task_id),
        ("because", entry.error and entry.error.message),
    ]
    sent = _moment(entry.sent_at) or "nobody knows when"
    head = f"{entry.key}: {entry.state}, sent {sent}"
    return [head, *(f"  {name:<9} {value}" for name, value in facts if value)]


def _what(entry: Entry) -> tuple[str | None, str | None]:
    """Return the title and the prompt, or what is to be said, that were asked for."""
    title, prompt = entry.request.get("title"), entry.request.get("prompt")
    prompt = entry.request.get(_TEXT) if prompt is None else prompt
    return None if title is None else str(title), None if prompt is None else str(prompt)


def _shown(name: str, value: object) -> object:
    return shortened(str(value)) if name == _TEXT else value


def _record_facts(entry: Entry) -> list[tuple[str, object]]:
    if entry.result is None:
        return []
    task = Task.read(entry.result)
    made = [(f"song {song.id}", f"{song.title} ({minutes(song.duration)})") for song in task.audios]
    facts: list[tuple[str, object]] = [
        ("uploaded as", entry.result.get("audio_id")),
        ("record", task.state if task.id else None),
        ("stems", task.stems and task.stems.title),
        ("voice id", task.voice and task.voice.id),
    ]
    return [*facts, *made]


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else _local(seconds).isoformat(timespec="seconds")


def _local(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds).astimezone()
