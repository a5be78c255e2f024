"""The command `info`: what a file was made from."""

from __future__ import annotations

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from anyio import to_thread

from acedata_async import InvalidRequest, Tags, read_tags
from acedata_async._rules.filenames import ENDINGS
from acedata_async.cli.exits import Exit
from acedata_async.cli.options import command
from acedata_async.cli.output import Output
from acedata_async.cli.session import conclude

_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""What the vendor's ids look like."""
_NAMES = {
    "prompt": "prompt",
    "model": "model",
    "seed": "seed",
    "date": "made",
    "audio_id": "audio id",
    "task_id": "task id",
}


def add_info(app: typer.Typer) -> None:
    """Add the command."""

    @command(app, "info", 'acedata info "songs/First light.m4a"', "acedata info song.mp3 --json")
    def info(
        files: Annotated[list[Path], typer.Argument(help="Files of sound.", metavar="FILE")],
        *,
        as_json: Annotated[
            bool, typer.Option("--json", help="Write one JSON document to stdout.")
        ] = False,
    ) -> None:
        """Show what files were made from, by their tags. Free; nothing is sent."""
        output = Output(as_json=as_json, quiet=False)

        async def work() -> Exit:
            code, documents, lines = Exit.GOOD, [], list[str]()
            for path in files:
                try:
                    tags = await to_thread.run_sync(read_tags, path)
                except InvalidRequest as error:
                    output.complain(error)
                    code = Exit.FAILED
                    continue
                documents.append({"file": str(path), **_facts(tags)})
                lines += _lines_of(path, tags)
            output.result({"files": documents}, lines)
            return code

        conclude(output, work)


def _facts(tags: Tags) -> dict[str, object]:
    facts = asdict(tags)
    cover: bytes | None = facts.pop("cover")
    about = None if cover is None else {"type": tags.cover_type, "bytes": len(cover)}
    date = None if tags.date is None else tags.date.isoformat().replace("+00:00", "Z")
    return {**facts, "date": date, "cover": about}


def _lines_of(path: Path, tags: Tags) -> list[str]:
    facts = {name: getattr(tags, name) for name in _NAMES}
    lines = [f"{tags.title or 'Untitled'}", f"  {'file':<9} {path}"]
    lines += [f"  {_NAMES[name]:<9} {value}" for name, value in facts.items() if value]
    if tags.cover:
        lines.append(f"  {'cover':<9} {tags.cover_type}, {len(tags.cover):,} bytes")
    lyric = tags.lyric.splitlines() if tags.lyric else []
    return [
        *lines,
        *(f"  {'lyrics' if not number else '':<9} {line}" for number, line in enumerate(lyric)),
    ]


async def id_within(given: object) -> object:
    """Return the audio id that a tagged file holds; whatever is no file is returned as it is.

    Raises:
        InvalidRequest: The file holds none.
        ConfigurationError: The extra for tags is not installed.
    """
    if not isinstance(given, str) or not _is_path(given):
        return given
    try:
        tags = await to_thread.run_sync(read_tags, Path(given))
    except InvalidRequest as error:
        raise InvalidRequest("audio_id", given, f"an id, or a tagged file ({error})") from error
    if not tags.audio_id:
        raise InvalidRequest("audio_id", given, "an id, or a file whose tags hold one")
    return tags.audio_id


def _is_path(text: str) -> bool:
    """Say whether a text is a file, or is written as one: no id has a slash or an ending."""
    if any(mark in text for mark in "/\\") or set(text) == {"."}:
        return True
    # What is written as an id is one, whatever lies in the directory.
    is_id = _ID.fullmatch(text.lower()) is not None
    return Path(text).suffix.lower() in ENDINGS or (not is_id and _is_file(text))


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or none
        return False
