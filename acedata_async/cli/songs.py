"""The commands that make songs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import typer

from acedata_async import (
    Audio,
    CoverRequest,
    ExtendRequest,
    GenerateRequest,
    ProducerRequest,
    ReplaceSectionRequest,
    StemsRequest,
    SwapInstrumentalsRequest,
    SwapVocalsRequest,
    UploadCoverRequest,
    UploadExtendRequest,
    UploadReplaceSectionRequest,
    VariationRequest,
)
from acedata_async.cli.making import make_song
from acedata_async.cli.options import (
    AudioId,
    CallbackUrl,
    Common,
    ContinueAt,
    CoverStrength,
    EditOptions,
    End,
    SongDelivery,
    SongOptions,
    Start,
    UploadId,
    command,
)


def add_songs(app: typer.Typer) -> None:
    """Add the commands that make songs."""
    _add_generate(app)
    _add_covers(app)
    _add_extensions(app)
    _add_sections(app)
    _add_versions(app)
    _add_stems(app)


def _add_generate(app: typer.Typer) -> None:
    @command(
        app,
        "generate",
        'acedata generate "A song for Christmas" -o songs/',
        'acedata generate --lyric-file words.txt --title "Snow over the harbour"',
        'acedata generate "Lo-fi for rain" --instrumental --no-wait',
        'acedata generate "A song for Christmas" --sandbox --json',
    )
    def generate(
        context: typer.Context,
        *,
        song: SongOptions,
        delivery: SongDelivery,
        common: Common,
        prompt: Annotated[
            str | None,
            typer.Argument(help="What it is to be, in up to 200 characters.", metavar="PROMPT"),
        ] = None,
    ) -> None:
        """Make a song from a prompt, or from lyrics. Paid."""
        fields = {} if prompt is None else {"prompt": prompt}
        make_song(context, GenerateRequest, fields, song=song, delivery=delivery, common=common)


def _add_covers(app: typer.Typer) -> None:
    @command(
        app,
        "cover",
        'acedata cover 6c947f13-a3c5-4b9c-8609-5639c37cdc2d --prompt "Slow jazz trio"',
    )
    def cover(
        context: typer.Context,
        audio_id: AudioId,
        *,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
        cover_strength: CoverStrength = None,
    ) -> None:
        """Make the same song in another sound. Paid."""
        fields = {"audio_id": audio_id, "cover_strength": cover_strength}
        make_song(context, CoverRequest, fields, song=song, delivery=delivery, common=common)

    @command(
        app,
        "upload-cover",
        'acedata upload-cover AUDIO_ID --prompt "Brass band" --cover-strength 0.6',
    )
    def upload_cover(
        context: typer.Context,
        audio_id: UploadId,
        *,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
        cover_strength: CoverStrength = None,
    ) -> None:
        """Make an uploaded song in another sound; after `acedata upload`. Paid."""
        fields = {"audio_id": audio_id, "cover_strength": cover_strength}
        make_song(context, UploadCoverRequest, fields, song=song, delivery=delivery, common=common)


def _add_extensions(app: typer.Typer) -> None:
    @command(
        app,
        "extend",
        'acedata extend AUDIO_ID --continue-at 120 --prompt "A quiet ending"',
    )
    def extend(
        context: typer.Context,
        audio_id: AudioId,
        *,
        continue_at: ContinueAt,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
    ) -> None:
        """Continue a song. Paid."""
        fields = {"audio_id": audio_id, "continue_at": continue_at}
        make_song(context, ExtendRequest, fields, song=song, delivery=delivery, common=common)

    @command(
        app,
        "upload-extend",
        "acedata upload-extend AUDIO_ID --continue-at 30",
    )
    def upload_extend(
        context: typer.Context,
        audio_id: UploadId,
        *,
        continue_at: ContinueAt,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
    ) -> None:
        """Continue an uploaded song; after `acedata upload`. Paid."""
        fields = {"audio_id": audio_id, "continue_at": continue_at}
        make_song(context, UploadExtendRequest, fields, song=song, delivery=delivery, common=common)


def _add_sections(app: typer.Typer) -> None:
    @command(
        app,
        "replace-section",
        "acedata replace-section AUDIO_ID --start 3 --end 70 --lyric-file verse.txt",
    )
    def replace_section(
        context: typer.Context,
        audio_id: AudioId,
        *,
        start: Start,
        end: End,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
    ) -> None:
        """Make one part of a song anew. Paid."""
        fields = {"audio_id": audio_id, "replace_section_start": start, "replace_section_end": end}
        make_song(
            context, ReplaceSectionRequest, fields, song=song, delivery=delivery, common=common
        )

    @command(
        app,
        "upload-replace-section",
        'acedata upload-replace-section AUDIO_ID --start 10 --end 25 --prompt "A drum break"',
    )
    def upload_replace_section(
        context: typer.Context,
        audio_id: UploadId,
        *,
        start: Start,
        end: End,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
    ) -> None:
        """Make one part of an uploaded song anew; after `acedata upload`. Paid."""
        fields = {"audio_id": audio_id, "replace_section_start": start, "replace_section_end": end}
        make_song(
            context,
            UploadReplaceSectionRequest,
            fields,
            song=song,
            delivery=delivery,
            common=common,
        )


_VERSIONS: tuple[tuple[type[ProducerRequest[list[Audio]]], str, str, str], ...] = (
    (
        VariationRequest,
        "variation",
        "Make another version of a song. Paid.",
        "acedata variation AUDIO_ID -o songs/",
    ),
    (
        SwapVocalsRequest,
        "swap-vocals",
        "Give a song another voice. Paid.",
        'acedata swap-vocals AUDIO_ID --prompt "A warm alto"',
    ),
    (
        SwapInstrumentalsRequest,
        "swap-instrumentals",
        "Give a song other instruments. Paid.",
        'acedata swap-instrumentals AUDIO_ID --prompt "Only strings"',
    ),
)
"""Requests that need the song alone, each with its command, what it does, and an example."""


def _add_versions(app: typer.Typer) -> None:
    for kind, name, summary, example in _VERSIONS:
        make = _maker(kind)
        make.__doc__ = summary
        command(app, name, example)(make)


def _maker(kind: type[ProducerRequest[list[Audio]]]) -> Callable[..., None]:
    def make(
        context: typer.Context,
        audio_id: AudioId,
        *,
        song: EditOptions,
        delivery: SongDelivery,
        common: Common,
    ) -> None:
        fields = {"audio_id": audio_id}
        make_song(context, kind, fields, song=song, delivery=delivery, common=common)

    return make


def _add_stems(app: typer.Typer) -> None:
    @command(app, "stems", "acedata stems AUDIO_ID -o stems/ --unpack")
    def stems(
        context: typer.Context,
        audio_id: AudioId,
        *,
        delivery: SongDelivery,
        common: Common,
        callback_url: CallbackUrl = None,
        unpack: Annotated[
            bool, typer.Option("--unpack", help="Unpack the zip into a directory of its own.")
        ] = False,
    ) -> None:
        """Take a song apart into its tracks, as one zip. Paid."""
        fields = {"audio_id": audio_id, "callback_url": callback_url}
        make_song(
            context,
            StemsRequest,
            fields,
            song=None,
            delivery=delivery,
            common=common,
            unpack=unpack,
        )
