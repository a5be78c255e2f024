"""What the first bytes of a file tell."""

from __future__ import annotations

from typing import Literal

Wanted = Literal["sound", "raw sound", "video", "archive", "picture"]
"""What was asked for. Raw sound has no container: samples may begin with any bytes."""

SOUNDS = frozenset({".m4a", ".mp3", ".wav", ".flac", ".ogg"})
"""Endings that are put right where a file's first bytes tell another one of them."""

HEAD = 512
"""How many first bytes are enough to tell."""

_SHOWN = 12
"""Bytes that a message shows."""

_SOUND_STARTS = (
    b"ID3",
    b"fLaC",
    b"OggS",
    b"\x1aE\xdf\xa3",  # Matroska and webm
    b"APETAGEX",
    b"#!AMR",
    b"#!SILK",
    b"caff",
    b".snd",
    b"ADIF",
    b"wvPK",
    b"MAC ",
    b"TTA1",
    b"\x0bw",  # AC-3
    b"0&\xb2u\x8ef\xcf\x11",  # Windows Media
)
_FORMS = {
    b"RIFF": {b"WAVE", b"RMP3"},
    b"RIFX": {b"WAVE"},
    b"RF64": {b"WAVE"},
    b"BW64": {b"WAVE"},
    b"FORM": {b"AIFF", b"AIFC", b"8SVX"},
}
"""Containers of chunks, and what stands at their eighth byte where they hold sound."""
_BOXES = frozenset(
    {b"ftyp", b"styp", b"moov", b"moof", b"mdat", b"wide", b"free", b"skip", b"sidx"}
)
"""What an mp4 or its forerunner may begin with."""
_OTHERS = {
    b"\x89PNG\r\n": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF-": "a PDF document",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b\x08": "gzip data",
    b"\x7fELF": "a program",
}
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def told_ending(head: bytes, wanted: Wanted = "sound") -> str | None:
    """Return the ending that the first bytes of a file tell, or None where they tell none.

    Fish's addresses end in `.mp3` whatever is behind them.
    """
    if wanted == "archive":
        return ".zip" if head[:2] == b"PK" else None
    if wanted == "video":
        return ".mp4" if head[4:8] == b"ftyp" else ".webm"
    if wanted == "raw sound" and not _is_sound(head[:HEAD]):
        return ".pcm"
    return _ending_of_sound(head)


def _ending_of_sound(head: bytes) -> str | None:
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
    head = head[:HEAD]
    if _is_text(head) or (wanted != "raw sound" and _begins_as_page(head)):
        return f"a page or a message in place of a file: {_shown(head)}"
    if _fits(head, wanted):
        return None
    other = _other(head)
    kind = "zip archive" if wanted == "archive" else wanted.removeprefix("raw ")
    return f"no {kind}{f' but {other}' if other else ''}: it begins with {_shown(head)}"


def _fits(head: bytes, wanted: Wanted) -> bool:
    match wanted:
        case "archive":
            return head[:2] == b"PK"
        case "video":
            return head[4:8] == b"ftyp" or head[:4] == b"\x1aE\xdf\xa3"
        case "picture":
            return head[:2] in {b"\xff\xd8", b"\x89P"}
        case "raw sound":
            return _other(head) is None or _is_sound(head)
        case _:
            return _is_sound(head)


def _is_sound(head: bytes) -> bool:
    """Say whether a file of sound may begin so: in any container that is in use."""
    form = _FORMS.get(head[:4])
    if form is not None:
        return head[8:12] in form
    if head.startswith(_SOUND_STARTS) or head[4:8] in _BOXES:
        return True
    frame = head.lstrip(b"\0")  # what a tag left behind that was taken out
    return _is_frame(frame) or (frame is not head and frame[:3] == b"ID3")


def _is_frame(head: bytes) -> bool:
    """Say whether a frame of MPEG sound begins here: of layer I to III, or AAC."""
    if len(head) < 4 or head[:2] in _UTF_16:  # no layer I with checksums was made for decades
        return False
    if head[0] == 0x56:  # AAC of broadcasts
        return head[1] & 0xE0 == 0xE0
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    if head[1] & 0xF6 == 0xF0:
        return head[2] >> 2 & 15 < 13
    has_layer, has_version = bool(head[1] & 0x06), head[1] & 0x18 != 0x08
    return has_layer and has_version and head[2] >> 4 != 15 and head[2] & 0x0C != 0x0C


def _begins_as_page(head: bytes) -> bool:
    return head.startswith(_UTF_16) or (
        head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"<", b"{", b"["}
    )


def _is_text(head: bytes) -> bool:
    """Say whether these bytes are text and nothing else, in UTF-8."""
    if not head:
        return False
    try:
        text = head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(head) < HEAD or error.start < HEAD - 3:
            return False
        text = head[: error.start].decode("utf-8-sig")  # cut within its last character
    return all(char.isprintable() or char in "\t\r\n" for char in text)


def _other(head: bytes) -> str | None:
    return next((kind for start, kind in _OTHERS.items() if head.startswith(start)), None)


def _shown(head: bytes) -> str:
    return repr(head[:_SHOWN])
