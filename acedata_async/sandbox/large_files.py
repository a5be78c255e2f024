"""Files of any size, of noise in a container that is what it says."""

from __future__ import annotations

import struct

from acedata_async.sandbox.contents import Content, Held, Joined, Noise

_RATE = 44_100
_LARGEST_WAV = 2**32 - 1
_EMPTY_TAG = b"ID3\4" + bytes(6)
_BOX = struct.Struct(">I4sQ")
_WAV = struct.Struct("<4sI4s4sIHHIIHH4sI")


def large_content(size: int, content_type: str, seed: str, melody: bytes) -> Content:
    """Return `size` bytes: of `audio/wav` and `audio/mp4` files that play, otherwise noise alone.

    Args:
        size: How many bytes.
        content_type: What they are to be.
        seed: What the noise comes from.
        melody: The song that an `audio/mp4` begins with; the noise stands behind it.

    Raises:
        ValueError: No such file has that size.
    """
    match content_type:
        case "audio/wav":
            return _behind(_wav_beginning(size), size, seed)
        case "audio/mp4":
            # A box that players pass over, with its length in the long form.
            box = _BOX.pack(1, b"free", max(0, size - len(melody)))
            return _behind(melody + box, size, seed)
        case "audio/mpeg":
            return _behind(_EMPTY_TAG if size >= len(_EMPTY_TAG) else b"", size, seed)
        case _:
            return _behind(b"", size, seed)


def _behind(beginning: bytes, size: int, seed: str) -> Content:
    noise = Noise(size - len(beginning), seed)
    if noise.size < 0:
        raise ValueError(f"the size must be at least {len(beginning)} for this type, not {size}")
    return Joined(Held(beginning), noise) if beginning else noise


def _wav_beginning(size: int) -> bytes:
    """Return the header of mono PCM with 16 bits that makes up the whole file."""
    if size > _LARGEST_WAV:
        raise ValueError(f"an audio/wav has at most {_LARGEST_WAV} bytes, not {size}")
    sound = max(0, size - _WAV.size)
    facts = (16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    return _WAV.pack(b"RIFF", sound + _WAV.size - 8, b"WAVE", b"fmt ", *facts, b"data", sound)
