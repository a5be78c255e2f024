"""How a voice of the sandbox sounds: the tones and vowels that its speech is put together from."""

from __future__ import annotations

import math
from dataclasses import dataclass

RATE = 44_100
"""Samples a second of MP3 speech."""

FRAME = 1152
"""Samples in a frame of MP3. All speech is measured in frames, whatever its format."""

FRAME_SECONDS = FRAME / RATE

VOWELS = "aeiou"

_FORMANTS = {
    "a": ((730.0, 1.0), (1090.0, 0.6), (2440.0, 0.12)),
    "e": ((530.0, 1.0), (1840.0, 0.45), (2480.0, 0.25)),
    "i": ((280.0, 1.0), (2250.0, 0.35), (2890.0, 0.25)),
    "o": ((520.0, 1.0), (920.0, 0.6), (2410.0, 0.06)),
    "u": ((310.0, 1.0), (870.0, 0.3), (2250.0, 0.03)),
}
"""Hertz and strength of what makes a vowel."""

_WIDTH = 0.09
"""How wide a formant is, as a part of its own frequency."""

_PEAK = 0.6
_HIGHEST = 5000.0


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one voice differs from another.

    Attributes:
        waves: How many waves of the ground tone fill one frame, whole samples each, so that a
            frame can follow itself without a seam.
        throat: By what the formants of a middling voice are multiplied.
    """

    waves: int
    throat: float

    @property
    def pitch(self) -> float:
        """The ground tone, in hertz."""
        return self.waves * RATE / FRAME


TIMBRES = tuple(
    Timbre(waves, throat)
    for waves, throats in ((3, (0.9, 1.0)), (4, (0.95, 1.05)), (6, (1.1, 1.2)), (8, (1.2, 1.3)))
    for throat in throats
)
"""The voices there are."""


def wave_of(timbre: Timbre, vowel: str, length: int) -> list[float]:
    """Return one wave of a vowel, `length` samples from -0.6 to 0.6."""
    harmonics = range(1, min(int(_HIGHEST / timbre.pitch), (length - 1) // 2) + 1)
    strengths = [_strength(n * timbre.pitch, timbre, vowel) / math.sqrt(n) for n in harmonics]
    wave = [
        sum(
            strength * math.sin(math.tau * n * i / length)
            for n, strength in zip(harmonics, strengths, strict=True)
        )
        for i in range(length)
    ]
    loudest = max(map(abs, wave), default=0.0) or 1.0
    return [_PEAK * value / loudest for value in wave]


def _strength(frequency: float, timbre: Timbre, vowel: str) -> float:
    return sum(
        strength / (1.0 + ((frequency / (timbre.throat * middle) - 1.0) / _WIDTH) ** 2)
        for middle, strength in _FORMANTS[vowel]
    )
