"""Unpacking stems, whatever the archive holds."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import struct
import sys
import tempfile
import tracemalloc
import warnings
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import pytest
from anyio import to_thread
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acedata_async import AceData, DownloadError
from acedata_async.audio import stems as module
from acedata_async.audio.stems import unpack
from acedata_async.sandbox import Sandbox

URL = "https://cdn.test/stems/a.zip"
MIB = 1024**2
SOUND = bytes(range(256)) * 8

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="what POSIX systems do")


def entry(name: str, *, mode: int = 0, method: int = ZIP_STORED) -> ZipInfo:
    """Return an entry with this very name, which zipfile would put right."""
    info = ZipInfo("x")
    info.filename = info.orig_filename = name
    info.external_attr = mode << 16
    info.compress_type = method
    return info


def pack(path: Path, entries: Iterable[tuple[str | ZipInfo, bytes]]) -> Path:
    """Write an archive."""
    with warnings.catch_warnings(), ZipFile(path, "w") as opened:
        warnings.simplefilter("ignore")  # of a name that comes twice
        for name, data in entries:
            opened.writestr(name if isinstance(name, ZipInfo) else entry(name), data)
    return path


def forge(path: Path, offset: int, form: str, value: int) -> None:
    """Overwrite a field of the first entry in the table of contents."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, data.index(b"PK\x01\x02") + offset, value)
    path.write_bytes(data)


def unpacked(path: Path, *, stem: str = "Song") -> list[Path]:
    """Unpack an archive into its own directory."""
    return unpack(path, path.parent, stem=stem, url=URL)


def tree(directory: Path) -> list[str]:
    """Return all that is in a directory, hidden names as well."""
    return sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*"))


def refusal(path: Path) -> str:
    """Return why an archive is refused, and prove that nothing is left behind."""
    before = tree(path.parent)
    with pytest.raises(DownloadError) as caught:
        unpacked(path)
    assert caught.value.url == URL
    assert tree(path.parent) == before
    assert len(str(caught.value)) < 1000
    return str(caught.value)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Where an archive goes."""
    return tmp_path / "a.zip"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes on the disk each time that something is cleared away."""
    sizes: list[int] = []
    remove = shutil.rmtree

    def remove_counted(path: Path, *, ignore_errors: bool = False) -> None:
        sizes.append(sum(file.stat().st_size for file in path.iterdir()))
        remove(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove_counted)
    return sizes


# What comes out


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


# What is refused


@pytest.mark.parametrize(
    "name",
    [
        "/etc/a.mp3",
        "//server/share/a.mp3",
        "../a.mp3",
        "x/../../a.mp3",
        "x/..",
        "..",
        "C:/a.mp3",
        "c:a.mp3",
        "C:",
        "x\\a.mp3",
        "..\\a.mp3",
        "\\\\server\\share\\a.mp3",
        "a.exe\0.mp3",
        "__MACOSX/../../a.mp3",
        "../" * 20_000 + "a.mp3",
    ],
)
def test_path_outside_is_refused(archive: Path, name: str) -> None:
    """No entry may point elsewhere, whatever else there is, and also one that is left out."""
    pack(archive, [("good.mp3", SOUND), (name, SOUND)])
    assert "outside" in refusal(archive)


@pytest.mark.parametrize(
    ("name", "attributes"),
    [
        ("a.mp3", (stat.S_IFLNK | 0o777) << 16),
        ("a.mp3", stat.S_IFIFO << 16),
        ("a.mp3", stat.S_IFSOCK << 16),
        ("a.mp3", stat.S_IFCHR << 16),
        ("a.mp3", stat.S_IFBLK << 16),
        ("a.mp3", stat.S_IFDIR << 16),
        ("a/", stat.S_IFLNK << 16),
        ("a.mp3", 0x400),
        ("a.mp3", 0x08),
    ],
)
def test_special_entry_is_refused(archive: Path, name: str, attributes: int) -> None:
    """Links, pipes, devices and directories in disguise are not unpacked."""
    info = entry(name)
    info.external_attr = attributes
    pack(archive, [("good.mp3", SOUND), (info, b"/etc/passwd")])
    assert "link or another special file" in refusal(archive)


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x2000])
def test_encrypted_entry_is_refused(archive: Path, flag: int) -> None:
    """Nobody is asked for a password."""
    forge(pack(archive, [("a.mp3", SOUND)]), 8, "<H", flag)
    assert "encrypted" in refusal(archive)


def test_method_without_a_bound_on_memory_is_refused(archive: Path) -> None:
    """A few bytes of bzip2 become a hundred megabytes at once."""
    pack(archive, [(entry("a.mp3", method=ZIP_BZIP2), SOUND)])
    assert "method 12" in refusal(archive)


