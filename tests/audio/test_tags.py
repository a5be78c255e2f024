"""Tags that are written into files, and read back."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from acedata_async.audio.payload import audio_digest
from acedata_async.audio.tags import LARGEST_COVER, LONGEST_TEXT, Tags, read_tags, write_tags
from tests.audio.media import sounds
from tests.audio.tagged import ALL, DATE, EVERY, GIF, JPEG, PNG, made

id3: Any = pytest.importorskip("mutagen.id3", reason="mutagen is not installed")
flac: Any = pytest.importorskip("mutagen.flac")
mp4: Any = pytest.importorskip("mutagen.mp4")
wave: Any = pytest.importorskip("mutagen.wave")


@EVERY
def test_tags_are_read_back(path: Path, name: str) -> None:
    """What was written is read, twice over, and the sound stays the same."""
    digest = made(path, name)
    for tags in (ALL, ALL, replace(ALL, title="Second", cover=PNG)):
        write_tags(str(path), tags)
        assert read_tags(str(path)) == read_tags(path) == tags
        assert audio_digest(path) == digest
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@EVERY
def test_each_tag_can_stand_alone(path: Path, name: str) -> None:
    """What is None is not written, and leaves what the file had."""
    for field in fields(Tags):
        made(path, name)
        alone = Tags(**{field.name: getattr(ALL, field.name)})
        write_tags(path, alone)
        assert read_tags(path) == alone
        write_tags(path, Tags())
        assert read_tags(path) == alone


@EVERY
def test_file_without_tags_has_none(path: Path, name: str) -> None:
    """Nothing is made up."""
    made(path, name)
    assert read_tags(path) == Tags()


def test_cover_tells_its_type() -> None:
    """By its first bytes, whatever it was sent as."""
    assert Tags(cover=JPEG).cover_type == "jpeg"
    assert Tags(cover=PNG).cover_type == "png"
    assert Tags(cover=GIF).cover_type is None
    assert Tags().cover_type is None
    assert "cover" not in repr(ALL)


@EVERY
def test_unfit_cover_is_left_out(path: Path, name: str) -> None:
    """Other pictures, and enormous ones, cost the file no other tag."""
    for cover in (GIF, b"", JPEG + bytes(LARGEST_COVER)):
        made(path, name)
        write_tags(path, replace(ALL, cover=cover))
        assert read_tags(path) == replace(ALL, cover=None)


@EVERY
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)),
        (datetime(2026, 5, 1, 9, 8, 7, 654, tzinfo=UTC), datetime(2026, 5, 1, 9, 8, 7, tzinfo=UTC)),
        (datetime(2026, 5, 1, 1), datetime(2026, 5, 1, 1, tzinfo=UTC)),  # noqa: DTZ001
        (
            datetime(2026, 5, 1, 1, tzinfo=timezone(timedelta(hours=3))),
            datetime(2026, 4, 30, 22, tzinfo=UTC),
        ),
        (datetime(1, 1, 1, tzinfo=UTC), datetime(1, 1, 1, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3))), None),
    ],
)
def test_date_is_kept_in_utc(path: Path, name: str, given: datetime, kept: datetime | None) -> None:
    """To the second; one that has no place in UTC is left out."""
    made(path, name)
    write_tags(path, Tags(date=given))
    assert read_tags(path).date == kept


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2019", datetime(2019, 1, 1, tzinfo=UTC)),
        ("2019-07", datetime(2019, 7, 1, tzinfo=UTC)),
        (" 2019-07-04 ", datetime(2019, 7, 4, tzinfo=UTC)),
        ("2019-07-04T10:00:00+02:00", datetime(2019, 7, 4, 8, tzinfo=UTC)),
        ("once", None),
        ("2019-13-41", None),
        ("", None),
    ],
)
def test_dates_of_other_programs_are_understood(
    path: Path, text: str, date: datetime | None
) -> None:
    """A year alone is its first day; what is no date is None."""
    made(path, "flac")
    file = flac.FLAC(path)
    file["DATE"] = text
    file.save()
    assert read_tags(path).date == date


def fit(text: str | None, *, lines: bool) -> str | None:
    """Say what becomes of a text, in words of its own."""
    fitting = "".join(
        "\ufffd" if char == "\0" or "\ud800" <= char <= "\udfff" else char
        for char in (text or "")[:LONGEST_TEXT]
    )
    if lines:
        return fitting.replace("\r\n", "\n").replace("\r", "\n") or None
    return " ".join(fitting.splitlines()) or None


ANY_TEXT = st.none() | st.text(
    st.characters(exclude_categories=())
    | st.sampled_from("\0\r\n\ufeff\ud83d\ude00\x1c\x85\u2028/;=é❄")
)


@given(name=st.sampled_from(sorted(sounds.SOUNDS)), one=ANY_TEXT, two=ANY_TEXT, three=ANY_TEXT)
@example("mp3", "\ufeff", "\0", "\ud800")
@example("wav", "a\0b", "\r\n\r", " ")
@example("m4a", "\n", "\0" * 3, "\udfff")
@example("flac", "a=b", "=", "\x85")
def test_any_text_can_be_a_tag(
    name: str, one: str | None, two: str | None, three: str | None
) -> None:
    """What a container cannot hold is replaced where it stands; all else is kept as it is."""
    with TemporaryDirectory() as directory:
        path = Path(directory, "song")
        digest = made(path, name)
        write_tags(
            path, Tags(title=one, lyric=two, prompt=three, model=two, seed=three, task_id=one)
        )
        title, lyric = fit(one, lines=False), fit(two, lines=True)
        prompt, model, seed = fit(three, lines=True), fit(two, lines=False), fit(three, lines=False)
        assert read_tags(path) == Tags(
            title=title, lyric=lyric, prompt=prompt, model=model, seed=seed, task_id=title
        )
        assert audio_digest(path) == digest


@EVERY
def test_megabytes_of_text_are_cut(path: Path, name: str) -> None:
    """A text of any length leaves a file that can be played."""
    digest = made(path, name)
    write_tags(path, Tags(title="❄" * 5_000_000, lyric="la\n" * 5_000_000))
    tags = read_tags(path)
    assert tags.title == "❄" * LONGEST_TEXT
    assert tags.lyric == ("la\n" * LONGEST_TEXT)[:LONGEST_TEXT]
    assert audio_digest(path) == digest
    assert path.stat().st_size < 1_000_000


def test_m4a_without_any_room_for_tags_gets_it(path: Path) -> None:
    """Many files come without the box that tags stand in."""
    path.write_bytes(sounds.m4a().replace(b"udta", b"free"))
    digest = audio_digest(path)
    assert read_tags(path) == Tags()
    write_tags(path, ALL)
    assert read_tags(path) == ALL
    assert audio_digest(path) == digest


def test_foreign_tags_of_an_m4a_are_kept(path: Path) -> None:
    """Those that we do not write, and those that mutagen does not know."""
    made(path, "m4a")
    file = mp4.MP4(path)
    file["\xa9ART"] = "Somebody"
    file["trkn"] = [(3, 9)]
    file["----:com.apple.iTunes:MOOD"] = [mp4.MP4FreeForm(b"calm")]
    file["\xa9nam"] = "Old title"
    file.save()
    write_tags(path, ALL)
    file = mp4.MP4(path)
    assert file["\xa9ART"] == ["Somebody"]
    assert file["trkn"] == [(3, 9)]
    assert bytes(file["----:com.apple.iTunes:MOOD"][0]) == b"calm"
    assert bytes(file["----:com.acedatacloud:TASK_ID"][0]) == b"3f0c"
    assert file["\xa9nam"] == [ALL.title]


def test_foreign_tags_of_a_flac_are_kept(path: Path) -> None:
    """Other comments and other pictures stay; the front cover is ours."""
    made(path, "flac")
    file = flac.FLAC(path)
    file["ARTIST"] = ["One", "Two"]
    for kind in (3, 8):
        picture = flac.Picture()
        picture.type, picture.data, picture.mime = kind, GIF, "image/gif"
        file.add_picture(picture)
    file.save()
    write_tags(path, ALL)
    file = flac.FLAC(path)
    assert file["artist"] == ["One", "Two"]
    assert file["acedatacloud_task_id"] == ["3f0c"]
    assert [(one.type, one.data, one.mime) for one in file.pictures] == [
        (3, JPEG, "image/jpeg"),
        (8, GIF, "image/gif"),
    ]


@EVERY
def test_other_pictures_are_kept(path: Path, name: str) -> None:
    """One cover takes the place of the first one, however often; whatever else is there stays."""
    made(path, name)
    add_pictures(path, name)
    for cover in (PNG, JPEG):
        write_tags(path, replace(ALL, cover=cover))
        assert read_tags(path).cover == cover
    assert sorted(pictures(path, name)) == sorted([JPEG, PNG + b"second", PNG + b"artist"])


def add_pictures(path: Path, name: str) -> None:
    """Give a file three pictures, none of which has a description."""
    given = [(3, PNG + b"first"), (3, PNG + b"second"), (8, PNG + b"artist")]
    if name.startswith("m4a"):
        file = mp4.MP4(path)
        file["covr"] = [mp4.MP4Cover(data, mp4.MP4Cover.FORMAT_PNG) for _, data in given]
        file.save()
    elif name == "flac":
        file = flac.FLAC(path)
        for kind, data in given:
            picture = flac.Picture()
            picture.type, picture.data, picture.mime = kind, data, "image/png"
            file.add_picture(picture)
        file.save()
    else:
        file = wave.WAVE(path) if name == "wav" else id3.ID3()
        if name == "wav":
            file.add_tags()
        tags = file.tags if name == "wav" else file
        for at, (kind, data) in enumerate(given):
            desc = "" if kind == 8 else f"front {at}"
            tags.add(id3.APIC(encoding=0, mime="image/png", type=kind, desc=desc, data=data))
        tags.save(path)


def pictures(path: Path, name: str) -> list[bytes]:
    """Return the pictures of a file."""
    if name.startswith("m4a"):
        return [bytes(one) for one in mp4.MP4(path)["covr"]]
    if name == "flac":
        return [one.data for one in flac.FLAC(path).pictures]
    return [one.data for one in frames(path, name).getall("APIC")]


def tag(path: Path, name: str, version: int, *, v1: int = 0) -> None:
    """Give a file ID3 tags of another program."""
    made(path, name)
    file = wave.WAVE(path) if name == "wav" else id3.ID3()
    if name == "wav":
        file.add_tags()
    tags = file.tags if name == "wav" else file
    tags.add(id3.TPE1(encoding=3, text=["Somebody"]))
    tags.add(id3.USLT(encoding=3, lang="eng", desc="", text="Their words"))
    tags.add(id3.COMM(encoding=3, lang="eng", desc="iTunNORM", text=["0000"]))
    tags.add(id3.TSIZ(encoding=0, text=["12000"]))  # gone in ID3v2.4
    tags.add(id3.APIC(encoding=0, mime="image/gif", type=8, desc="artist", data=GIF))
    tags.add(id3.APIC(encoding=0, mime="image/png", type=3, desc="front", data=PNG))
    tags.save(path, v2_version=version, v1=v1)


def frames(path: Path, name: str) -> Any:
    """Return the ID3 frames of a file as they are."""
    return (
        wave.WAVE(path, translate=False).tags if name == "wav" else id3.ID3(path, translate=False)
    )


@pytest.mark.parametrize("name", ["mp3", "wav"])
@pytest.mark.parametrize("version", [3, 4])
def test_foreign_tags_of_id3_are_kept(path: Path, name: str, version: int) -> None:
    """In the version that the file has, so that none is lost; ID3v2.3 knows no seconds."""
    tag(path, name, version)
    assert read_tags(path) == Tags(lyric="Their words", cover=PNG)
    write_tags(path, ALL)
    assert read_tags(path) == replace(ALL, date=DATE if version == 4 else DATE.replace(second=0))
    kept = frames(path, name)
    assert kept.version == (2, version, 0)
    assert kept["TPE1"] == ["Somebody"]
    assert kept["USLT::eng"] == "Their words"
    assert kept["COMM:iTunNORM:eng"] == ["0000"]
    assert kept["TSIZ"] == ["12000"]
    assert sorted((one.type, one.data) for one in kept.getall("APIC")) == [(3, JPEG), (8, GIF)]
    assert kept["TXXX:ACEDATACLOUD_TASK_ID"] == ["3f0c"]


def test_old_tags_behind_an_mp3_are_brought_up_to_date(path: Path) -> None:
    """Players that read only ID3v1 see the new title too."""
    tag(path, "mp3", 4, v1=2)
    digest = audio_digest(path)
    write_tags(path, replace(ALL, title="Snow"))
    assert path.read_bytes()[-128:-92].rstrip(b"\0") == b"TAGSnow" + bytes(26) + b"Som"
    assert audio_digest(path) == digest


def test_file_with_only_id3v1_is_read(path: Path) -> None:
    """A title of the last century is a title."""
    path.write_bytes(sounds.mp3() + b"TAG" + b"Old".ljust(90, b"\0") + b"1999" + bytes(31))
    assert read_tags(path) == Tags(title="Old", date=datetime(1999, 1, 1, tzinfo=UTC))
    write_tags(path, Tags(seed="7"))
    assert read_tags(path).title == "Old"


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    """A link leads to the tagged file, which may be read by those who might before."""
    target, link = tmp_path / "target", tmp_path / "link"
    made(target, "wav")
    target.chmod(0o640)
    link.symlink_to(target)
    write_tags(link, ALL)
    assert link.is_symlink()
    assert read_tags(target) == ALL
    assert target.stat().st_mode & 0o777 == 0o640


@EVERY
def test_another_reader_sees_the_tags(path: Path, name: str) -> None:
    """What ffprobe shows is what was written."""
    probe = shutil.which("ffprobe")
    if probe is None:
        pytest.skip("ffprobe is not installed")
    made(path, name)
    write_tags(path, ALL)
    command = [probe, "-v", "error", "-show_format", "-show_streams", "-of", "json", str(path)]
    told = json.loads(subprocess.check_output(command, timeout=60))  # noqa: S603 - our own file
    seen = {key.lower(): text for key, text in told["format"]["tags"].items()}
    assert seen["title"] == ALL.title
    assert seen["comment"] == ALL.prompt
    assert ALL.lyric in {seen.get(key) for key in ("lyrics", "lyrics-xxx")}
    assert "3f0c" in {seen.get(key) for key in ("task_id", "acedatacloud_task_id")}
    assert seen["date"].startswith("2026-05-01T12:03:04")
    assert [stream["codec_type"] for stream in told["streams"]] == ["audio", "video"]
