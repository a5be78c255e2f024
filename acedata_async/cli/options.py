"""Options that commands share, as groups; and the making of a command from them."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from typer.core import TyperCommand

from acedata_async import InvalidRequest

AudioId = Annotated[
    str,
    typer.Argument(
        help="The song's id, as printed with a result; or its file, if that was tagged.",
        metavar="AUDIO_ID",
    ),
]
UploadId = Annotated[
    str, typer.Argument(help="The id that `acedata upload` printed.", metavar="AUDIO_ID")
]
TaskIds = Annotated[list[str], typer.Argument(help="One or more task ids.", metavar="TASK_ID")]
CoverStrength = Annotated[
    float | None, typer.Option(help="How far to go, 0.2 to 1. The vendor's default is 1.")
]
ContinueAt = Annotated[float, typer.Option(help="Where to go on from, in seconds.")]
Start = Annotated[float, typer.Option(help="Where the part begins, in seconds.")]
End = Annotated[float, typer.Option(help="Where it ends, in seconds.")]
CallbackUrl = Annotated[
    str | None, typer.Option(help="An address that the vendor calls when the task is over.")
]


Template = Annotated[
    str | None,
    typer.Option(help='The names of files, such as "{title} - {id}"; fields in braces.'),
]
NoTags = Annotated[
    bool, typer.Option("--no-tags", help="Write no title, lyrics and cover into the files.")
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace a file of that name, not number this one."),
]
Unpack = Annotated[
    bool, typer.Option("--unpack", help="Unpack stems into a directory of their own.")
]


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every command that talks to the API can be told."""

    as_json: Annotated[
        bool, typer.Option("--json", help="Write one JSON document to stdout, and nothing else.")
    ] = False
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show no progress, only errors and warnings.")
    ] = False
    sandbox: Annotated[
        bool,
        typer.Option("--sandbox", help="Use a fake vendor inside this command: free, no token."),
    ] = False
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds to wait for a task. It lives on afterwards.")
    ] = 900.0


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What becomes of the result."""

    output: Annotated[
        Path, typer.Option("--output", "-o", help="The directory for files.", file_okay=False)
    ] = Path()
    no_download: Annotated[
        bool, typer.Option("--no-download", help="Print the addresses, fetch no file.")
    ] = False
    template: Template = None
    no_tags: NoTags = False
    overwrite: Overwrite = False

    @property
    def directory(self) -> Path | None:
        """The directory for files, or None where none is wanted."""
        return None if self.no_download else self.output


@dataclass(frozen=True, kw_only=True)
class SongDelivery(Delivery):
    """What becomes of a song, which takes its time."""

    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Print the task id and end; see `acedata watch`.")
    ] = False


@dataclass(frozen=True, kw_only=True)
class SongOptions:
    """What every song can be told."""

    lyric: Annotated[str | None, typer.Option(help="The words to sing, with real line breaks.")] = (
        None
    )
    lyric_file: Annotated[
        Path | None, typer.Option(help="A text file with the words to sing.", dir_okay=False)
    ] = None
    title: Annotated[str | None, typer.Option(help="The song's title.")] = None
    instrumental: Annotated[bool, typer.Option("--instrumental", help="Leave the voice out.")] = (
        False
    )
    model: Annotated[str | None, typer.Option(help="The model; FUZZ-2.0 Pro unless set.")] = None
    seed: Annotated[
        str | None, typer.Option(help="A whole number that repeats a choice of sound.")
    ] = None
    lyrics_strength: Annotated[
        float | None, typer.Option(help="How closely to follow the lyrics, 0 to 1.")
    ] = None
    sound_strength: Annotated[
        float | None, typer.Option(help="How closely to follow the sound, 0.2 to 1.")
    ] = None
    weirdness: Annotated[float | None, typer.Option(help="How unusual to be, 0 to 1.")] = None
    callback_url: CallbackUrl = None

    def request_fields(self) -> dict[str, Any]:
        """Return what was set, as the fields of a request.

        Raises:
            InvalidRequest: The lyrics are given twice, or their file cannot be read.
        """
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        given["instrumental"] = self.instrumental or None
        lyric_file: Path | None = given.pop("lyric_file")
        if lyric_file is not None:
            if self.lyric is not None:
                raise InvalidRequest(None, None, "give --lyric or --lyric-file, not both")
            given["lyric"] = _read_lyrics(lyric_file)
        return {name: value for name, value in given.items() if value is not None}


@dataclass(frozen=True, kw_only=True)
class EditOptions(SongOptions):
    """What a song made from another one can be told: a prompt as well."""

    prompt: Annotated[
        str | None, typer.Option(help="What it is to be, in up to 200 characters.")
    ] = None


def _read_lyrics(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig").strip("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequest("lyric_file", str(path), f"a text file in UTF-8 ({error})") from error


@contextmanager
def as_options(**names: str) -> Iterator[None]:
    """Name options in what is wrong with a request, where its fields are called otherwise.

    Args:
        **names: The option of each such field, such as `--page`.
    """
    try:
        yield
    except InvalidRequest as error:
        problems = [_renamed(problem, names) for problem in error.problems]
        field = names.get(error.field or "", error.field)
        raise InvalidRequest(field, error.value, error.allowed, problems=problems) from None


def _renamed(problem: str, names: Mapping[str, str]) -> str:
    field = re.match(r"\w+", problem)
    if field is None or field[0] not in names:
        return problem
    return names[field[0]] + problem[field.end() :]


class BareFlags(TyperCommand):
    """A command whose flags are shown without the type of a value that they do not take."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters, those of flags without a metavar."""
        params = super().get_params(ctx)
        for param in params:
            if getattr(param, "is_flag", False) and param.metavar is None:
                param.metavar = ""
        return params


Command = Callable[..., None]


def command(app: typer.Typer, name: str, *examples: str) -> Callable[[Command], Command]:
    """Add a command to the app, its groups of options spread out, with examples in its help."""

    def add(function: Command) -> Command:
        written = inspect.cleandoc(function.__doc__ or "").split("\n\n")
        # A paragraph is one line, for the terminal to break where it is narrow.
        summary = "\n\n".join(" ".join(paragraph.split()) for paragraph in written)
        block = "\n".join(["\b", "Examples:", *(f"  {example}" for example in examples)])
        return app.command(name, cls=BareFlags, help=f"{summary}\n\n{block}")(_spread(function))

    return add


def _spread(function: Command) -> Command:
    """Return the function with each group of options replaced by its options."""
    hints = get_type_hints(function, include_extras=True)
    groups = {
        name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)
    }
    parameters: list[inspect.Parameter] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in groups:
            parameters += _options_of(groups[parameter.name])
        else:
            parameters.append(
                parameter.replace(
                    annotation=hints[parameter.name], kind=inspect.Parameter.KEYWORD_ONLY
                )
            )

    @functools.wraps(function)
    def spread(**given: Any) -> None:
        for name, group in groups.items():
            values = {field.name: given.pop(field.name) for field in fields(group)}
            given[name] = group(**values)
        function(**given)

    del spread.__wrapped__
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as documented
    spread.__annotations__ = {one.name: one.annotation for one in parameters}
    return spread


def _options_of(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(group)
    ]
