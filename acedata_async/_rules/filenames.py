"""Names for files that are safe everywhere, whatever a title holds."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from acedata_async._rules.containers import SOUNDS

LONGEST = 200
"""Bytes of UTF-8 in a name without its ending; 255 is the limit of common file systems, and a
part file needs a few more than its final name."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"}
    | {f"{device}{digit}" for device in ("com", "lpt") for digit in "123456789¹²³"}
)

_BY_CONTENT_TYPE = {
    "audio/mp4": ".m4a",
    "audio/x-m4a": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/wav": ".wav",
    "audio/x-wav": ".wav",
    "audio/flac": ".flac",
    "audio/aac": ".aac",
    "audio/aiff": ".aif",
    "audio/ogg": ".ogg",
    "audio/webm": ".webm",
    "application/zip": ".zip",
    "video/mp4": ".mp4",
    "video/webm": ".webm",
}

ENDINGS = (
    *(".m4a", ".mp3", ".wav", ".flac", ".ogg", ".zip", ".mp4", ".bin"),
    *(".aac", ".aif", ".aiff", ".amr", ".caf", ".mka", ".mkv", ".mov", ".mp2", ".oga", ".opus"),
    *(".pcm", ".webm", ".wma", ".wv"),
)
"""The endings that a song, stems or a video can have, the usual ones first."""
MEDIA = frozenset(ENDINGS) - {".zip", ".bin"}
"""Those of sounds and videos. An address that ends otherwise, such as in `.exe`, does not choose
what its file is taken for."""


def safe_stem(text: str) -> str:
    """Turn any text into a file name without ending; never empty, never reserved, never hidden."""
    flat = " ".join(_flat(text).split()).strip(". ")
    flat = _cut(flat, LONGEST).rstrip(". ")
    if flat.partition(".")[0].strip().lower() in _RESERVED:
        flat = f"_{flat}"
    return flat or "untitled"


def fitted(texts: Sequence[str], *, cut: Sequence[bool]) -> str:
    """Put a name together, and shorten some of its texts where it would be too long.

    What stands at its end, such as an id, is often all that tells it from others.

    Args:
        texts: What it consists of.
        cut: Which of them may be shortened; the longest is first.
    """
    parts = list(texts)
    sizes = [len(_flat(text).encode()) for text in texts]
    if sum(sizes) <= LONGEST:
        return "".join(parts)
    shortened = sorted((at for at, may in enumerate(cut) if may), key=sizes.__getitem__)
    room = max(0, LONGEST - sum(sizes) + sum(sizes[at] for at in shortened))
    for number, at in enumerate(shortened):
        parts[at] = _cut(_flat(parts[at]), room // (len(shortened) - number))
        room -= len(parts[at].encode())
    return "".join(parts)


def _flat(text: str) -> str:
    """Replace what no name may have in it."""
    flat = unicodedata.normalize("NFC", "".join(map(_visible, text)))
    return _FORBIDDEN.sub("_", flat)


def _cut(text: str, size: int) -> str:
    """Return as many characters as fit into so many bytes."""
    return text.encode()[:size].decode("utf-8", "ignore")


def _visible(char: str) -> str:
    """Turn line breaks and controls into blanks, and leave out what cannot be seen."""
    category = unicodedata.category(char)
    if category in {"Cc", "Zl", "Zp"}:
        return " "
    return "" if category in {"Cf", "Cs"} else char


def ending_of(url: str, content_type: str, told: str | None = None) -> str:
    """Choose the ending of a file of sound, a video or an archive.

    Args:
        url: Where it is; its ending counts where it is one of such files.
        content_type: What the server calls it.
        told: The ending that its first bytes tell. It counts more, where they can tell.
    """
    suffix = _suffix(url)
    if told == ".zip" or (told and (suffix not in MEDIA or suffix in SOUNDS)):
        return told
    if suffix in ENDINGS:
        return suffix
    return _BY_CONTENT_TYPE.get(content_type.partition(";")[0].strip().lower(), ".bin")


@lru_cache(maxsize=64)  # each is asked for twice
def _suffix(url: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(url).path)).suffix.lower()
    except ValueError:  # no address at all
        return ""


def numbered(name: str, number: int) -> str:
    """Return `name` for the first file, `name (2)` for the second of that name, and so on."""
    if number == 1:
        return name
    stem, dot, ending = name.rpartition(".")
    return f"{stem} ({number}){dot}{ending}" if stem else f"{name} ({number})"
