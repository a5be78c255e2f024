"""Downloads by httpx alone, as directly as its documentation has it; it never imports ours."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import httpx

from benchmarks.downloads_files import AT_ONCE

PACKAGES = ("httpx", "httpcore", "h11")


async def fetch(told: dict[str, Any]) -> list[str]:
    """Fetch all files, so many at once; what fails ends it."""
    names = iter(told["names"])
    async with httpx.AsyncClient() as http:

        async def work() -> None:
            for name in names:
                url = f"{told['base_url']}/files/{name}"
                await _stream(http, url, Path(told["directory"], name), synced=told["synced"])

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return []


async def _stream(http: httpx.AsyncClient, url: str, path: Path, *, synced: bool) -> None:
    async with http.stream("GET", url) as response:
        response.raise_for_status()
        with path.open("wb") as file:
            async for chunk in response.aiter_raw():
                file.write(chunk)
            if synced:
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
