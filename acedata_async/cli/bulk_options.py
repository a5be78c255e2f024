"""What a bulk run can be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Annotated, Literal

import typer

from acedata_async import BulkItem, BulkRun
from acedata_async.cli.ledger_file import LedgerPlace
from acedata_async.cli.session import Connection
from acedata_async.ledger import Ledger


class OnUnknown(Enum):
    """What to do about a paid call whose outcome nobody knows."""

    HOLD = "hold"
    RESUBMIT_ABSENT = "resubmit-absent"


class Marks(Enum):
    """Whether paid calls carry a marker by which they can be found again."""

    PLACEHOLDER = "placeholder"
    EVERYWHERE = "everywhere"
    OFF = "off"


@dataclass(frozen=True, kw_only=True)
class BulkOptions(LedgerPlace):
    """What a bulk run can be told."""

    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="The directory for files.")
    ] = Path()
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Send nothing; say what would be sent and paid.")
    ] = False
    max_in_flight: Annotated[
        str, typer.Option(metavar="N|auto", help="How many songs may be under way at once.")
    ] = "auto"
    budget: Annotated[
        int | None,
        typer.Option(min=0, help="How many songs may be paid for, those of earlier runs included."),
    ] = None
    budget_credits: Annotated[
        float | None, typer.Option(min=0, help="The same in the vendor's credits.")
    ] = None
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
        if not self.max_in_flight.isdecimal() or int(self.max_in_flight) < 1:
            words = f'{self.max_in_flight!r} is neither a whole number from 1 on nor "auto".'
            raise typer.BadParameter(words, param_hint="'--max-in-flight'")
        return int(self.max_in_flight)

    def begin(self, connection: Connection, items: list[BulkItem], ledger: Ledger) -> BulkRun:
        """Return the run that these options describe."""
        holding = self.on_unknown is OnUnknown.HOLD
        return connection.ace.producer.bulk(
            items,
            ledger=ledger,
            directory=self.output,
            leftovers=True,
            max_in_flight=self.limit,
            budget=self.budget,
            budget_credits=self.budget_credits,
            retry_failed=self.retry_failed,
            on_unknown="hold" if holding else "resubmit_absent",
            user_id=self.user_id,
            marking=self.marking.value,
        )
