"""Unpacking stems: what is refused, and whatever else an archive holds."""

from __future__ import annotations

import os
import stat
import struct
import tempfile
import zlib
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acedata_async import DownloadError
from acedata_async.audio import stems as module
from tests.audio.archives import (
    MIB,
    SOUND,
    entry,
    forge,
    pack,
    refusal,
    tree,
    unpacked,
)


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
