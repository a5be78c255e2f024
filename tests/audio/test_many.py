"""Many files: none of them in the way of another."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acedata_async import AceData, Audio, ClientClosed, DownloadError, InvalidRequest
from acedata_async.audio import folder
from acedata_async.audio.download import Download, Downloader
from acedata_async.sandbox import Sandbox
from tests.audio.serving import MEDIA, SOUND, served
from tests.audio.test_download import files
from tests.patience import until


def small(sandbox: Sandbox, count: int) -> list[Audio]:
    """Return so many songs with different sounds, none of which has a task."""
    return [
        Audio(
            audio_url=MEDIA + sandbox.add_media(f"{number}.mp3", content=b"ID3\4%d" % number),
            id=str(number),
            title=f"Song {number}",
        )
        for number in range(count)
    ]


async def test_closed_when_all_are_there(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that is closed after the last file and before the call's end takes none away."""
    run_all = Downloader._run_all

    async def and_close(self: Downloader, orders: Any) -> list[Download]:
        done = await run_all(self, orders)
        await ace.aclose()
        return done

    monkeypatch.setattr(Downloader, "_run_all", and_close)
    [one] = await ace.download_many(small(sandbox, 1), tmp_path)
    assert one.path == tmp_path / "Song 0 - 0.mp3"


