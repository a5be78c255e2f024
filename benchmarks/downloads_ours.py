"""Downloads by this package, on httpx's own engine or on aiohttp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acedata_async import AceData, Audio

PACKAGES = ("acedata-async", "httpx")
_TOKEN = "sandbox-token"  # noqa: S105 - opens nothing


async def fetch(told: dict[str, Any]) -> list[str]:
    """Fetch all files, and return what those failed of that did not come."""
    async with AceData(_TOKEN, base_url=told["base_url"]) as ace:
        return await fetch_by(ace, told)


async def fetch_by(ace: AceData, told: dict[str, Any]) -> list[str]:
    """Fetch all files by a client that is there already."""
    songs = [
        Audio(id=Path(name).stem, audio_url=f"{told['base_url']}/files/{name}")
        for name in told["names"]
    ]
    if len(songs) == 1:
        await ace.download(songs[0], told["directory"], template="{id}")
        return []
    found = await ace.download_many(songs, told["directory"], template="{id}")
    return [str(one.error) for one in found if one.error is not None]
