"""Links: where they may lead, and that one that has expired is renewed, once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    AceDataError,
    Audio,
    ConfigurationError,
    DownloadError,
    DownloadPolicy,
    Speech,
    Stems,
    UploadedAudio,
    WavFile,
)
from acedata_async._clock import sleep
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.audio.serving import MEDIA, SOUND, client
from tests.audio.test_download import files
from tests.tasks.watching import Witness


@pytest.fixture
async def sandbox(clock: ManualClock) -> AsyncIterator[Sandbox]:
    """A vendor whose links are good for a minute."""
    async with Sandbox(clock=clock, seed=1, durations=5.0, link_lifetime=60.0) as sandbox:
        yield sandbox


async def made(ace: AceData, kind: str) -> Audio | Stems | Speech:
    """Return something that a task has made."""
    if kind == "speech":
        return await (await ace.fish.speak("Hello there"))
    song = (await (await ace.producer.generate("A song", title="Song")))[0]
    return song if kind == "song" else await (await ace.producer.stems(song))


@pytest.mark.parametrize("kind", ["song", "stems", "speech"])
async def test_expired_link_is_renewed_once(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path, kind: str
) -> None:
    """One lookup brings a new address, and the file comes from there, under the same name."""
    item = await made(ace, kind)
    at_once = await ace.download(item, tmp_path / "now")
    lookups, media = sandbox.stats.lookups, sandbox.stats.media_requests
    await sleep(clock, 3600.0)
    later = await ace.download(item, tmp_path / "later")
    assert later.read_bytes() == at_once.read_bytes()
    assert later.name == at_once.name
    assert sandbox.stats.lookups == lookups + 1
    assert sandbox.stats.media_requests == media + 2
    assert sandbox.stats.media_requests_with_token == 0
    assert files(tmp_path / "later") == [later.name]


@pytest.mark.parametrize("fault", ["media-403", "media-404", "media-410"])
async def test_link_that_stays_dead(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path, fault: str
) -> None:
    """A new address that is as dead is not renewed again."""
    song = await made(ace, "song")
    await sleep(clock, 1.0)
    sandbox.inject(fault)
    lookups = sandbox.stats.lookups
    with pytest.raises(DownloadError, match="may have expired"):
        await ace.download(song, tmp_path)
    assert sandbox.stats.lookups == lookups + 1
    assert sandbox.stats.media_requests == 2
    assert files(tmp_path) == []


async def test_link_that_expires_on_the_way(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path
) -> None:
    """What is cut after the link has expired comes from the new one."""
    song = await made(ace, "song")
    whole = await ace.download(song, tmp_path, name="whole")
    sandbox.inject("media-hang", times=1)  # for longer than the link is good
    path = await ace.download(song, tmp_path, name="late")
    assert path.read_bytes() == whole.read_bytes()
    assert files(tmp_path) == ["late.m4a", "whole.m4a"]


@pytest.mark.parametrize(
    "item",
    [
        Audio(audio_url=f"{MEDIA}/media/gone.m4a", id="1"),
        UploadedAudio(audio_url=f"{MEDIA}/media/gone.m4a"),
        WavFile(file_url=f"{MEDIA}/media/gone.wav", task_id="t"),
    ],
)
async def test_results_without_a_record(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, item: Audio | UploadedAudio | WavFile
) -> None:
    """Where there is no record to ask, nothing is asked."""
    with pytest.raises(DownloadError, match="may have expired"):
        await ace.download(item, tmp_path)
    assert sandbox.stats.lookups == 0
    assert sandbox.stats.media_requests == 1


async def test_task_that_nobody_knows(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """A record that is gone, too, is said so; the failed lookup is the error's cause or words."""
    item = Audio(audio_url=f"{MEDIA}/media/gone.m4a", id="1", task_id="gone")
    with pytest.raises(DownloadError, match="has no other one"):
        await ace.download(item, tmp_path)
    sandbox.inject("lookup-403")
    with pytest.raises(DownloadError, match="could not be looked up") as caught:
        await ace.download(item, tmp_path)
    assert isinstance(caught.value.__cause__, AceDataError)
    assert files(tmp_path) == []


@pytest.mark.parametrize("url", ["", None, "http://127.0.0.1/a.m4a", "no address", 5])
async def test_record_with_an_odd_address(
    sandbox: Sandbox, clock: ManualClock, tmp_path: Path, url: object
) -> None:
    """A record that has no good address any more is a failed download among many."""

    def spoilt(_: object, body: dict[str, Any]) -> dict[str, Any] | httpx.Response:
        if clock.elapsed > 1000.0:
            body["items"][0]["response"]["data"][0]["audio_url"] = url
        return body

    ace = client(sandbox, transport=Witness(sandbox, spoilt))
    song = await made(ace, "song")
    assert isinstance(song, Audio)
    await sleep(clock, 2000.0)
    good = Audio(audio_url=MEDIA + sandbox.add_media("a.mp3", content=b"ID3\4song"), id="1")
    media = sandbox.stats.media_requests
    first, second = await ace.download_many([song, good], tmp_path)
    assert isinstance(first.error, DownloadError)
    assert second.path is not None
    assert files(tmp_path) == [second.path.name]
    assert sandbox.stats.media_requests - media <= 3
    await ace.aclose()


