"""What files tell: the command `info`, and files in the place of ids."""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

import pytest

from acedata_async import read_tags
from acedata_async.audio.tags import Tags, write_tags
from acedata_async.sandbox import Sandbox
from tests.audio.media import sounds
from tests.cli.conftest import Acedata, document

pytest.importorskip("mutagen", reason="mutagen is not installed")


@pytest.fixture
def song(acedata: Acedata, tmp_path: Path) -> Path:
    """A file with tags, which was fetched."""
    result = acedata("generate", "A song", "--title", "First light", "-o", tmp_path / "songs")
    assert result.exit_code == 0, result.stderr
    [path] = (tmp_path / "songs").iterdir()
    return path


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """A file without tags."""
    path = tmp_path / "plain.m4a"
    path.write_bytes(sounds.m4a())
    return path


def test_a_file_tells_what_it_was_made_from(acedata: Acedata, sandbox: Sandbox, song: Path) -> None:
    """Its tags are shown, and nothing is sent."""
    before = (sandbox.stats.submission_requests, sandbox.stats.lookups)
    result = acedata("info", song)
    tags = read_tags(song)
    assert result.exit_code == 0
    assert result.stdout.startswith("First light\n")
    for told in (str(song), tags.audio_id, tags.task_id, tags.model, "jpeg"):
        assert str(told) in result.stdout
    assert (sandbox.stats.submission_requests, sandbox.stats.lookups) == before


def test_document(acedata: Acedata, song: Path, plain: Path) -> None:
    """With --json it is one document, its date as everywhere."""
    files = document(acedata("info", song, plain, "--json"))["files"]
    assert [one["file"] for one in files] == [str(song), str(plain)]
    assert files[0]["task_id"] == read_tags(song).task_id
    assert files[0]["cover"]["type"] == "jpeg"
    assert datetime.fromisoformat(files[0]["date"]) == read_tags(song).date
    assert files[1]["audio_id"] is None
    assert files[1]["cover"] is None


def test_files_that_tell_nothing(acedata: Acedata, song: Path, tmp_path: Path) -> None:
    """What is no file of sound is told, and the others are shown."""
    (tmp_path / "text.m4a").write_text("a text")
    (tmp_path / "empty.mp3").touch()
    bad = [tmp_path, tmp_path / "text.m4a", tmp_path / "empty.mp3", tmp_path / "gone", "x" * 5000]
    result = acedata("info", *bad, song, "--json")
    assert result.exit_code == 1
    assert [one["file"] for one in document(result)["files"]] == [str(song)]
    assert result.stderr.count("acedata: InvalidRequest") == len(bad)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_pipe_is_no_file(acedata: Acedata, tmp_path: Path) -> None:
    """A named pipe is not waited for."""
    os.mkfifo(tmp_path / "pipe.m4a")
    assert acedata("info", tmp_path / "pipe.m4a").exit_code == 1


def test_tags_write_no_escapes_to_a_terminal(acedata: Acedata, plain: Path) -> None:
    """What a tag holds does not steer a terminal."""
    hostile = "\x1b]0;evil\x07\x1b[2J\x9bA"
    write_tags(plain, Tags(title=hostile, lyric=f"la\n{hostile}", prompt=hostile, seed=hostile))
    shown = acedata("info", plain).stdout
    assert not {"\x1b", "\x07", "\x9b"} & set(shown)
    assert json.loads(acedata("info", plain, "--json").stdout)


@pytest.mark.parametrize(
    "command",
    [
        ["cover", "FILE", "--prompt", "Jazz"],
        ["extend", "FILE", "--continue-at", "3"],
        ["variation", "FILE"],
        ["replace-section", "FILE", "--start", "1", "--end", "2"],
        ["swap-vocals", "FILE", "--prompt", "alto"],
        ["stems", "FILE"],
    ],
    ids=lambda command: command[0],
)
def test_a_file_stands_for_its_id(
    acedata: Acedata, sandbox: Sandbox, song: Path, command: list[str]
) -> None:
    """Where an audio id is asked for, a tagged file will do."""
    result = acedata(*(song if word == "FILE" else word for word in command), "--no-download")
    assert result.exit_code == 0, result.stderr
    assert sandbox.submissions[-1]["audio_id"] == read_tags(song).audio_id