def test_entries_are_limited(archive: Path) -> None:
    """Sixty-four are allowed, and one more is not."""
    entries = [(f"{number}.mp3", SOUND) for number in range(65)]
    assert len(unpacked(pack(archive, entries[:64]))) == 64
    assert "65 entries" in refusal(pack(archive, entries))


def test_table_of_contents_is_limited(archive: Path) -> None:
    """One that would fill the memory is not read."""
    pack(archive, [(f"{number:060}", b"") for number in range(12_000)])
    assert "table of contents" in refusal(archive)


@pytest.mark.parametrize("size", [1024**3 + 1, 2**32 - 2])
def test_entry_that_says_it_is_too_large_is_refused(
    archive: Path, size: int, written: list[int]
) -> None:
    """Nothing of it is written."""
    forge(pack(archive, [("a.wav", SOUND)]), 24, "<I", size)
    assert "'a.wav' is larger than 1073741824 bytes" in refusal(archive)
    assert written == []


def test_entries_that_are_too_large_together_are_refused(
    archive: Path, monkeypatch: pytest.MonkeyPatch, written: list[int]
) -> None:
    """Each is small enough, and all of them are not."""
    monkeypatch.setattr(module, "_LARGEST_TOTAL", 2 * len(SOUND))
    names = ["a.wav", "b.wav", "c.wav"]
    assert len(unpacked(pack(archive, [(name, SOUND) for name in names[:2]]))) == 2
    assert "larger than 4096 bytes" in refusal(pack(archive, [(name, SOUND) for name in names]))
    assert written == []


@pytest.fixture
def suspicious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mind the ratio from the first byte on."""
    monkeypatch.setattr(module, "_INNOCENT", 0)


def test_silence_is_no_bomb(archive: Path) -> None:
    """A track without a sound is packed to next to nothing, and unpacked all the same."""
    tracks: list[tuple[str | ZipInfo, bytes]] = [
        (entry("a.wav", method=ZIP_DEFLATED), bytes(10_000_000)),
        ("b.wav", SOUND),
    ]
    assert [path.stat().st_size for path in unpacked(pack(archive, tracks))] == [
        10_000_000,
        len(SOUND),
    ]


@pytest.mark.usefixtures("suspicious")
def test_bomb_stops_early(archive: Path, written: list[int]) -> None:
    """Ten MB of nothing, packed to ten KB: a tenth of it is written, and removed."""
    pack(archive, [(entry("a.wav", method=ZIP_DEFLATED), bytes(10_000_000))])
    packed = archive.stat().st_size
    assert "more than 100 times" in refusal(archive)
    assert len(written) == 1
    assert written[0] <= 100 * packed < 1_100_000


@pytest.mark.usefixtures("suspicious")
def test_bomb_of_ten_megabytes_stops_early(archive: Path, written: list[int]) -> None:
    """Ten GB in ten MB whose header speaks of one: what is inflated counts, and not the header."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = squeeze.compress(bytes(MIB)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    pack(archive, [("a.wav", block * (10 * MIB // len(block)))])
    forge(archive, 10, "<H", ZIP_DEFLATED)
    forge(archive, 24, "<I", 1024**3)
    assert "more than 100 times" in refusal(archive)
    assert written[0] <= 8 * MIB  # 100 times what is read ahead


@pytest.mark.usefixtures("suspicious")
def test_later_bomb_takes_the_tracks_before_with_it(archive: Path, written: list[int]) -> None:
    """What was unpacked of it goes as well."""
    bomb = entry("b.wav", method=ZIP_DEFLATED)
    pack(archive, [("a.wav", os.urandom(10_000)), (bomb, bytes(10_000_000))])
    assert "grows to more than 100 times" in refusal(archive)
    assert written[0] <= 2.2 * MIB


def test_header_that_says_too_little_is_damage(archive: Path, written: list[int]) -> None:
    """No more is written than the header told, and that is not a track."""
    pack(archive, [(entry("a.wav", method=ZIP_DEFLATED), os.urandom(MIB))])
    forge(archive, 24, "<I", 10)
    assert "no whole zip archive" in refusal(archive)
    assert written == [0]


def test_header_that_says_too_much_is_damage(archive: Path) -> None:
    """A track is as long as the archive says."""
    forge(pack(archive, [("a.wav", SOUND)]), 24, "<I", len(SOUND) + 1)
    assert f"{len(SOUND)} bytes, not {len(SOUND) + 1}" in refusal(archive)


@pytest.mark.parametrize(
    "names",
    [
        ("a.mp3", "A.mp3"),
        ("a.mp3", "a.MP3"),
        ("\u00e9.mp3", "e\u0301.mp3"),
        ("\u00c9.mp3", "e\u0301.mp3"),
        ("a?.mp3", "a*.mp3"),
        ("x/a.mp3", "y/ a.mp3"),
        ("stra\u00dfe.mp3", "STRASSE.mp3"),
        ("e" * 201 + ".mp3", "e" * 202 + ".mp3"),
        ("a.mp3", "a\u200b.mp3"),
    ],
)
def test_names_that_become_one_are_refused(archive: Path, names: tuple[str, str]) -> None:
    """Two tracks of different names never become one, on any file system."""
    pack(archive, [(name, SOUND) for name in names])
    assert "would become one file" in refusal(archive)


