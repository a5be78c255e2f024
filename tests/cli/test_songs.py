"""Commands that make songs: submitted, waited for, downloaded."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

EDITS: list[tuple[str, list[str]]] = [
    ("cover", ["--cover-strength", "0.5"]),
    ("extend", ["--continue-at", "3"]),
    ("variation", []),
    ("replace-section", ["--start", "1", "--end", "2"]),
    ("swap-vocals", ["--prompt", "alto"]),
    ("swap-instrumentals", []),
    ("stems", []),
]
UPLOAD_EDITS: list[tuple[str, list[str]]] = [
    ("upload-cover", ["--cover-strength", "0.5"]),
    ("upload-extend", ["--continue-at", "3"]),
    ("upload-replace-section", ["--start", "1", "--end", "2"]),
]


def test_a_song_is_made_and_saved(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The result is on stdout, the task id and the progress on stderr."""
    result = acedata("generate", "A song", "--title", "Snow", "-o", tmp_path / "new")
    assert result.exit_code == 0
    (path,) = (tmp_path / "new").iterdir()
    assert result.stdout.startswith("Snow (")
    assert str(path) in result.stdout
    assert result.stderr.startswith(f"task {sandbox.tasks[0]}\n")
    assert "succeeded 100 %" in result.stderr


def test_json_is_one_document(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """With --json stdout holds the document and nothing else."""
    made = document(acedata("generate", "A song", "--json", "-o", tmp_path))
    assert (made["task_id"], made["state"]) == (sandbox.tasks[0], "succeeded")
    assert Path(made["audios"][0]["file"]).is_file()
    assert made["stems"] is None


def test_quiet_shows_no_progress(acedata: Acedata, tmp_path: Path) -> None:
    """With -q stderr stays empty when all goes well."""
    result = acedata("generate", "A song", "-q", "-o", tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")


def test_only_what_was_set_is_sent(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Each option is a field of the request; what was not given is not sent."""
    words = tmp_path / "words.txt"
    words.write_text("[Verse]\nSnow\n", encoding="utf-8")
    acedata("generate", "A song", "--no-wait")
    acedata(
        *("generate", "--lyric-file", words, "--instrumental", "--seed", 5, "--weirdness", 0.3),
        *("--lyrics-strength", 0.6, "--sound-strength", 0.4, "--model", "FUZZ-2.0", "--no-wait"),
        *("--callback-url", "https://me.example/hook"),
    )
    assert sandbox.submissions[0] == {
        "action": "generate",
        "prompt": "A song",
        "model": "FUZZ-2.0 Pro",
        "async": True,
    }
    assert sandbox.submissions[1] == {
        "action": "generate",
        "lyric": "[Verse]\nSnow",
        "custom": True,
        "instrumental": True,
        "seed": "5",
        "weirdness": 0.3,
        "lyrics_strength": 0.6,
        "sound_strength": 0.4,
        "model": "FUZZ-2.0",
        "callback_url": "https://me.example/hook",
        "async": True,
    }


def test_no_wait_prints_the_id(acedata: Acedata, sandbox: Sandbox) -> None:
    """The id alone is on stdout, ready for `acedata watch`."""
    result = acedata("generate", "A song", "--no-wait")
    assert result.stdout.split() == sandbox.tasks
    made = document(acedata("generate", "A song", "--no-wait", "--json"))
    assert (made["task_id"], made["audios"]) == (sandbox.tasks[1], [])


def test_no_download_prints_the_address(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a download no file appears."""
    monkeypatch.chdir(tmp_path)
    result = acedata("generate", "A song", "--no-download")
    assert "address   https://" in result.stdout
    assert not list(tmp_path.iterdir())


def test_every_edit_of_a_song(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Every action that starts from a song is a command."""
    made = document(acedata("generate", "A song", "--json", "-o", tmp_path))
    audio_id = made["audios"][0]["id"]
    for name, options in EDITS:
        result = acedata(name, audio_id, *options, "--json", "-o", tmp_path)
        assert result.exit_code == 0, result.stderr
        action = name.replace("-", "_")
        assert sandbox.submissions[-1]["action"] == action
        made = document(result)
        item = made["stems"] if name == "stems" else made["audios"][0]
        assert Path(item["file"]).is_file()


def test_every_edit_of_an_upload(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """An upload prints the id that these commands take."""
    upload = acedata("upload", "https://x.example/a.mp3")
    audio_id = upload.stdout.strip()
    for name, options in UPLOAD_EDITS:
        result = acedata(name, audio_id, *options, "-o", tmp_path)
        assert result.exit_code == 0, result.stderr
        assert sandbox.submissions[-1]["action"] == name.replace("-", "_")


def test_a_lyric_is_given_once(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Two lyrics, or a file that cannot be read, are told before anything is sent."""
    words = tmp_path / "words.txt"
    twice = acedata("generate", "--lyric", "la", "--lyric-file", words)
    missing = acedata("generate", "--lyric-file", words)
    words.write_bytes(b"\xff\xfe\xff")
    unreadable = acedata("generate", "--lyric-file", words)
    assert [twice.exit_code, missing.exit_code, unreadable.exit_code] == [2, 2, 2]
    assert twice.stderr.endswith("InvalidRequest: give --lyric or --lyric-file, not both\n")
    assert "InvalidRequest: lyric_file" in missing.stderr
    assert sandbox.stats.submission_requests == 0


def test_an_odd_request_is_sent_with_a_warning(acedata: Acedata) -> None:
    """A model that is not documented is a line on stderr, and no traceback."""
    result = acedata("generate", "A song", "--model", "FUZZ-9", "--no-wait", "-q")
    assert result.stderr.startswith("acedata: warning: model: 'FUZZ-9'")


@pytest.mark.parametrize(
    ("options", "place"), [(["-o", "songs"], " -o songs"), (["--no-download"], "")]
)
def test_a_wait_that_ended_says_how_to_go_on(
    acedata: Acedata, sandbox: Sandbox, options: list[str], place: str
) -> None:
    """The command to go on with has the task's id and the directory that was given."""
    sandbox.inject("never")
    result = acedata("generate", "A song", "--timeout", 50, *options)
    assert result.exit_code == 6
    assert result.stderr.endswith(f"; go on with: acedata watch {sandbox.tasks[0]}{place}\n")


@pytest.mark.parametrize("name", ["generate", "wav", "video", "stems", "watch"])
def test_a_directory_that_cannot_be_used_costs_nothing(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    """It is found out before anything is sent."""
    (tmp_path / "file").touch()
    result = acedata(name, "x", "-o", tmp_path / "file" / "songs")
    assert result.exit_code == 2
    assert "cannot be used" in result.stderr
    assert sandbox.stats.submission_requests == sandbox.stats.lookups == 0


def test_a_failed_download_is_told_with_the_result(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """The song is paid, so that its address and ids are printed all the same."""
    sandbox.inject("media-404")
    result = acedata("generate", "A song", "-o", tmp_path)
    assert result.exit_code == 1
    assert "address   https://" in result.stdout
    assert "acedata: LinkExpired: HTTP 404" in result.stderr
    made = document(acedata("generate", "A song", "-o", tmp_path, "--json"))
    assert made["audios"][0]["error"]["type"] == "LinkExpired"


def test_a_terminal_sees_a_moving_display(
    acedata: Acedata, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal the display moves; its lines do not stay."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    result = acedata("generate", "A song", "-o", tmp_path)
    assert result.exit_code == 0
    assert "\x1b[" in result.stderr
    assert "\x1b[" not in result.stdout


@pytest.mark.parametrize("moment", ["submission", "wait"])
def test_an_interrupted_user_keeps_the_id(
    acedata: Acedata,
    sandbox: Sandbox,
    watched: list[Callable[[], object]],
    moment: str,
) -> None:
    """Ctrl-C at any moment after the submission prints the id and how to go on."""
    interruptions: list[asyncio.Task[None]] = []

    async def interrupt() -> None:
        def begun() -> object:
            stats = sandbox.stats
            return stats.submission_requests if moment == "submission" else stats.lookups

        while not begun():  # noqa: ASYNC110 - the sandbox has no event for it
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)

    watched.append(lambda: interruptions.append(asyncio.ensure_future(interrupt())))
    sandbox.inject("never")
    result = acedata("generate", "A song", "--json", "--timeout", 1e6, "-o", "my songs")
    assert result.exit_code == 130
    assert f"acedata watch {sandbox.tasks[0]} -o 'my songs'" in result.stderr
    error = document(result)["error"]
    assert (error["type"], error["task_ids"]) == ("Interrupted", sandbox.tasks)


def test_interrupted_before_anything_was_accepted(
    acedata: Acedata, watched: list[Callable[[], object]]
) -> None:
    """With nothing sent there is nothing to tell but the interruption."""
    watched.append(lambda: signal.raise_signal(signal.SIGINT))
    result = acedata("task", "x")
    assert (result.exit_code, result.stderr) == (130, "acedata: interrupted\n")
