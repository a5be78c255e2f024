"""The commands about voices."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer
from rich.table import Table

from acedata_async import Voice, VoiceRequest
from acedata_async._rules.marking import placeholder_at
from acedata_async.cli.delivery import document_of_voice, lines_of_voice, prepare_directory
from acedata_async.cli.exits import Exit
from acedata_async.cli.making import make
from acedata_async.cli.options import CallbackUrl, Common, SongDelivery, as_options, command
from acedata_async.cli.output import Output, plain
from acedata_async.cli.session import Connection, perform
from acedata_async.models.fish import Sort, Visibility

_VoiceUrl = Annotated[
    str, typer.Argument(help="A public address of the recording.", metavar="VOICE_URL")
]
_Description = Annotated[str | None, typer.Option(help="What is to be said of the voice.")]


def add_voices(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(help="Voices: make one from a recording, and find others.")
    _add_create(group)
    _add_create_model(group)
    _add_list(group)
    _add_show(group)
    app.add_typer(group, name="voice", no_args_is_help=True)


def _add_create(group: typer.Typer) -> None:
    @command(
        group,
        "create",
        'acedata voice create https://example.org/me.mp3 --title "My voice"',
        "acedata voice create https://example.org/me.mp3 --no-wait",
        "acedata voice create https://example.org/me.mp3 --sandbox",
    )
    def create(
        context: typer.Context,
        voice_url: _VoiceUrl,
        *,
        common: Common,
        title: Annotated[str | None, typer.Option(help="The voice's name.")] = None,
        description: _Description = None,
        image_url: Annotated[
            list[str] | None, typer.Option(help="A picture of the voice (repeat it for more).")
        ] = None,
        callback_url: CallbackUrl = None,
        no_wait: Annotated[
            bool,
            typer.Option(
                "--no-wait", help="Print the task id and end; `acedata watch --fish` goes on."
            ),
        ] = False,
    ) -> None:
        """Make a voice from a recording, and print its id. Paid; takes a minute or two.

        Everybody may see and use it. `voice create-model` makes private ones.
        """
        fields = {
            "voice_url": voice_url,
            "title": title,
            "description": description,
            "image_urls": image_url or None,
        }

        async def work(connection: Connection, output: Output) -> Exit:
            # Without a receiver the answer takes minutes, and is lost if this command is killed.
            receiver = callback_url or placeholder_at(connection.ace.base_url)
            with as_options(image_urls="--image-url"):
                request = VoiceRequest.model_validate({**fields, "callback_url": receiver})
            delivery = SongDelivery(no_download=True, no_wait=no_wait)
            return await make(connection, output, request, delivery)

        perform(context, common, work)


def _add_create_model(group: typer.Typer) -> None:
    @command(
        group,
        "create-model",
        'acedata voice create-model https://example.org/me.mp3 --title "My voice"',
    )
    def create_model(
        context: typer.Context,
        voices: _VoiceUrl,
        *,
        common: Common,
        title: Annotated[str, typer.Option(help="The voice's name.")],
        description: _Description = None,
        cover_image: Annotated[
            str | None, typer.Option(help="An address of a picture of the voice.")
        ] = None,
        tag: Annotated[
            list[str] | None, typer.Option(help="A word to find it by (repeat it for more).")
        ] = None,
        visibility: Annotated[
            str, typer.Option(help=f"Who may see it: {', '.join(get_args(Visibility))}.")
        ] = "private",
    ) -> None:
        """Make a voice from a recording by the newer address.

        By the vendor's newest pages it is free; older ones name a price.
        """

        async def work(connection: Connection, output: Output) -> Exit:
            with as_options(voices="VOICE_URL", tags="--tag"):
                made = await connection.ace.fish.create_model(
                    voices,
                    title=title,
                    description=description,
                    cover_image=cover_image,
                    tags=tag or None,
                    visibility=visibility,  # type: ignore[arg-type]  # checked by the request
                )
            output.result(document_of_voice(made), lines_of_voice(made))
            return Exit.GOOD

        perform(context, common, work)


def _add_list(group: typer.Typer) -> None:
    @command(
        group,
        "list",
        "acedata voice list --mine",
        "acedata voice list --language en --sort task_count --page 2",
    )
    def list_voices(
        context: typer.Context,
        *,
        common: Common,
        mine: Annotated[bool, typer.Option("--mine", help="Only your own.")] = False,
        title: Annotated[str | None, typer.Option(help="A part of the title.")] = None,
        language: Annotated[
            str | None, typer.Option(help="Only those that speak it, such as en.")
        ] = None,
        tag: Annotated[str | None, typer.Option(help="Only those with this tag.")] = None,
        author: Annotated[
            str | None, typer.Option(metavar="AUTHOR_ID", help="Only those of this author.")
        ] = None,
        sort: Annotated[
            str | None, typer.Option(help=f"The order: {' or '.join(get_args(Sort))}.")
        ] = None,
        page: Annotated[int, typer.Option(help="Which page, from 1 on.")] = 1,
        page_size: Annotated[int, typer.Option(help="How many a page has, 1 to 100.")] = 10,
    ) -> None:
        """Look for voices, a page at a time. Free."""

        async def work(connection: Connection, output: Output) -> Exit:
            with as_options(page_number="--page", sort_by="--sort", author_id="--author"):
                listing = connection.ace.fish.models(
                    page_number=page,
                    page_size=page_size,
                    mine=mine or None,
                    title=title,
                    language=language,
                    tag=tag,
                    author_id=author,
                    sort_by=sort,  # type: ignore[arg-type]  # checked by the query
                )
            found = await listing
            if output.as_json:
                document = {
                    "total": None if found.total is None else int(found.total),
                    "page": page,
                    "voices": [document_of_voice(voice) for voice in found.items],
                }
                output.result(document, ())
            else:
                output.table(_table(found.items))
                total = len(found.items) if found.total is None else int(found.total)
                output.note(f"page {page}; {total:,} in all")
            return Exit.GOOD

        perform(context, common, work)


def _add_show(group: typer.Typer) -> None:
    @command(
        group,
        "show",
        "acedata voice show d5d21261512b4852b9ccd709facf93f3",
        "acedata voice show VOICE_ID -o samples/",
    )
    def show(
        context: typer.Context,
        voice_id: Annotated[str, typer.Argument(help="The voice's id.", metavar="VOICE_ID")],
        *,
        common: Common,
        output: Annotated[
            Path | None,
            typer.Option(
                "--output", "-o", help="Fetch its samples into this directory.", file_okay=False
            ),
        ] = None,
    ) -> None:
        """Show a voice, and whether it is trained. Free."""
        directory = output

        async def work(connection: Connection, output: Output) -> Exit:
            prepare_directory(directory)
            voice = await connection.ace.fish.model(voice_id)
            files = []
            if directory is not None:
                name = f"{voice.title or 'Voice'} - {voice.id}"
                files = [
                    await connection.ace.download(sample, directory, name=name)
                    for sample in voice.samples
                    if sample.audio
                ]
            document = {**document_of_voice(voice), "files": [str(path) for path in files]}
            output.result(
                document, [*lines_of_voice(voice), *(f"  file      {path}" for path in files)]
            )
            return Exit.GOOD

        perform(context, common, work)


def _table(voices: list[Voice]) -> Table:
    table = Table(box=None, pad_edge=False)
    for head in ("voice id", "title", "languages", "state"):
        table.add_column(head, no_wrap=head == "voice id")
    for voice in voices:
        row = (voice.id, voice.title, ", ".join(voice.languages), voice.state)
        table.add_row(*(plain(value or "") for value in row))
    return table