def test_entries_that_share_bytes_are_refused(archive: Path) -> None:
    """Many entries over the same bytes would make much of little."""
    pack(archive, [("a.wav", SOUND), ("b.wav", SOUND)])
    data = bytearray(archive.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x01\x02") + 42, 0)
    archive.write_bytes(data)
    assert "overlap" in refusal(archive)


def test_entry_beyond_the_end_is_damage(archive: Path) -> None:
    """An entry lies within its archive."""
    forge(pack(archive, [("a.wav", SOUND)]), 42, "<I", 2**31)
    assert "no whole zip archive" in refusal(archive)


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
def test_changed_byte_is_damage(archive: Path, method: int) -> None:
    """The check sum tells it."""
    pack(archive, [(entry("a.wav", method=method), os.urandom(1000))])
    data = bytearray(archive.read_bytes())
    data[500] ^= 1
    archive.write_bytes(data)
    assert "no whole zip archive" in refusal(archive)


def test_name_that_is_no_text_is_damage(archive: Path) -> None:
    """A name that says it is UTF-8 and is not."""
    pack(archive, [("é.wav", SOUND)])
    archive.write_bytes(archive.read_bytes().replace("é".encode(), b"\xff\xff"))
    assert "no whole zip archive" in refusal(archive)


def test_archive_that_was_cut_is_damage(archive: Path) -> None:
    """Wherever it ends too early."""
    pack(archive, [(entry("a.wav", method=ZIP_DEFLATED), SOUND), ("b.wav", b"12")])
    whole = archive.read_bytes()
    for length in range(len(whole)):
        archive.write_bytes(whole[:length])
        assert "no whole zip archive" in refusal(archive)


@pytest.mark.parametrize("names", [[], ["x/"], [".DS_Store", "__MACOSX/a.mp3"]])
def test_empty_archive_is_refused(archive: Path, names: list[str]) -> None:
    """Without a track there is no directory."""
    assert "empty" in refusal(pack(archive, [(name, b"") for name in names]))


def test_archive_that_is_missing(archive: Path) -> None:
    """It is the same error as any other."""
    assert "could not unpack" in refusal(archive)


# What the disk does


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


# Whatever comes

HOSTILE = [
    "..",
    "/",
    "\\",
    "C:",
    "con",
    "\0",
    ".",
    "é",
    "e\u0301",
    "A",
    "a",
    "ß",
    "ss",
    " ",
    ".mp3",
]
NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.lists(st.sampled_from(HOSTILE), min_size=1, max_size=5).map("".join),
)


@given(names=st.lists(NAMES, min_size=1, max_size=6))
@example(names=["a", "a", "a (2)"])
@example(names=["../a"])
def test_hostile_names(names: list[str]) -> None:
    """Whole and inside, or refused and nothing: there is no third."""
    with tempfile.TemporaryDirectory() as place:
        top = Path(place)
        directory = top / "in" / "side"
        directory.mkdir(parents=True)
        contents = [f"{at} {name}".encode() for at, name in enumerate(names)]
        path = pack(directory / "a.zip", list(zip(names, contents, strict=True)))
        try:
            tracks = unpacked(path)
        except DownloadError:
            tracks = []
        made = {f"in/side/Song/{track.name}" for track in tracks}
        above = {"in/side/Song"} if tracks else set()
        assert set(tree(top)) == {"in", "in/side", "in/side/a.zip"} | above | made
        assert len({track.name.casefold() for track in tracks}) == len(tracks)
        is_track = [not name.endswith("/") and name != "" for name in names]
        kept = [data for data, kept in zip(contents, is_track, strict=True) if kept]
        assert [track.read_bytes() for track in tracks] == (kept if tracks else [])


@settings(max_examples=300)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 2000), st.sampled_from([0, 1, 0x7F, 0xFF]) | st.integers(0, 255)),
        min_size=1,
        max_size=8,
    )
)
def test_changed_archives(changes: list[tuple[int, int]]) -> None:
    """Whatever is changed, the outcome is tracks that are whole, or the one error."""
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "a.zip"
        first = entry("x/a.wav", method=ZIP_DEFLATED)
        pack(path, [(first, SOUND), ("b.wav", b"12"), ("c/", b"")])
        data = bytearray(path.read_bytes())
        for at, value in changes:
            data[-1 - at % len(data)] = value
        path.write_bytes(data)
        try:
            tracks = unpacked(path)
        except DownloadError:
            tracks = []
        assert len(tree(Path(place))) == 1 + bool(tracks) + len(tracks)
        assert {track.read_bytes() for track in tracks} <= {SOUND, b"12", b""}