@pytest.mark.parametrize("count", [1, 2])
async def test_song_without_an_id(
    sandbox: Sandbox, clock: ManualClock, tmp_path: Path, count: int
) -> None:
    """Where a record has several songs, and none has an id, none is taken for another one."""

    def without_ids(_: object, body: dict[str, Any]) -> dict[str, Any]:
        for item in body.get("items", [body]):
            for song in (item.get("response") or {}).get("data", []):
                song.pop("id", None)
            if data := (item.get("response") or {}).get("data"):
                item["response"]["data"] = [data[0]] * count
        return body

    ace = client(sandbox, transport=Witness(sandbox, without_ids))
    song = await made(ace, "song")
    assert isinstance(song, Audio)
    assert song.id is None
    await sleep(clock, 2000.0)
    if count == 1:
        path = await ace.download(song, tmp_path)
        assert files(tmp_path) == [path.name]
    else:
        with pytest.raises(DownloadError, match="has no other one"):
            await ace.download(song, tmp_path)
    await ace.aclose()


async def test_many_links_are_renewed(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, tmp_path: Path
) -> None:
    """Of many expired links each is renewed by one lookup."""
    songs = [(await (await ace.producer.generate(f"Song {n}")))[0] for n in range(12)]
    await sleep(clock, 3600.0)
    lookups = sandbox.stats.lookups
    fetched = await ace.download_many(songs, tmp_path)
    assert [one.error for one in fetched] == [None] * 12
    assert sandbox.stats.lookups - lookups <= 12


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.m4a",
        "http://2130706433/a.m4a",
        "http://0x7f.1/a.m4a",
        "http://a@[::1]/a.m4a",
        "http://[::ffff:10.0.0.1]/a.m4a",
        "http://LOCALHOST.:8000/a.m4a",
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "ftp://cdn.test/a.m4a",
        "cdn.test/a.m4a",
        "https://[broken/a.m4a",
    ],
)
async def test_private_addresses_are_not_asked(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, url: str
) -> None:
    """An address inside a network is refused before any request."""
    with pytest.raises(DownloadError):
        await ace.download(Audio(audio_url=url), tmp_path)
    assert sandbox.stats.media_requests == 0
    assert files(tmp_path) == []


async def test_trusted_hosts_are_asked(sandbox: Sandbox, tmp_path: Path) -> None:
    """What is trusted may be private: the file is fetched."""
    ace = client(sandbox, downloads=DownloadPolicy(trusted_hosts=frozenset({"NAS.local"})))
    path = sandbox.add_media("a.m4a", content=SOUND, content_type="audio/mp4")
    saved = await ace.download(Audio(audio_url=f"http://nas.local{path}", id="1"), tmp_path)
    assert saved.read_bytes() == SOUND
    with pytest.raises(DownloadError, match="trusted_hosts"):
        await ace.download(Audio(audio_url=f"http://tv.local{path}", id="1"), tmp_path)
    await ace.aclose()


@pytest.mark.parametrize("host", ["nas.lan:8080", "http://nas.lan", ""])
async def test_what_is_no_host_cannot_be_trusted(sandbox: Sandbox, host: str) -> None:
    """A host with a port would never be found again, and is refused at once."""
    with pytest.raises(ConfigurationError, match="trusted_hosts"):
        client(sandbox, downloads=DownloadPolicy(trusted_hosts=frozenset({host})))


class Pointing(httpx.AsyncBaseTransport):
    """Sends the first GET elsewhere, and notes whom the others went to."""

    def __init__(self, inner: httpx.AsyncBaseTransport, location: str) -> None:
        self.hosts: list[str] = []
        self._inner, self._location = inner, location

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.hosts.append(request.url.host)
        if len(self.hosts) == 1:
            return httpx.Response(302, headers=[(b"location", self._location.encode())])
        return await self._inner.handle_async_request(request)


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "//127.0.0.1/",
        "http://a@127.0.0.1/",
        "http://0/",
        "https://[::]:8443/",
        "HTTP://localHOST/",
        "file:///etc/passwd",
        "http://",
        "http://127\u30020\u30020\u30021/",
        "http://localhost\u3002/",
    ],
)
async def test_redirect_into_a_network_is_not_followed(
    sandbox: Sandbox, tmp_path: Path, location: str
) -> None:
    """A redirect leads only to addresses that a record might name."""
    pointing = Pointing(sandbox.transport(), location)
    ace = client(sandbox, transport=pointing)
    with pytest.raises(DownloadError):
        await ace.download(Audio(audio_url="https://cdn.test/a.m4a"), tmp_path)
    assert pointing.hosts == ["cdn.test"]
    assert files(tmp_path) == []
    await ace.aclose()
