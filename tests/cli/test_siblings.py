"""Commands that are answered at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document


def test_lyrics_are_ready_for_a_file(acedata: Acedata) -> None:
    """The words go to stdout line by line, the title to stderr."""
    result = acedata("lyrics", "A harbour")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) > 1
    assert result.stderr.startswith("title: ")
    assert "\n" in document(acedata("lyrics", "A harbour", "--json"))["lyrics"]


def test_an_upload_prints_its_id(acedata: Acedata) -> None:
    """The id is what the upload commands take."""
    made = document(acedata("upload", "https://x.example/a.mp3", "--json"))
    assert made["audio_id"]
    assert acedata("upload", "ftp://x").exit_code == 2


@pytest.mark.parametrize(("name", "ending"), [("wav", ".wav"), ("video", ".mp4")])
def test_a_file_is_fetched(acedata: Acedata, tmp_path: Path, name: str, ending: str) -> None:
    """A wav file and a video end in the directory, or as an address."""
    made = document(acedata("generate", "A song", "--json", "-o", tmp_path))
    audio_id = made["audios"][0]["id"]
    fetched = document(acedata(name, audio_id, "--json", "-o", tmp_path))
    assert fetched["file"].endswith(ending)
    shown = acedata(name, audio_id, "--no-download")
    assert "address   https://" in shown.stdout


def test_a_text_cannot_steer_the_terminal(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path
) -> None:
    """Escape sequences in a title are not passed on."""
    result = acedata("generate", "x", "--title", "a\x1b[31mred\x07", "-o", tmp_path)
    assert result.exit_code == 0
    assert "\x1b" not in result.output
    assert sandbox.submissions[0]["title"] == "a\x1b[31mred\x07"
