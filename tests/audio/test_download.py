"""From a result to a file."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import httpx
import pytest
import respx

from acedata_async import (
    AceData,
    Audio,
    DownloadError,
    InvalidRequest,
    Stems,
    UploadedAudio,
    VideoFile,
    WavFile,
)
from acedata_async.audio import writing as module
from acedata_async.audio.items import Downloadable
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.patience import until

URL = "https://cdn.test/songs/a.m4a"


@pytest.fixture
async def song(ace: AceData) -> Audio:
    """A finished song of the sandbox."""
    return (await (await ace.producer.generate("A song", title="First light")))[0]


def files(directory: Path) -> list[str]:
    """Return the names in a directory, hidden ones as well."""
    return sorted(path.name for path in directory.iterdir())


async def test_song_becomes_a_file(
    ace: AceData, sandbox: Sandbox, song: Audio, tmp_path: Path
) -> None:
    """The file is whole, named by title and id, and was fetched without the token."""
    path = await ace.download(song, tmp_path / "new" / "folder")
    assert path == tmp_path / "new" / "folder" / f"First light - {song.id}.m4a"
    assert path.read_bytes()[4:8] == b"ftyp"
    assert files(path.parent) == [path.name]
    assert sandbox.stats.media_requests == 1
    assert sandbox.stats.media_requests_with_token == 0


async def test_everything_with_an_address_can_be_fetched(
    ace: AceData, song: Audio, tmp_path: Path
) -> None:
    """Stems, wav, video and an upload are downloads like any other."""
    results: list[Downloadable] = [
        await (await ace.producer.stems(song)),
        await ace.producer.wav(song),
        await ace.producer.video(song),
        await ace.producer.upload("https://example.com/mine.mp3"),
    ]
    paths = [await ace.download(result, tmp_path) for result in results]
    assert [path.suffix for path in paths] == [".zip", ".wav", ".mp4", ".m4a"]
    assert paths[0].read_bytes()[:2] == b"PK"
    assert paths[1].read_bytes()[:4] == b"RIFF"


async def test_second_file_of_a_name_gets_a_number(
    ace: AceData, song: Audio, tmp_path: Path
) -> None:
    """No file takes another's place, also when ten come at once."""
    paths = await asyncio.gather(*(ace.download(song, tmp_path, name="same") for _ in range(10)))
    assert len(set(paths)) == 10
    assert {"same.m4a", "same (2).m4a", "same (10).m4a"} <= set(files(tmp_path))
    assert len(files(tmp_path)) == 10


