"""What the vendor refuses in the body of a submission."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

_PRODUCED = (
    "cover",
    "extend",
    "variation",
    "swap_vocals",
    "swap_instrumentals",
    "replace_section",
    "stems",
)
_UPLOADED = ("upload_cover", "upload_extend", "upload_replace_section")

AUDIO_ACTIONS = ("generate", *_PRODUCED, *_UPLOADED)
"""The actions of `/producer/audios`."""

SIBLINGS = ("lyrics", "upload", "videos", "wav")
"""The other addresses below `/producer` that make something."""

SUBMISSION_ACTIONS = (*AUDIO_ACTIONS, *SIBLINGS)

MODELS = (
    "FUZZ-2.0 Pro",
    "FUZZ-2.0",
    "FUZZ-2.0 Raw",
    "FUZZ-1.1 Pro",
    "FUZZ-1.0 Pro",
    "FUZZ-1.0",
    "FUZZ-1.1",
    "FUZZ-0.8",
)

_MAX_PROMPT = 200
_MAX_NESTING = 64

_STRINGS = ("prompt", "lyric", "title", "audio_id", "callback_url")
_FLAGS = ("custom", "instrumental", "async")
_NUMBERS: Mapping[str, tuple[float, float]] = {
    "lyrics_strength": (0.0, 1.0),
    "sound_strength": (0.2, 1.0),
    "cover_strength": (0.2, 1.0),
    "weirdness": (0.0, 1.0),
    "continue_at": (0.0, math.inf),
    "replace_section_start": (0.0, math.inf),
    "replace_section_end": (0.0, math.inf),
}
_SUBJECTS = ("prompt", "lyric", "style", "lyric_prompt")
"""What a song can be about; one of them has to be there for `generate`."""


class Source(Protocol):
    """A song that an action can start from."""

    @property
    def uploaded(self) -> bool:
        """Whether it came by `/producer/upload`."""


def nested_too_deeply(value: object) -> bool:
    """Return whether parsed JSON is nested beyond any honest request."""
    layer = [value]
    for _ in range(_MAX_NESTING):
        layer = [
            child
            for parent in layer
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not layer:
            return False
    return True


def complaint(address: str, body: Mapping[str, Any], sources: Mapping[str, Source]) -> str | None:
    """Return why the vendor refuses a submission, or None if it takes it.

    Args:
        address: The address below `/producer`.
        body: The parsed body. Fields that nobody knows are tolerated.
        sources: The songs there are, by their id.
    """
    if address != "audios":
        return _sibling_complaint(address, body, sources)
    action = body.get("action")
    if not isinstance(action, str) or action not in AUDIO_ACTIONS:
        return f"action must be one of {', '.join(AUDIO_ACTIONS)}"
    return _type_complaint(body) or _action_complaint(action, body, sources)


def _sibling_complaint(
    sibling: str, body: Mapping[str, Any], sources: Mapping[str, Source]
) -> str | None:
    if sibling == "lyrics":
        return None if _text(body, "prompt") else "prompt is required"
    if sibling == "upload":
        return None if is_web_address(body.get("audio_url")) else "audio_url must be an http URL"
    return _source_complaint(body, sources)


def _type_complaint(body: Mapping[str, Any]) -> str | None:
    for name in _STRINGS:
        if name in body and not isinstance(body[name], str):
            return f"{name} must be a string"
    for name in _FLAGS:
        if name in body and not isinstance(body[name], bool):
            return f"{name} must be a boolean"
    for name, (low, high) in _NUMBERS.items():
        if is_set(body, name) and not _is_number(body[name], low, high):
            return f"{name} must be a number from {low:g} to {high:g}"
    if is_set(body, "seed") and not _is_seed(body["seed"]):
        return "seed must be a string of at most 20 characters or a whole number"
    return _value_complaint(body)


def _value_complaint(body: Mapping[str, Any]) -> str | None:
    if "model" in body and body["model"] not in MODELS:
        return f"model must be one of {', '.join(MODELS)}"
    if len(body.get("prompt", "")) > _MAX_PROMPT:
        return f"prompt must have at most {_MAX_PROMPT} characters"
    return None


def _action_complaint(
    action: str, body: Mapping[str, Any], sources: Mapping[str, Source]
) -> str | None:
    if action == "generate":
        about_something = any(_text(body, name) for name in _SUBJECTS)
        return None if about_something else "prompt or lyric is required"
    reason = _source_complaint(body, sources)
    if reason is None and action in _UPLOADED and not sources[body["audio_id"]].uploaded:
        reason = "audio_id must be the id of an uploaded audio"
    if reason is None and action.endswith("extend") and not is_set(body, "continue_at"):
        reason = "continue_at is required"
    if reason is None and action.endswith("replace_section"):
        reason = _section_complaint(body)
    return reason


def _source_complaint(body: Mapping[str, Any], sources: Mapping[str, Source]) -> str | None:
    audio_id = _text(body, "audio_id")
    if not audio_id:
        return "audio_id is required"
    return None if audio_id in sources else "audio_id is not the id of an audio"


def _section_complaint(body: Mapping[str, Any]) -> str | None:
    bounds = ("replace_section_start", "replace_section_end")
    for name in bounds:
        if not is_set(body, name):
            return f"{name} is required"
    start, end = (body[name] for name in bounds)
    return None if start < end else "replace_section_start must be before replace_section_end"


def is_set(body: Mapping[str, Any], name: str) -> bool:
    """Return whether a field has a value; an official client sends `false` for "unset"."""
    return name in body and body[name] is not False


def _is_number(value: object, low: float, high: float) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return low <= value <= high and abs(value) < 1e9


def _is_seed(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= 20
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**20


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def is_web_address(value: object) -> bool:
    """Return whether a value is an address of the web."""
    if not isinstance(value, str):
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.netloc)
