"""Speech: what a text becomes that is read out by one of the sandbox's voices.

It says nothing, but its length follows the text: vowels for what is written, pauses for its
punctuation. The same text, voice and speed give the same bytes.
"""

from __future__ import annotations

import io
import json
import re
import wave
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files

from acedata_async.sandbox.mp3 import frames_of
from acedata_async.sandbox.vowels import (
    FRAME,
    FRAME_SECONDS,
    RATE,
    TIMBRES,
    VOWELS,
    Timbre,
    wave_of,
)

SECONDS_A_CHARACTER = 0.06
LONGEST = 600.0
"""Seconds after which speech ends, whatever is left of the text."""

_SHORT_PAUSES = ",;:、，；："  # noqa: RUF001 - also those of Chinese and Japanese
_LONG_PAUSES = ".!?…。！？\n"  # noqa: RUF001 - the same
_PAUSES = {**dict.fromkeys(_SHORT_PAUSES, 0.2), **dict.fromkeys(_LONG_PAUSES, 0.4)}
_PHRASE = re.compile(f"[^{''.join(map(re.escape, _PAUSES))}]+|.", re.DOTALL)

_BEGINNING, _HELD, _END = 3, 1, 2
"""Frames in the packaged file that begin, hold and end a vowel."""

_SHORTEST = _BEGINNING + _END
_SYLLABLE = 8
"""Frames that a syllable takes about."""

_FADE_SECONDS = 0.016


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What is to be spoken.

    Attributes:
        text: What is written.
        voice: Whose voice, in any words.
        speed: 1 for the usual, 2 for twice as fast.
        sample_rate: Samples a second as WAV; None for MP3, which has 44 100.
    """

    text: str
    voice: str
    speed: float = 1.0
    sample_rate: int | None = None

    @classmethod
    def of(cls, words: str) -> Speech:
        """Return the speech that `words` stands for."""
        return cls(**json.loads(words))

    def words(self) -> str:
        """Return words that stand for it."""
        return json.dumps(asdict(self))

    @property
    def content_type(self) -> str:
        """What it is on the wire."""
        return "audio/mpeg" if self.sample_rate is None else "audio/wav"

    def render(self) -> bytes:
        """Return the file."""
        timbre = TIMBRES[_digest(self.voice) % len(TIMBRES)]
        if self.sample_rate is None:
            return b"".join(_mp3(timbre, _syllables(self)))
        return _wav(timbre, _syllables(self), self.sample_rate)


def _syllables(speech: Speech) -> Iterator[tuple[str, int]]:
    """Yield vowels, empty for silence, and how many frames each lasts."""
    written = spoken = 0.0
    chance = _digest(speech.voice)
    for phrase in _PHRASE.findall(speech.text):
        pause = _PAUSES.get(phrase, 0.0)
        written += (pause or SECONDS_A_CHARACTER * len(phrase)) / speech.speed
        # From what was written up to here, so that nothing adds up of what is rounded.
        frames = round((min(written, LONGEST) - spoken) / FRAME_SECONDS)
        if frames <= 0:
            continue
        if pause or phrase.isspace():
            spoken += frames * FRAME_SECONDS
            yield "", frames
            continue
        frames = max(frames, _SHORTEST)
        spoken += frames * FRAME_SECONDS
        count = max(1, frames // _SYLLABLE)
        for number in range(count):
            chance = zlib.crc32(phrase.encode("utf-8", "replace"), chance)
            length = frames * (number + 1) // count - frames * number // count
            yield VOWELS[chance % len(VOWELS)], length


def _mp3(timbre: Timbre, syllables: Iterator[tuple[str, int]]) -> Iterator[bytes]:
    frames = frames_of((files("acedata_async.sandbox") / "media" / "speech.mp3").read_bytes())
    silence = frames[0]
    for vowel, length in syllables:
        if not vowel:
            yield silence * length
            continue
        number = TIMBRES.index(timbre) * len(VOWELS) + VOWELS.index(vowel)
        first = 1 + number * (_BEGINNING + _HELD + _END)
        held = first + _BEGINNING
        yield b"".join(frames[first:held])
        yield frames[held] * (length - _SHORTEST)
        yield b"".join(frames[held + _HELD : held + _HELD + _END])


def _wav(timbre: Timbre, syllables: Iterator[tuple[str, int]], rate: int) -> bytes:
    """Return a mono 16-bit WAV file."""
    waves = {vowel: wave_of(timbre, vowel, max(4, round(rate / timbre.pitch))) for vowel in VOWELS}
    rendered = io.BytesIO()
    frames = written = 0
    with wave.open(rendered, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        for vowel, length in syllables:
            frames += length
            count = round(frames * FRAME * rate / RATE) - written
            written += count
            silent = bytes(2 * count)
            sound.writeframesraw(_held(waves[vowel], count, rate) if vowel else silent)
    return rendered.getvalue()


def _held(one: list[float], count: int, rate: int) -> bytes:
    """Return a vowel that lasts `count` samples and fades in and out."""
    whole = array("h", (round(32_767 * value) for value in one)) * (count // len(one) + 1)
    samples = whole[:count]
    fade = min(round(_FADE_SECONDS * rate), count // 2)
    for i in range(fade):
        samples[i] = samples[i] * i // fade
        samples[-1 - i] = samples[-1 - i] * i // fade
    if array("H", [1]).tobytes() == b"\x00\x01":
        samples.byteswap()  # pragma: no cover - on machines that are big-endian
    return samples.tobytes()


def _digest(words: str) -> int:
    return zlib.crc32(words.encode("utf-8", "replace"))
