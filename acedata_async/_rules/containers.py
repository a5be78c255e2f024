"""What the first bytes of a file tell."""

from __future__ import annotations

from typing import Literal

Wanted = Literal["sound", "video", "archive", "picture"]
"""What was asked for."""

SOUNDS = frozenset({".m4a", ".mp3", ".wav", ".flac", ".ogg"})
"""Endings that are put right where a file's first bytes tell another one of them."""

_PRINTABLE = frozenset({9, 10, 13, *range(32, 127)})

HEAD = 16
"""How many first bytes are enough to tell."""


def told_ending(head: bytes) -> str | None:
    """Return the ending that the first bytes of a file tell, or None where they tell none.

    Fish's addresses end in `.mp3` whatever is behind them.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return ".wav"
    if head[4:8] == b"ftyp":
        return ".m4a"
    if head[:4] in {b"fLaC", b"OggS"}:
        return ".flac" if head[:4] == b"fLaC" else ".ogg"
    is_mpeg_layer_3 = len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2
    return ".mp3" if head[:3] == b"ID3" or is_mpeg_layer_3 else None


def strangeness(head: bytes, wanted: Wanted) -> str | None:
    """Return why a file that begins so is not what was asked for; None where it may be.

    A proxy's or a sign-in page, or an error in JSON, comes with status 200 at times.
    """
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start[:1] in {b"<", b"{", b"["} or (head and all(byte in _PRINTABLE for byte in head)):
        return "a page or a message in place of a file"
    if wanted == "archive" and head[:2] != b"PK":
        return "no zip archive"
    if wanted == "video" and head[4:8] != b"ftyp" and head[:4] != b"\x1aE\xdf\xa3":
        return "no video"
    if wanted == "picture" and head[:2] not in {b"\xff\xd8", b"\x89P"}:
        return "no picture"
    return None
