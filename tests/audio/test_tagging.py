"""Tags in files that are fetched; a song is worth more than its tags."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from datetime import datetime
from pathlib import Path

import pytest

from acedata_async import (
    AceData,
    Audio,
    ClientClosed,
    ConfigurationError,
    DownloadPolicy,
    Stems,
    Tags,
    Task,
    read_tags,
)
from acedata_async.audio import tagging
from acedata_async.audio.payload import audio_digest
from acedata_async.audio.tags import LARGEST_COVER, write_tags
from acedata_async.sandbox import Sandbox
from tests.audio.media import sounds
from tests.audio.serving import MEDIA, client, served
from tests.audio.test_download import files
from tests.patience import until

pytest.importorskip("mutagen", reason="mutagen is not installed")

JPEG = (sounds.MEDIA / "cover.jpg").read_bytes()


async def finished(ace: AceData) -> tuple[Audio, Task]:
    """Return a song of the sandbox with its record."""
    watcher = await ace.producer.generate("A harbour", title="First light", seed=7)
    return (await watcher)[0], await watcher.wait()


async def test_song_is_tagged(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """The file tells what it was made from, and its sound is the same."""
    song, task = await finished(ace)
    plain = await ace.download(song, tmp_path, name="plain")
    path = await ace.download(song, tmp_path, name="tagged", tags=True, task=task)
    tags = read_tags(path)
    assert (tags.title, tags.audio_id, tags.task_id) == ("First light", song.id, task.id)
    assert (tags.prompt, tags.model, tags.seed) == (
        song.sound or "A harbour",
        song.model,
        song.seed,
    )
    assert isinstance(tags.date, datetime)
    assert tags.cover_type == "jpeg"
    assert audio_digest(path) == audio_digest(plain)
    assert read_tags(plain).audio_id is None
    assert files(tmp_path) == ["plain.m4a", "tagged.m4a"]
    assert sandbox.stats.media_requests == 3
    assert sandbox.stats.media_requests_with_token == 0


async def test_wav_of_a_song_is_tagged(ace: AceData, tmp_path: Path) -> None:
    """It tells which song it is of, whether that was given as a song or by its id."""
    song, _ = await finished(ace)
    for given in (song, str(song.id)):
        wav = await ace.producer.wav(given)
        path = await ace.download(wav, tmp_path, tags=True)
        tags = read_tags(path)
        assert (tags.audio_id, tags.task_id) == (song.id, wav.task_id)
        assert tags.title == (wav.title or None)
        assert str(song.id) in path.name


async def test_what_takes_no_tags_is_told(
    ace: AceData, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A video and an upload are saved as they are, and the log says so."""
    caplog.set_level("INFO", "acedata_async")
    song, _ = await finished(ace)
    for item in (
        await ace.producer.video(song),
        await ace.producer.upload("https://example.com/mine.mp3"),
    ):
        await ace.download(item, tmp_path, tags=True)
        assert f"was saved without tags: there are none for {type(item).__name__}" in caplog.text


async def test_speech_is_tagged(ace: AceData, tmp_path: Path) -> None:
    """What was said is in the file that says it, mp3 or wav."""
    for form in ("mp3", "wav"):
        speech = await (await ace.fish.speak("Hello there", format=form))
        path = await ace.download(speech, tmp_path, tags=True)
        tags = read_tags(path)
        assert (tags.title, tags.lyric, tags.task_id) == ("Hello there",) * 2 + (speech.task_id,)
        assert path.suffix == f".{form}"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.m4a", sounds.m4a()),
        ("a.m4a", sounds.m4a_moov_last()),
        ("a.mp3", sounds.mp3()),
        ("a.wav", sounds.wav()),
        ("a.flac", sounds.flac()),
        ("a.mp3", sounds.m4a()),
    ],
    ids=["m4a", "m4a-moov-last", "mp3", "wav", "flac", "m4a-called-mp3"],
)
async def test_sound_stays_the_same(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, name: str, content: bytes
) -> None:
    """In every container the sound is the same, bit for bit."""
    song = served(sandbox, content, name)
    cover = sandbox.add_media("cover.jpg", content=JPEG, content_type="image/jpeg")
    song = song.model_copy(update={"image_url": MEDIA + cover, "lyric": "la\nla"})
    plain = await ace.download(song, tmp_path, name="plain")
    path = await ace.download(song, tmp_path, name="tagged", tags=True)
    assert plain.read_bytes() == content
    assert audio_digest(path) == audio_digest(plain)
    tags = read_tags(path)
    assert (tags.title, tags.audio_id, tags.lyric) == ("Song", "1", "la\nla")
    assert tags.cover == JPEG


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (b"<html>no cover</html>", "text/html"),
        (b"<html>no cover</html>", "image/jpeg"),
        (b"GIF89a" + bytes(60), "image/gif"),
        (b"", "image/jpeg"),
        (JPEG + bytes(LARGEST_COVER), "image/jpeg"),
        (None, ""),
    ],
    ids=["page", "page-as-picture", "gif", "empty", "too-large", "missing"],
)
async def test_cover_that_is_none(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, image: bytes | None, kind: str
) -> None:
    """A cover that cannot be had or used is left out, and the rest is told."""
    url = f"{MEDIA}/media/missing.jpg"
    if image is not None:
        url = MEDIA + sandbox.add_media("cover.jpg", content=image, content_type=kind)
    song = served(sandbox, sounds.m4a()).model_copy(update={"image_url": url})
    path = await ace.download(song, tmp_path, tags=True)
    tags = read_tags(path)
    assert (tags.title, tags.cover) == ("Song", None)
    assert files(tmp_path) == [path.name]


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "file:///etc/passwd", "no address", "http://[", "//a/b"]
)
async def test_cover_from_within_a_network(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, url: str
) -> None:
    """A cover comes from where files may come from."""
    song = served(sandbox, sounds.m4a()).model_copy(update={"image_url": url})
    path = await ace.download(song, tmp_path, tags=True)
    assert read_tags(path).cover is None
    assert sandbox.stats.media_requests == 1


