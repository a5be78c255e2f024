"""The voices that others have made: they are in every sandbox."""

from __future__ import annotations

import hashlib

from acedata_async.sandbox.voices import AUTHORS, DRAWN_BITS, Voice, checked_id, sample_text

_NEWEST = 1_766_000_000.0
_DAY = 86_400.0

_DEFAULT_ID = "d7900c21663f485ab63ebdb7e5905036"
"""The voice that the vendor's own client speaks with unless it is told another."""

_VOICES = (
    # Title, language, tags, how often it was spoken with.
    ("Plain Reader", "en", ("calm", "narration"), 91_204),
    ("Clara", "en", ("female", "warm"), 48_113),
    ("Edward", "en", ("male", "deep"), 40_927),
    ("Morning News", "en", ("news", "clear"), 36_020),
    ("Old Captain", "en", ("male", "rough"), 18_775),
    ("Story Hour", "en", ("narration", "warm"), 15_340),
    ("Small Wonder", "en", ("child", "bright"), 9_862),
    ("Late Show", "en", ("male", "lively"), 7_431),
    ("Anna", "de", ("female", "clear"), 12_806),
    ("Johann", "de", ("male", "calm"), 8_419),
    ("Hörbuch", "de", ("narration",), 3_977),
    ("Camille", "fr", ("female", "soft"), 11_652),
    ("Étienne", "fr", ("male", "deep"), 6_208),
    ("Lucía", "es", ("female", "lively"), 14_090),
    ("Mateo", "es", ("male", "warm"), 9_155),
    ("小雨", "zh", ("female", "soft"), 64_381),
    ("老王", "zh", ("male", "rough"), 22_946),
    ("新闻播报", "zh", ("news", "clear"), 31_507),
    ("故事时间", "zh", ("narration", "warm"), 10_264),
    ("さくら", "ja", ("female", "bright"), 27_618),
    ("健太", "ja", ("male", "lively"), 13_093),
    ("朗読", "ja", ("narration", "calm"), 5_540),
    ("Оксана", "uk", ("female", "warm"), 4_826),
    ("Тарас", "uk", ("male", "deep"), 3_318),  # noqa: RUF001 - its letters are Cyrillic
    ("ليلى", "ar", ("female", "calm"), 6_711),
)


def builtin_voices() -> dict[str, Voice]:
    """Return the voices of others by their id, the oldest first."""
    voices = [_voice(number) for number in range(len(_VOICES))]
    return {voice.id: voice for voice in reversed(voices)}


def _voice(number: int) -> Voice:
    title, language, tags, uses = _VOICES[number]
    digits = hashlib.sha256(title.encode()).hexdigest()
    return Voice(
        id=checked_id(digits[: DRAWN_BITS // 4]) if number else _DEFAULT_ID,
        sample_id=digits[-32:],
        title=title,
        description=f"{title}: {', '.join(tags)}",
        text=sample_text(language),
        created_at=_NEWEST - 11 * number * _DAY,
        languages=(language,),
        tags=tags,
        author=AUTHORS[number % len(AUTHORS)],
        uses=uses,
    )
