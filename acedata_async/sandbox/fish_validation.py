"""What Fish refuses in the body of a submission, in its own form: a list of problems."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from acedata_async.sandbox.validation import is_web_address

ENGINES = ("s1", "s2-pro", "s2.1-pro")
"""What the header `model` of speech may say."""

Problem = dict[str, Any]

_Check = Callable[[Any], tuple[str, str] | None]
"""Returns the type and the words of what is wrong with a value, or None."""


def _text(value: object) -> tuple[str, str] | None:
    return None if isinstance(value, str) else ("string_type", "Input should be a valid string")


def _filled(value: object) -> tuple[str, str] | None:
    if value == "":
        return "string_too_short", "String should have at least 1 character"
    return _text(value)


def _flag(value: object) -> tuple[str, str] | None:
    return None if isinstance(value, bool) else ("bool_type", "Input should be a valid boolean")


def _web_address(value: object) -> tuple[str, str] | None:
    if is_web_address(value):
        return None
    return _text(value) or ("url_parsing", "Input should be a valid http or https URL")


def _one_of(*choices: object) -> _Check:
    words = f"Input should be {', '.join(map(repr, choices))}"

    def check(value: object) -> tuple[str, str] | None:
        # Compared with their types: True is 1, and a list is in no set.
        good = any(type(value) is type(one) and value == one for one in choices)
        return None if good else ("literal_error", words)

    return check


def _number(low: float = -math.inf, high: float = math.inf, *, whole: bool = False) -> _Check:
    def check(value: object) -> tuple[str, str] | None:
        allowed = int if whole else int | float
        if isinstance(value, bool) or not isinstance(value, allowed):
            kind = "integer" if whole else "number"
            return ("int_type" if whole else "float_type", f"Input should be a valid {kind}")
        if not low <= value <= high:
            return "out_of_range", f"Input should be from {low:g} to {high:g}"
        return None

    return check


def _many(check: _Check) -> _Check:
    def check_all(value: object) -> tuple[str, str] | None:
        if not isinstance(value, list):
            return "list_type", "Input should be a valid list"
        return next(filter(None, map(check, value)), None)

    return check_all


def _text_or_texts(value: object) -> tuple[str, str] | None:
    return _many(_text)(value) if isinstance(value, list) else _text(value)


def _reference(value: object) -> tuple[str, str] | None:
    if not isinstance(value, dict):
        return "dict_type", "Input should be a valid object"
    return next(filter(None, (_text(value.get(name)) for name in ("audio", "text"))), None)


_COUNT = _number(0, 100_000, whole=True)

_VOICE: Mapping[str, _Check] = {
    "voice_url": _web_address,
    "title": _text,
    "description": _text,
    "callback_url": _text,
    "image_urls": _many(_web_address),
}
_SPEECH: Mapping[str, _Check] = {
    "text": _filled,
    "reference_id": _text_or_texts,
    "references": _many(_reference),
    "format": _one_of("mp3", "wav", "pcm"),
    "sample_rate": _number(8_000, 48_000, whole=True),
    "mp3_bitrate": _one_of(64, 128, 192),
    "opus_bitrate": _number(whole=True),
    "latency": _one_of("normal", "balanced"),
    "chunk_length": _COUNT,
    "min_chunk_length": _COUNT,
    "max_new_tokens": _COUNT,
    "temperature": _number(0, 1),
    "top_p": _number(0, 1),
    "repetition_penalty": _number(0, 10),
    "normalize": _flag,
    "callback_url": _text,
    "async": _flag,
}
_PROSODY: Mapping[str, _Check] = {
    "speed": _number(0.5, 2),
    "volume": _number(-20, 20),
    "normalize_loudness": _flag,
}
_MODEL: Mapping[str, _Check] = {
    "title": _filled,
    "voices": _web_address,
    "description": _text,
    "cover_image": _text,
    "tags": _many(_text),
    "texts": _many(_text),
    "visibility": _one_of("public", "private", "unlist"),
    "enhance_audio_quality": _flag,
    "generate_sample": _flag,
    "train_mode": _one_of("fast"),
    "type": _one_of("tts"),
    "callback_url": _text,
}

_FIELDS: Mapping[str, tuple[Mapping[str, _Check], tuple[str, ...]]] = {
    "create_voice": (_VOICE, ("voice_url",)),
    "speak": (_SPEECH, ("text",)),
    "create_model": (_MODEL, ("title", "voices")),
}
"""The fields of each action, and which of them have to be there."""


def problems(action: str, body: Mapping[str, Any]) -> list[Problem]:
    """Return what is wrong with a body; fields that nobody knows are tolerated."""
    fields, required = _FIELDS[action]
    found = [
        problem("missing", ["body", name], "Field required", body)
        for name in required
        if name not in body
    ]
    found += _wrong(fields, body, ["body"])
    if action == "speak" and "prosody" in body:
        prosody = body["prosody"]
        loc = ["body", "prosody"]
        if isinstance(prosody, dict):
            found += _wrong(_PROSODY, prosody, loc)
        else:
            found.append(problem("dict_type", loc, "Input should be a valid object", prosody))
    return found


def problem(kind: str, loc: list[str], message: str, value: object) -> Problem:
    """Return one problem in the form that Fish gives it."""
    return {"type": kind, "loc": loc, "msg": message, "input": value}


def references(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids of the voices that a valid body of speech names."""
    named = body.get("reference_id", [])
    return (named,) if isinstance(named, str) else tuple(named)


def _wrong(
    fields: Mapping[str, _Check], body: Mapping[str, Any], loc: list[str]
) -> Iterable[Problem]:
    for name, check in fields.items():
        wrong = check(body[name]) if name in body else None
        if wrong is not None:
            yield problem(wrong[0], [*loc, name], wrong[1], body[name])
