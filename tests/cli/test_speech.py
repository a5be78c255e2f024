"""`acedata speak`: what is said, where it goes, and what is refused before it is paid."""

from __future__ import annotations

import io
import signal
import sys
import wave
from pathlib import Path

import pytest

from acedata_async.cli.app import app
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
    place = tmp_path / "hello.wav"
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
        (("--voice", ""), "voice: '' is not allowed; allowed: the id of a voice; find it with: "),
        (("--voice", "Clara"), "find it with: acedata voice list --title Clara\n"),
        (("--voice", "the old man"), "acedata voice list --title 'the old man'\n"),
        (("--voice", "x" * 99), "find it with: acedata voice list --title Clara\n"),
        (("--voice", VOICE, "--voice", VOICE[:-1]), f"voice: '{VOICE[:-1]}' is not allowed"),
        (("--voice", f"{VOICE[:-1]}g"), "is not allowed; allowed: the id of a voice;"),
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
    """The API's own refusal is shown, with where to look for voices; nothing was paid."""
    result = acedata("speak", "Hello", "--voice", "f" * 32)
    assert result.exit_code == 1
    assert "Reference not found" in result.stderr
    assert result.stderr.endswith("; no such voice; see `acedata voice list`\n")


def test_without_waiting(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """The id is printed; `watch --fish` goes on with it, and `task --fish` looks it up."""
    result = acedata("speak", "Hello", "--no-wait", "-o", tmp_path / "hello.mp3")
    task_id = result.stdout.strip()
    assert (result.exit_code, [task_id]) == (0, sandbox.tasks)
    way_on = f"acedata watch --fish {task_id} -o {tmp_path} --template hello"
    assert f"go on with: {way_on}\n" in result.stderr
    assert not list(tmp_path.iterdir())
    assert acedata("task", task_id).exit_code == 1
    assert f"{task_id}  pending" in acedata("task", "--fish", task_id).stdout
    watched = acedata(*way_on.split()[1:])
    assert watched.exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hello.mp3"]
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


def test_an_answer_at_once_is_fetched_without_waiting(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """What is there already has no task to be found by: it is fetched, --no-wait or not."""
    sandbox.inject("sync")
    result = acedata("speak", "Hello", "--no-wait", "-o", tmp_path / "new" / "hello.mp3")
    assert result.exit_code == 0
    assert (tmp_path / "new" / "hello.mp3").exists()


@pytest.mark.parametrize(
    "place", ["", "-", "a.ogg", "a.pcm", "a.opus", "a.m4a", "new/a.flac", "chapter.1"]
)
def test_no_place_for_a_speech(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, place: str
) -> None:
    """Only .mp3 and .wav are files; a mistyped ending makes no directory, and costs nothing."""
    result = acedata("speak", "Hello", "-o", place)
    assert (result.exit_code, sandbox.stats.submission_requests) == (2, 0)
    assert f"output: {place!r} is not allowed; allowed: a file that ends in .mp3 or" in (
        result.stderr
    )
    assert not list(tmp_path.iterdir())


def test_a_directory_with_a_dot(acedata: Acedata, tmp_path: Path) -> None:
    """One that is there is taken as it is; a new one needs a slash."""
    assert acedata("speak", "Hello", "-o", "chapter.1/").exit_code == 0
    assert acedata("speak", "Hello", "-o", "chapter.1").exit_code == 0
    assert len(list((tmp_path / "chapter.1").iterdir())) == 2


@pytest.mark.parametrize("mark", ["\0", "\x07", "\x1b", "\x1c", "\x84"])
def test_control_characters(acedata: Acedata, sandbox: Sandbox, mark: str) -> None:
    """Nobody can say them: they are refused, with their line, before anything is paid."""
    words = (
        f"text: a control character, U+{ord(mark):04X}, in line 2 at character 2;"
        " allowed: tabs, and breaks of lines and pages\n"
    )
    for result in (
        acedata("speak", f"One\nt{mark}wo"),
        acedata("speak", stdin=f"One\nt{mark}wo".encode()),
    ):
        assert (result.exit_code, sandbox.stats.submission_requests) == (2, 0)
        assert words in result.stderr


def test_tabs_and_line_breaks(acedata: Acedata, sandbox: Sandbox) -> None:
    """They are part of many texts, and so are breaks of pages."""
    text = "One\ttwo\r\nthree\n\fPage two\x85\vfour"
    assert acedata("speak", text, "--no-download").exit_code == 0
    assert sandbox.submissions[0]["text"] == text


def test_the_name_of_a_file_is_no_text(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """It is said how to read the file instead; a text too long for a name is a text."""
    (tmp_path / "my story.txt").write_text("Once upon a time")
    result = acedata("speak", "my story.txt")
    assert (result.exit_code, sandbox.stats.submission_requests) == (2, 0)
    assert "to read it: acedata speak < 'my story.txt'" in result.stderr
    assert acedata("speak", "x" * 5000, "--no-download").exit_code == 0


def test_a_speech_that_cannot_be_fetched(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """It is paid: the command that fetches it later is named, and does."""
    sandbox.inject("media-404")
    result = acedata("speak", "Hello", "-o", tmp_path / "hello.mp3")
    [task_id] = sandbox.tasks
    assert result.exit_code == 1
    way_on = f"acedata download --fish {task_id} -o {tmp_path} --template hello"
    assert f"; go on with: {way_on}\n" in result.stderr
    sandbox.clear_faults()
    assert acedata(*way_on.split()[1:]).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["hello.mp3"]


def test_a_long_text_is_a_short_title(acedata: Acedata, tmp_path: Path) -> None:
    """Of what stands in place of a title only the beginning is printed, on one line."""
    text = "It was the last train of the year,\nand nobody was on it but the conductor."
    result = acedata("speak", text, "-o", tmp_path / "a.mp3")
    head = "It was the last train of the year, and nobody was on it but…"
    assert result.stdout.splitlines()[0].partition(" (")[0] == head
    task_id = acedata("speak", text, "--no-wait", "-q").stdout.strip()
    assert acedata("watch", "--fish", task_id).stdout.startswith(head)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("What now?.mp3", "What now_.mp3"),
        ("HELLO.MP3", "HELLO.mp3"),
        ("a:b.mp3", "a_b.mp3"),
        ("trail .mp3", "trail.mp3"),
        ("con.mp3", "_con.mp3"),
        (".hidden.mp3", "hidden.mp3"),
        (f"{'n' * 201}.mp3", f"{'n' * 200}.mp3"),
    ],
)
def test_a_name_that_cannot_be_kept(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, name: str, kept: str
) -> None:
    """A file gets the very name that was given, or nothing is paid; it is said what would do."""
    result = acedata("speak", "Hello", "-o", name)
    assert (result.exit_code, sandbox.stats.submission_requests) == (2, 0)
    assert f"can keep as it is, such as {kept}\n" in result.stderr
    assert not list(tmp_path.iterdir())
    assert acedata("speak", "Hello", "-o", kept).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [kept]


def test_an_ending_alone(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """It is the name of no file, and makes no directory."""
    assert acedata("speak", "Hello", "-o", ".mp3").exit_code == 2
    assert (sandbox.stats.submission_requests, list(tmp_path.iterdir())) == (0, [])


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_nowhere(acedata: Acedata, sandbox: Sandbox, tmp_path: Path) -> None:
    """It is there, and no file takes its place."""
    place = tmp_path / "hello.mp3"
    place.symlink_to(tmp_path / "nowhere")
    assert acedata("speak", "Hello", "-o", place).exit_code == 2
    assert (sandbox.stats.submission_requests, place.is_symlink()) == (0, True)


class Interrupting(io.RawIOBase):
    """A stdin to which nobody writes, while a signal comes."""

    def __init__(self, number: signal.Signals) -> None:
        self._number = number

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, _: object) -> int:
        """Get the signal, and then no text."""
        signal.raise_signal(self._number)
        return 0


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_while_stdin_is_read(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: signal.Signals,
    code: int,
) -> None:
    """The first one ends the command at once, with its code, and leaves signals as they were."""
    before = signal.getsignal(number)
    stdin = io.TextIOWrapper(io.BufferedReader(Interrupting(number)))
    monkeypatch.setattr(sys, "stdin", stdin)
    with pytest.raises(SystemExit) as ended:
        app(["speak", "--sandbox"])
    assert (ended.value.code, capsys.readouterr().err) == (code, "acedata: interrupted\n")
    assert signal.getsignal(number) is before
