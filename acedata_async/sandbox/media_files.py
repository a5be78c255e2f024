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
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from acedata_async.sandbox.speech import Speech

_MEDIA = files("acedata_async.sandbox") / "media"
_ZIP_DATE = (2025, 12, 30, 18, 36, 0)
"""A fixed date, so that the archive is the same bytes each time."""

_LATER_ZIP_DATE = (2025, 12, 31, 18, 36, 0)
_EMPTY_BOX = b"\0\0\0\x08free"
_EMPTY_COMMENT = b"\xff\xfe\0\x02"

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

    def other(self, recipe: Recipe) -> MediaFile:
        """Return a file of the same kind with other bytes, as if it had been made once more."""
        match recipe.kind:
            case "melody":
                return self._melodies[self._melody_of(recipe.of) - 1]
            case "tone":
                return self.tone(recipe.of, octave=1)
            case "speech":
                speech = Speech.of(recipe.of)
                return MediaFile(
                    speech.content_type, replace(speech, text=f"{speech.text}a").render
                )
            case "stems":
                return MediaFile("application/zip", lambda: self._zip_stems(_LATER_ZIP_DATE))
            case "video":
                return replace(self.video, read=lambda: self.video.read() + _EMPTY_BOX)
            case _:
                return replace(self.cover, read=self._commented_cover)

    def melody(self, seed: str) -> MediaFile:
        """Return the melody that belongs to a song's seed."""
        return self._melodies[self._melody_of(seed)]

    def tone(self, song_id: str, *, octave: int = 0) -> MediaFile:
        """Return a short WAV tone whose pitch belongs to the song."""
        semitone = zlib.crc32(song_id.encode()) % 12
        frequency = 220.0 * 2.0 ** (octave + semitone / 12)
        return MediaFile("audio/wav", lambda: _render_tone(frequency), _TONE_SECONDS)

    def _melody_of(self, seed: str) -> int:
        return zlib.crc32(seed.encode("utf-8", "replace")) % len(self._melodies)

    def _commented_cover(self) -> bytes:
        cover = self.cover.read()
        return cover[:2] + _EMPTY_COMMENT + cover[2:]

    def _zip_stems(self, date: tuple[int, int, int, int, int, int] = _ZIP_DATE) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for name in self._stem_names:
                archive.writestr(zipfile.ZipInfo(name, date), (_MEDIA / name).read_bytes())
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
