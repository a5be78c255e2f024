"""How the songs of a form stand in a ledger, before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from acedata_async import BulkItem, InvalidRequest
from acedata_async._rules.purse import Purse
from acedata_async.bulk.intake import contradicts, is_same
from acedata_async.bulk.items import makes_file
from acedata_async.bulk.passage import product_id_of
from acedata_async.cli.output import counted
from acedata_async.ledger import Entry, Ledger

Standing = Literal[
    "new", "held_back", "saved", "in_flight", "made", "failed", "unknown", "lost", "given_up"
]
"""`new`: would be sent, and paid. `held_back`: would not be sent, for its source was not made and
will not be. `made`: made, but its file is not here."""

_WORDS: dict[Standing, str] = {
    "new": "new: would be sent, and paid",
    "held_back": "not to be sent: the source has failed, or was given up",
    "saved": "saved",
    "in_flight": "in flight: would be waited for",
    "made": "made, but not fetched: the file would be",
    "failed": "failed: sent again only with --retry-failed",
    "unknown": "unknown: may be paid; would be looked for",
    "lost": "lost: would be looked up again",
    "given_up": "given up by hand",
}
_HAIR = 1e-6
"""Songs that a quotient may be off."""
_BARREN: frozenset[Standing] = frozenset({"failed", "given_up", "held_back"})
"""What brings nothing that another song could start from."""
_TURNS_TO_THE_API: frozenset[Standing] = frozenset({"new", "in_flight", "unknown", "lost"})


@dataclass(kw_only=True)
class Survey:
    """What a run would begin with.

    Attributes:
        counts: How many songs of the form stand how.
        others: The same of songs that only the ledger knows, and that are not finished.
        conflicts: What the form and the ledger contradict each other in, in words.
        paid: How many songs of the whole ledger were paid for, or may have been.
        cost: What is known to have been spent, in the vendor's credits.
        sent: When the songs of the ledger were last sent, in Unix seconds, by their keys.
    """

    counts: Counter[Standing] = field(default_factory=Counter)
    others: Counter[Standing] = field(default_factory=Counter)
    conflicts: list[str] = field(default_factory=list)
    paid: int = 0
    cost: float = 0.0
    sent: dict[str, float] = field(default_factory=dict)

    @property
    def turns_to_the_api(self) -> bool:
        """Whether a run would send or look up anything."""
        return any((self.counts + self.others)[standing] for standing in _TURNS_TO_THE_API)

    def check(self) -> None:
        """Make sure that the form and the ledger fit together.

        Raises:
            InvalidRequest: A key stands for one thing here and for another there.
        """
        if self.conflicts:
            raise InvalidRequest(None, None, self.conflicts[0], problems=self.conflicts)

    def refusal(self, songs: int | None, credits_: float | None) -> str | None:
        """Return why a budget lets nothing be sent, in words; None where something may be."""
        purse = Purse(songs=songs, credits_=credits_, spent=self.paid, cost=self.cost)
        return purse.refusal()

    def room(self, songs: int | None, credits_: float | None) -> int | None:
        """Return how many new songs a budget allows; None where that is not known."""
        if self.refusal(songs, credits_) is not None:
            return 0
        rooms = [] if songs is None else [songs - self.paid]
        if credits_ is not None and self.cost > 0:
            rooms.append(int((credits_ - self.cost) * self.paid / self.cost + _HAIR))
        elif credits_ is not None:
            return None
        return min([self.counts["new"], *rooms]) if rooms else None

    def document(self, room: int | None) -> dict[str, Any]:
        """Return it for `--json`."""
        return {
            "counts": {standing: self.counts[standing] for standing in _WORDS},
            "only_in_the_ledger": {standing: self.others[standing] for standing in _WORDS},
            "spent": {"songs": self.paid, "credits": self.cost},
            "budget_allows": room,
        }

    def lines(self) -> list[str]:
        """Return it for people."""
        lines = [
            f"{self.counts[standing]:>7,}  {words}"
            for standing, words in _WORDS.items()
            if self.counts[standing] or standing == "new"
        ]
        if others := self.others.total():
            lines.append(f"{others:>7,}  not in the form, but unfinished in the ledger")
        return lines


async def take_survey(
    items: Sequence[BulkItem], ledger: Ledger | None, directory: Path, *, retry_failed: bool
) -> Survey:
    """See how the songs of a form stand.

    Args:
        items: The form.
        ledger: What is remembered of them; open. None where nothing is.
        directory: Where their files are.
        retry_failed: Whether failed ones count as new.
    """
    survey = Survey()
    wanted = {item.key: item for item in items}
    standings: dict[str, Standing] = {}
    barren: set[str] = set()
    if ledger is not None:
        survey.paid = (await ledger.totals()).paid
        async for entry in ledger.entries():
            survey.cost += entry.cost or 0.0
            if entry.sent_at is not None:
                survey.sent[entry.key] = entry.sent_at
            standing = _standing(entry, directory)
            item = wanted.get(entry.key)
            if item is not None:
                again = retry_failed or not is_same(entry, item)
                standings[entry.key] = "new" if standing == "failed" and again else standing
                if standing in {"saved", "made"} and product_id_of(entry) is None:
                    barren.add(entry.key)
                if contradicts(entry, item):
                    survey.conflicts.append(_conflict(item))
            elif standing in {"in_flight", "unknown", "lost"} or entry.state == "succeeded":
                survey.others[standing] += standing != "saved"
    survey.counts.update(_seen_with_sources(items, standings, barren))
    return survey


def _seen_with_sources(
    items: Sequence[BulkItem], known: Mapping[str, Standing], barren: set[str]
) -> Iterator[Standing]:
    """Yield how each song of a form stands, once it is seen what it starts from.

    Args:
        items: The form; a source stands before what starts from it.
        known: How those stand that the ledger knows.
        barren: The keys of those that were made, and that nothing can start from.
    """
    for item in items:
        standing = known.get(item.key or "", "new")
        if standing == "new" and item.source in barren:
            standing = "held_back"
        if standing in _BARREN:
            barren.add(item.key or "")
        yield standing


def _standing(entry: Entry, directory: Path) -> Standing:
    match entry.state:
        case "pending":
            return "new"
        case "submitted":
            return "in_flight"
        case "submitting":  # what a killed run left so is one of these
            return "unknown"
        case "succeeded" | "saved":
            return "saved" if _is_complete(entry, directory) else "made"
        case "failed" | "unknown" | "lost" | "given_up" as same:
            return same


def _is_complete(entry: Entry, directory: Path) -> bool:
    if not makes_file(entry.request.get("action")):
        return True
    return entry.path is not None and (directory / entry.path).is_file()


def _conflict(item: BulkItem) -> str:
    place = f"line {item.line}: " if item.line else ""
    return (
        f"{place}the ledger has another request with the key {item.key!r}, which was paid for or"
        " may have been; choose another key or another directory, or put the line back as it was"
    )


def room_words(
    survey: Survey, songs: int | None, credits_: float | None, *, thing: str = "song"
) -> list[str]:
    """Return in words how many new songs a budget allows; nothing where there is no budget.

    Args:
        survey: How the form stands.
        songs: The budget in songs.
        credits_: The budget in the vendor's credits.
        thing: What one of them is called.
    """
    if songs is None and credits_ is None:
        return []
    room = survey.room(songs, credits_)
    if room is None:
        return [f"how many {thing}s the budget allows is not known: no cost is in the ledger yet"]
    refusal = survey.refusal(songs, credits_)
    return [
        f"the budget allows {counted(room, f'new {thing}')}" + (f": {refusal}" if refusal else "")
    ]
