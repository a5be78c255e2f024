"""The command that lets a voice speak."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from acedata_async import InvalidRequest, SpeechRequest
from acedata_async._rules.filenames import safe_stem
from acedata_async.cli.delivery import is_directory
from acedata_async.cli.exits import Exit
from acedata_async.cli.making import make
from acedata_async.cli.options import CallbackUrl, Common, SongDelivery, command
from acedata_async.cli.output import Output
from acedata_async.cli.session import Connection, conclude, connected, output_of

_STDIN = "-"
_FORMATS = {".mp3": {"mp3"}, ".wav": {"wav", "pcm"}}
"""Which formats a file of an ending can hold; `pcm` comes as a wav file."""
_PLACES = (
    "a file that ends in .mp3 or .wav, or a directory (write a / behind the name of a new one that"
    " has a dot)"
)
_LONGEST_TEXT = 1_000_000
_VOICE_ID = re.compile(r"[0-9A-Fa-f]{32}")
_SHOWN_NAME = 40
"""Characters of what may be the name of a voice, in a command to look for it."""


@dataclass(frozen=True, kw_only=True)
class SpeechOptions:
    """How a text is spoken."""

    voice: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VOICE_ID", help="The voice that says it; several for a dialogue (repeat it)."
        ),
    ] = None
    model: Annotated[str | None, typer.Option(help="The engine; s2-pro unless set.")] = None
    format: Annotated[
        str | None, typer.Option(help="mp3, wav or pcm; by default as -o ends, else mp3.")
    ] = None
    sample_rate: Annotated[
        int | None, typer.Option(help="Samples a second, such as 16000, 22050 or 44100.")
    ] = None
    mp3_bitrate: Annotated[
        int | None, typer.Option(help="Kilobits a second of an mp3: 64, 128 or 192.")
    ] = None
    latency: Annotated[
        str | None, typer.Option(help="normal, or balanced for an earlier answer.")
    ] = None
    speed: Annotated[float | None, typer.Option(help="How fast; 1 is normal.")] = None
    volume: Annotated[
        float | None, typer.Option(help="How loud, in decibels more or less than normal.")
    ] = None
    temperature: Annotated[
        float | None, typer.Option(help="How freely it is said, from 0 to 1.")
    ] = None
    top_p: Annotated[
        float | None, typer.Option(help="Out of how many ways to say it is chosen, from 0 to 1.")
    ] = None
    callback_url: CallbackUrl = None

    def request_fields(self) -> dict[str, Any]:
        """Return what was set, as the fields of a request.

        Raises:
            InvalidRequest: What was given as a voice is no id.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        voices: list[str] = given.pop("voice") or []
        _check_voices(voices)
        prosody = {name: given.pop(name) for name in ("speed", "volume")}
        set_prosody = {name: value for name, value in prosody.items() if value is not None}
        given["reference_id"] = voices[0] if len(voices) == 1 else voices or None
        given["prosody"] = set_prosody or None
        return {name: value for name, value in given.items() if value is not None}


