"""Unpacking stems: what comes out, and what the disk does."""

from __future__ import annotations

import errno
import os
import stat
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from anyio import to_thread

from acedata_async import AceData
from acedata_async.audio.stems import unpack
from acedata_async.sandbox import Sandbox
from tests.audio.archives import (
    MIB,
    SOUND,
    URL,
    entry,
    pack,
    posix_only,
    refusal,
    tree,
    unpacked,
)


async def test_stems_of_a_song_become_files(ace: AceData, sandbox: Sandbox, tmp_path: Path) -> None:
    """What the API gives for a song is unpacked, each track with the bytes that it had."""
    song = (await (await ace.producer.generate("A song")))[0]
    path = await ace.download(await (await ace.producer.stems(song)), tmp_path)
    tracks = await to_thread.run_sync(lambda: unpacked(path))
    with ZipFile(path) as opened:
        assert [track.name for track in tracks] == opened.namelist()
        assert [track.read_bytes() for track in tracks] == list(map(opened.read, opened.namelist()))
    assert {track.parent for track in tracks} == {tmp_path / "Song"}


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
def test_tracks_come_in_the_order_of_the_archive(archive: Path, method: int) -> None:
    """The paths are returned in that order, and nothing else is there."""
    sounds = {"vocals.mp3": SOUND, "drums.mp3": os.urandom(200_000), "bass.mp3": b""}
    pack(archive, [(entry(name, method=method), data) for name, data in sounds.items()])
    tracks = unpacked(archive)
    assert [track.name for track in tracks] == list(sounds)
    assert [track.read_bytes() for track in tracks] == list(sounds.values())
    assert len(tree(archive.parent)) == 2 + len(sounds)


def test_directories_are_flattened(archive: Path) -> None:
    """Directories within the archive are not made."""
    inside = [
        (entry("Song/", mode=stat.S_IFDIR | 0o755), b""),
        (entry("Song/deep/vocals.mp3", mode=stat.S_IFREG | 0o4777), SOUND),
    ]
    tracks = unpacked(pack(archive, inside))
    assert tree(archive.parent) == ["Song", "Song/vocals.mp3", "a.zip"]
    assert not tracks[0].stat().st_mode & stat.S_ISUID


def test_what_macos_adds_is_left_out(archive: Path) -> None:
    """Neither its shadow files nor its notes on a folder are tracks."""
    names = ["a.mp3", ".DS_Store", "x/.DS_Store", "__MACOSX/._a.mp3", "x/__MACOSX/b.mp3"]
    tracks = unpacked(pack(archive, [(name, SOUND) for name in names]))
    assert [track.name for track in tracks] == ["a.mp3"]


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("Lead: vocals?.MP3", "Lead_ vocals_.mp3"),
        ("con.wav", "_con.wav"),
        (".hidden.mp3", "hidden.mp3"),
        (".mp3", "mp3"),
        ("no ending", "no ending"),
        ("feat. Somebody", "feat. Somebody"),
        ("唱.flac", "唱.flac"),
        ("lyrics.TXT", "lyrics.txt"),
        ("a.wav.", "a.wav"),
        ("drums.exe", "drums.exe.bin"),
        ("a.mp3.lnk", "a.mp3.lnk.bin"),
        ("a.e\u200dxe", "a.exe.bin"),
        ("a.application", "a.application.bin"),
        ("\u202egnp.m4a", "gnp.m4a"),
        ("line\nbreak.mp3", "line break.mp3"),
        ("", "untitled"),
        (".", "untitled"),
        ("x/...mp3", "untitled.mp3"),
        ("e" * 300 + ".mp3", "e" * 200 + ".mp3"),
    ],
)
def test_names_are_made_safe(archive: Path, inside: str, outside: str) -> None:
    """A track keeps its name as far as every system can hold it."""
    pack(archive, [(inside, SOUND)])
    if inside:
        assert [track.name for track in unpacked(archive)] == [outside]
    else:  # the name of an entry that is none is that of a directory
        assert "empty" in refusal(archive)


def test_entries_of_one_name_are_numbered(archive: Path) -> None:
    """Equal names get numbers, and never that of another track."""
    names = ["a/v.mp3", "b/v.mp3", "v (2).mp3", "v.mp3", "v.mp3"]
    pack(archive, [(name, name.encode() + bytes([at])) for at, name in enumerate(names)])
    tracks = unpacked(archive)
    assert [track.name for track in tracks] == [
        "v.mp3",
        "v (3).mp3",
        "v (2).mp3",
        "v (4).mp3",
        "v (5).mp3",
    ]
    assert [track.read_bytes()[-1] for track in tracks] == [0, 1, 2, 3, 4]


def test_directory_that_is_taken_is_left_alone(archive: Path) -> None:
    """Whatever has the name, even an empty directory, keeps it."""
    (archive.parent / "Vol. 1").mkdir()
    (archive.parent / "Vol. 1 (2)").write_bytes(b"mine")
    pack(archive, [("a.mp3", SOUND)])
    assert [unpacked(archive, stem="Vol. 1")[0].parent.name for _ in range(2)] == [
        "Vol. 1 (3)",
        "Vol. 1 (4)",
    ]
    assert not any((archive.parent / "Vol. 1").iterdir())
    assert (archive.parent / "Vol. 1 (2)").read_bytes() == b"mine"


