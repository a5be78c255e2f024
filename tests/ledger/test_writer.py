"""The thread that writes: what it does together, and what each caller is told."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from functools import partial

import pytest
import uvloop

from acedata_async import LedgerError
from acedata_async.ledger import SqliteLedger, WrongStep
from acedata_async.ledger.faults import explain
from acedata_async.ledger.writer import Writer
from tests.ledger.holding import busy, songs, turn, writer_of


def memory_writer() -> Writer:
    """Start a writer on a database in memory."""
    return Writer(
        lambda: closing(sqlite3.connect(":memory:", isolation_level=None)),
        partial(explain, "memory"),
        "test",
    )


async def test_what_waits_shares_a_commit(ledger: SqliteLedger) -> None:
    """All that is asked for during a commit goes into the next one, reads in their place."""
    before = writer_of(ledger).commits
    async with busy(ledger):
        tasks = [asyncio.create_task(ledger.add(songs(str(number)))) for number in range(50)]
        await turn()
        look = asyncio.create_task(ledger.totals())
        await turn()
        late = asyncio.create_task(ledger.add(songs("late")))
        await turn()
    await asyncio.gather(*tasks, late)
    assert writer_of(ledger).commits == before + 1
    assert (await look).counts == {"pending": 50}


async def test_one_that_cannot_be_done_hurts_no_other(ledger: SqliteLedger) -> None:
    """A wrong step in a batch is its caller's alone."""
    await ledger.add(songs("a", "b"))
    async with busy(ledger):
        calls = [ledger.begin("a"), ledger.begin("a"), ledger.begin("none"), ledger.begin("b")]
        tasks = [asyncio.create_task(call) for call in calls]
        await turn()
    a, again, none, b = await asyncio.gather(*tasks, return_exceptions=True)
    assert not isinstance(a, BaseException)
    assert not isinstance(b, BaseException)
    assert isinstance(again, WrongStep)
    assert isinstance(none, LedgerError)
    assert (await ledger.totals()).counts == {"submitting": 2}


async def test_surprises_are_told_as_ledger_errors(ledger: SqliteLedger) -> None:
    """What nobody thought of is the caller's alone too, with its cause."""
    async with busy(ledger):
        fine = asyncio.create_task(ledger.add(songs("a")))
        await turn()
        odd = asyncio.create_task(ledger.apply("a", "dance", {}))  # type: ignore[arg-type]
        await turn()
    assert [entry.key for entry in await fine] == ["a"]
    with pytest.raises(LedgerError, match="KeyError") as caught:
        await odd
    assert isinstance(caught.value.__cause__, KeyError)


async def test_failure_of_the_database_undoes_the_batch(ledger: SqliteLedger) -> None:
    """When the database fails, nothing of the batch is done and each caller gets its own error."""
    async with busy(ledger):
        before = asyncio.create_task(ledger.add(songs("a")))
        look = asyncio.create_task(ledger.get("a"))
        wrong = asyncio.create_task(ledger.begin("none"))
        await turn()
        broken = asyncio.create_task(
            writer_of(ledger).run(lambda c: c.execute("SELECT * FROM missing"), writes=True)
        )
        await turn()
        after = asyncio.create_task(ledger.add(songs("b")))
        await turn()
    told = await asyncio.gather(before, look, wrong, broken, after, return_exceptions=True)
    assert len({id(error) for error in told}) == 5
    for error in told:
        assert type(error) is LedgerError
        assert isinstance(error.__cause__, sqlite3.OperationalError)
        assert "no such table: missing" in str(error)
    assert (await ledger.totals()).counts == {}
    await ledger.add(songs("a"))


async def test_rolled_back_by_the_database(ledger: SqliteLedger) -> None:
    """A transaction that SQLite has ended itself is no further trouble."""

    def end(connection: sqlite3.Connection) -> None:
        connection.execute("ROLLBACK")

    with pytest.raises(LedgerError, match="no transaction"):
        await writer_of(ledger).run(end, writes=True)
    await ledger.add(songs("a"))


async def test_opening_that_fails_is_told_to_all(path: object) -> None:
    """Everybody who waits for the opening gets an error of its own; so does who comes later."""
    wait = threading.Event()

    def fail() -> closing[sqlite3.Connection]:
        wait.wait(30)
        raise OSError(5, "Input/output error", "here")

    writer = Writer(fail, partial(explain, "songs"), "test")
    tasks = [asyncio.create_task(writer.run(lambda _: 1, writes=False)) for _ in range(2)]
    await turn()
    wait.set()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(error) for error in told] == [str(told[0])] * 2
    assert told[0] is not told[1]
    await writer.aclose()
    assert writer.closed
    with pytest.raises(LedgerError, match=r"songs: here cannot be used \(Input/output error\)"):
        await writer.run(lambda _: 1, writes=False)


async def test_thread_ends() -> None:
    """`aclose` ends the thread, however often and from wherever it is called."""
    before = set(threading.enumerate())
    writer = memory_writer()
    assert await writer.run(lambda _: 7, writes=False) == 7
    await asyncio.gather(writer.aclose(), writer.aclose())
    await writer.aclose()
    assert set(threading.enumerate()) == before
    with pytest.raises(LedgerError, match="closed; open it again"):
        await writer.run(lambda _: 7, writes=False)


async def test_cancelled_closing_goes_on() -> None:
    """Cancelling `aclose` ends the wait, not the closing."""
    writer = memory_writer()
    free = threading.Event()
    task = asyncio.create_task(writer.run(lambda _: free.wait(30), writes=False))
    await turn()
    closing_task = asyncio.create_task(writer.aclose())
    await turn()
    closing_task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing_task
    free.set()
    assert await task is True
    await writer.aclose()


def test_loop_that_is_gone() -> None:
    """Work whose event loop was closed is done all the same, and hurts nobody."""
    writer = memory_writer()
    free, did = threading.Event(), threading.Event()

    def work(_: sqlite3.Connection) -> None:
        free.wait(30)
        did.set()

    async def leave() -> None:
        task = asyncio.create_task(writer.run(work, writes=False))
        await turn()
        task.cancel()

    asyncio.run(leave())
    free.set()

    async def follow() -> None:
        assert await writer.run(lambda _: did.is_set(), writes=False)
        await writer.aclose()

    asyncio.run(follow())


def test_other_event_loop() -> None:
    """It works on uvloop."""

    async def work() -> int:
        writer = memory_writer()
        found = await writer.run(lambda c: c.execute("SELECT 7").fetchone()[0], writes=False)
        await writer.aclose()
        return int(found)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(work()) == 7
