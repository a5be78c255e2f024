"""What Fish refuses in a body, and in which form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.fish_validation import problems, references

from .conftest import VOICE_URL, Caller

_VOICE = {"voice_url": VOICE_URL}
_MODEL = {"title": "t", "voices": VOICE_URL}


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("create_voice", _VOICE),
        ("create_voice", {**_VOICE, "title": "", "image_urls": [VOICE_URL], "x": None}),
        ("create_voice", {**_VOICE, "description": "d", "callback_url": "anything"}),
        ("speak", {"text": " "}),
        ("speak", {"text": "x", "reference_id": "a", "format": "pcm", "latency": "balanced"}),
        ("speak", {"text": "x", "reference_id": [], "references": [{"audio": "a", "text": "b"}]}),
        ("speak", {"text": "x", "sample_rate": 22050, "mp3_bitrate": 192, "opus_bitrate": 32}),
        ("speak", {"text": "x", "prosody": {"speed": 1, "volume": -20, "x": 1}, "model": 7}),
        ("speak", {"text": "x", "temperature": 0, "top_p": 0.7, "repetition_penalty": 1.2}),
        ("speak", {"text": "x", "chunk_length": 200, "max_new_tokens": 1, "normalize": False}),
        ("create_model", _MODEL),
        ("create_model", {**_MODEL, "tags": ["a"], "texts": [], "visibility": "unlist"}),
        ("create_model", {**_MODEL, "train_mode": "fast", "type": "tts", "generate_sample": True}),
    ],
)
def test_good_bodies(action: str, body: dict[str, Any]) -> None:
    """Documented bodies and unknown fields are taken."""
    assert problems(action, body) == []


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("create_voice", {}, "voice_url"),
        ("create_voice", {"voice_url": "ftp://a.example/x"}, "voice_url"),
        ("create_voice", {"voice_url": 7}, "voice_url"),
        ("create_voice", {**_VOICE, "title": 7}, "title"),
        ("create_voice", {**_VOICE, "description": None}, "description"),
        ("create_voice", {**_VOICE, "callback_url": ["x"]}, "callback_url"),
        ("create_voice", {**_VOICE, "image_urls": VOICE_URL}, "image_urls"),
        ("create_voice", {**_VOICE, "image_urls": [VOICE_URL, "x"]}, "image_urls"),
        ("speak", {}, "text"),
        ("speak", {"text": ""}, "text"),
        ("speak", {"text": ["x"]}, "text"),
        ("speak", {"text": "x", "format": "opus"}, "format"),
        ("speak", {"text": "x", "format": None}, "format"),
        ("speak", {"text": "x", "latency": ""}, "latency"),
        ("speak", {"text": "x", "reference_id": 7}, "reference_id"),
        ("speak", {"text": "x", "reference_id": ["a", 7]}, "reference_id"),
        ("speak", {"text": "x", "references": {"audio": "a"}}, "references"),
        ("speak", {"text": "x", "references": ["a"]}, "references"),
        ("speak", {"text": "x", "references": [{"audio": "a"}]}, "references"),
        ("speak", {"text": "x", "sample_rate": 7999}, "sample_rate"),
        ("speak", {"text": "x", "sample_rate": 44100.0}, "sample_rate"),
        ("speak", {"text": "x", "mp3_bitrate": 65}, "mp3_bitrate"),
        ("speak", {"text": "x", "mp3_bitrate": 64.0}, "mp3_bitrate"),
        ("speak", {"text": "x", "temperature": 1.1}, "temperature"),
        ("speak", {"text": "x", "top_p": True}, "top_p"),
        ("speak", {"text": "x", "prosody": 2}, "prosody"),
        ("speak", {"text": "x", "prosody": {"speed": 0.4}}, "speed"),
        ("speak", {"text": "x", "prosody": {"speed": 10**400}}, "speed"),
        ("speak", {"text": "x", "async": "yes"}, "async"),
        ("create_model", {"voices": VOICE_URL}, "title"),
        ("create_model", {"title": "t"}, "voices"),
        ("create_model", {"title": "t", "voices": [VOICE_URL]}, "voices"),
        ("create_model", {**_MODEL, "title": ""}, "title"),
        ("create_model", {**_MODEL, "tags": "a"}, "tags"),
        ("create_model", {**_MODEL, "visibility": "secret"}, "visibility"),
        ("create_model", {**_MODEL, "train_mode": "full"}, "train_mode"),
        ("create_model", {**_MODEL, "enhance_audio_quality": 1}, "enhance_audio_quality"),
    ],
)
def test_bad_bodies(action: str, body: dict[str, Any], field: str) -> None:
    """Each problem names its field."""
    (found,) = problems(action, body)
    assert found.keys() == {"type", "loc", "msg", "input"}
    assert (found["loc"][0], found["loc"][-1]) == ("body", field)


def test_references() -> None:
    """A body names one voice, several or none."""
    assert references({"reference_id": "a"}) == ("a",)
    assert references({"reference_id": ["a", "b"]}) == ("a", "b")
    assert references({}) == ()


async def test_refusal(sandbox: Sandbox, caller: Caller) -> None:
    """All that is wrong comes at once, as JSON in the message of Fish's own envelope."""
    reply = await caller.fish("tts", format="opus", prosody={"speed": 9})
    assert (reply.status_code, list(reply.json())) == (400, ["status", "message"])
    assert [problem["loc"] for problem in json.loads(reply.json()["message"])] == [
        ["body", "text"],
        ["body", "format"],
        ["body", "prosody", "speed"],
    ]
    assert sandbox.stats.submissions == 0


async def test_unknown_marker(sandbox: Sandbox, caller: Caller) -> None:
    """A marker that names no fault is refused loudly, in Fish's envelope."""
    reply = await caller.fish("tts", text="#sandbox:no-such")
    assert (reply.status_code, reply.json()["status"]) == (400, 400)
    assert "cut-after-accept" in reply.json()["message"]
    assert sandbox.stats.submissions == 0
