"""A voice that was made says something, and it can be heard: the whole way at the command line."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
import wave
from array import array
from pathlib import Path

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

RECORDING = "https://example.org/me.mp3"
SHORT = "The ferry was late, and nobody on the pier seemed to mind."
LONG = " ".join([SHORT] * 4)
OTHER = "d7900c21663f485ab63ebdb7e5905036"
FFMPEG = shutil.which("ffmpeg")

A_CHARACTER = (0.03, 0.15)
"""Seconds that a character takes to be said, by somebody in a hurry and by somebody at ease."""
AUDIBLE = 0.02
"""Loudness of full scale (-34 dB) that nobody takes for silence."""


def heard(path: Path) -> tuple[float, float]:
    """Return how long a file sounds in seconds, and how loud, as a share of full scale."""
    if path.suffix != ".wav":
        path = decoded(path)
    with wave.open(str(path)) as sound:
        assert (sound.getsampwidth(), sound.getnchannels()) == (2, 1)
        samples = array("h", sound.readframes(sound.getnframes()))
        seconds = sound.getnframes() / sound.getframerate()
    if sys.byteorder == "big":
        samples.byteswap()
    loudness = math.sqrt(sum(one * one for one in samples) / len(samples)) / 32768
    return seconds, loudness


def decoded(path: Path) -> Path:
    """Return a file of a wav that ffmpeg makes of another one; any fault in it fails."""
    made = path.with_suffix(".decoded.wav")
    command = [FFMPEG or "", "-v", "error", "-xerror", "-i", str(path), "-ac", "1", str(made)]
    told = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own files
    assert told.stderr == b""
    return made


@pytest.mark.parametrize(
    "ending",
    [
        "wav",
        pytest.param(
            "mp3", marks=pytest.mark.skipif(FFMPEG is None, reason="ffmpeg reads mp3; not here")
        ),
    ],
)
def test_a_new_voice_is_heard(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, ending: str
) -> None:
    """`voice create`, then `speak`: sound, as long as the text asks for, by that voice."""
    made = document(acedata("voice", "create", RECORDING, "--title", "Me", "--json"))
    voice = made["voice"]["id"]
    files = {name: tmp_path / f"{name}.{ending}" for name in ("short", "long", "other")}
    for name, text, speaker in (
        ("short", SHORT, voice),
        ("long", LONG, voice),
        ("other", SHORT, OTHER),
    ):
        result = acedata("speak", text, "--voice", speaker, "-o", files[name])
        assert result.exit_code == 0
        assert sandbox.submissions[-1]["reference_id"] == speaker
    (short, loud), (long, as_loud) = heard(files["short"]), heard(files["long"])
    least, most = A_CHARACTER
    assert least * len(SHORT) < short < most * len(SHORT)
    assert long / short == pytest.approx(len(LONG) / len(SHORT), rel=0.15)
    assert min(loud, as_loud) > AUDIBLE
    assert files["short"].read_bytes() != files["other"].read_bytes()