def add_speech(app: typer.Typer) -> None:
    """Add the command."""

    @command(
        app,
        "speak",
        'acedata speak "Hello there" -o hello.mp3',
        "acedata speak --voice VOICE_ID -o chapters/ < chapter-1.txt",
        'acedata speak "Hello there" --voice VOICE_ID --speed 1.2 -o hello.wav',
        'acedata speak "Hello there" --sandbox',
    )
    def speak(
        context: typer.Context,
        *,
        speech: SpeechOptions,
        common: Common,
        text: Annotated[
            str | None,
            typer.Argument(
                help="What to say; without it, or with -, stdin is read.", metavar="TEXT"
            ),
        ] = None,
        output: Annotated[
            str,
            typer.Option(
                "--output",
                "-o",
                metavar="PATH",
                help="The file (.mp3 or .wav), or a directory for it.",
            ),
        ] = ".",
        no_download: Annotated[
            bool,
            typer.Option(
                "--no-download", help="Print the address, which may last an hour; fetch no file."
            ),
        ] = False,
        no_wait: Annotated[
            bool,
            typer.Option(
                "--no-wait", help="Print the task id and end; `acedata watch --fish` goes on."
            ),
        ] = False,
    ) -> None:
        """Let a voice say something, and fetch the file at once. Paid by the text's bytes."""
        told = output_of(common)

        def begin() -> Coroutine[Any, Any, Exit]:
            place = _Place.of(output)
            given = {"text": _said(text), **speech.request_fields()}
            request = SpeechRequest.model_validate(place.with_format(given))
            delivery = SongDelivery(
                output=place.directory, no_download=no_download, no_wait=no_wait
            )
            if delivery.directory is not None and not no_wait:
                place.check()

            async def work(connection: Connection, output: Output) -> Exit:
                return await make(connection, output, request, delivery, name=place.name)

            return connected(context, common, work, told)

        conclude(told, begin)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a speech goes.

    Attributes:
        directory: The directory.
        file: The file in it, where the user named one.
    """

    directory: Path
    file: Path | None

    @classmethod
    def of(cls, given: str) -> _Place:
        """Read what the user gave: a file, or a directory.

        Raises:
            InvalidRequest: It is a file of another kind, or of a name that it could not get.
        """
        place = Path(given)
        if given in {"", _STDIN}:
            raise InvalidRequest("output", given, _PLACES)
        if given.endswith(("/", os.sep)) or is_directory(place):
            return cls(place, None)
        suffix = place.suffix or (place.name if place.name.lower() in _FORMATS else "")
        if not suffix:
            return cls(place, None)
        kept = safe_stem(place.stem) + suffix.lower()
        if suffix.lower() not in _FORMATS or not place.suffix:
            raise InvalidRequest("output", given, _PLACES)
        if place.name != kept:
            words = f"a name that every file system can keep as it is, such as {kept}"
            raise InvalidRequest("output", given, words)
        return cls(place.parent, place)

    @property
    def name(self) -> str | None:
        """What the file is to be called, without its ending; None for no name of its own."""
        return None if self.file is None else self.file.stem

    def with_format(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a request with the format that the file's ending tells.

        Raises:
            InvalidRequest: The two contradict one another.
        """
        if self.file is None:
            return given
        ending = self.file.suffix.lower()
        asked = given.get("format", ending[1:])
        if asked not in _FORMATS[ending]:
            allowed = f"{' or '.join(sorted(_FORMATS[ending]))}, for {self.file.name} ends so"
            raise InvalidRequest("format", asked, allowed)
        return {**given, "format": asked}

    def check(self) -> None:
        """Make sure, before anything is paid, that the file takes no other one's place.

        Raises:
            InvalidRequest: There is such a file already.
        """
        if self.file is not None and os.path.lexists(self.file):
            raise InvalidRequest("output", str(self.file), "a file that is not there yet")


def _said(text: str | None) -> str:
    """Return what to say, from the command line or from stdin.

    Raises:
        InvalidRequest: stdin is a terminal, or holds no text; or the text is the name of a file.
    """
    if text is None or text == _STDIN:
        return _read_stdin(needed=text is None)
    if _is_file(text):
        words = f"text: {text} is a file; to read it: acedata speak < {shlex.quote(text)}"
        raise InvalidRequest(None, None, words)
    return text


def _is_file(text: str) -> bool:
    with suppress(OSError, ValueError):  # too long for a name, or no name at all
        return Path(text).is_file()
    return False


def _check_voices(voices: list[str]) -> None:
    for voice in voices:
        if not _VOICE_ID.fullmatch(voice):
            name = shlex.quote(voice) if 0 < len(voice) <= _SHOWN_NAME else "Clara"
            allowed = f"the id of a voice; find it with: acedata voice list --title {name}"
            raise InvalidRequest("voice", voice, allowed)


def _read_stdin(*, needed: bool) -> str:
    if sys.stdin is None or (needed and sys.stdin.isatty()):
        raise InvalidRequest("text", None, "what to say, as an argument or on stdin")
    try:
        said = sys.stdin.buffer.read(_LONGEST_TEXT + 1)
        if len(said) > _LONGEST_TEXT:
            raise InvalidRequest(None, None, f"text: more than {_LONGEST_TEXT:,} bytes on stdin")
        return said.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InvalidRequest(None, None, f"text: stdin is no text in UTF-8 ({error})") from error
