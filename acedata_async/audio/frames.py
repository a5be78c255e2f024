"""How long an mp3 says that it is: in its first frame, which many encoders leave for that."""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

_BITRATES = {
    True: (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    False: (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""Thousands of bits a second in layer 3, of MPEG 1 and of the others."""
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
"""Samples a second, by the two bits that tell the version."""
_MONO = 3
_HAS_FRAMES, _HAS_BYTES = 1, 2
_UNKNOWN = {0, 0xFFFFFFFF}
"""What encoders put there who did not know it yet, such as those that write to a network."""
_VBRI_AT = 36
"""Where Fraunhofer's encoders tell it, in a frame."""


class Told(NamedTuple):
    """What the first frame of an mp3 tells.

    Attributes:
        length: Bytes from the start of this frame to the end of the sound; None if not told.
        frames: How many come after it; None if not told.
        frame: Bytes of this frame.
    """

    length: int | None
    frames: int | None
    frame: int


def is_cut(file: BinaryIO, start: int, size: int) -> bool:
    """Say whether less of an mp3 is there than it tells; False where it tells nothing.

    Args:
        file: The open file.
        start: Where its first frame begins.
        size: Bytes of the file.
    """
    file.seek(start)
    told = told_by(file.read(256))
    if told is None:
        return False
    if told.length is not None:
        # Some count a frame more than others do.
        return start + told.length - told.frame > size
    return told.frames is not None and _lacks(file, start + told.frame, size, told.frames)


def told_by(head: bytes) -> Told | None:
    """Return what a first frame tells of its file; None if it is no such frame."""
    frame = _length(head)
    if frame is None:
        return None
    if head[_VBRI_AT : _VBRI_AT + 4] == b"VBRI":
        length, frames = _number(head, _VBRI_AT + 10), _number(head, _VBRI_AT + 14)
        return Told(length, frames, frame)
    is_mono = head[3] >> 6 == _MONO
    at = 4 + ((17 if is_mono else 32) if _is_first(head) else (9 if is_mono else 17))
    if head[at : at + 4] not in {b"Xing", b"Info"} or len(head) < at + 16:
        return None
    flags, at, frames, length = head[at + 7], at + 8, None, None
    if flags & _HAS_FRAMES:
        frames, at = _number(head, at), at + 4
    if flags & _HAS_BYTES:
        length = _number(head, at)
    return Told(length, frames, frame)


def _lacks(file: BinaryIO, at: int, size: int, frames: int) -> bool:
    """Say whether the file ends before the last but one of so many frames is whole."""
    for _ in range(frames - 1):
        file.seek(at)
        length = _length(file.read(4))
        if length is None:
            return at >= size  # what is no frame is no proof of anything
        at += length
    return at > size


def _number(head: bytes, at: int) -> int | None:
    number = int.from_bytes(head[at : at + 4])
    return None if number in _UNKNOWN else number


def _is_first(head: bytes) -> bool:
    """Say whether a frame is one of MPEG 1, and not of 2 or 2.5."""
    return head[1] >> 3 & 3 == 3


def _length(head: bytes) -> int | None:
    """Return the bytes of a frame of MPEG layer 3 by its first four; None if it is none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:
        return None
    rates, rate = _RATES.get(head[1] >> 3 & 3), head[2] >> 2 & 3
    bitrate = head[2] >> 4
    if rates is None or rate == 3 or bitrate in {0, 15}:
        return None
    samples = 1152 if _is_first(head) else 576
    bits = _BITRATES[_is_first(head)][bitrate] * 1000
    return samples // 8 * bits // rates[rate] + (head[2] >> 1 & 1)
