"""`acedata speak`: what is said, where it goes, and what is refused before it is paid."""

from __future__ import annotations

import wave
from pathlib import Path

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

VOICE = "d7900c21663f485ab63ebdb7e5905036"


def test_a_text_becomes_a_file(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """It is where -o says, and the task's id is told as soon as it is known."""
    result = acedata("speak", "Hello there", "--voice", VOICE, "-o", tmp_path / "hello.mp3")
    assert result.exit_code == 0
    assert f"file      {tmp_path / 'hello.mp3'}" in result.stdout
    assert result.stderr.startswith("task ")
    assert sandbox.submissions == [
        {"text": "Hello there", "reference_id": VOICE, "format": "mp3", "async": True}
    ]
    assert (tmp_path / "hello.mp3").stat().st_size > 1000


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_a_text_from_stdin(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Without an argument, or with -, stdin is read; a byte order mark is left out."""
    result = acedata("speak", *arguments, "-o", tmp_path, stdin="\ufeffTwo\nlines.\n".encode())
    assert result.exit_code == 0
    assert sandbox.submissions[0]["text"] == "Two\nlines."
    assert [path.suffix for path in tmp_path.iterdir()] == [".mp3"]


@pytest.mark.parametrize(
    ("stdin", "words"),
    [
        (b"", "text: '' is not allowed"),
        (b" \n", "text: '' is not allowed"),
        (b"\xff", "stdin is no text in UTF-8"),
        (b"x" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_no_text(acedata: Acedata, sandbox: Sandbox, stdin: bytes, words: str) -> None:
    """What is no text is refused before anything is sent."""
    result = acedata("speak", stdin=stdin)
    assert result.exit_code == 2
    assert words in result.stderr
    assert sandbox.stats.submission_requests == 0


def test_the_ending_tells_the_format(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """A wav file is asked for by its name, and is one."""
    place = tmp_path / "hello.WAV"
    assert acedata("speak", "Hello", "--sample-rate", 16000, "-o", place).exit_code == 0
    assert sandbox.submissions[0]["format"] == "wav"
    with wave.open(str(next(tmp_path.iterdir()))) as sound:
        assert sound.getframerate() == 16000
    result = acedata("speak", "Hello", "--format", "mp3", "-o", tmp_path / "other.wav")
    assert (result.exit_code, sandbox.stats.submissions) == (2, 1)
    assert "format: 'mp3' is not allowed; allowed: pcm or wav, for other.wav ends so" in (
        result.stderr
    )


def test_a_raw_file_is_a_wav_file(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The API answers pcm with a wav file under an address that ends in .mp3."""
    made = document(acedata("speak", "Hello", "--format", "pcm", "-o", tmp_path, "--json"))
    assert sandbox.submissions[0]["format"] == "pcm"
    assert made["speech"]["audio_url"].endswith(".mp3")
    assert made["speech"]["file"].endswith(".wav")


def test_a_file_that_is_there(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """No file takes the place of another; it is said before anything is paid."""
    place = tmp_path / "hello.mp3"
    place.write_bytes(b"mine")
    result = acedata("speak", "Hello", "-o", place)
    assert (result.exit_code, place.read_bytes()) == (2, b"mine")
    assert "a file that is not there yet" in result.stderr
    assert sandbox.stats.submission_requests == 0


def test_how_it_is_said(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Options become the fields of the request, several voices a list."""
    options = ["--voice", VOICE, "--voice", VOICE, "--speed", 1.5, "--volume", -3]
    options += ["--temperature", 0.5, "--top-p", 0.9, "--latency", "balanced", "--mp3-bitrate", 64]
    assert acedata("speak", "Hello", *options, "-o", tmp_path).exit_code == 0
    [sent] = sandbox.submissions
    assert sent["reference_id"] == [VOICE, VOICE]
    assert sent["prosody"] == {"speed": 1.5, "volume": -3}
    assert (sent["temperature"], sent["top_p"], sent["latency"]) == (0.5, 0.9, "balanced")
    assert sent["mp3_bitrate"] == 64


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--format", "opus"), "format: 'opus' is not allowed; allowed: mp3, wav or pcm"),
        (("--mp3-bitrate", 96), "mp3_bitrate: 96 is not allowed; allowed: 64, 128 or 192"),
        (("--speed", 0), "prosody.speed: 0.0 is not allowed; allowed: a number above 0"),
        (("--latency", "low"), "latency: 'low' is not allowed; allowed: normal or balanced"),
        (("--voice", ""), "reference_id: '' is not allowed"),
    ],
)
def test_wrong_options(
    acedata: Acedata, sandbox: Sandbox, options: tuple[object, ...], words: str
) -> None:
    """They are refused by name before anything is sent."""
    result = acedata("speak", "Hello", *options)
    assert (result.exit_code, sandbox.stats.submission_requests) == (2, 0)
    assert words in result.stderr


def test_a_voice_that_is_not_there(acedata: Acedata) -> None:
    """The API's own refusal is shown, and nothing was paid."""
    result = acedata("speak", "Hello", "--voice", "f" * 32)
    assert result.exit_code == 1
    assert "Reference not found" in result.stderr


def test_without_waiting(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The id is printed; `watch --fish` goes on with it, and `task --fish` looks it up."""
    result = acedata("speak", "Hello", "--no-wait", "-o", tmp_path / "hello.mp3")
    task_id = result.stdout.strip()
    assert (result.exit_code, [task_id]) == (0, sandbox.tasks)
    assert not list(tmp_path.iterdir())
    assert acedata("task", task_id).exit_code == 1
    assert f"{task_id}  pending" in acedata("task", "--fish", task_id).stdout
    watched = acedata("watch", "--fish", task_id, "-o", tmp_path)
    assert watched.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"Hello - {task_id}.mp3"]
    assert "address" in acedata("task", "--fish", task_id).stdout


def test_without_a_file(acedata: Acedata, tmp_path: Path) -> None:
    """Only the address is printed."""
    result = acedata("speak", "Hello", "--no-download")
    assert "address   https://" in result.stdout
    assert not list(tmp_path.iterdir())


def test_an_answer_at_once(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """Where the API answers with the speech itself there is no task, and a file all the same."""
    sandbox.inject("sync")
    made = document(acedata("speak", "Hello", "--json", "-o", tmp_path / "hello.mp3"))
    assert (made["task_id"], made["state"]) == (None, "succeeded")
    assert made["speech"]["file"] == str(tmp_path / "hello.mp3")
    assert sandbox.stats.lookups == 0


def test_an_answer_that_is_lost(acedata: Acedata, sandbox: Sandbox) -> None:
    """It may have been paid: it is not sent again, and the exit code says so."""
    sandbox.inject("cut-after-accept", on="speak")
    result = acedata("speak", "Hello")
    assert (result.exit_code, sandbox.stats.submission_requests) == (5, 1)


def test_how_to_go_on_after_the_wait(acedata: Acedata, sandbox: Sandbox) -> None:
    """What did not end in time is watched with --fish."""
    sandbox.inject("never")
    result = acedata("speak", "Hello", "--timeout", 20)
    assert result.exit_code == 6
    assert f"go on with: acedata watch --fish {sandbox.tasks[0]} -o ." in result.stderr
