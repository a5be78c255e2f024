"""Who may ask the studio, and what a browser may do with its page."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async import Callbacks, ConfigurationError
from examples.studio.settings import CALLBACKS, Settings
from tests.studio.conftest import BASE, Opening, Service
from tests.studio.processes import SECRET


async def test_page_may_load_from_here_only(service: Service) -> None:
    """Nothing inline, nothing from elsewhere, in no frame."""
    page = await service.http.get("/")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-content-type-options"] == "nosniff"
    for name in ("studio.js", "songs.js", "forms.js", "player.js", "net.js", "studio.css"):
        part = await service.http.get(f"/{name}")
        assert part.status_code == 200
        assert "https://" not in part.text.replace("http://www.w3.org", "")


async def test_other_names_are_not_served(opened: Opening) -> None:
    """So that no web site can take one (DNS rebinding), nor the public address show the page."""
    async with opened(hosts=frozenset({"localhost", "studio.example"})) as service:
        for host, status in {"studio.example:8800": 200, "evil.example": 421, "[": 421}.items():
            assert (await service.http.get("/", headers={"Host": host})).status_code == status
        called = await service.http.post(
            "/callbacks/some-marker/some-signature", headers={"Host": "evil.example"}, json={}
        )
        assert called.status_code == 404  # a matter of its signature


async def test_other_sites_order_nothing(service: Service) -> None:
    """An order comes from the page itself, and is not endless."""
    body = {"key": "8c5a6e5e-0d5c-4f3a-9d3c-0a1b2c3d4e5f", "action": "generate"}
    order = {**body, "fields": {"prompt": "x"}}
    for origin, status in {
        "https://evil.example": 403,
        "null": 403,
        "http://[": 403,
        "http://localhost": 202,
    }.items():
        answer = await service.http.post("/api/songs", json=order, headers={"Origin": origin})
        assert answer.status_code == status
    long = await service.http.post("/api/songs", json={**body, "fields": {"lyric": "la " * 50_000}})
    assert long.status_code == 413

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"

    assert (await service.http.post("/api/songs", content=endless())).status_code == 411
    vast = await service.http.post("/api/songs", headers={"Content-Length": "9" * 5000})
    assert vast.status_code == 413
    form = await service.http.post("/api/songs", data={"key": body["key"]})
    assert form.status_code == 422


@pytest.mark.parametrize(
    "path",
    [
        "//callbacks/{}",
        "/CALLBACKS/{}",
        "/CALLBACKS/{}//",
        "/elsewhere/callbacks/{}",
        "/callbacks/{}/more",
        "/callbacks/{}?x=1",
    ],
)
async def test_no_wrong_address_shows_a_signature(service: Service, path: str) -> None:
    """A server logs the path as the scope has it when the answer begins."""
    address = Callbacks(BASE + CALLBACKS, SECRET).address()
    marker, _, signature = address.removeprefix(f"{BASE}{CALLBACKS}/").partition("/")
    app = service.http._transport.app  # type: ignore[attr-defined]
    logged: list[str] = []

    async def server(scope: Any, receive: Any, send: Any) -> None:
        async def sending(message: Any) -> None:
            logged.append(f"{scope['path']} {scope['raw_path']}")
            await send(message)

        await app(scope, receive, sending)

    transport = httpx.ASGITransport(server)
    url = BASE + path.format(f"{marker}/{signature}")
    async with httpx.AsyncClient(transport=transport) as http:
        await http.post(url, json={"task_id": "x"})
    assert marker in logged[0]
    assert signature not in logged[0]


def test_environment_sets_it_up(tmp_path: Path) -> None:
    """What is not said has a default; half of the callbacks is a mistake."""
    assert Settings.read({}) == Settings(directory=Path("out/studio"))
    settings = Settings.read(
        {
            "STUDIO_DIRECTORY": str(tmp_path),
            "STUDIO_URL": "https://songs.example/",
            "STUDIO_SECRET": "the-new-secret-of-it the-old-secret-of-it",
            "STUDIO_HOSTS": "Songs.example",
            "STUDIO_MAX_IN_FLIGHT": "7",
            "STUDIO_BUDGET": "20",
        }
    )
    assert settings.callbacks is not None
    assert settings.callbacks.url == "https://songs.example/callbacks"
    assert "songs.example" in settings.hosts
    assert (settings.max_in_flight, settings.budget) == (7, 20)
    assert "secret-of-it" not in repr(settings)
    for wrong in (
        {"STUDIO_URL": "https://songs.example"},
        {"STUDIO_SECRET": "a-secret-that-is-long-enough"},
        {"STUDIO_BUDGET": "many"},
        {"STUDIO_MAX_IN_FLIGHT": "0"},
    ):
        with pytest.raises(ConfigurationError):
            Settings.read(wrong)
