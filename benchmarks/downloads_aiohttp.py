"""Downloads by this package on aiohttp, as docs/how-to/less-cpu.md has it."""

from __future__ import annotations

import importlib
from typing import Any, cast

import httpx

from acedata_async import AceData
from benchmarks.downloads_ours import fetch_by

PACKAGES = ("aiohttp", "httpx-aiohttp")
_ENGINE = importlib.import_module("httpx_aiohttp")


async def fetch(told: dict[str, Any]) -> list[str]:
    """Fetch all files, and return what those failed of that did not come."""
    transport = cast("httpx.AsyncBaseTransport", _ENGINE.AiohttpTransport())
    async with (
        httpx.AsyncClient(transport=transport) as http,
        AceData("sandbox-token", base_url=told["base_url"], http_client=http) as ace,
    ):
        return await fetch_by(ace, told)
