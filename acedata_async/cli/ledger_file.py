"""Where the ledger of a run is, and how commands open it."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from acedata_async.errors import LedgerError
from acedata_async.ledger import Entry, Ledger, SqliteLedger

NAME = "acedata.ledger"

PATIENCE = 5.0
"""Seconds to wait for another process that uses the ledger; it may be about to end."""

Key = Annotated[str, typer.Argument(help="The song's key.", metavar="KEY")]
LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help=f"The ledger; DIR/{NAME} unless set."),
]


@dataclass(frozen=True, kw_only=True)
class LedgerPlace:
    """Where to find a ledger."""

    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR", help="The directory of the bulk run."),
    ] = Path()
    ledger: LedgerOption = None

    @property
    def path(self) -> Path:
        """The ledger's file."""
        return self.output / NAME if self.ledger is None else self.ledger

    def command(self, *words: str) -> str:
        """Return a command line of `acedata ledger` on this ledger, to be copied."""
        place = [] if self.output == Path() else ["-o", str(self.output)]
        if self.ledger is not None:
            place = ["--ledger", str(self.ledger)]
        return shlex.join(["acedata", "ledger", *words, *place])


def to_read(path: Path) -> SqliteLedger:
    """Return a ledger to look at, which somebody else may be writing."""
    return SqliteLedger(path, patience=PATIENCE, read_only=True)


def to_write(path: Path, *, now: Callable[[], float] = time.time) -> SqliteLedger:
    """Return a ledger to hold; it is made where it is missing.

    Args:
        path: Its file.
        now: Where the time comes from, in Unix seconds.
    """
    return SqliteLedger(path, patience=PATIENCE, now=now)


def there(path: Path) -> Path:
    """Return the path of a ledger that exists.

    Raises:
        LedgerError: There is none.
    """
    if not path.exists():
        raise LedgerError(f"no ledger at {path}")
    return path


async def entry_of(ledger: Ledger, key: str) -> Entry:
    """Return what a ledger remembers of a song.

    Raises:
        LedgerError: Nothing.
    """
    entry = await ledger.get(key)
    if entry is None:
        raise LedgerError(f"the ledger has no entry {key!r}")
    return entry
