"""How speech sounds."""

from __future__ import annotations

import io
import wave
from array import array

import pytest

from acedata_async.sandbox import speech
from acedata_async.sandbox.mp3 import frames_of
from acedata_async.sandbox.speech import SECONDS_A_CHARACTER, Speech
from acedata_async.sandbox.vowels import FRAME_SECONDS, RATE, TIMBRES, VOWELS, wave_of

_TEXTS = {
    "I": 5 * FRAME_SECONDS,
    "Hello there": 0.66,
    "Hello, there.": 0.3 + 0.2 + 0.36 + 0.4,
    "The boats begin to turn and nobody is there to see it": 53 * 0.06,
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002": 0.12 + 0.2 + 0.12 + 0.4,
    "a\n\nb": 0.06 + 0.8 + 0.06,
    "...": 1.2,
    " ": 0.06,
    "\ud800" * 50: 3.0,
    "x" * 1000: 60.0,
}


def _seconds(speech: Speech) -> float:
    """Return how long speech is, by its frames or its samples."""
    content = speech.render()
    if speech.sample_rate is None:
        return len(frames_of(content)) * FRAME_SECONDS
    with wave.open(io.BytesIO(content)) as sound:
        return float(sound.getnframes() / sound.getframerate())


@pytest.mark.parametrize("rate", [None, 8000, 16000, 44100, 48000])
@pytest.mark.parametrize("text", _TEXTS)
def test_length_follows_the_text(text: str, rate: int | None) -> None:
    """A character takes 60 ms and punctuation a pause, in whatever format."""
    speech = Speech(text=text, voice="v", sample_rate=rate)
    assert _seconds(speech) == pytest.approx(_TEXTS[text], abs=4 * FRAME_SECONDS)


def test_speed() -> None:
    """Speed divides the length, pauses among it."""
    lengths = [_seconds(Speech(text="Well, so. " * 20, voice="v", speed=s)) for s in (0.5, 1, 2)]
    assert lengths[0] == pytest.approx(2 * lengths[1], rel=0.05)
    assert lengths[2] == pytest.approx(lengths[1] / 2, rel=0.05)


def test_shortest() -> None:
    """The shortest word can be heard; what it takes too long is saved where there is a pause."""
    lengths = [_seconds(Speech(text=text, voice="v", speed=2)) for text in ("I", "I,", "I,I,I,I,")]
    assert lengths[0] == lengths[1] == pytest.approx(5 * FRAME_SECONDS)
    assert lengths[2] == pytest.approx(4 * 0.13, abs=4 * FRAME_SECONDS)


@pytest.mark.parametrize("rate", [None, 8000])
def test_longest(monkeypatch: pytest.MonkeyPatch, rate: int | None) -> None:
    """After ten minutes nothing more is said; after one, here."""
    assert speech.LONGEST == 600
    monkeypatch.setattr(speech, "LONGEST", 60.0)
    text = "x" * int(120 / SECONDS_A_CHARACTER)
    assert _seconds(Speech(text=text, voice="v", sample_rate=rate)) == pytest.approx(60, abs=0.1)


@pytest.mark.parametrize("rate", [None, 16000])
def test_same_and_different(rate: int | None) -> None:
    """The same gives the same bytes; another text, voice or speed gives others."""
    of = Speech(text="Hello there.", voice="v", sample_rate=rate)
    assert of.render() == Speech.of(of.words()).render()
    others = [
        Speech(text="Hallo there.", voice="v", sample_rate=rate),
        Speech(text="Hello there.", voice="w", sample_rate=rate),
        Speech(text="Hello there.", voice="v", speed=1.5, sample_rate=rate),
    ]
    assert len({of.render(), *(other.render() for other in others)}) == 4


def test_frames_stand_alone() -> None:
    """All frames are of one bitrate, and none has bits in another; so any order is good."""
    frames = frames_of(Speech(text="Hello, there. " * 9, voice="v").render())
    for frame in frames:
        assert frame[:3] == bytes([0xFF, 0xFB, 0x50]) or frame[2] & ~2 == 0x50
        assert frame[4] == 0
        assert not frame[5] & 0x80
    assert {len(frame) for frame in frames} <= {208, 209}
    assert len(set(frames)) > 5


def test_sound_and_silence() -> None:
    """What is written is heard, what is a pause is not."""
    content = Speech(text="aaaaaaaaaaaaaaaa..", voice="v", sample_rate=RATE).render()
    with wave.open(io.BytesIO(content)) as sound:
        samples = array("h", sound.readframes(sound.getnframes()))
    written, pause = samples[: RATE // 2], samples[-RATE // 2 :]
    assert max(map(abs, written)) > 5000
    assert not any(pause)


def test_voices_differ() -> None:
    """There are voices of several pitches, and every vowel sounds in each."""
    assert len({timbre.pitch for timbre in TIMBRES}) >= 4
    waves = [tuple(wave_of(timbre, vowel, 96)) for timbre in TIMBRES for vowel in VOWELS]
    assert len(set(waves)) == len(TIMBRES) * len(VOWELS)
    assert all(0.5 < max(map(abs, one)) <= 0.6 for one in waves)


@pytest.mark.parametrize(
    "content", [b"ID3\x04", b"\xff\xfb\x50", b"\xff\xfb\xf0\x00" * 90, b"\xff"]
)
def test_no_frames(content: bytes) -> None:
    """What is not frames alone is told."""
    with pytest.raises(ValueError, match="not whole frames"):
        frames_of(content)
