"""Files that cannot be tagged stay as they are."""

from __future__ import annotations

import copy
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async import AceDataError, ConfigurationError, InvalidRequest
from acedata_async.audio.payload import audio_digest
from acedata_async.audio.tags import TagError, can_tag, read_tags, write_tags
from tests.audio.media import sounds
from tests.audio.tagged import ALL, EVERY, PNG, made

id3: Any = pytest.importorskip("mutagen.id3", reason="mutagen is not installed")
flac: Any = pytest.importorskip("mutagen.flac")
mp4: Any = pytest.importorskip("mutagen.mp4")


def untouched(path: Path, content: bytes) -> bool:
    """Tell whether a file is as it was, and alone."""
    return path.read_bytes() == content and [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no sound at all", "it is no m4a, mp3, wav or flac file"),
        (sounds.m4a()[:-1], "cut or damaged"),
        (sounds.boxes(sounds.m4a())[b"ftyp"] + sounds.boxes(sounds.m4a())[b"mdat"], "MP4"),
        (sounds.m4a().replace(b"mdhd", b"xxxx"), "Error"),
        (sounds.wav().replace(b"fmt ", b"xxxx"), "fmt"),
        (sounds.flac()[:4] + b"\x81" + sounds.flac()[5:], "Stream info"),
        (
            b"ID3\x04\x00\x10\x00\x00\x00\x00" + b"3DI\x04\x00\x10\x00\x00\x00\x00" + sounds.mp3(),
            "it is no m4a, mp3",
        ),
        (b"ID3\x09\x00\x00\x00\x00\x00\x00" + sounds.mp3(), "not supported"),
    ],
)
def test_file_that_cannot_be_tagged_stays_as_it_is(path: Path, content: bytes, words: str) -> None:
    """The message names the file and the reason; nothing is left beside it."""
    path.write_bytes(content)
    with pytest.raises(TagError, match=words) as caught:
        write_tags(path, ALL)
    assert str(caught.value).startswith(f"{path} stays untagged: ")
    assert caught.value.path == str(path)
    assert untouched(path, content)


def test_wav_of_unknown_length_stays_untagged(path: Path) -> None:
    """What was written into a pipe has no end where tags could go."""
    content = sounds.wav().replace(b"data" + (4000).to_bytes(4, "little"), b"data" + b"\xff" * 4)
    path.write_bytes(content)
    with pytest.raises(TagError):
        write_tags(path, ALL)
    assert untouched(path, content)


def test_wav_without_its_last_byte_of_padding_stays_untagged(path: Path) -> None:
    """Tags that no reader would find are not written."""
    content = sounds.wav()[:-1].replace((4000).to_bytes(4, "little"), (3999).to_bytes(4, "little"))
    path.write_bytes(content)
    with pytest.raises(TagError, match="cannot hold tags"):
        write_tags(path, ALL)
    assert untouched(path, content)


@contextmanager
def small_files(size: int) -> Iterator[None]:
    """Let no file grow larger, as on a disk that is full."""
    resource: Any = pytest.importorskip("resource", reason="needs a Unix")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@EVERY
@pytest.mark.parametrize("room", [0, 1000])
def test_full_disk_leaves_the_file(path: Path, name: str, room: int) -> None:
    """Whether the copy finds no room, or only the tags in it."""
    made(path, name)
    content = path.read_bytes()
    with small_files(room and len(content) + room), pytest.raises(TagError, match="too large"):
        write_tags(path, ALL)
    assert untouched(path, content)


def test_missing_file_cannot_be_tagged(tmp_path: Path) -> None:
    """Nor can a directory, or a link that leads round in a circle."""
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for path in (tmp_path, tmp_path / "none", tmp_path / "circle"):
        with pytest.raises(TagError):
            write_tags(path, ALL)
        with pytest.raises(InvalidRequest):
            read_tags(path)
    assert [one.name for one in tmp_path.iterdir()] == ["circle"]


Save = Callable[..., None]


@pytest.mark.parametrize(("skip", "words"), [(True, "cannot hold"), (False, "change its sound")])
def test_tags_that_do_harm_are_thrown_away(
    path: Path, monkeypatch: pytest.MonkeyPatch, *, skip: bool, words: str
) -> None:
    """A writer that moves the sound and forgets the tables, or writes nothing, is found out."""
    made(path, "m4a")
    content = path.read_bytes()
    save: Save = mp4.MP4.save

    def careless(self: Any, *args: Any, **kwargs: Any) -> None:
        if not skip:
            save(self, *args, **kwargs)
            copy = Path(self.filename)
            copy.write_bytes(sounds.shifted(copy.read_bytes(), -16))

    monkeypatch.setattr(mp4.MP4, "save", careless)
    with pytest.raises(TagError, match=words):
        write_tags(path, ALL)
    assert untouched(path, content)


@given(
    name=st.sampled_from(sorted(sounds.SOUNDS)),
    tagged=st.booleans(),
    place=st.floats(0, 1),
    new=st.binary(max_size=12),
    gone=st.integers(0, 12),
)
def test_damaged_files_are_tagged_whole_or_not_at_all(
    *, name: str, tagged: bool, place: float, new: bytes, gone: int
) -> None:
    """Reading ends in tags or `InvalidRequest`, writing in the same sound or `TagError`."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "song")
        made(path, name)
        if tagged:
            write_tags(path, replace(ALL, cover=PNG))
        content = path.read_bytes()
        at = int(len(content) * place**4)
        content = content[:at] + new + content[at + gone :]
        path.write_bytes(content)
        with suppress(InvalidRequest):
            read_tags(path)
        try:
            write_tags(path, ALL)
        except TagError:
            assert untouched(path, content)
        else:
            after = audio_digest(path)
            path.write_bytes(content)
            assert audio_digest(path) == after


def test_error_can_be_copied_and_pickled() -> None:
    """It is one of this package's errors."""
    error = TagError("no", path="a")
    for again in (copy.copy(error), pickle.loads(pickle.dumps(error))):  # noqa: S301 - our own
        assert isinstance(again, TagError)
        assert isinstance(again, AceDataError)
        assert (str(again), again.path) == ("no", "a")


def test_without_mutagen_there_are_no_tags(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install; nothing else of the package needs it."""
    made(path, "wav")
    assert can_tag()
    monkeypatch.setitem(sys.modules, "mutagen", None)
    assert not can_tag()
    with pytest.raises(ConfigurationError, match=re.escape("[tags]")):
        write_tags(path, ALL)
    with pytest.raises(ConfigurationError, match=re.escape("[tags]")):
        read_tags(path)


def test_package_is_imported_without_mutagen() -> None:
    """It is slow to import, and few need it."""
    code = "import acedata_async.audio.tags as t, sys; t.can_tag(); print('mutagen' in sys.modules)"
    told = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert told.stdout.strip() == "False"