@pytest.mark.parametrize("command", ["wav", "video"])
def test_wav_takes_the_id_out_of_a_file(
    acedata: Acedata, sandbox: Sandbox, song: Path, tmp_path: Path, command: str
) -> None:
    """So will it for what is answered at once."""
    result = acedata(command, song, "-o", tmp_path)
    assert result.exit_code == 0, result.stderr
    assert sandbox.stats.submissions == 2


@pytest.mark.parametrize("command", [["cover"], ["wav"], ["extend", "--continue-at", "3"]])
def test_file_without_an_id(
    acedata: Acedata, sandbox: Sandbox, plain: Path, tmp_path: Path, command: list[str]
) -> None:
    """A file that holds no id is refused before anything is paid."""
    (tmp_path / "text").write_text("no sound")
    for path in (plain, tmp_path / "text"):
        result = acedata(*command, path)
        assert result.exit_code == 2
        assert "audio_id" in result.stderr
    assert sandbox.stats.submission_requests == 0


@pytest.mark.parametrize("given", ["songs/typo.m4a", "typo.mp3", ".", "./", "..", "songs/"])
@pytest.mark.parametrize("command", ["cover", "wav"])
def test_path_that_is_no_file_is_not_sent(
    acedata: Acedata, sandbox: Sandbox, command: str, given: str
) -> None:
    """What looks like a path, and is none, is not sent as an id."""
    Path("songs").mkdir()
    result = acedata(command, given)
    assert result.exit_code == 2
    assert sandbox.stats.submission_requests == 0


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_id_that_lies_in_the_directory(
    acedata: Acedata, sandbox: Sandbox, song: Path, kind: str
) -> None:
    """An id is an id, also where a folder or a file is called so."""
    song_id = str(read_tags(song).audio_id)
    if kind == "folder":
        Path(song_id).mkdir()
    else:
        Path(song_id).write_text("no sound")
    result = acedata("cover", song_id, "--prompt", "Jazz", "--no-download")
    assert result.exit_code == 0, result.stderr
    assert sandbox.submissions[-1]["audio_id"] == song_id


def test_tagged_file_without_an_ending(acedata: Acedata, sandbox: Sandbox, song: Path) -> None:
    """A file that is called otherwise than an id is looked into, whatever its ending."""
    Path("my song").write_bytes(song.read_bytes())
    result = acedata("cover", "my song", "--prompt", "Jazz", "--no-download")
    assert result.exit_code == 0, result.stderr
    assert sandbox.submissions[-1]["audio_id"] == read_tags(song).audio_id


def test_nothing_is_no_path(acedata: Acedata, sandbox: Sandbox) -> None:
    """An empty id is refused as one, and not as a directory."""
    result = acedata("cover", "", "--prompt", "Jazz")
    assert result.exit_code == 2
    assert "tagged file" not in result.stderr
    assert "audio_id" in result.stderr
    assert sandbox.stats.submission_requests == 0


def test_wav_of_a_file_stands_for_its_id(
    acedata: Acedata, sandbox: Sandbox, song: Path, tmp_path: Path
) -> None:
    """A wav that was made of a song is that song, and can be worked on."""
    made = json.loads(acedata("wav", song, "-o", tmp_path / "wav", "--json").stdout)
    result = acedata("extend", made["file"], "--continue-at", "3", "--no-download")
    assert result.exit_code == 0, result.stderr
    assert sandbox.submissions[-1]["audio_id"] == read_tags(song).audio_id


def test_id_longer_than_any_name(acedata: Acedata, sandbox: Sandbox) -> None:
    """What is too long for a file's name is an id like another, and its refusal is told."""
    result = acedata("cover", "x" * 5000)
    assert result.exit_code in {1, 2}
    assert sandbox.stats.submissions == 0
