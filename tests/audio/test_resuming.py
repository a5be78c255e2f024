"""What is taken up where it broke: only what is certain to be of the same file."""

from __future__ import annotations

import gc
import weakref
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from acedata_async import Audio, DownloadError
from acedata_async.sandbox import Sandbox
from tests.audio.serving import client
from tests.audio.test_download import files


class Scripted(httpx.AsyncBaseTransport):
    """Gives one answer after the other, and the last one from then on."""

    def __init__(self, *answers: tuple[int, dict[str, str], bytes]) -> None:
        self.answers = list(answers)
        self.asked: list[str | None] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request; the first answer breaks off at its end."""
        self.asked.append(request.headers.get("range"))
        number = min(len(self.asked), len(self.answers)) - 1
        status, headers, content = self.answers[number]
        return httpx.Response(status, headers=headers, content=self._sent(content, number))

    async def _sent(self, content: bytes, number: int) -> AsyncIterator[bytes]:
        yield content
        if number == 0:
            raise httpx.ReadError("cut")


FIRST = b"fLaC" + bytes(range(256)) * 4
SECOND = b"fLaC" + bytes(reversed(range(256))) * 4
CHANGED = "Mon, 01 Jan 2024 00:00:00 GMT"


@pytest.mark.parametrize(
    "headers",
    [
        {"etag": 'W/"1"', "last-modified": CHANGED, "date": "Tue, 02 Jan 2024 00:00:00 GMT"},
        {"last-modified": CHANGED, "date": CHANGED},
        {"last-modified": CHANGED},
    ],
)
async def test_two_versions_are_never_put_together(
    sandbox: Sandbox, tmp_path: Path, headers: dict[str, str]
) -> None:
    """Where nothing is certain to tell one file from another no rest is asked for."""
    rest = {"content-range": f"bytes 500-{len(SECOND) - 1}/{len(SECOND)}"}
    length = {"content-length": str(len(FIRST))}
    scripted = Scripted(
        (200, headers | length, FIRST[:500]),
        (206, headers | rest, SECOND[500:]),
        (200, headers | length, SECOND),
    )
    ace = client(sandbox, transport=scripted)
    path = await ace.download(Audio(audio_url="https://cdn.test/a.flac"), tmp_path)
    assert path.read_bytes() == SECOND
    assert set(scripted.asked) == {None}
    await ace.aclose()


async def test_part_is_no_whole_file(sandbox: Sandbox, tmp_path: Path) -> None:
    """A part of a file whose length nobody tells does not pass for all of it."""
    scripted = Scripted(
        (200, {"etag": '"a"'}, FIRST[:500]),
        (206, {"etag": '"a"', "content-range": "bytes 500-699/*"}, FIRST[500:700]),
        (416, {"content-range": f"bytes */{len(FIRST)}"}, b""),
        (200, {"etag": '"a"'}, FIRST),
    )
    ace = client(sandbox, transport=scripted)
    path = await ace.download(Audio(audio_url="https://cdn.test/a.flac"), tmp_path)
    assert path.read_bytes() == FIRST
    assert scripted.asked == [None, "bytes=500-", "bytes=700-", None]
    await ace.aclose()


class Endless(httpx.AsyncBaseTransport):
    """Gives 64 KiB of a file without end each time, and breaks off."""

    def __init__(self) -> None:
        self.requests = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        start = int(request.headers.get("range", "bytes=0-")[6:-1])
        self.requests += 1
        headers = {"etag": '"a"', "content-length": str(10**9 - start)}
        if start:
            headers["content-range"] = f"bytes {start}-{10**9 - 1}/{10**9}"
        return httpx.Response(206 if start else 200, headers=headers, content=self._sent())

    async def _sent(self) -> AsyncIterator[bytes]:
        yield FIRST[:4] + bytes(65_532)
        raise httpx.ReadError("cut")


async def test_file_is_not_taken_up_without_end(sandbox: Sandbox, tmp_path: Path) -> None:
    """A file that comes further each time, and is cut each time, is given up in the end."""
    endless = Endless()
    ace = client(sandbox, transport=endless)
    with pytest.raises(DownloadError, match="tried 200 times"):
        await ace.download(Audio(audio_url="https://cdn.test/a.flac"), tmp_path)
    assert endless.requests == 200
    assert files(tmp_path) == []
    await ace.aclose()


class Piece:
    """What an engine has received, and means to hand on."""


class Keeping(httpx.AsyncBaseTransport):
    """Breaks the first answer off, with an error in a cycle, as aiohttp's are."""

    def __init__(self) -> None:
        self.received: list[weakref.ref[Piece]] = []

    async def handle_async_request(self, _: httpx.Request) -> httpx.Response:
        """Answer a request."""
        return httpx.Response(200, content=self._sent(breaks=not self.received))

    async def _sent(self, *, breaks: bool) -> AsyncIterator[bytes]:
        piece = Piece()
        self.received.append(weakref.ref(piece))
        yield FIRST
        if breaks:
            error = httpx.ReadError("cut")  # holds this frame, and the frame holds it
            raise error


async def test_what_broke_off_is_let_go_of_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    """An error that is tried over keeps nothing of what was received, in no cycle."""
    keeping = Keeping()
    ace = client(sandbox, transport=keeping)
    gc.disable()
    try:
        await ace.download(Audio(audio_url="https://cdn.test/a.flac"), tmp_path)
        assert [ref() for ref in keeping.received] == [None, None]
    finally:
        gc.enable()
    await ace.aclose()
