"""What may become of an entry."""

from __future__ import annotations

import itertools
import math

import pytest

from acedata_async import LedgerError
from acedata_async.ledger import Entry, EntryError, EntryState, Totals, WrongStep
from acedata_async.ledger.entry import PAID, STATES, Step, known_cost, new_marker, transition

ALLOWED: dict[tuple[EntryState, Step], EntryState] = {
    ("pending", "begin"): "submitting",
    ("submitting", "release"): "pending",
    ("submitting", "accept"): "submitted",
    ("submitting", "refuse"): "failed",
    ("submitting", "doubt"): "unknown",
    ("submitting", "finish"): "succeeded",
    ("submitted", "finish"): "succeeded",
    ("submitted", "fail"): "failed",
    ("submitted", "lose"): "lost",
    ("succeeded", "save"): "saved",
    ("saved", "save"): "saved",
    ("failed", "retry"): "pending",
    ("failed", "finish"): "succeeded",
    ("unknown", "accept"): "submitted",
    ("lost", "accept"): "submitted",
    ("given_up", "accept"): "submitted",
    ("unknown", "resubmit"): "pending",
    ("unknown", "give_up"): "given_up",
    ("lost", "finish"): "succeeded",
    ("lost", "fail"): "failed",
    ("lost", "lose"): "lost",
    ("lost", "resubmit"): "pending",
    ("lost", "give_up"): "given_up",
    ("given_up", "resubmit"): "pending",
    ("succeeded", "resubmit"): "pending",
    ("succeeded", "give_up"): "given_up",
    ("pending", "withdraw"): "failed",
}
STEPS: tuple[Step, ...] = (
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
    "resubmit",
    "give_up",
    "withdraw",
)


def entry(state: EntryState = "pending") -> Entry:
    """Make an entry in a state."""
    error = EntryError("TaskFailed", "it failed")
    return Entry(key="one", request={}, marker="m", state=state, error=error, times={"pending": 1})


@pytest.mark.parametrize(("state", "step"), list(itertools.product(STATES, STEPS)))
def test_steps(state: EntryState, step: Step) -> None:
    """Each step is for some states and leads to one; all others are refused, and say so."""
    target = ALLOWED.get((state, step))
    if target is None:
        with pytest.raises(WrongStep, match=f"one is {state}: {step} is for what is .*nothing was"):
            transition(entry(state), step, 5.0)
        return
    after = transition(entry(state), step, 5.0)
    assert after.state == target
    assert after.times[target] == 5.0
    assert after.attempts == (step == "begin")
    assert after.error is None


def test_facts() -> None:
    """What is learned by a step is in the entry after it; the times of other states stay."""
    sent = transition(entry(), "begin", 2.0, marker="other")
    assert (sent.marker, sent.sent_at, sent.times) == (
        "other",
        2.0,
        {"pending": 1, "submitting": 2},
    )
    failed = transition(sent, "refuse", 3.0, error=EntryError("NotFound", "gone"))
    assert failed.error == EntryError("NotFound", "gone")
    assert entry().sent_at is None


def test_wrong_step_is_a_ledger_error() -> None:
    """Whoever catches `LedgerError` catches a wrong step."""
    assert issubclass(WrongStep, LedgerError)


def test_totals_count_what_may_be_paid() -> None:
    """All but `pending` and `failed` were paid for, or may have been."""
    assert set(STATES) - PAID == {"pending", "failed"}
    assert Totals({"pending": 3, "saved": 2, "unknown": 1, "failed": 7}, 0.0).paid == 3


def test_repr_shows_no_prompt() -> None:
    """Requests and results stay out of logs."""
    shown = repr(Entry(key="k", request={"prompt": "secret"}, marker="m", result={"a": "secret"}))
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("cost", "known"),
    [
        (None, None),
        (0, 0.0),
        (1.25, 1.25),
        (math.nan, None),
        (math.inf, None),
        (10**400, None),
    ],
)
def test_cost(cost: float | None, known: float | None) -> None:
    """A cost that cannot be added up counts as unknown."""
    assert known_cost(cost) == known


def test_error_is_kept_as_text() -> None:
    """Of an error its class and its message are kept."""
    assert EntryError.of(ValueError("bad")) == EntryError("ValueError", "bad")


def test_markers_differ() -> None:
    """Two entries never have the same marker."""
    assert len({new_marker() for _ in range(100)}) == 100
