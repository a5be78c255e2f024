"""The command that lets a voice speak."""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any

import typer

from acedata_async import InvalidRequest, SpeechRequest
from acedata_async.cli.exits import Exit
from acedata_async.cli.making import make
from acedata_async.cli.options import CallbackUrl, Common, SongDelivery, command
from acedata_async.cli.output import Output
from acedata_async.cli.session import Connection, perform

_STDIN = "-"
_FORMATS = {".mp3": {"mp3"}, ".wav": {"wav", "pcm"}}
"""Which formats a file of an ending can hold; `pcm` comes as a wav file."""
_LONGEST_TEXT = 1_000_000


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
        """Return what was set, as the fields of a request."""
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        voices: list[str] = given.pop("voice") or []
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
            Path,
            typer.Option("--output", "-o", help="The file (.mp3 or .wav), or a directory for it."),
        ] = Path(),
        no_download: Annotated[
            bool,
            typer.Option(
                "--no-download", help="Print the address, which may last an hour; fetch no file."
            ),
        ] = False,
        no_wait: Annotated[
            bool,
            typer.Option("--no-wait", help="Print the task id and end; see `acedata watch`."),
        ] = False,
    ) -> None:
        """Let a voice say something, and fetch the file at once. Paid by the text's bytes."""
        place = _Place.of(output)

        async def work(connection: Connection, output: Output) -> Exit:
            given = {"text": _said(text), **speech.request_fields()}
            request = SpeechRequest.model_validate(place.with_format(given))
            delivery = SongDelivery(
                output=place.directory, no_download=no_download, no_wait=no_wait
            )
            if delivery.directory is not None and not no_wait:
                place.check()
            return await make(connection, output, request, delivery, name=place.name)

        perform(context, common, work)


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
    def of(cls, given: Path) -> _Place:
        """Read what the user gave: a file, or a directory."""
        named = given.suffix.lower() in _FORMATS and not given.is_dir()
        return cls(given.parent, given) if named else cls(given, None)

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
        if self.file is not None and self.file.exists():
            raise InvalidRequest("output", str(self.file), "a file that is not there yet")


def _said(text: str | None) -> str:
    """Return what to say, from the command line or from stdin.

    Raises:
        InvalidRequest: stdin is a terminal, or holds no text.
    """
    if text not in {None, _STDIN}:
        return str(text)
    if sys.stdin is None or (text is None and sys.stdin.isatty()):
        raise InvalidRequest("text", None, "what to say, as an argument or on stdin")
    try:
        said = sys.stdin.buffer.read(_LONGEST_TEXT + 1)
        if len(said) > _LONGEST_TEXT:
            raise InvalidRequest(None, None, f"text: more than {_LONGEST_TEXT:,} bytes on stdin")
        return said.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InvalidRequest(None, None, f"text: stdin is no text in UTF-8 ({error})") from error
