"""The ledger in a file, as its callers see it."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from acedata_async import LedgerError
from acedata_async.ledger import Entry, NewEntry, SqliteLedger, WrongStep
from tests.ledger.holding import busy, run, songs, turn, writer_of


async def test_path_of_a_song(ledger: SqliteLedger, path: Path) -> None:
    """What was learned on the way is there for the next process, exactly."""
    [new] = await ledger.add([NewEntry(key="one", request={"prompt": "Ü\0", "seed": 2**60})])
    assert new.state == "pending"
    assert len(new.marker) == 32
    await ledger.begin("one", "marker")
    await ledger.accept("one", "task-1")
    await ledger.finish("one", {"tags": [1, None]}, cost=0.1, name="One")
    saved = await ledger.save("one", "one.mp3")
    await ledger.put_note("order", "first")
    await ledger.aclose()
    async with SqliteLedger(path) as again:
        assert await again.get("one") == saved
        assert await again.note("order") == "first"
        assert await again.note("other") is None
        assert await again.of_tasks(["task-1", "task-2"]) == {"task-1": saved}
    assert saved == Entry(
        key="one",
        request={"prompt": "Ü\0", "seed": 2**60},
        marker="marker",
        state="saved",
        task_id="task-1",
        attempts=1,
        result={"tags": [1, None]},
        cost=0.1,
        name="One",
        path="one.mp3",
        times=dict.fromkeys(
            ["pending", "submitting", "submitted", "succeeded", "saved"], 1700000000.123456
        ),
    )


async def test_known_entries_are_returned_as_they_stand(ledger: SqliteLedger) -> None:
    """Adding what is known changes nothing, also twice in one call; the order is the caller's."""
    await ledger.add(songs("b"))
    begun = await ledger.begin("b")
    added = await ledger.add([*songs("a", "b", "a"), NewEntry(key="b", request={"new": 1})])
    assert [entry.key for entry in added] == ["a", "b", "a", "b"]
    assert added[0] == added[2]
    assert added[1] == added[3] == begun
    assert await ledger.add([]) == []


async def test_requests_are_taken_as_they_are_now(ledger: SqliteLedger) -> None:
    """Changing a request after the call changes nothing in the ledger."""
    request = {"prompt": "first"}
    async with busy(ledger):
        task = asyncio.create_task(ledger.add([NewEntry(key="one", request=request)]))
        await turn()
        request["prompt"] = "second"
    [entry] = await task
    assert entry.request == {"prompt": "first"}


async def test_listing_reads_in_parts(ledger: SqliteLedger) -> None:
    """Thousands are listed in order, by state too; what changes or comes meanwhile is fine."""
    keys = [f"{number:04}" for number in range(1234)]
    await ledger.add(songs(*keys))
    await asyncio.gather(*(ledger.begin(key) for key in keys[::2]))
    await asyncio.gather(*(ledger.accept(key, "t") for key in keys[::4]))
    assert [entry.key async for entry in ledger.entries()] == keys
    wanted = [entry.key async for entry in ledger.entries(["submitted", "pending"])]
    assert wanted == sorted(keys[::4] + keys[1::2])
    assert [entry async for entry in ledger.entries([])] == []
    seen = []
    async for entry in ledger.entries({"pending"}):
        seen.append(entry.key)
        if entry.key == keys[1]:
            await ledger.begin(keys[-1])  # in a part that is not read yet
            await ledger.add(songs("late"))
    assert seen == keys[1:-1:2]


async def test_many_task_ids(ledger: SqliteLedger) -> None:
    """More ids than fit into a query are looked up; of two entries with one id the first wins."""
    keys = [f"{number:04}" for number in range(1100)]
    await ledger.add(songs(*keys))
    await asyncio.gather(*(ledger.begin(key) for key in keys))
    await asyncio.gather(*(ledger.accept(key, f"t{int(key) % 1000}") for key in reversed(keys)))
    found = await ledger.of_tasks({f"t{number}" for number in range(2000)})
    assert {task_id: entry.key for task_id, entry in found.items()} == {
        f"t{int(key)}": key for key in keys[:1000]
    }
    assert await ledger.of_tasks([]) == {}


async def test_no_such_entry(ledger: SqliteLedger) -> None:
    """Looking for what is not there finds nothing; a step of it is an error."""
    assert await ledger.get("one") is None
    with pytest.raises(LedgerError, match="no entry 'one'"):
        await ledger.begin("one")


async def test_opening_again_does_no_harm(ledger: SqliteLedger) -> None:
    """`open` on an open ledger changes nothing, least of all what is under way."""
    await ledger.add(songs("a"))
    await ledger.begin("a")
    await ledger.open()
    assert (await ledger.totals()).counts == {"submitting": 1}
    assert repr(ledger) == f"<SqliteLedger {ledger.path} open>"


async def test_is_open(path: Path) -> None:
    """It is open while it is held: not before, not after, and not when it was refused."""
    ledger, other = SqliteLedger(path), SqliteLedger(path, patience=0.0)
    assert not ledger.is_open
    async with ledger:
        with pytest.raises(LedgerError, match="in use"):
            await other.open()
        assert (ledger.is_open, other.is_open) == (True, False)
    assert not ledger.is_open


