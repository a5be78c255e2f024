"""Who has waited long enough."""

from __future__ import annotations

import math

from acedata_async._rules.deadlines import Deadlines
from acedata_async._rules.seats import Seat, Waiter

from .watching import Note


def wait(deadline: float) -> Waiter[Note]:
    """Return a wait that has begun."""
    seat: Seat[Note] = Seat(f"task {deadline}", acknowledged=True, born=0.0)
    waiter = Waiter(seat, 0.0, deadline, lambda: None)
    seat.admit(waiter)
    return waiter


def test_in_their_order() -> None:
    """Deadlines pass in their order, whatever that of the waits; each once."""
    deadlines: Deadlines[Note] = Deadlines()
    assert deadlines.next() == math.inf
    waits = [wait(deadline) for deadline in (30.0, 10.0, 20.0, 10.0)]
    for waiter in waits:
        deadlines.add(waiter)
    assert deadlines.next() == 10.0
    assert deadlines.passed(9.9) == []
    assert deadlines.passed(20.0) == [waits[1], waits[3], waits[2]]
    assert deadlines.passed(29.9) == []
    assert deadlines.passed(1e9) == [waits[0]]
    assert deadlines.next() == math.inf


def test_waits_that_are_over_are_passed_by() -> None:
    """Neither who left nor whose task ended is named, or woken for."""
    deadlines: Deadlines[Note] = Deadlines()
    gone, ended, stays = wait(1.0), wait(2.0), wait(3.0)
    for waiter in (gone, ended, stays):
        deadlines.add(waiter)
    gone.seat.dismiss(gone)
    ended.seat.end("final")
    assert deadlines.next() == 3.0
    assert deadlines.passed(10.0) == [stays]


def test_tidy() -> None:
    """Of many waits that are over, those that last remain; a few are no reason to tidy up."""
    deadlines: Deadlines[Note] = Deadlines()
    waits = [wait(float(deadline)) for deadline in range(100)]
    for waiter in waits:
        deadlines.add(waiter)
    for waiter in waits[10:]:
        waiter.seat.dismiss(waiter)
    deadlines.tidy(30)
    assert len(deadlines) == 100
    deadlines.tidy(10)
    assert len(deadlines) == 10
    assert deadlines.passed(math.inf) == waits[:10]
    deadlines.add(waits[0])
    deadlines.clear()
    assert len(deadlines) == 0