async def test_each_gets_its_file_in_order(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """What became of each stands in the order of what was asked for."""
    songs = small(sandbox, 30)
    fetched = await ace.download_many(iter(songs), tmp_path)
    assert [one.item for one in fetched] == songs
    assert [one.path.read_bytes() for one in fetched if one.path] == [
        b"ID3\4%d" % number for number in range(30)
    ]
    assert len(files(tmp_path)) == 30


async def test_nothing_is_nothing(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Of nothing nothing is fetched, and no directory is made; a closed client can do as much."""
    for _ in range(2):
        assert await ace.download_many([], tmp_path / "none") == []
        await ace.aclose()
    assert sandbox.stats.media_requests == 0
    assert files(tmp_path) == []


async def test_bad_ones_stop_none_of_the_others(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A dead link, a private address and a page in between leave the others as they are."""
    good = small(sandbox, 9)
    page = sandbox.add_media("page.mp3", content=b"<html>", content_type="audio/mpeg")
    bad = [
        Audio(audio_url=f"{MEDIA}/media/gone.m4a", id="x"),
        Audio(audio_url="http://169.254.169.254/a.m4a", id="y"),
        Audio(audio_url=MEDIA + page, id="z"),
        Audio(audio_url="https://[broken", id="b"),
    ]
    mixed = [*good[:3], bad[0], *good[3:5], bad[1], bad[2], *good[5:], bad[3]]
    fetched = await ace.download_many(mixed, tmp_path)
    assert [one.item for one in fetched if one.error] == bad
    assert [one.item for one in fetched if one.path] == good
    assert all(isinstance(one.error, DownloadError) for one in fetched if one.item in bad)
    assert len(files(tmp_path)) == 9


@pytest.mark.parametrize("bad", [Audio(), "https://cdn.test/a.m4a", None, 5])
async def test_what_cannot_be_asked_for_is_refused_first(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, bad: Audio
) -> None:
    """One that has no address, or is no result, is told before anything is fetched."""
    with pytest.raises(InvalidRequest):
        await ace.download_many([*small(sandbox, 3), bad], tmp_path)
    with pytest.raises(InvalidRequest, match="template"):
        await ace.download_many(small(sandbox, 3), tmp_path, template="{nope}")
    with pytest.raises(InvalidRequest, match="directory"):
        await ace.download_many(small(sandbox, 3), 5)  # type: ignore[arg-type]  # on purpose
    with pytest.raises(InvalidRequest, match="on_progress"):
        await ace.download_many(small(sandbox, 3), tmp_path, on_progress=5)  # type: ignore[arg-type]  # on purpose
    assert sandbox.stats.media_requests == 0
    assert files(tmp_path) == []


async def test_same_name_for_all(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Files of one name are numbered, and each keeps its own bytes."""
    songs = small(sandbox, 40)
    fetched = await ace.download_many(songs, tmp_path, template="same")
    assert len({one.path for one in fetched}) == 40
    assert sorted(one.path.read_bytes() for one in fetched if one.path) == sorted(
        b"ID3\4%d" % number for number in range(40)
    )
    expected = {"same.mp3", *(f"same ({number}).mp3" for number in range(2, 41))}
    assert set(files(tmp_path)) == expected


async def test_same_name_without_hard_links(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without hard links none takes another's place either."""

    def no_links(*_: object) -> None:
        raise PermissionError(1, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    for turn in range(10):
        place = tmp_path / str(turn)
        fetched = await ace.download_many(small(sandbox, 16), place, template="same")
        assert len({one.path for one in fetched}) == 16
        assert sorted(path.read_bytes() for path in place.iterdir()) == sorted(
            b"ID3\4%d" % number for number in range(16)
        )


@pytest.mark.parametrize("overwrite", [False, True])
async def test_name_is_put_on_the_disk(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    overwrite: bool,
) -> None:
    """Once a file has its name the directory is synced, or the name could be lost with power.

    For many files, which are told together, it is synced once.
    """
    synced: list[list[str]] = []
    monkeypatch.setattr(folder, "sync_directory", lambda directory: synced.append(files(directory)))
    path = await ace.download(served(sandbox), tmp_path, overwrite=overwrite)
    assert synced == [[path.name]]
    await ace.download_many(small(sandbox, 20), tmp_path / "many", overwrite=overwrite)
    assert synced[1:] == [sorted(f"Song {number} - {number}.mp3" for number in range(20))]


async def test_failed_move_without_hard_links_leaves_no_empty_file(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name that was taken for a file is free again where the file does not get there."""

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "link", broken)
    monkeypatch.setattr(Path, "replace", broken)
    with pytest.raises(DownloadError, match="could not save"):
        await ace.download(served(sandbox), tmp_path)
    assert files(tmp_path) == []


async def test_overwriting(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """With `overwrite` one file of the name is left, which is whole."""
    song = served(sandbox)
    (tmp_path / "same.m4a").write_bytes(b"old")
    paths = await asyncio.gather(
        *(ace.download(song, tmp_path, name="same", overwrite=True) for _ in range(10))
    )
    assert set(paths) == {tmp_path / "same.m4a"}
    assert files(tmp_path) == ["same.m4a"]
    assert paths[0].read_bytes() == SOUND


async def test_overwriting_never_loses_another_song(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Of songs with one name only what was there before is replaced, and the rest is numbered."""
    (tmp_path / "same.mp3").write_bytes(b"old")
    (tmp_path / "same (2).mp3").write_bytes(b"another old one")
    songs = small(sandbox, 20)
    fetched = await ace.download_many(songs, tmp_path, template="same", overwrite=True)
    contents = [one.path.read_bytes() for one in fetched if one.path]
    assert contents == [b"ID3\4%d" % number for number in range(20)]
    assert (tmp_path / "same.mp3").read_bytes() in contents
    assert (tmp_path / "same (2).mp3").read_bytes() == b"another old one"
    assert len(files(tmp_path)) == 21


async def test_overwriting_at_the_same_time(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Calls that run at once keep each other's songs; a later one replaces what is there."""
    songs = small(sandbox, 20)
    paths = await asyncio.gather(
        *(
            ace.download(song, tmp_path, name="Same" if at % 2 else "same", overwrite=at % 3 > 0)
            for at, song in enumerate(songs)
        )
    )
    assert [path.read_bytes() for path in paths] == [b"ID3\4%d" % at for at in range(20)]
    for song in songs[:2]:
        path = await ace.download(song, tmp_path, name="same", overwrite=True)
        assert path.name == "same.mp3"
    assert path.read_bytes() == b"ID3\0041"
    assert len(files(tmp_path)) == 20


async def test_long_titles_of_one_beginning(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Songs that are told apart by their ids alone have names that are told apart."""
    songs = [one.model_copy(update={"title": "🎵" * 60}) for one in small(sandbox, 3)]
    songs = [
        one.model_copy(update={"id": f"6c947f13-a3c5-4b9c-8609-5639c37cdc2{one.id}"})
        for one in songs
    ]
    fetched = await ace.download_many(songs, tmp_path, overwrite=True)
    assert [one.path.stem.rpartition(" - ")[2] for one in fetched if one.path] == [
        one.id for one in songs
    ]


async def test_overwriting_fails(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """What is there stays as it is where the new file does not come, and a directory stays one."""
    (tmp_path / "same.m4a").write_bytes(b"old")
    sandbox.inject("media-500")
    with pytest.raises(DownloadError):
        await ace.download(served(sandbox), tmp_path, name="same", overwrite=True)
    assert (tmp_path / "same.m4a").read_bytes() == b"old"
    sandbox.clear_faults()
    (tmp_path / "folder.m4a").mkdir()
    with pytest.raises(DownloadError, match="could not save"):
        await ace.download(served(sandbox), tmp_path, name="folder", overwrite=True)
    path = await ace.download(served(sandbox), tmp_path, name="folder")
    assert path.name == "folder (2).m4a"
    assert files(tmp_path) == ["folder (2).m4a", "folder.m4a", "same.m4a"]


async def test_links_in_the_directory_are_left_alone(
    ace: AceData, sandbox: Sandbox, tmp_path: Path
) -> None:
    """A link of the name, wherever it leads, is neither followed nor replaced unless asked."""
    secret = tmp_path / "secret"
    (tmp_path / "out").mkdir()
    link = tmp_path / "out" / "song.m4a"
    link.symlink_to(secret)
    path = await ace.download(served(sandbox), tmp_path / "out", name="song")
    assert path.name == "song (2).m4a"
    assert link.is_symlink()
    path = await ace.download(served(sandbox), tmp_path / "out", name="song", overwrite=True)
    assert path == link
    assert not link.is_symlink()
    assert not secret.exists()


async def test_ten_thousand(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """Ten thousand are fetched as a few are, eight at a time."""
    content = sandbox.add_media("a.mp3", content=b"ID3\4")

    def songs() -> Iterator[Audio]:
        for number in range(10_000):
            url = f"{MEDIA}{content}" if number % 100 == 0 else "http://127.0.0.1/a.mp3"
            yield Audio(audio_url=url, id=str(number))

    fetched = await ace.download_many(songs(), tmp_path)
    assert len(fetched) == 10_000
    assert sum(one.error is not None for one in fetched) == 9_900
    assert len(files(tmp_path)) == 100
    assert sandbox.stats.media_requests == 100


@pytest.mark.parametrize("whole", [0, 1, 5, 11])
async def test_cancelled_among_many(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, whole: int
) -> None:
    """Cancelling leaves what is whole, and no half file."""
    songs = small(sandbox, 40)
    call = asyncio.create_task(ace.download_many(songs, tmp_path))

    def complete() -> list[str]:
        return [name for name in files(tmp_path) if not name.startswith(".")]

    await until(lambda: len(complete()) >= whole)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await ace.aclose()
    assert files(tmp_path) == complete()
    assert len(complete()) < 40
    contents = {f"Song {number} - {number}.mp3": b"ID3\4%d" % number for number in range(40)}
    assert all((tmp_path / name).read_bytes() == contents[name] for name in complete())


async def test_closed_among_many(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """A client that is closed meanwhile says so, and leaves no half file."""
    call = asyncio.create_task(ace.download_many(small(sandbox, 40), tmp_path))
    await until(lambda: files(tmp_path))
    await ace.aclose()
    with pytest.raises(ClientClosed):
        await call
    assert not any(name.endswith(".part") for name in files(tmp_path))
