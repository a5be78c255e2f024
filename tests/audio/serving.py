"""A sandbox that serves bytes of a test, and clients that fetch them."""

from __future__ import annotations

from random import Random

import httpx

from acedata_async import AceData, Audio, DownloadPolicy
from acedata_async.sandbox import Sandbox

BASE = "https://sandbox.acedata.invalid"
MEDIA = "https://media.sandbox.acedata.invalid"


def box(name: bytes, content: bytes) -> bytes:
    """Return a box of an mp4 file."""
    return (len(content) + 8).to_bytes(4) + name + content


SOUND = (
    box(b"ftyp", b"M4A \0\0\0\0") + box(b"moov", b"") + box(b"mdat", Random(1).randbytes(250_000))
)
"""What an m4a looks like from outside."""
OTHERWISE = bytes(byte ^ 0x55 for byte in range(256))
ANOTHER = SOUND[:64] + SOUND[64:].translate(OTHERWISE)
"""What the sandbox has in its place once the file has changed."""


def client(
    sandbox: Sandbox,
    *,
    downloads: DownloadPolicy | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AceData:
    """Return a client of a sandbox that downloads as it is told to."""
    http = httpx.AsyncClient(transport=transport or sandbox.transport(), trust_env=False)
    return AceData(
        "good-token",
        base_url=BASE,
        http_client=http,
        clock=sandbox.clock,
        downloads=downloads,
        seed=1,
    )


def served(
    sandbox: Sandbox, content: bytes = SOUND, name: str = "a.m4a", kind: str = "audio/mp4"
) -> Audio:
    """Return a song that consists of these bytes."""
    path = sandbox.add_media(name, content=content, content_type=kind)
    return Audio(audio_url=MEDIA + path, id="1", title="Song")
