"""What a bulk run has paid for, its whole ledger, and what is left of a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from acedata_async.cli.bulk_options import BulkOptions
from acedata_async.cli.output import counted
from acedata_async.ledger import Ledger
from acedata_async.ledger.entry import PAID

_DOUBTFUL = frozenset({"submitting", "unknown"})


@dataclass(kw_only=True)
class Paid:
    """How much was paid for.

    Attributes:
        songs: How many songs and uploads were paid for, or may have been.
        doubtful: How many of them nobody knows of whether they were.
        credits: What their records say that they cost, in the vendor's credits.
        priced: How many records say it.
    """

    songs: int = 0
    doubtful: int = 0
    credits: float = 0.0
    priced: int = 0

    def add(self, state: str, cost: float | None) -> None:
        """Add one."""
        self.songs += 1
        self.doubtful += state in _DOUBTFUL
        self.credits += cost or 0.0
        self.priced += cost is not None

    def document(self) -> dict[str, Any]:
        """Return it for `--json`; without credits where no record tells them."""
        return {
            "songs": self.songs,
            "doubtful": self.doubtful,
            "credits": round(self.credits, 6) if self.priced else None,
            "without_cost": self.songs - self.priced,
        }

    def words(self, thing: str = "song") -> str:
        """Return it for people.

        Args:
            thing: What one of them is called.
        """
        of_some = f" for {self.priced:,} of them" if self.priced < self.songs else ""
        notes = [f"{self.credits:g} credits{of_some}"] if self.priced else []
        notes += [f"{self.doubtful:,} of them perhaps not"] if self.doubtful else []
        return counted(self.songs, thing) + (f" ({', '.join(notes)})" if notes else "")


@dataclass(frozen=True, slots=True)
class Spending:
    """What was paid for.

    Attributes:
        this_run: In this run.
        in_all: In all runs with this ledger.
    """

    this_run: Paid
    in_all: Paid

    def is_used(self, options: BulkOptions) -> bool:
        """Say whether a budget in songs is used."""
        return options.budget is not None and self.in_all.songs >= options.budget

    def left(self, options: BulkOptions) -> dict[str, float | None]:
        """Return what is left of a budget; None where there is none, or nobody can say."""
        songs, credits_ = options.budget, options.budget_credits
        told = self.in_all.priced or not self.in_all.songs
        return {
            "songs": None if songs is None else max(0, songs - self.in_all.songs),
            "credits": None
            if credits_ is None or not told
            else max(0.0, round(credits_ - self.in_all.credits, 6)),
        }

    def document(self, options: BulkOptions) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "this_run": self.this_run.document(),
            "in_all": self.in_all.document(),
            "budget_left": self.left(options),
        }

    def lines(self, options: BulkOptions, thing: str = "song") -> list[str]:
        """Return it for people.

        Args:
            options: What the run was told.
            thing: What one of those that were paid for is called.
        """
        this_run, in_all = self.this_run.words(thing), self.in_all.words(thing)
        line = f"paid: {this_run} in this run, {in_all} in this ledger"
        left = self.left(options)
        rests = [] if left["songs"] is None else [counted(int(left["songs"]), thing)]
        if options.budget_credits is not None:
            told = left["credits"]
            rests.append("credits nobody can tell" if told is None else f"{told:g} credits")
        return [f"{line}; left of the budget: {', '.join(rests)}" if rests else line]


async def spending_of(ledger: Ledger, before: Mapping[str, float]) -> Spending:
    """Add up what was paid for.

    Args:
        ledger: The ledger; open.
        before: When each song had been sent that was sent before the run, by its key.

    Raises:
        LedgerError: It cannot be read.
    """
    spending = Spending(Paid(), Paid())
    async for entry in ledger.entries(PAID):
        spending.in_all.add(entry.state, entry.cost)
        if entry.sent_at != before.get(entry.key):
            spending.this_run.add(entry.state, entry.cost)
    return spending
