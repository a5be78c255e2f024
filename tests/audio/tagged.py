"""Tags to write, and files to write them into."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from acedata_async.audio.payload import audio_digest
from acedata_async.audio.tags import Tags
from tests.audio.media import sounds

JPEG = (sounds.MEDIA / "cover.jpg").read_bytes()
PNG = b"\x89PNG\r\n\x1a\n" + bytes(60)
GIF = b"GIF89a" + bytes(60)
DATE = datetime(2026, 5, 1, 12, 3, 4, tzinfo=UTC)
ALL = Tags(
    title="First snow ❄",
    lyric="[Verse]\nSnow on the roof\n\nSnow",
    prompt="A song / for winter; slow=yes",
    model="FUZZ-2.0 Pro",
    seed="42",
    date=DATE,
    task_id="3f0c",
    audio_id="9b1e",
    cover=JPEG,
)
EVERY = pytest.mark.parametrize("name", sounds.SOUNDS)


def made(path: Path, name: str) -> str:
    """Write a file of sound and return its digest."""
    path.write_bytes(sounds.SOUNDS[name]())
    return audio_digest(path)
