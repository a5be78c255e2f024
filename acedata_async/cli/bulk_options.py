"""What a bulk run can be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from acedata_async import BulkItem, BulkRun, InvalidRequest
from acedata_async.audio.tags import can_tag
from acedata_async.bulk.items import service_kind
from acedata_async.cli.ledger_file import LedgerPlace
from acedata_async.cli.session import Connection
from acedata_async.ledger import Ledger

_MOST_DIGITS = 6
_SHOWN = 40
"""Characters of a wrong value in a message."""


class OnUnknown(Enum):
    """What to do about a paid call whose outcome nobody knows."""

    HOLD = "hold"
    RESUBMIT_ABSENT = "resubmit-absent"


class Marks(Enum):
    """Whether paid calls carry a marker by which they can be found again."""

    PLACEHOLDER = "placeholder"
    EVERYWHERE = "everywhere"
    OFF = "off"


def service_of(items: Sequence[BulkItem]) -> Literal["producer", "fish"]:
    """Return the service that all items of a form are for.

    Raises:
        InvalidRequest: They are for different ones.
    """
    first = items[0]
    service = service_kind(first.action)
    other = next((item for item in items if service_kind(item.action) != service), None)
    if other is not None:
        words = (
            f"line {other.line}: {other.action} is for another service than {first.action} in line"
            f" {first.line}; make two forms, and a run of each"
        )
        raise InvalidRequest(None, None, words)
    return "fish" if service == "fish" else "producer"


@dataclass(frozen=True, kw_only=True)
class BulkOptions(LedgerPlace):
    """What a bulk run can be told."""

    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="The directory for files; made if missing."
        ),
    ] = Path()
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send, pay and make nothing; say what a run would.")
    ] = False
    max_in_flight: Annotated[
        str,
        typer.Option(
            metavar="N|auto", help="How many songs (or speeches) may be under way at once."
        ),
    ] = "auto"
    budget: Annotated[
        int | None,
        typer.Option(min=0, help="How many may be paid for, those of earlier runs included."),
    ] = None
    budget_credits: Annotated[
        float | None,
        typer.Option(min=0, help="The same in the vendor's credits, if records tell them."),
    ] = None
    no_tags: Annotated[
        bool, typer.Option("--no-tags", help="Write no title, lyrics and cover into the files.")
    ] = False
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Send again what failed in an earlier run.")
    ] = False
    on_unknown: Annotated[
        OnUnknown,
        typer.Option(help="What may be paid: hold it, or send it again once it is not listed."),
    ] = OnUnknown.HOLD
    user_id: Annotated[
        str | None, typer.Option(help="The id of your account, to look for unknown ones sooner.")
    ] = None
    marking: Annotated[
        Marks, typer.Option(help="Which paid calls carry a marker to be found by.")
    ] = Marks.PLACEHOLDER
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.jsonl", help="Write a JSON line here as each song ends."),
    ] = None

    @property
    def limit(self) -> int | Literal["auto"]:
        """How many songs may be under way at once."""
        if self.max_in_flight == "auto":
            return "auto"
        given = self.max_in_flight
        if not given.isdecimal() or len(given) > _MOST_DIGITS or int(given) < 1:
            shown = given if len(given) <= _SHOWN else f"{given[:_SHOWN]}…"
            words = f'{shown!r} is neither a whole number from 1 to 999,999 nor "auto".'
            raise typer.BadParameter(words, param_hint="'--max-in-flight'")
        return int(given)

    def will_be_there(self, directory: Path) -> bool:
        """Say whether a directory exists, or will once that for files is made."""
        files = self.output.resolve()
        return directory.is_dir() or directory.resolve() in {files, *files.parents}

    def begin(self, connection: Connection, items: list[BulkItem], ledger: Ledger) -> BulkRun:
        """Return the run that these options describe."""
        holding = self.on_unknown is OnUnknown.HOLD
        ace = connection.ace
        service = ace.fish if service_of(items) == ace.fish.name else ace.producer
        return service.bulk(
            items,
            ledger=ledger,
            directory=self.output,
            tags=can_tag() and not self.no_tags,
            leftovers=True,
            max_in_flight=self.limit,
            budget=self.budget,
            budget_credits=self.budget_credits,
            retry_failed=self.retry_failed,
            on_unknown="hold" if holding else "resubmit_absent",
            user_id=self.user_id,
            marking=self.marking.value,
        )
