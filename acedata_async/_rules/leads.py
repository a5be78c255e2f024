"""What records show of a result before it is one: ids of voices, addresses that may be previews."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from acedata_async._rules.verdict import RESULT_KEYS
from acedata_async._rules.wire import as_object, as_objects, as_text

_VOICE_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")


def is_voice_id(value: object) -> bool:
    """Say whether something can be the id of a voice, and stand in an address.

    All that documents show are 32 hexadecimal digits; no document says that there are no others.
    """
    return isinstance(value, str) and _VOICE_ID.fullmatch(value) is not None


def leads_of(record: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids and addresses that a record shows so far, each once."""
    return leads_in(as_object(record.get("response")))


def leads_in(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the ids and addresses that an answer shows, each once."""
    found = (place.get(key) for place in _places(answer) for key in RESULT_KEYS)
    return tuple(dict.fromkeys(one for one in found if isinstance(one, str) and one))


def voice_in_training(record: Mapping[str, Any]) -> str | None:
    """Return the id of a voice that a record says is being trained; None where it says no such."""
    response = as_object(record.get("response"))
    if response.get("success") is False or response.get("error"):
        return None
    ids = [
        as_text(place.get("_id")) for place in _places(response) if place.get("state") == "training"
    ]
    return next((one for one in ids if is_voice_id(one)), None)


def with_voice(record: Mapping[str, Any], voice: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with its voice as it is now."""
    response = as_object(record.get("response"))
    rest = {name: value for name, value in response.items() if name not in voice}
    return {**record, "response": {**rest, "success": True, "data": dict(voice)}}


def _places(answer: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [answer, *as_objects(answer.get("data"))]
