"""Where the frames of an MP3 begin and end."""

from __future__ import annotations

_BITRATES = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""Kilobits a second of MPEG 1, layer III."""

_RATES = (44_100, 48_000, 32_000)
_SYNC = 0xFFFB
"""The first two bytes of a frame of MPEG 1, layer III, without a checksum."""


def frames_of(stream: bytes) -> list[bytes]:
    """Return the frames that a stream of nothing else consists of.

    Raises:
        ValueError: There is something else in it.
    """
    frames = []
    while stream:
        length = _frame_length(stream)
        if not 4 < length <= len(stream):
            raise ValueError("the stream is not whole frames of MP3")
        frames.append(stream[:length])
        stream = stream[length:]
    return frames


def _frame_length(stream: bytes) -> int:
    """Return how long the frame is that a stream begins with; 0 for none."""
    if int.from_bytes(stream[:2]) != _SYNC or len(stream) < 4:
        return 0
    bitrate, rate, padding = stream[2] >> 4, stream[2] >> 2 & 3, stream[2] >> 1 & 1
    if not 0 < bitrate < len(_BITRATES) or rate >= len(_RATES):
        return 0
    return 144_000 * _BITRATES[bitrate] // _RATES[rate] + padding
