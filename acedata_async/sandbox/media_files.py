"""The files that the sandbox serves as results: melodies, covers, stems, videos, WAV, speech."""

from __future__ import annotations

import io
import json
import math
import wave
import zipfile
import zlib
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from acedata_async.sandbox.speech import Speech

_MEDIA = files("acedata_async.sandbox") / "media"
_ZIP_DATE = (2025, 12, 30, 18, 36, 0)
"""A fixed date, so that the archive is the same bytes each time."""

_TONE_RATE = 16_000
_TONE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A file to serve; its content is read or rendered when it is asked for."""

    content_type: str
    read: Callable[[], bytes]
    seconds: float = 0.0


class Recipe(NamedTuple):
    """Which file it is, in words that give the same bytes again.

    Attributes:
        of: What a melody or a tone belongs to, or which speech it is.
    """

    kind: Literal["melody", "tone", "cover", "stems", "video", "speech"]
    of: str = ""


class MediaLibrary:
    """The rendered files that come with the package, as its manifest lists them."""

    def __init__(self) -> None:
        manifest: dict[str, Any] = json.loads((_MEDIA / "manifest.json").read_text("utf-8"))
        self._melodies = [
            _packaged(entry["file"], "audio/mp4", entry["seconds"])
            for entry in manifest["melodies"]
        ]
        self._stem_names: list[str] = [entry["file"] for entry in manifest["stems"]]
        self.cover = _packaged(manifest["cover"]["file"], "image/jpeg", 0.0)
        self.video = _packaged(manifest["video"]["file"], "video/mp4", manifest["video"]["seconds"])
        self.stems = MediaFile("application/zip", self._zip_stems)

    def file(self, recipe: Recipe) -> MediaFile:
        """Return the file of a recipe."""
        if recipe.kind == "melody":
            return self.melody(recipe.of)
        if recipe.kind == "tone":
            return self.tone(recipe.of)
        if recipe.kind == "speech":
            speech = Speech.of(recipe.of)
            return MediaFile(speech.content_type, speech.render)
        return {"cover": self.cover, "stems": self.stems, "video": self.video}[recipe.kind]

    def melody(self, seed: str) -> MediaFile:
        """Return the melody that belongs to a song's seed."""
        number = zlib.crc32(seed.encode("utf-8", "replace"))
        return self._melodies[number % len(self._melodies)]

    def tone(self, song_id: str) -> MediaFile:
        """Return a short WAV tone whose pitch belongs to the song."""
        semitone = zlib.crc32(song_id.encode()) % 12
        frequency = 220.0 * 2.0 ** (semitone / 12)
        return MediaFile("audio/wav", lambda: _render_tone(frequency), _TONE_SECONDS)

    def _zip_stems(self) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for name in self._stem_names:
                archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), (_MEDIA / name).read_bytes())
        return packed.getvalue()


def _packaged(name: str, content_type: str, seconds: float) -> MediaFile:
    return MediaFile(content_type, (_MEDIA / name).read_bytes, seconds)


def _render_tone(frequency: float) -> bytes:
    """Return a mono 16-bit WAV file of a sine that fades out."""
    count = int(_TONE_RATE * _TONE_SECONDS)
    step = 2.0 * math.pi * frequency / _TONE_RATE
    samples = array("h", (int(12_000 * math.sin(step * i) * (1 - i / count)) for i in range(count)))
    rendered = io.BytesIO()
    with wave.open(rendered, "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(_TONE_RATE)
        tone.writeframes(samples.tobytes())
    return rendered.getvalue()
