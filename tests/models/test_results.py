"""What comes out of a task."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest

from acedata_async.models.reply import ReplyModel
from acedata_async.models.results import Audio, Lyrics, Stems, UploadedAudio, VideoFile, WavFile


@pytest.mark.parametrize(
    ("model", "raw", "name", "value"),
    [
        (Lyrics, {"lyrics": "la"}, "lyrics", "la"),
        (Lyrics, {"text": "la", "status": "complete"}, "lyrics", "la"),
        (WavFile, {"file_url": "https://x/1.wav"}, "file_url", "https://x/1.wav"),
        (WavFile, {"audio_url": "https://x/1.wav"}, "file_url", "https://x/1.wav"),
        (WavFile, {"audio_id": "1"}, "file_url", None),
        (VideoFile, {"video_url": "https://x/1.mp4"}, "video_url", "https://x/1.mp4"),
        (UploadedAudio, {"audio_id": "d906"}, "audio_id", "d906"),
        (UploadedAudio, {"audio_id": "d906", "lyric": "la"}, "lyric", "la"),
        (Stems, {"stems_url": "https://x/1.zip"}, "stems_url", "https://x/1.zip"),
        (Audio, {"audio_url": "https://x/1.m4a"}, "audio_url", "https://x/1.m4a"),
        (Audio, {"seed": 4294469624}, "seed", "4294469624"),
        (Audio, {"duration": 181.3}, "duration", 181.3),
        (Audio, {"duration": "181.3014058956916"}, "duration", 181.3014058956916),
        (Audio, {"progress": "40%"}, "progress", 0.4),
        (
            Audio,
            {"created_at": 1767119785},
            "created_at",
            datetime(2025, 12, 30, 18, 36, 25, 0, UTC),
        ),
    ],
)
def test_fields(model: type[ReplyModel], raw: dict[str, Any], name: str, value: Any) -> None:
    """Both of the names and forms that the API has used are read."""
    assert getattr(model.read(raw), name) == value


@pytest.mark.parametrize(
    ("model", "raw", "name"),
    [
        (Lyrics, {"lyrics": None, "text": "la"}, "lyrics"),
        (WavFile, {"file_url": None, "audio_url": "la"}, "file_url"),
    ],
)
def test_null_beside_the_other_name(model: type[ReplyModel], raw: Any, name: str) -> None:
    """A null under one name does not hide the value under the other."""
    assert getattr(model.read(raw), name) == "la"


@pytest.mark.parametrize("model", [Audio, Lyrics, Stems, UploadedAudio, VideoFile, WavFile])
def test_empty(model: type[ReplyModel]) -> None:
    """An empty object has all fields None."""
    empty = model.read({})
    assert set(empty.model_dump().values()) == {None}
    assert model.read({}, task_id="t").model_dump()["task_id"] == "t"


@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, lambda a: pickle.loads(pickle.dumps(a))],  # noqa: S301 - our own
)
def test_copies(duplicate: Any) -> None:
    """Copies are equal, hash alike and keep what was sent."""
    audio = Audio.read({"id": "1", "title": "x", "brand_new": 1})
    copied = duplicate(audio)
    assert copied == audio
    assert hash(copied) == hash(audio)
    assert copied.raw == audio.raw
    assert audio != Audio.read({"id": "2"})


def test_reprs() -> None:
    """The reprs are short."""
    audio = Audio.read({"id": "1", "title": "x", "lyric": "la " * 99, "duration": "2.5"})
    assert repr(audio) == "Audio(id='1', title='x', duration=2.5, audio_url=None)"
    stems = Stems.read({"stems_url": "https://x/1.zip", "lyric": ""})
    assert repr(stems) == "Stems(title=None, stems_url='https://x/1.zip')"
