"""The sound in a file, apart from its tags."""

from __future__ import annotations

import tracemalloc
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import InvalidRequest
from acedata_async.audio.payload import audio_digest, container_of
from tests.audio.media import sounds

EVERY = pytest.mark.parametrize("name", sounds.SOUNDS)


def box(name: bytes, body: bytes) -> bytes:
    """Return a box of an m4a."""
    return (8 + len(body)).to_bytes(4) + name + body


def id3(body: bytes = b"", *, flags: int = 0) -> bytes:
    """Return an ID3v2.4 tag."""
    return b"ID3\x04\x00" + bytes([flags, 0, 0, 0, len(body)]) + body


def ape(*, header: bool, length: int = 32) -> bytes:
    """Return an APEv2 tag without items."""
    mark = b"APETAGEX" + (2000).to_bytes(4, "little") + length.to_bytes(4, "little") + bytes(4)
    flags = (header << 31).to_bytes(4, "little")
    return (mark + flags + bytes(8)) * (1 + header)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file whose name tells nothing."""
    return tmp_path / "sound"


def digest_of(path: Path, content: bytes) -> str:
    """Write a file and return its digest."""
    path.write_bytes(content)
    return audio_digest(path)


@EVERY
def test_container_is_told_by_the_bytes(path: Path, name: str) -> None:
    """A name says nothing of what is in a file."""
    path = path.with_suffix(".txt")
    path.write_bytes(sounds.SOUNDS[name]())
    assert container_of(path) == f".{name.partition(',')[0]}"


@EVERY
def test_other_sound_has_another_digest(path: Path, name: str) -> None:
    """One changed byte of sound is enough, the last one as well."""
    content = sounds.SOUNDS[name]()
    middle = content.index(b"mdat") + 1000 if "m4a" in name else len(content) // 2
    places = [middle] if "m4a" in name else [middle, -1]
    digests = {digest_of(path, content)}
    for place in places:
        changed = bytearray(content)
        changed[place] ^= 1
        digests.add(digest_of(path, bytes(changed)))
    assert len(digests) == 1 + len(places)


def test_layout_of_an_m4a_is_no_sound(path: Path) -> None:
    """The same song has one digest, wherever its moov stands and however lengths are told."""
    plain = digest_of(path, sounds.m4a())
    last = sounds.m4a_moov_last()
    assert digest_of(path, last) == plain

    parts = sounds.boxes(sounds.m4a())
    assert digest_of(path, sounds.m4a() + box(b"free", bytes(50))) == plain
    open_ended = b"".join([parts[b"ftyp"], parts[b"moov"], parts[b"free"]])
    assert digest_of(path, open_ended + bytes(4) + parts[b"mdat"][4:]) == plain
    wide = (1).to_bytes(4) + b"mdat" + (len(parts[b"mdat"]) + 8).to_bytes(8) + parts[b"mdat"][8:]
    assert digest_of(path, sounds.shifted(open_ended + wide, 8)) == plain


def test_tables_that_lead_elsewhere_are_another_sound(path: Path) -> None:
    """A song whose bytes are moved without its tables plays noise: its digest tells."""
    plain = digest_of(path, sounds.m4a())
    assert digest_of(path, sounds.shifted(sounds.m4a(), 8)) != plain
    assert digest_of(path, sounds.shifted(sounds.m4a(), -1000)) != plain


@pytest.mark.parametrize("flags", [1, 0])
def test_fragments_that_name_their_place_count(path: Path, flags: int) -> None:
    """A fragment may say where in the file its sound begins; that must follow too."""
    found = []
    for at in (76, 77):
        head = bytes([0, 0, 0, flags]) + bytes(4) + at.to_bytes(8)
        moof = box(b"moof", box(b"traf", box(b"tfhd", head)))
        found.append(digest_of(path, box(b"ftyp", bytes(8)) + moof + box(b"mdat", bytes(100))))
    assert (found[0] != found[1]) is bool(flags)


@pytest.mark.parametrize("width", [4, 8])
def test_tables_of_both_widths_are_read(path: Path, width: int) -> None:
    """`stco` and `co64` lead to the same places."""
    name = {4: b"stco", 8: b"co64"}[width]

    def song(place: int) -> bytes:
        table = bytes(4) + (2).to_bytes(4) + (24).to_bytes(width) + place.to_bytes(width)
        for outer in (name, b"stbl", b"minf", b"mdia", b"trak", b"moov"):
            table = box(outer, table)
        return box(b"ftyp", bytes(8)) + box(b"mdat", bytes(100)) + table

    near, far = digest_of(path, song(24)), digest_of(path, song(25))
    assert near != far
    assert digest_of(path, song(5000)) == digest_of(path, song(1)) != near


def test_tags_of_an_mp3_are_no_sound(path: Path) -> None:
    """ID3 before it, with its footer too, and ID3v1 and APE behind it are left out."""
    plain = digest_of(path, sounds.mp3())
    old = b"TAG" + bytes(125)
    footer = b"3DI\x04\x00\x10" + bytes(4)
    for tagged in (
        id3(bytes(20)) + sounds.mp3(),
        id3() + id3(bytes(5)) + sounds.mp3(),
        id3(bytes(7), flags=0x10) + footer + sounds.mp3(),
        sounds.mp3() + old,
        sounds.mp3() + ape(header=True),
        id3(bytes(9)) + sounds.mp3() + ape(header=False) + old,
    ):
        assert digest_of(path, tagged) == plain


def test_zeros_after_the_tags_do_not_hide_an_mp3(path: Path) -> None:
    """Some writers leave more room than their tags tell of."""
    path.write_bytes(id3(bytes(5)) + bytes(300) + sounds.mp3())
    assert container_of(path) == ".mp3"


def test_id3_around_a_flac_is_no_sound(path: Path) -> None:
    """Some programs put ID3 before and behind a flac."""
    plain = digest_of(path, sounds.flac())
    assert digest_of(path, id3(bytes(5)) + sounds.flac() + b"TAG" + bytes(125)) == plain


def test_wav_that_did_not_know_its_length_goes_on_to_the_end(path: Path) -> None:
    """What is written into a pipe says that it has 4 GiB."""
    content = sounds.wav()
    at = content.index(b"data") + 4
    unknown = content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :]
    assert digest_of(path, unknown) == digest_of(path, content)


def test_other_chunks_of_a_wav_are_no_sound(path: Path) -> None:
    """Chunks may stand before and behind the sound, those of an odd length padded."""
    content = sounds.wav()
    chunk = b"LIST" + (5).to_bytes(4, "little") + b"INFOx\x00"
    plain = digest_of(path, content)
    assert digest_of(path, content[:12] + chunk + content[12:] + chunk) == plain


@EVERY
def test_cut_file_is_refused(path: Path, name: str) -> None:
    """A file that ends too early has no digest, or at least another one."""
    content = sounds.SOUNDS[name]()
    plain = digest_of(path, content)
    for length in (len(content) - 1, len(content) // 2, 60, 13):
        with suppress(InvalidRequest):
            assert digest_of(path, content[:length]) != plain


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is no m4a"),
        (b"PK\x03\x04" + bytes(100), "it is no m4a"),
        (b"<html>" + bytes(100), "it is no m4a"),
        (id3(bytes(5)), "it is no m4a"),
        (id3(bytes(5)) + b"\xff\xf1" + bytes(100), "it is no m4a"),
        (b"RIFF" + bytes(4) + b"WAVE", "no sound"),
        (b"fLaC\x80\x00\x00\x00nothing", "no sound"),
        (b"fLaC\x00\x00\x00\x00", "ends within its tags"),
        (b"\xff\xfb" + bytes(30) + ape(header=False, length=64), "no sound"),
        (box(b"ftyp", bytes(8)), "no sound"),
        (box(b"ftyp", bytes(8)) + b"\x00\x00\x01\x00mdat", "longer than what it is in"),
        (box(b"ftyp", bytes(8)) + b"\x00\x00\x00\x04mdat", "cut or damaged"),
    ],
)
def test_what_holds_no_sound_is_refused(path: Path, content: bytes, words: str) -> None:
    """The message names the file and says what is wrong with it."""
    path.write_bytes(content)
    with pytest.raises(InvalidRequest, match=words) as caught:
        audio_digest(path)
    assert str(path) in str(caught.value)


def test_table_longer_than_its_box_is_refused(path: Path) -> None:
    """A table that claims a billion places is no reason to read them."""
    content = sounds.m4a()
    at = content.index(b"stco") + 8
    path.write_bytes(content[:at] + b"\x7f\xff\xff\xff" + content[at + 4 :])
    with pytest.raises(InvalidRequest, match="a table is longer"):
        audio_digest(path)


def test_too_many_fragments_are_refused(path: Path) -> None:
    """Memory has a bound, whatever a file consists of."""
    path.write_bytes(box(b"ftyp", bytes(8)) + box(b"mdat", b"") * 100_001)
    with pytest.raises(InvalidRequest, match="fragments"):
        audio_digest(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """So is a directory, and a name that cannot be one."""
    for path in (tmp_path, tmp_path / "nothing", Path("a\0b")):
        with pytest.raises(InvalidRequest, match="no such file"):
            container_of(path)


def test_large_file_takes_little_memory(path: Path) -> None:
    """A file is read piece by piece."""
    content = sounds.wav()
    at = content.index(b"data") + 4
    path.write_bytes(content[:at] + b"\xff\xff\xff\xff")
    with path.open("rb+") as file:
        file.truncate(64 * 1024 * 1024)
    tracemalloc.start()
    try:
        audio_digest(path)
        assert tracemalloc.get_traced_memory()[1] < 1024 * 1024
    finally:
        tracemalloc.stop()


@given(
    name=st.sampled_from(sorted(sounds.SOUNDS)),
    place=st.floats(0, 1),
    new=st.binary(max_size=12),
    gone=st.integers(0, 12),
)
def test_damaged_file_is_read_or_refused(name: str, place: float, new: bytes, gone: int) -> None:
    """Whatever was done to a file, it has a digest or an `InvalidRequest`."""
    content = sounds.SOUNDS[name]()
    at = int(len(content) * place**4)  # most of what matters stands at the beginning
    with TemporaryDirectory() as directory:
        path = Path(directory, "sound")
        path.write_bytes(content[:at] + new + content[at + gone :])
        with suppress(InvalidRequest):
            assert len(audio_digest(path)) == 64
