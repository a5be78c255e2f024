"""What a submission is refused for."""

from __future__ import annotations

from typing import Any

import pytest

from acedata_async.sandbox.songs import Song
from acedata_async.sandbox.validation import complaint, nested_too_deeply

_SOURCES = {"made": Song("made", "T", "L"), "sent": Song("sent", "T", "", uploaded=True)}


@pytest.mark.parametrize(
    "body",
    [
        {"action": "generate", "prompt": "x"},
        {"action": "generate", "lyric": "x", "custom": True, "no_such_field": [1]},
        {"action": "generate", "prompt": "x", "weirdness": False, "continue_at": False},
        {"action": "generate", "prompt": "x", "seed": "42"},
        {"action": "generate", "prompt": "x", "seed": 42},
        {"action": "cover", "audio_id": "made", "cover_strength": 0.2},
        {"action": "cover", "audio_id": "sent"},
        {"action": "upload_cover", "audio_id": "sent"},
        {"action": "extend", "audio_id": "made", "continue_at": 0},
        {"action": "upload_extend", "audio_id": "sent", "continue_at": 3},
        {
            "action": "replace_section",
            "audio_id": "made",
            "replace_section_start": 3,
            "replace_section_end": 70,
        },
        {"action": "stems", "audio_id": "made"},
    ],
)
def test_good_bodies(body: dict[str, Any]) -> None:
    """Documented bodies, literal `false` for numbers and unknown fields are taken."""
    assert complaint("audios", body, _SOURCES) is None


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "action"),
        ({"action": "no_such"}, "action"),
        ({"action": ["generate"]}, "action"),
        ({"action": "generate"}, "prompt"),
        ({"action": "generate", "prompt": 7}, "prompt"),
        ({"action": "generate", "prompt": None}, "prompt"),
        ({"action": "generate", "prompt": "x" * 201}, "prompt"),
        ({"action": "generate", "prompt": "x", "custom": "yes"}, "custom"),
        ({"action": "generate", "prompt": "x", "model": "FUZZ-9"}, "model"),
        ({"action": "generate", "prompt": "x", "model": ["FUZZ-2.0"]}, "model"),
        ({"action": "generate", "prompt": "x", "weirdness": 1.1}, "weirdness"),
        ({"action": "generate", "prompt": "x", "weirdness": True}, "weirdness"),
        ({"action": "generate", "prompt": "x", "weirdness": "1"}, "weirdness"),
        ({"action": "generate", "prompt": "x", "sound_strength": 0.1}, "sound_strength"),
        ({"action": "generate", "prompt": "x", "seed": "4" * 21}, "seed"),
        ({"action": "generate", "prompt": "x", "seed": 10**30}, "seed"),
        ({"action": "generate", "prompt": "x", "seed": 1.5}, "seed"),
        ({"action": "cover"}, "audio_id"),
        ({"action": "cover", "audio_id": "none"}, "audio_id"),
        ({"action": "upload_cover", "audio_id": "made"}, "audio_id"),
        ({"action": "extend", "audio_id": "made"}, "continue_at"),
        ({"action": "extend", "audio_id": "made", "continue_at": False}, "continue_at"),
        ({"action": "extend", "audio_id": "made", "continue_at": -1}, "continue_at"),
        ({"action": "extend", "audio_id": "made", "continue_at": 10**400}, "continue_at"),
        ({"action": "replace_section", "audio_id": "made"}, "replace_section_start"),
        (
            {"action": "replace_section", "audio_id": "made", "replace_section_start": 3},
            "replace_section_end",
        ),
        (
            {
                "action": "replace_section",
                "audio_id": "made",
                "replace_section_start": 3,
                "replace_section_end": 3,
            },
            "before",
        ),
    ],
)
def test_bad_bodies(body: dict[str, Any], word: str) -> None:
    """A bad body is refused with a message that names the field."""
    assert word in (complaint("audios", body, _SOURCES) or "")


@pytest.mark.parametrize(
    ("sibling", "good", "bad"),
    [
        ("lyrics", {"prompt": "x"}, {"prompt": {"text": "x"}}),
        ("upload", {"audio_url": "https://a.example/b.mp3"}, {"audio_url": "b.mp3"}),
        ("upload", {"audio_url": "http://a.example/"}, {"audio_url": 7}),
        ("upload", {"audio_url": "http://a.example/"}, {"audio_url": "http://[x"}),
        ("videos", {"audio_id": "made"}, {"audio_id": "none"}),
        ("wav", {"audio_id": "sent"}, {}),
    ],
)
def test_siblings(sibling: str, good: dict[str, Any], bad: dict[str, Any]) -> None:
    """Each other address asks for its one field."""
    assert complaint(sibling, good, _SOURCES) is None
    assert complaint(sibling, bad, _SOURCES)


def test_nesting() -> None:
    """JSON nested deeper than any honest request is noticed."""
    deep: Any = {}
    for _ in range(100):
        deep = {"a": [deep]}
    assert nested_too_deeply(deep)
    assert not nested_too_deeply({"a": [{"b": [1, 2, {"c": 3}]}]})
