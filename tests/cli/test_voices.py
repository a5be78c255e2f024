"""`acedata voice`: making voices, and finding them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from acedata_async.cli.app import app
from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

RECORDING = "https://example.org/me.mp3"


def test_a_voice_is_made_and_speaks(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """What `create` prints is what `speak` takes."""
    made = document(acedata("voice", "create", RECORDING, "--title", "Mine", "--json"))
    assert (made["state"], made["voice"]["state"], made["voice"]["title"]) == (
        "succeeded",
        "trained",
        "Mine",
    )
    [sent] = sandbox.submissions
    assert sent.pop("callback_url").endswith("/health")
    assert sent == {"voice_url": RECORDING, "title": "Mine"}
    [sample] = made["voice"]["samples"]
    assert sample["audio_url"].startswith("https://")
    assert sample["audio_url"].endswith(sample["audio"])
    assert made["voice"]["cover_url"].endswith(made["voice"]["cover_image"])
    voice_id = made["voice"]["id"]
    result = acedata("speak", "It is me", "--voice", voice_id, "-o", tmp_path / "me.mp3")
    assert result.exit_code == 0
    assert (tmp_path / "me.mp3").exists()


def test_a_voice_for_people(acedata: Acedata) -> None:
    """The id stands out, with what is known of the voice."""
    result = acedata("voice", "create", RECORDING, "--title", "Mine", "--description", "My voice")
    lines = result.stdout.splitlines()
    assert lines[0] == "Mine"
    assert lines[1].startswith("  voice id  ")
    assert "  state     trained" in lines
    assert "  about     My voice" in lines
    assert result.stderr.startswith("task ")


def test_a_voice_whose_task_is_watched_later(acedata: Acedata, sandbox: Sandbox) -> None:
    """It is acknowledged at once, and can be watched by its task."""
    options = ["--callback-url", "https://me.example/hook", "--image-url", "https://x.example/a"]
    result = acedata("voice", "create", RECORDING, *options, "--no-wait")
    task_id = result.stdout.strip()
    assert (result.exit_code, [task_id]) == (0, sandbox.tasks)
    assert result.stderr.endswith(f"go on with: acedata watch --fish {task_id}\n")
    assert sandbox.submissions[0]["image_urls"] == ["https://x.example/a"]
    assert sandbox.submissions[0]["callback_url"] == "https://me.example/hook"
    watched = acedata("watch", "--fish", task_id)
    assert watched.exit_code == 0
    assert "state     trained" in watched.stdout
    assert "voice id" in acedata("task", "--fish", task_id).stdout


def test_a_voice_that_does_not_end_in_time(acedata: Acedata, sandbox: Sandbox) -> None:
    """It lives on, and it is said how to go on with it."""
    result = acedata("voice", "create", RECORDING, "--timeout", 5)
    assert result.exit_code == 6
    assert f"go on with: acedata watch --fish {sandbox.tasks[0]}" in result.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("create", "me.mp3"), "voice_url: 'me.mp3' is not allowed"),
        (("create", RECORDING, "--image-url", "x"), "--image-url: 'x' is not allowed"),
        (("create-model", RECORDING, "--title", ""), "title: '' is not allowed"),
        (
            ("create-model", RECORDING, "--title", "x", "--visibility", "secret"),
            "visibility: 'secret' is not allowed; allowed: public, private or unlist",
        ),
        (("list", "--page", "0"), "--page: 0 is not allowed"),
        (("list", "--page-size", "101"), "page_size: 101 is not allowed"),
        (("list", "--sort", "x"), "--sort: 'x' is not allowed; allowed: created_at or task_count"),
        (("create-model", "me.mp3", "--title", "x"), "VOICE_URL: 'me.mp3' is not allowed"),
        (("list", "--author", ""), "--author: '' is not allowed"),
        (("show", "../../health"), "voice_id: '../../health' is not allowed"),
    ],
)
def test_wrong_options(
    acedata: Acedata, sandbox: Sandbox, options: tuple[str, ...], words: str
) -> None:
    """They are refused by name before anything is sent."""
    result = acedata("voice", *options)
    assert result.exit_code == 2
    assert words in result.stderr
    assert sandbox.stats.submission_requests == sandbox.stats.catalogue_requests == 0


def test_a_model_is_private(acedata: Acedata) -> None:
    """The newer address makes a voice that only its maker sees, unless told otherwise."""
    made = document(acedata("voice", "create-model", RECORDING, "--title", "Mine", "--json"))
    assert (made["title"], made["visibility"]) == ("Mine", "private")
    options = ["--visibility", "public", "--tag", "warm", "--tag", "low", "--description", "x"]
    made = document(
        acedata("voice", "create-model", RECORDING, "--title", "Ours", *options, "--json")
    )
    assert (made["visibility"], made["tags"]) == ("public", ["warm", "low"])


def test_voices_are_listed(acedata: Acedata, sandbox: Sandbox) -> None:
    """A page at a time, with how many there are in all."""
    acedata("voice", "create-model", RECORDING, "--title", "Mine")
    page = document(acedata("voice", "list", "--page", 2, "--page-size", 5, "--json"))
    assert (page["page"], len(page["voices"])) == (2, 5)
    assert isinstance(page["total"], int)
    mine = acedata("voice", "list", "--mine")
    assert [line.split()[1] for line in mine.stdout.splitlines()] == ["id", "Mine"]
    assert "page 1; 1 in all" in mine.stderr
    assert acedata("voice", "list", "--language", "xx", "--title", "nobody").exit_code == 0
    assert sandbox.stats.catalogue_requests == 3


def test_a_voice_is_shown(acedata: Acedata, tmp_path: Path) -> None:
    """With its samples, which can be fetched."""
    voice_id = document(acedata("voice", "list", "--json"))["voices"][0]["id"]
    result = acedata("voice", "show", voice_id)
    assert "sample    https://" in result.stdout
    shown = document(acedata("voice", "show", voice_id, "-o", tmp_path / "samples", "--json"))
    files = [Path(name) for name in shown["files"]]
    assert files
    assert all(path.stat().st_size > 1000 and path.suffix == ".mp3" for path in files)


def test_a_voice_that_is_not_there(acedata: Acedata) -> None:
    """It is not found, and the exit code says so."""
    result = acedata("voice", "show", "f" * 32, "--json")
    assert result.exit_code == 1
    error = json.loads(result.stdout)["error"]
    assert error["type"] == "NotFound"
    assert error["message"].endswith("check the id, and the account of the token")


@pytest.mark.parametrize("words", [["task"], ["watch"], ["download"]])
def test_a_task_of_the_other_service(acedata: Acedata, sandbox: Sandbox, words: list[str]) -> None:
    """The services do not see each other's tasks: what is not found may be the other one's."""
    voice = acedata("voice", "create", RECORDING, "--no-wait", "-q").stdout.strip()
    song = acedata("generate", "A song", "--no-wait", "-q").stdout.strip()
    assert sandbox.tasks == [voice, song]
    result = acedata(*words, voice)
    assert result.exit_code == 1
    assert result.stderr.endswith("; if it is a voice or a speech, add --fish\n")
    result = acedata(*words, "--fish", song)
    assert result.exit_code == 1
    assert result.stderr.endswith("; if it is a song, leave out --fish\n")


@pytest.mark.parametrize("name", ["speak", "voice create", "watch", "task", "download"])
def test_help_names_the_service(name: str) -> None:
    """Whoever reads how to go on with a voice or a speech finds --fish there."""
    shown = CliRunner().invoke(app, [*name.split(), "--help"], env={"COLUMNS": "200"}).stdout
    wanted = f"acedata {name} --fish" if name in {"watch", "task", "download"} else "watch --fish"
    assert wanted in shown


def test_what_a_model_costs() -> None:
    """No promise is made that older pages of the vendor's contradict."""
    shown = CliRunner().invoke(app, ["voice", "create-model", "--help"]).stdout
    assert "By the vendor's newest pages it is free" in " ".join(shown.split())


@pytest.mark.parametrize("place", ["new.m4a", "new.MP3", "-"])
def test_a_file_is_no_directory(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, place: str
) -> None:
    """Where -o is a directory, the name of a file makes none, and costs nothing."""
    for words in (["generate", "A song"], ["generate", "A song", "--no-wait"]):
        result = acedata(*words, "-o", place)
        assert (result.exit_code, sandbox.stats.submission_requests) == (2, 0)
        assert "-o is a directory" in result.stderr
    assert not list(tmp_path.iterdir())
    (tmp_path / "songs.m4a").mkdir()
    assert acedata("generate", "A song", "-o", "songs.m4a").exit_code == 0
