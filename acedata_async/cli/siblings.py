"""The commands that are answered at once: lyrics, uploads, wav files and videos."""

from __future__ import annotations

from typing import Annotated

import typer

from acedata_async.cli.delivery import Item, code_of_delivery, deliver, prepare
from acedata_async.cli.exits import Exit
from acedata_async.cli.info import id_within
from acedata_async.cli.options import AudioId, Common, Delivery, command
from acedata_async.cli.output import Output, plain
from acedata_async.cli.session import Connection, perform


def add_siblings(app: typer.Typer) -> None:
    """Add the commands that are answered at once."""
    _add_texts(app)
    _add_files(app)


def _add_texts(app: typer.Typer) -> None:
    @command(app, "lyrics", 'acedata lyrics "A harbour in winter" > words.txt')
    def lyrics(
        context: typer.Context,
        prompt: Annotated[str, typer.Argument(help="What the lyrics are to be about.")],
        common: Common,
    ) -> None:
        """Write lyrics. Paid. The title goes to stderr, the words to stdout."""

        async def work(connection: Connection, output: Output) -> Exit:
            made = await connection.ace.producer.lyrics(prompt)
            output.note(f"title: {plain(made.title or 'none')}")
            output.result(made.model_dump(mode="json"), (made.lyrics or "").splitlines())
            return Exit.GOOD

        perform(context, common, work)

    @command(app, "upload", "acedata upload https://cdn.acedata.cloud/suno_demo.mp3")
    def upload(
        context: typer.Context,
        url: Annotated[str, typer.Argument(help="A public address of an mp3.")],
        common: Common,
    ) -> None:
        """Make a song of your own known to the API, and print its id. Paid."""

        async def work(connection: Connection, output: Output) -> Exit:
            made = await connection.ace.producer.upload(url)
            output.result(made.model_dump(mode="json"), [made.audio_id or ""])
            return Exit.GOOD

        perform(context, common, work)


def _add_files(app: typer.Typer) -> None:
    @command(app, "wav", "acedata wav AUDIO_ID -o songs/")
    def wav(context: typer.Context, audio_id: AudioId, delivery: Delivery, common: Common) -> None:
        """Fetch a song as a wav file. Paid."""

        async def work(connection: Connection, output: Output) -> Exit:
            prepare(delivery)
            made = await connection.ace.producer.wav(str(await id_within(audio_id)))
            return await _hand_over(connection, output, made, delivery)

        perform(context, common, work)

    @command(app, "video", "acedata video AUDIO_ID -o songs/")
    def video(
        context: typer.Context, audio_id: AudioId, delivery: Delivery, common: Common
    ) -> None:
        """Fetch a song as a video. Paid."""

        async def work(connection: Connection, output: Output) -> Exit:
            prepare(delivery)
            made = await connection.ace.producer.video(str(await id_within(audio_id)))
            return await _hand_over(connection, output, made, delivery)

        perform(context, common, work)


async def _hand_over(
    connection: Connection, output: Output, made: Item, delivery: Delivery
) -> Exit:
    delivered = await deliver(connection.ace, output, [made], delivery)
    output.result(delivered[0].document(), delivered[0].lines())
    return code_of_delivery(delivered)