async def test_cover_without_end(sandbox: Sandbox, tmp_path: Path) -> None:
    """Of a cover no more is fetched than a tag can hold."""
    size = 10 * LARGEST_COVER
    url = MEDIA + sandbox.add_media("cover.jpg", size=size, content_type="image/jpeg")
    ace = client(sandbox, downloads=DownloadPolicy(largest=20 * LARGEST_COVER))
    song = served(sandbox, sounds.m4a()).model_copy(update={"image_url": url})
    path = await ace.download(song, tmp_path, tags=True)
    assert files(tmp_path) == [path.name]
    assert sandbox.stats.media_bytes_sent < LARGEST_COVER + 5_000_000
    await ace.aclose()


@pytest.mark.parametrize(
    "content",
    [b"fLaC" + bytes(30), b"OggS" + bytes(range(128, 250))],
    ids=["flac", "ogg"],
)
async def test_file_that_cannot_be_tagged(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    content: bytes,
) -> None:
    """It is saved as it came, and the log says so."""
    path = await ace.download(served(sandbox, content), tmp_path, tags=True)
    assert path.read_bytes() == content
    assert files(tmp_path) == [path.name]
    assert "was saved without tags" in caplog.text


async def test_disk_that_is_full_for_tags(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Where there is no room for the tagged copy the song is there without tags."""
    calls = 0
    real = os.fsync

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > 1:
            monkeypatch.undo()
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    path = await ace.download(served(sandbox, sounds.m4a()), tmp_path, tags=True)
    assert path.read_bytes() == sounds.m4a()
    assert files(tmp_path) == [path.name]
    assert "No space left" in caplog.text


async def test_client_closed_while_tagging(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing waits for tags that are being written, and leaves neither a thread nor a part."""
    is_busy, go_on, is_done = threading.Event(), threading.Event(), threading.Event()
    real = write_tags

    def slow(path: Path, tags: Tags) -> None:
        is_busy.set()
        go_on.wait(30.0)
        real(path, tags)
        is_done.set()

    monkeypatch.setattr(tagging, "write_tags", slow)
    call = asyncio.create_task(ace.download(served(sandbox, sounds.m4a()), tmp_path, tags=True))
    await until(is_busy.is_set)
    [work] = [one for one in asyncio.all_tasks() if one.get_name().startswith("acedata: download")]
    closing = asyncio.create_task(ace.aclose())
    await until(work.cancelling)
    go_on.set()
    await closing
    assert is_done.is_set()
    assert files(tmp_path) == []
    [ended] = await asyncio.gather(call, return_exceptions=True)
    assert isinstance(ended, ClientClosed)


@pytest.mark.parametrize("signed", ["?sig=s3cr3t&expires=1"])
async def test_log_holds_no_signature(
    ace: AceData,
    sandbox: Sandbox,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    signed: str,
) -> None:
    """What is logged of a song that cannot be tagged does not let others fetch it."""
    song = served(sandbox, b"OggS" + bytes(range(128, 250)))
    song = song.model_copy(update={"audio_url": f"{song.audio_url}{signed}"})
    await ace.download(song, tmp_path, tags=True)
    assert "without tags" in caplog.text
    assert "s3cr3t" not in caplog.text


async def test_without_mutagen(
    ace: AceData, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tags without the extra are refused before anything is fetched."""
    song = served(sandbox, sounds.m4a())
    monkeypatch.setitem(sys.modules, "mutagen", None)
    with pytest.raises(ConfigurationError, match="mutagen"):
        await ace.download(song, tmp_path, tags=True)
    assert sandbox.stats.media_requests == 0


async def test_stems_have_no_tags(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """What is no sound is saved as it is."""
    path = sandbox.add_media("a.zip", content=b"PK\5\6" + bytes(18))
    item = Stems(stems_url=MEDIA + path, title="Song")
    saved = await ace.download(item, tmp_path, tags=True)
    assert saved.read_bytes() == b"PK\5\6" + bytes(18)
