"""The two ledgers side by side: whatever is asked for, they say the same."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from acedata_async import LedgerError
from acedata_async.ledger import (
    Entry,
    EntryState,
    Ledger,
    MemoryLedger,
    NewEntry,
    SqliteLedger,
    Totals,
)
from acedata_async.ledger.entry import STATES
from tests.examples import examples

KEYS = st.sampled_from(["a", "b", "c", "ü\0\U0001f3b5"])
TASKS = st.sampled_from(["t1", "t2"])
WORDS = st.text(max_size=5)
JSON = st.dictionaries(WORDS, WORDS | st.none() | st.booleans() | st.floats(allow_nan=False))
ERRORS = st.builds(ValueError, WORDS)
MARKERS = st.sampled_from([None, "", "given"])
COSTS = st.none() | st.integers(0, 9).map(lambda quarter: quarter / 4)

Action = Callable[[Ledger], Awaitable[Any]]
ACTIONS: st.SearchStrategy[Action] = st.one_of(
    st.builds(lambda k, m: lambda ledger: ledger.begin(k, m), KEYS, MARKERS),
    st.builds(lambda k, e: lambda ledger: ledger.release(k, e), KEYS, st.none() | ERRORS),
    st.builds(lambda k, t: lambda ledger: ledger.accept(k, t), KEYS, TASKS),
    st.builds(lambda k, e: lambda ledger: ledger.refuse(k, e), KEYS, ERRORS),
    st.builds(lambda k, e: lambda ledger: ledger.doubt(k, e), KEYS, ERRORS),
    st.builds(
        lambda k, r, c, n: lambda ledger: ledger.finish(k, r, cost=c, name=n),
        KEYS,
        JSON,
        COSTS,
        WORDS | st.none(),
    ),
    st.builds(lambda k, e, r: lambda ledger: ledger.fail(k, e, r), KEYS, ERRORS, JSON),
    st.builds(lambda k, e: lambda ledger: ledger.lose(k, e), KEYS, ERRORS),
    st.builds(lambda k, p: lambda ledger: ledger.save(k, p), KEYS, WORDS),
    st.builds(lambda k: lambda ledger: ledger.retry(k), KEYS),
    st.builds(lambda k: lambda ledger: ledger.resubmit(k), KEYS),
    st.builds(lambda k: lambda ledger: ledger.give_up(k), KEYS),
    st.builds(lambda k: lambda ledger: ledger.withdraw(k), KEYS),
    st.builds(lambda k: lambda ledger: ledger.get(k), KEYS),
    st.builds(lambda n: lambda ledger: ledger.note(n), KEYS),
    st.builds(lambda n, t: lambda ledger: ledger.put_note(n, t), KEYS, WORDS),
    st.builds(lambda t: lambda ledger: ledger.of_tasks(t), st.lists(TASKS)),
)


class Histories(RuleBasedStateMachine):
    """Does the same to a ledger in memory and to one in a file."""

    def __init__(self) -> None:
        super().__init__()
        self.time = 1700000000.1
        self.directory = Path(tempfile.mkdtemp())
        self.runner = asyncio.Runner()
        self.memory = MemoryLedger(now=lambda: self.time)
        self.file = SqliteLedger(self.directory / "ledger", now=lambda: self.time)
        self.do(self.file.open())

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.do(self.file.aclose())
        self.runner.close()
        shutil.rmtree(self.directory)

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Wait for something."""
        return self.runner.run(work)

    def same(self, action: Action) -> None:
        """Do it to both, with the same outcome."""
        assert self.do(outcome(action, self.memory)) == self.do(outcome(action, self.file))

    @rule(
        entries=st.lists(st.builds(lambda k, r: NewEntry(key=k, request=r), KEYS, JSON)),
    )
    def add(self, entries: list[NewEntry]) -> None:
        """Add some, some of them twice."""
        self.same(lambda ledger: ledger.add(entries))

    @rule(action=ACTIONS, later=st.floats(0, 10))
    def act(self, action: Action, later: float) -> None:
        """Take a step, allowed or not, or look at something."""
        self.time += later
        self.same(action)

    @rule()
    def reopen(self) -> None:
        """End, and take it up again: what was under way is unknown."""
        for ledger in (self.memory, self.file):
            self.do(ledger.aclose())
            self.do(ledger.open())
        assert "submitting" not in self.do(self.file.totals()).counts

    @rule(states=st.none() | st.sets(st.sampled_from(STATES)))
    def some(self, states: set[EntryState] | None) -> None:
        """Look at those in some states, in the order in which they were added."""
        self.same(lambda ledger: listed(ledger, states))

    @invariant()
    def equal(self) -> None:
        """They hold the same, and add up to the same."""
        self.same(lambda ledger: listed(ledger, None))
        self.same(lambda ledger: ledger.totals())


async def listed(ledger: Ledger, states: set[EntryState] | None) -> list[Entry]:
    """Return the entries of a ledger."""
    return [entry async for entry in ledger.entries(states)]


async def outcome(action: Action, ledger: Ledger) -> object:
    """Return what comes out of it, in a form that can be compared."""
    try:
        return comparable(await action(ledger))
    except LedgerError as error:
        return type(error), str(error)


def comparable(value: Any) -> object:
    """Leave out what is random, and how a mapping is kept."""
    if isinstance(value, Entry):
        return replace(value, marker=value.marker if value.marker in {"", "given"} else "random")
    if isinstance(value, list):
        return [comparable(one) for one in value]
    if isinstance(value, dict):
        return {name: comparable(one) for name, one in value.items()}
    if isinstance(value, Totals):
        return dict(value.counts), value.cost
    return value


TestHistories = Histories.TestCase
TestHistories.settings = examples(
    40, stateful_step_count=30, suppress_health_check=[HealthCheck.too_slow]
)
