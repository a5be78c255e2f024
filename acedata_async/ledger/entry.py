"""The record of a song in a ledger, and what may become of it: values, and nothing else.

    pending ──▶ submitting ──▶ submitted ──▶ succeeded ──▶ saved
       ▲            │  │  ╲         │  ╲
       │            ▼  ▼   ╲        ▼   ▼
       ├──────── failed  unknown   lost  failed
       └── by hand, or because it was asked for; `given_up` is where a hand can end it

A hand that names its task makes what is `unknown`, `lost` or `given_up` `submitted` again.

`transition` is the only way from one state to another, and knows which ones there are.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

from acedata_async.errors import LedgerError

EntryState = Literal[
    "pending",
    "submitting",
    "submitted",
    "succeeded",
    "saved",
    "failed",
    "unknown",
    "lost",
    "given_up",
]
"""`pending`: nothing was sent, or what was sent created nothing. `submitting`: the paid call is
about to go, or under way. `submitted`: the API has it. `succeeded`: it is made. `saved`: its
file is here. `failed`: it was refused or withdrawn, or its final record says so; not charged.
`unknown`: it was sent, and nobody knows whether it was accepted. `lost`: it has a task id, but
no record, or none that ends; it is looked up again each time. `given_up`: ended by hand."""

STATES: tuple[EntryState, ...] = get_args(EntryState)

PAID: frozenset[EntryState] = frozenset(
    {"submitting", "submitted", "succeeded", "saved", "unknown", "lost", "given_up"}
)
"""The states of what was paid for, or may have been."""

Step = Literal[
    "begin",
    "release",
    "accept",
    "refuse",
    "doubt",
    "finish",
    "fail",
    "lose",
    "save",
    "retry",
    "revise",
    "resubmit",
    "give_up",
    "withdraw",
]
"""What may happen to an entry; `Ledger` has a method for each."""

_STEPS: Mapping[Step, tuple[EntryState, frozenset[EntryState]]] = MappingProxyType(
    {
        "begin": ("submitting", frozenset({"pending"})),
        "release": ("pending", frozenset({"submitting"})),
        "accept": ("submitted", frozenset({"submitting", "unknown", "lost", "given_up"})),
        "refuse": ("failed", frozenset({"submitting"})),
        "doubt": ("unknown", frozenset({"submitting"})),
        "finish": ("succeeded", frozenset({"submitting", "submitted", "lost", "failed"})),
        "fail": ("failed", frozenset({"submitted", "lost"})),
        "lose": ("lost", frozenset({"submitted", "lost"})),
        "save": ("saved", frozenset({"succeeded", "saved"})),
        "retry": ("pending", frozenset({"failed"})),
        "revise": ("pending", frozenset({"pending", "failed"})),
        # What is made and cannot be fetched any more may be made anew, if somebody says so.
        "resubmit": ("pending", frozenset({"unknown", "lost", "given_up", "succeeded"})),
        "give_up": ("given_up", frozenset({"unknown", "lost", "succeeded"})),
        "withdraw": ("failed", frozenset({"pending"})),
    }
)
"""Where each step leads, and from where it may be taken."""


@dataclass(frozen=True, slots=True)
class EntryError:
    """What went wrong last.

    Attributes:
        type: The name of the error's class, such as `TaskFailed`.
        message: What it said.
    """

    type: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> EntryError:
        """Return what a ledger keeps of an error."""
        return cls(type(error).__name__, str(error))


ENDED = EntryError(
    "SubmissionUnknown",
    "its process ended before the answer was known: it may have been accepted, and paid",
)
"""What is known of a paid call that a former holder of the ledger left under way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """What a ledger is asked to remember.

    Attributes:
        key: Its name in the ledger.
        request: The action and the fields as they were set, with the `callback_url` masked.
    """

    key: str
    request: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a ledger remembers of a song; a snapshot.

    Attributes:
        key: Its name in the ledger.
        request: The action and the fields as they were set, with the `callback_url` masked.
        marker: What is sent along to find the task by, should its id get lost; empty where the
            last call went without.
        state: How it stands.
        task_id: The task's id, once it is known.
        attempts: How often its paid call was begun.
        error: What went wrong last, or None.
        result: The task's final record as the API sent it, or the answer to an upload; before,
            what the answer to its paid call showed beside the task id, or None. A `callback_url`
            in it is masked.
        cost: What the record says it cost, in the vendor's credits; None where it does not say.
        name: The name of its file without ending, chosen before the file is fetched.
        path: Its file, once it is whole; as text, relative to the directory of the run.
        times: When it last came into each state, in Unix seconds by this machine's clock.
    """

    key: str
    request: Mapping[str, Any] = field(repr=False)
    marker: str
    state: EntryState = "pending"
    task_id: str | None = None
    attempts: int = 0
    error: EntryError | None = None
    result: Mapping[str, Any] | None = field(default=None, repr=False)
    cost: float | None = None
    name: str | None = None
    path: str | None = None
    times: Mapping[str, float] = field(default_factory=dict, repr=False)

    @property
    def sent_at(self) -> float | None:
        """When its paid call was last begun, in Unix seconds; None if it never was."""
        return self.times.get("submitting")


@dataclass(frozen=True, slots=True)
class Totals:
    """What a ledger adds up to.

    Attributes:
        counts: How many entries are in each state; states without any are left out.
        cost: The sum of all costs that are known, in the vendor's credits.
    """

    counts: Mapping[EntryState, int]
    cost: float

    @property
    def paid(self) -> int:
        """How many entries were paid for, or may have been."""
        return sum(count for state, count in self.counts.items() if state in PAID)


class WrongStep(LedgerError):
    """An entry cannot take this step from the state that it is in."""


class Withdrawn(LedgerError):
    """An entry was withdrawn before it was sent: why it is `failed`."""


def transition(entry: Entry, step: Step, now: float, **facts: Any) -> Entry:
    """Return the entry after a step, with what was learned by it.

    Args:
        entry: The entry before.
        step: What happens to it.
        now: The time, in Unix seconds.
        **facts: Other attributes that change. The error is cleared unless it is one of them.

    Raises:
        WrongStep: The step cannot be taken from the entry's state.
    """
    target, sources = _STEPS[step]
    if entry.state not in sources:
        allowed = ", ".join(state for state in STATES if state in sources)
        raise WrongStep(
            f"{entry.key} is {entry.state}: {step} is for what is {allowed}; nothing was changed"
        )
    return replace(
        entry,
        state=target,
        attempts=entry.attempts + (step == "begin"),
        times={**entry.times, target: now},
        **{"error": None, **facts},
    )


def new_marker() -> str:
    """Return a marker that no other entry has."""
    return secrets.token_hex(16)


def known_cost(cost: float | None) -> float | None:
    """Return a cost if it is one that can be added up."""
    try:
        return None if cost is None or not math.isfinite(cost) else float(cost)
    except OverflowError:
        return None


def known_error(error: BaseException | None) -> EntryError | None:
    """Return what is kept of an error, where there is one."""
    return None if error is None else EntryError.of(error)