async def test_number_also_without_hard_links(
    ace: AceData, song: Audio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without hard links the names are as safe."""

    def no_links(*_: object) -> None:
        raise OSError("no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    first = await ace.download(song, tmp_path, name="same")
    second = await ace.download(song, tmp_path, name="same")
    assert (first.name, second.name) == ("same.m4a", "same (2).m4a")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("../../etc/passwd", "_.._etc_passwd.m4a"),
        ("a/b\\c:d", "a_b_c_d.m4a"),
        ("CON", "_CON.m4a"),
        ("", "untitled.m4a"),
        ("song.m4a", "song.m4a"),
        ("x" * 400, "x" * 200 + ".m4a"),
        ("tab\tand\nline", "tab and line.m4a"),
    ],
)
async def test_hostile_names_stay_in_the_folder(
    ace: AceData, song: Audio, tmp_path: Path, name: str, expected: str
) -> None:
    """Whatever the name holds, it is one file in the folder that was asked for."""
    path = await ace.download(song, tmp_path, name=name)
    assert path.parent == tmp_path
    assert path.name == expected


@pytest.mark.parametrize("fault", ["media-cut", "media-500", "media-hang"])
async def test_broken_download_is_tried_again(
    ace: AceData, sandbox: Sandbox, song: Audio, tmp_path: Path, fault: str
) -> None:
    """What breaks twice and then works gives a whole file, and nothing beside it."""
    sandbox.inject(fault, times=2)
    path = await ace.download(song, tmp_path)
    assert files(tmp_path) == [path.name]
    whole = await ace.download(song, tmp_path, name="again")
    assert path.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize(
    ("fault", "words", "requests"),
    [
        ("media-cut", r"tried \d+ times", None),
        ("media-500", "HTTP 500", 4),
        ("media-404", "link may have expired", 1),
        ("media-html", "not a file", 1),
    ],
)
async def test_failed_download_leaves_nothing(
    ace: AceData,
    sandbox: Sandbox,
    song: Audio,
    tmp_path: Path,
    *,
    fault: str,
    words: str,
    requests: int | None,
) -> None:
    """A download that fails says why, and leaves no file behind."""
    sandbox.inject(fault)
    with pytest.raises(DownloadError, match=words) as caught:
        await ace.download(song, tmp_path)
    assert caught.value.url == song.audio_url
    assert files(tmp_path) == []
    assert requests in {None, sandbox.stats.media_requests}


async def test_full_disk_is_told(
    ace: AceData, song: Audio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full is an error with its cause, and no half file."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DownloadError, match="No space left") as caught:
        await ace.download(song, tmp_path)
    assert isinstance(caught.value.__cause__, OSError)
    assert files(tmp_path) == []


async def test_file_in_the_place_of_the_folder_is_told(
    ace: AceData, song: Audio, tmp_path: Path
) -> None:
    """A folder that cannot be made is an error that names it."""
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(DownloadError, match="taken"):
        await ace.download(song, tmp_path / "taken")


async def test_cancelled_download_leaves_nothing(song: Audio, tmp_path: Path) -> None:
    """A cancelled download stops soon and leaves no file."""
    async with Sandbox(seed=1, durations=1.0, clock=ManualClock()) as sandbox:
        ace = sandbox.client(seed=1)
        [made] = await (await ace.producer.generate("A song"))
        call = asyncio.create_task(ace.download(made, tmp_path))
        await until(lambda: sandbox.stats.media_requests)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await ace.aclose()
        assert files(tmp_path) == []


@pytest.mark.parametrize(
    "item", [Audio(), Stems(), WavFile(), VideoFile(), UploadedAudio(), Audio(audio_url="")]
)
async def test_result_without_address_is_refused(
    ace: AceData, tmp_path: Path, item: Audio | Stems | WavFile | VideoFile | UploadedAudio
) -> None:
    """What has no address cannot be fetched, and the field is named."""
    with pytest.raises(InvalidRequest, match="_url"):
        await ace.download(item, tmp_path)


async def test_other_things_are_refused(ace: AceData, tmp_path: Path) -> None:
    """A download wants a result, not a text."""
    with pytest.raises(InvalidRequest, match="item"):
        await ace.download("https://cdn.test/a.m4a", tmp_path)  # type: ignore[arg-type]  # on purpose


@respx.mock
async def test_redirects_are_followed_to_the_file(tmp_path: Path) -> None:
    """A download follows redirects, also relative ones, and never with the token."""
    first = respx.get(URL).respond(302, headers={"location": "/other/b"})
    second = respx.get("https://cdn.test/other/b").respond(
        200, content=b"ID3\4song", headers={"content-type": "audio/mpeg"}
    )
    async with AceData("token") as ace:
        path = await ace.download(Audio(audio_url=URL, id="1"), tmp_path)
    assert path.name == "Audio - 1.mp3"
    assert path.read_bytes() == b"ID3\4song"
    for route in (first, second):
        assert "authorization" not in route.calls.last.request.headers


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "ftp://a.test/b", "https://", "http://[broken"]
)
@respx.mock
async def test_redirect_elsewhere_is_refused(tmp_path: Path, location: str) -> None:
    """A redirect to something that is no web address is refused."""
    respx.get(URL).respond(302, headers={"location": location})
    async with AceData("token") as ace:
        with pytest.raises(DownloadError):
            await ace.download(Audio(audio_url=URL), tmp_path)


@respx.mock
async def test_circle_of_redirects_ends(tmp_path: Path) -> None:
    """Redirects without end are given up."""
    route = respx.get(URL).respond(302, headers={"location": URL})
    async with AceData("token") as ace:
        with pytest.raises(DownloadError, match="redirects"):
            await ace.download(Audio(audio_url=URL), tmp_path)
    assert route.call_count == 6


@respx.mock
async def test_empty_and_short_files_are_not_songs(tmp_path: Path) -> None:
    """A file that is empty, or not as long as announced, is tried again, then refused."""
    respx.get(URL).mock(
        side_effect=[httpx.Response(200), httpx.Response(200, content=b"ID3\4song")]
    )
    async with AceData("token", clock=ManualClock()) as ace:
        path = await ace.download(Audio(audio_url=URL), tmp_path)
    assert path.read_bytes() == b"ID3\4song"


@respx.mock
async def test_large_file_is_written_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file larger than the buffer arrives byte by byte."""
    monkeypatch.setattr(module, "_PIECE", 1000)
    content = b"ID3" + bytes(range(256)) * 40
    respx.get(URL).respond(200, content=content)
    async with AceData("token") as ace:
        path = await ace.download(Audio(audio_url=URL), tmp_path)
    assert path.read_bytes() == content


@respx.mock
async def test_compressed_file_is_refused(tmp_path: Path) -> None:
    """A file that comes compressed although nobody asked is not unpacked into the folder."""
    packed = gzip.compress(b"0" * 1_000_000)

    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"content-encoding": "gzip"}
        return httpx.Response(200, headers=headers, stream=httpx.ByteStream(packed))

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    async with AceData("token", http_client=http) as ace:
        with pytest.raises(DownloadError, match="compressed"):
            await ace.download(Audio(audio_url=URL), tmp_path)
    assert files(tmp_path) == []


@pytest.mark.parametrize("directory", ["a\0b", "a\ud800b"])
async def test_path_that_cannot_be_is_told(ace: AceData, song: Audio, directory: str) -> None:
    """A directory whose name no file system takes is one of our errors."""
    with pytest.raises(DownloadError, match="could not save"):
        await ace.download(song, directory)


async def test_wrong_types_are_refused(ace: AceData, song: Audio, tmp_path: Path) -> None:
    """Name and directory must be what they are."""
    with pytest.raises(InvalidRequest, match="name"):
        await ace.download(song, tmp_path, name=5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidRequest, match="directory"):
        await ace.download(song, 5)  # type: ignore[arg-type]  # on purpose


async def test_address_of_a_record_that_is_none(ace: AceData, tmp_path: Path) -> None:
    """An address that the network cannot read is told, and not tried again."""
    with pytest.raises(DownloadError, match="no web address"):
        await ace.download(Audio(audio_url="https://a:port/b"), tmp_path)
