"""Small whole files of sound in every container, and ways to lay them out otherwise."""

from __future__ import annotations

import io
import struct
import wave
from hashlib import md5
from importlib.resources import files

MEDIA = files("acedata_async.sandbox") / "media"

RATE = 8000
BLOCK = 1000
"""Samples in a frame of FLAC."""


def m4a() -> bytes:
    """Return a song whose `moov` stands before its `mdat`."""
    return (MEDIA / "melody-6.m4a").read_bytes()


def m4a_moov_last() -> bytes:
    """Return the same song with its `moov` at the end."""
    return arranged([b"ftyp", b"free", b"mdat", b"moov"])


def arranged(order: list[bytes]) -> bytes:
    """Return the song with its boxes in an order, and its tables put right."""
    old = boxes(m4a())
    new = b"".join(old[name] for name in order)
    return shifted(new, new.index(old[b"mdat"]) - m4a().index(old[b"mdat"]))


def boxes(song: bytes) -> dict[bytes, bytes]:
    """Return the outermost boxes of an m4a by their names."""
    found, at = {}, 0
    while at < len(song):
        length = int.from_bytes(song[at : at + 4])
        found[song[at + 4 : at + 8]] = song[at : at + length]
        at += length
    return found


def shifted(song: bytes, by: int) -> bytes:
    """Return an m4a whose tables lead to places that are `by` bytes further on."""
    at = song.index(b"stco") + 8
    count = int.from_bytes(song[at : at + 4])
    places = struct.unpack_from(f">{count}I", song, at + 4)
    table = struct.pack(f">{count}I", *(place + by for place in places))
    return song[: at + 4] + table + song[at + 4 + len(table) :]


def mp3() -> bytes:
    """Return frames of MP3 without any tags."""
    return (MEDIA / "speech.mp3").read_bytes()[:12_000]


def samples() -> list[int]:
    """Return a quarter of a second of a saw-tooth."""
    return [(step * 37) % 2000 - 1000 for step in range(RATE // 4)]


def wav() -> bytes:
    """Return a wav."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(struct.pack(f"<{len(samples())}h", *samples()))
    return file.getvalue()


def flac() -> bytes:
    """Return a flac, its samples stored as they are."""
    sound = samples()
    packed = struct.pack(f"<{len(sound)}h", *sound)
    info = struct.pack(">HH", BLOCK, BLOCK) + bytes(6)
    info += ((RATE << 44) | (15 << 36) | len(sound)).to_bytes(8)
    info += md5(packed, usedforsecurity=False).digest()
    frames = [
        _flac_frame(number, sound[at : at + BLOCK])
        for number, at in enumerate(range(0, len(sound), BLOCK))
    ]
    return b"fLaC" + b"\x80" + len(info).to_bytes(3) + info + b"".join(frames)


def _flac_frame(number: int, sound: list[int]) -> bytes:
    # 16-bit size of block, rate by the stream's head; one channel of 16 bits.
    head = b"\xff\xf8" + b"\x70" + b"\x08" + bytes([number]) + (len(sound) - 1).to_bytes(2)
    head += _checksum(head, 0x07, 8)
    frame = head + b"\x02" + struct.pack(f">{len(sound)}h", *sound)
    return frame + _checksum(frame, 0x8005, 16)


def _checksum(data: bytes, polynomial: int, bits: int) -> bytes:
    value, top, mask = 0, 1 << (bits - 1), (1 << bits) - 1
    for byte in data:
        value ^= byte << (bits - 8)
        for _ in range(8):
            value = ((value << 1) ^ polynomial if value & top else value << 1) & mask
    return value.to_bytes(bits // 8)


SOUNDS = {
    "m4a": m4a,
    "m4a, moov last": m4a_moov_last,
    "mp3": mp3,
    "wav": wav,
    "flac": flac,
}