@posix_only
def test_link_that_leads_nowhere_has_its_name_taken(archive: Path) -> None:
    """A link is not followed, and not replaced."""
    (archive.parent / "Song").symlink_to(archive.parent / "nowhere")
    pack(archive, [("a.mp3", SOUND)])
    assert unpacked(archive)[0].parent.name == "Song (2)"
    assert (archive.parent / "Song").is_symlink()


def test_hostile_stem_stays_inside(archive: Path) -> None:
    """The new directory lies in the one that was given."""
    pack(archive, [("a.mp3", SOUND)])
    assert unpacked(archive, stem="../x")[0].parent == archive.parent / "_x"


def test_directory_is_made(archive: Path) -> None:
    """Missing directories above are made."""
    pack(archive, [("a.mp3", SOUND)])
    tracks = unpack(archive, archive.parent / "new" / "folder", stem="Song", url=URL)
    assert tracks == [archive.parent / "new" / "folder" / "Song" / "a.mp3"]


def test_many_at_once_get_a_directory_each(archive: Path) -> None:
    """Threads that unpack under one name do not meet."""
    pack(archive, [("a.mp3", SOUND), ("b.mp3", SOUND)])
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda _: unpacked(archive), range(24)))
    assert len({tracks[0].parent for tracks in results}) == 24
    assert all(track.read_bytes() == SOUND for tracks in results for track in tracks)
    assert not [name for name in tree(archive.parent) if name.startswith(".")]


def test_directory_made_by_another_in_the_last_moment_is_theirs(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is taken just before the rename is not fought for."""
    rename = Path.rename

    def rename_late(part: Path, target: Path) -> Path:
        if target.name == "Song":
            target.mkdir()
            (target / "theirs").touch()
        return rename(part, target)

    monkeypatch.setattr(Path, "rename", rename_late)
    pack(archive, [("a.mp3", SOUND)])
    assert unpacked(archive)[0].parent.name == "Song (2)"
    assert tree(archive.parent / "Song") == ["theirs"]


@posix_only
def test_directory_gets_its_name_when_all_is_on_the_disk(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each track and the hidden directory are synced before the rename, the one above after."""
    named: list[bool] = []
    sync = os.fsync

    def sync_watched(handle: int) -> None:
        named.append((archive.parent / "Song").exists())
        sync(handle)

    monkeypatch.setattr(os, "fsync", sync_watched)
    pack(archive, [("a.mp3", SOUND), ("b.mp3", SOUND)])
    unpacked(archive)
    assert named == [False, False, False, True]


def test_memory_does_not_grow_with_a_track(archive: Path) -> None:
    """Thirty-two MiB pass through less than one."""
    sound = os.urandom(MIB)
    with ZipFile(archive, "w") as opened, opened.open("a.wav", "w") as track:
        for _ in range(32):
            track.write(sound)
    tracemalloc.start()
    try:
        unpacked(archive)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < MIB


@pytest.mark.parametrize("calls", [0, 1, 2, 3])
@posix_only
def test_full_disk(archive: Path, monkeypatch: pytest.MonkeyPatch, calls: int) -> None:
    """It is told, and what was written is removed, even when the last step fails."""
    left = [calls]

    def sync(handle: int) -> None:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        left[0] -= 1

    monkeypatch.setattr(os, "fsync", sync)
    pack(archive, [("a.mp3", SOUND), ("b.mp3", SOUND)])
    assert os.strerror(errno.ENOSPC) in refusal(archive)


@posix_only
def test_writing_that_fails_half_way(archive: Path) -> None:
    """A limit of the system in the middle of a track leaves nothing of it."""
    import resource  # noqa: PLC0415 - not on every system

    pack(archive, [("a.wav", os.urandom(MIB))])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB // 2, limits[1]))
    try:
        message = refusal(archive)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert os.strerror(errno.EFBIG) in message


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_directory_that_cannot_be_written(
    archive: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """A read-only directory is told."""
    make = Path.mkdir

    def refuse(
        path: Path, mode: int = 0o777, *, parents: bool = False, exist_ok: bool = False
    ) -> None:
        if path.name.endswith(".part"):
            raise OSError(code, os.strerror(code), str(path))
        make(path, mode, parents=parents, exist_ok=exist_ok)

    monkeypatch.setattr(Path, "mkdir", refuse)
    pack(archive, [("a.mp3", SOUND)])
    message = refusal(archive)
    assert os.strerror(code) in message
    assert str(archive.parent) in message


@pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() == 0, reason="nothing is read-only to this user"
)
def test_directory_that_is_read_only(archive: Path) -> None:
    """A directory without the right to write is told."""
    pack(archive, [("a.mp3", SOUND)])
    archive.parent.chmod(0o500)
    try:
        assert os.strerror(errno.EACCES) in refusal(archive)
    finally:
        archive.parent.chmod(0o700)


def test_name_that_cannot_be_given(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rename that is refused leaves nothing."""

    def refuse(part: Path, target: Path) -> Path:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(target))

    monkeypatch.setattr(Path, "rename", refuse)
    assert "could not unpack" in refusal(pack(archive, [("a.mp3", SOUND)]))
