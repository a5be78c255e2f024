"""Render the syllables that the sandbox puts its MP3 speech together from.

Run it where the package is installed; it needs `ffmpeg` with libmp3lame::

    python scripts/render_speech.py

The file `speech.mp3` lands in `acedata_async/sandbox/media`. It is the frames alone, of one
constant bitrate and each without bits in its neighbours: first a silent one, then for each timbre
and vowel three that begin the vowel, one that holds it and two that end it.
"""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import Final

from acedata_async.sandbox.mp3 import frames_of
from acedata_async.sandbox.vowels import FRAME, RATE, TIMBRES, VOWELS, Timbre, wave_of

MEDIA: Final = Path(__file__).resolve().parent.parent / "acedata_async" / "sandbox" / "media"
BITRATE: Final = "64k"
SILENT: Final = 4  # frames before and after the vowel, so that the codec comes to rest
HELD: Final = 12
FADE: Final = 700  # samples; shorter than a frame


def sing(timbre: Timbre, vowel: str) -> bytes:
    """Return silence, a vowel and silence as samples."""
    wave = wave_of(timbre, vowel, FRAME // timbre.waves)
    length = HELD * FRAME
    sound = [0.0] * (SILENT * FRAME)
    for i in range(length):
        level = min(1.0, i / FADE, (length - i) / FADE)
        sound.append(level * wave[i % len(wave)])
    sound += [0.0] * (SILENT * FRAME)
    return struct.pack(f"<{len(sound)}h", *(round(32767 * value) for value in sound))


def encode(samples: bytes) -> list[bytes]:
    """Return samples as frames that stand alone."""
    source = ("-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0")
    codec = ("-c:a", "libmp3lame", "-b:a", BITRATE, "-reservoir", "0")
    bare = ("-write_xing", "0", "-id3v2_version", "0", "-map_metadata", "-1", "-f", "mp3", "pipe:1")
    command = ("ffmpeg", "-v", "error", *source, *codec, *bare)
    return frames_of(subprocess.run(command, input=samples, check=True, capture_output=True).stdout)


def pick(frames: list[bytes]) -> list[bytes]:
    """Return the frames that are kept of a vowel."""
    first, last = SILENT - 1, SILENT + HELD
    held = frames[first + 3 : last - 1]
    assert len(set(held)) == 1, "a vowel does not fill its frames in the same way"
    return [*frames[first : first + 3], held[0], *frames[last - 1 : last + 1]]


def main() -> None:
    """Render everything."""
    kept = [encode(bytes(4 * SILENT * FRAME))[SILENT]]
    for timbre in TIMBRES:
        for vowel in VOWELS:
            kept += pick(encode(sing(timbre, vowel)))
    (MEDIA / "speech.mp3").write_bytes(b"".join(kept))


if __name__ == "__main__":
    main()
