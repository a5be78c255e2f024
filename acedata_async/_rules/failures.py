"""Why something failed, in words, whatever envelope the API has put it into."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from acedata_async._rules.wire import as_objects, as_text

_MOST_NESTED = 3
"""How deep an envelope within a message is opened."""


def read_failure(body: Mapping[str, Any]) -> tuple[str | None, str]:
    """Read code and message of a failure from any of the envelopes that the API uses.

    `{"error": {"code", "message"}}`, `{"error": "text"}`, `{"error": [...]}`,
    `{"status", "message"}` as Fish passes through, `{"code", "detail"}` as sibling services do.
    A message that is JSON again, as Fish's are, is put into words; so is a list of wrong fields.
    """
    code, message = _read_envelope(body)
    return code, _in_words(message)


def _read_envelope(body: Mapping[str, Any]) -> tuple[str | None, Any]:
    error = body.get("error")
    if isinstance(error, Mapping):
        return as_text(error.get("code")) or None, _first(error, "message", "detail")
    if isinstance(error, list):
        return None, error
    return as_text(body.get("code")) or None, _first(body, "error", "message", "detail")


def _first(body: Mapping[str, Any], *names: str) -> Any:
    """Return the first of some fields that says something."""
    given = (body.get(name) for name in names)
    return next((one for one in given if as_text(one) or (one and not isinstance(one, bool))), None)


def _in_words(said: Any, depth: int = 0) -> str:
    """Read a message: words, JSON within them, an envelope again, or a list of wrong fields."""
    if isinstance(said, list):
        return "; ".join(_field_in_words(one) if _is_problem(one) else str(one) for one in said)
    if isinstance(said, Mapping):
        if _is_problem(said):
            return _field_in_words(said)
        inner = _read_envelope(said)[1] if depth < _MOST_NESTED else None
        return _in_words(inner, depth + 1)
    return _text_in_words(as_text(said) or "", depth)


def _text_in_words(text: str, depth: int) -> str:
    if depth == _MOST_NESTED or not text.lstrip().startswith(("[", "{")):
        return text
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if isinstance(parsed, list) and not (parsed and len(as_objects(parsed)) == len(parsed)):
        return text
    return _in_words(parsed, depth + 1) or text


def _is_problem(one: Any) -> bool:
    return isinstance(one, Mapping) and ("msg" in one or "loc" in one)


def _field_in_words(problem: Mapping[str, Any]) -> str:
    """Put `{"type", "loc", "msg", "input"}` into words, the field first."""
    place = problem.get("loc")
    steps = place if isinstance(place, list) else [place]
    names = [str(step) for step in steps if step not in (None, "body", "query", "header")]
    said = as_text(problem.get("msg")) or as_text(problem.get("type")) or "not allowed"
    given = problem.get("input")
    shown = f" (was {given!r:.80})" if isinstance(given, str | int | float) else ""
    return f"{'.'.join(names)}: {said}{shown}" if names else f"{said}{shown}"
