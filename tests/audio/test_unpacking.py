"""Stems that are fetched and unpacked: a directory of tracks, or an error and nothing left."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from acedata_async import AceData, Audio, DownloadError, Stems
from acedata_async.sandbox import Sandbox
from tests.audio.serving import MEDIA, served
from tests.audio.test_download import files


def archive(entries: dict[str, bytes]) -> bytes:
    """Return a zip archive with these files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in entries.items():
            opened.writestr(name, content)
    return packed.getvalue()


def stems(sandbox: Sandbox, content: bytes) -> Stems:
    """Return stems that consist of these bytes."""
    path = sandbox.add_media("a.zip", content=content, content_type="application/zip")
    return Stems(stems_url=MEDIA + path, title="Song", task_id="t")


async def made(ace: AceData) -> Stems:
    """Return stems of the sandbox."""
    song = (await (await ace.producer.generate("A song", title="First light")))[0]
    return await (await ace.producer.stems(song))


async def test_stems_become_a_directory(ace: AceData, tmp_path: Path) -> None:
    """The tracks have the bytes that are in the zip, and nothing else is left."""
    item = await made(ace)
    packed = await ace.download(item, tmp_path / "packed")
    place = await ace.download(item, tmp_path / "out", unpack=True)
    assert place.is_dir()
    assert files(tmp_path / "out") == [place.name]
    with zipfile.ZipFile(packed) as opened:
        assert {path.name: path.read_bytes() for path in place.iterdir()} == {
            name: opened.read(name) for name in opened.namelist()
        }


@pytest.mark.parametrize("fault", ["media-cut", "media-no-length-cut", "media-short"])
async def test_broken_on_the_way(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, fault: str
) -> None:
    """What breaks twice is unpacked when it is whole."""
    item = await made(ace)
    sandbox.inject(fault, times=2)
    place = await ace.download(item, tmp_path, unpack=True)
    assert len(files(place)) > 1
    assert files(tmp_path) == [place.name]


async def test_second_directory_gets_a_number(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """No directory takes another's place, and none is mixed with it."""
    item = stems(sandbox, archive({"drums.wav": b"d"}))
    (tmp_path / "same").mkdir()
    first = await ace.download(item, tmp_path, unpack=True, name="same")
    second = await ace.download(item, tmp_path, unpack=True, name="same")
    assert [first.name, second.name] == ["same (2)", "same (3)"]
    assert files(tmp_path / "same") == []


async def test_without_unpacking_it_is_a_zip(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Only who asks for it gets a directory; of a song nothing is unpacked."""
    path = await ace.download(stems(sandbox, archive({"drums.wav": b"d"})), tmp_path)
    assert path.suffix == ".zip"
    song = await ace.download(served(sandbox), tmp_path, unpack=True)
    assert song.is_file()


@pytest.mark.parametrize(
    "content",
    [
        archive({"../../evil.wav": b"e"}),
        archive({"/etc/evil.wav": b"e"}),
        archive({}),
        archive({f"{number}.wav": b"" for number in range(65)}),
        archive({"bomb.wav": bytes(80_000_000)}),
        archive({"drums.wav": bytes(range(256)) * 50}).replace(b"PK\x01\x02", b"PK\x01\x09"),
        b"PK\x03\x04" + bytes(300),
        b"\0\0\0\x08ftyp",
        b"<html>",
    ],
    ids=["up", "root", "empty", "many", "bomb", "damaged", "no end", "m4a", "page"],
)
async def test_what_is_refused(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, content: bytes
) -> None:
    """What is no harmless archive is an error with its address, and leaves nothing."""
    item = stems(sandbox, content)
    with pytest.raises(DownloadError) as caught:
        await ace.download(item, tmp_path / "out", unpack=True)
    assert caught.value.url == item.stems_url
    assert files(tmp_path) == ["out"]
    assert files(tmp_path / "out") == []


async def test_one_of_many_that_cannot_be_unpacked(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Among many it stops none of the others, and songs stay files."""
    bad = stems(sandbox, b"PK\x03\x04" + bytes(30))
    path = sandbox.add_media("b.zip", content=archive({"drums.wav": b"d"}))
    good = Stems(stems_url=MEDIA + path, title="Good")
    song = Audio(audio_url=served(sandbox).audio_url, id="s")
    fetched = await ace.download_many([bad, good, song], tmp_path, unpack=True)
    assert [one.error is None for one in fetched] == [False, True, True]
    assert files(tmp_path / "Good") == ["drums.wav"]
    assert files(tmp_path) == ["Audio - s.m4a", "Good"]
