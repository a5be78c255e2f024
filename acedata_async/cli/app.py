"""The app: all commands together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from acedata_async import __version__
from acedata_async.cli.bulk import add_bulk
from acedata_async.cli.exits import MEANINGS
from acedata_async.cli.info import add_info
from acedata_async.cli.ledger import add_ledger
from acedata_async.cli.output import Output
from acedata_async.cli.sandbox import add_sandbox
from acedata_async.cli.siblings import add_siblings
from acedata_async.cli.songs import add_songs
from acedata_async.cli.speech import add_speech
from acedata_async.cli.tasks import add_tasks
from acedata_async.cli.voices import add_voices
from acedata_async.config import BASE_URL_VARIABLE, FISH_TOKEN_VARIABLE, TOKEN_VARIABLE

_FIRST_LINE = (
    "Songs, voices and speech from Ace Data Cloud: submitted once, waited for, downloaded."
)
# One line, for the terminal to break where it is narrow.
_ENVIRONMENT = (
    f"The token comes from the environment variable {TOKEN_VARIABLE}, the address from"
    f" {BASE_URL_VARIABLE} where it is another one; a token for Fish alone from"
    f" {FISH_TOKEN_VARIABLE}. Results go to stdout, progress to stderr."
)
_HELP = f"""{_FIRST_LINE}

{_ENVIRONMENT}

\b
Examples:
  acedata generate "A song for Christmas" -o songs/
  acedata generate "A song for Christmas" --sandbox
  acedata bulk songs.jsonl -o out/
  acedata speak "Hello there" -o hello.mp3
  acedata bulk chapters.jsonl -o book/

\b
Exit codes:
""" + "\n".join(f"  {int(code):<4} {meaning}" for code, meaning in MEANINGS.items())


_AS_JSON = "acedata.as_json"


class _Commands(TyperGroup):
    """The commands; what is wrong with a command line is a document too, if it asks for those."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        ctx.meta[_AS_JSON] = "--json" in args
        with _usage_errors_told(ctx):
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        with _usage_errors_told(ctx):
            return super().invoke(ctx)


@contextmanager
def _usage_errors_told(ctx: Any) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        # Typer's versions keep the class of these errors in different places; this marks them.
        message = getattr(error, "format_message", None)
        if message is not None and ctx.meta[_AS_JSON]:
            Output(as_json=True, quiet=True).usage_error(message())
        raise


def _show_version(value: bool) -> None:  # noqa: FBT001 - typer calls it so
    if value:
        typer.echo(f"acedata-async {__version__}")
        raise typer.Exit


def _start(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


def _assemble() -> typer.Typer:
    built = typer.Typer(
        name="acedata",
        cls=_Commands,
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    built.callback(help=_HELP)(_start)
    add_songs(built)
    add_siblings(built)
    add_speech(built)
    add_voices(built)
    add_tasks(built)
    add_info(built)
    add_bulk(built)
    add_ledger(built)
    add_sandbox(built)
    return built


app = _assemble()