async def test_opened_by_several_at_once(path: Path) -> None:
    """Whoever comes while it is opened or closed waits for that."""
    ledger = SqliteLedger(path, patience=0)
    for _ in range(2):
        await asyncio.gather(ledger.open(), ledger.open())
        closing = [asyncio.create_task(ledger.aclose()) for _ in range(2)]
        await turn()
        await asyncio.gather(ledger.open(), ledger.open())
        await asyncio.gather(*closing)
        await ledger.add(songs("a"))
        await ledger.aclose()


async def test_before_and_after(path: Path) -> None:
    """Before it is opened and after it is closed it says that it is not open."""
    ledger = SqliteLedger(path)
    assert repr(ledger) == f"<SqliteLedger {path} closed>"
    await ledger.aclose()
    with pytest.raises(LedgerError, match=r"is not open.*async with"):
        await ledger.get("a")
    async with ledger:
        pass
    with pytest.raises(LedgerError, match="is closed; open it again"):
        await ledger.begin("a")
    await ledger.aclose()


async def test_cancelled_callers(ledger: SqliteLedger) -> None:
    """Cancelling a caller ends its wait at once; what it asked for is done."""
    await ledger.add(songs("a"))
    async with busy(ledger):
        task = asyncio.create_task(ledger.begin("a"))
        await turn()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    entry = await ledger.get("a")
    assert entry is not None
    assert entry.state == "submitting"


async def test_cancelled_opening_holds_nothing(path: Path, ledger: SqliteLedger) -> None:
    """Cancelling `open` while it waits for the other holder leaves the file to others."""
    other = SqliteLedger(path, patience=30)
    task = asyncio.create_task(other.open())
    await turn()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await ledger.aclose()
    await other.aclose()
    async with SqliteLedger(path, patience=0):
        pass


async def test_closing_with_work_queued(path: Path, ledger: SqliteLedger) -> None:
    """Everything that was asked for before `aclose` is done, and told."""
    async with busy(ledger):
        tasks = [asyncio.create_task(ledger.add(songs(key))) for key in "abc"]
        await turn()
        closing = asyncio.create_task(ledger.aclose())
        await turn()
        with pytest.raises(LedgerError, match="closed"):
            await ledger.get("a")
    await closing
    assert [entry.key for [entry] in await asyncio.gather(*tasks)] == ["a", "b", "c"]
    async with SqliteLedger(path) as again:
        assert (await again.totals()).counts == {"pending": 3}


async def test_ten_thousand_at_once(ledger: SqliteLedger) -> None:
    """Callers at the same time share commits."""
    keys = [f"{number}" for number in range(10000)]
    await ledger.add(songs(*keys))
    before = writer_of(ledger).commits
    entries = await asyncio.gather(*(ledger.begin(key) for key in keys))
    assert [entry.key for entry in entries] == keys
    assert (await ledger.totals()).counts == {"submitting": 10000}
    assert writer_of(ledger).commits - before < 500


async def test_reader_beside_a_writer(path: Path, ledger: SqliteLedger) -> None:
    """A reader sees what others write, changes nothing, and is kept from changing anything."""
    await ledger.add(songs("a"))
    await ledger.begin("a")
    async with SqliteLedger(path, read_only=True) as reader:
        assert repr(reader) == f"<SqliteLedger {path} read-only open>"
        assert (await reader.totals()).counts == {"submitting": 1}
        await ledger.accept("a", "task")
        assert [entry.task_id async for entry in reader.entries()] == ["task"]
        with pytest.raises(LedgerError, match="for reading only"):
            await reader.add(songs("b"))
        with pytest.raises(LedgerError, match="for reading only"):
            await reader.give_up("a")


def test_two_event_loops(path: Path) -> None:
    """A ledger that was opened on one event loop works on another."""
    ledger = SqliteLedger(path)
    asyncio.run(ledger.open())
    [entry] = asyncio.run(ledger.add(songs("a")))
    assert entry.key == "a"

    async def close() -> None:
        with pytest.raises(WrongStep):
            await ledger.give_up("a")
        await ledger.aclose()

    asyncio.run(close())


async def test_forgotten_ledger_lets_go(path: Path) -> None:
    """A ledger that nobody refers to any more holds nothing."""
    await SqliteLedger(path).open()
    gc.collect()
    async with SqliteLedger(path, patience=30) as ledger:
        await ledger.add(songs("a"))


def test_forgotten_ledger_lets_the_process_end(path: Path) -> None:
    """A process ends although its ledger was not closed, and nothing is lost."""
    code = """
import asyncio, sys
from acedata_async.ledger import NewEntry, SqliteLedger
ledger = SqliteLedger(sys.argv[1])
async def main():
    await ledger.open()
    await ledger.add([NewEntry(key="a", request={})])
asyncio.run(main())
print("end")
"""
    assert run(code, str(path)) == "end\n"

    async def look() -> None:
        async with SqliteLedger(path, patience=0) as again:
            assert await again.get("a") is not None

    asyncio.run(look())
