"""The ledger in memory."""

from __future__ import annotations

from acedata_async.ledger import MemoryLedger
from tests.ledger.holding import songs


async def test_repr() -> None:
    """It says how much it holds."""
    ledger = MemoryLedger()
    await ledger.add(songs("a", "b"))
    assert repr(ledger) == "<MemoryLedger of 2 entries>"


async def test_needs_no_opening() -> None:
    """It works before `open` and after `aclose`; opening it again does no harm."""
    ledger = MemoryLedger()
    await ledger.add(songs("a"))
    await ledger.begin("a")
    await ledger.open()
    await ledger.open()
    [entry] = [entry async for entry in ledger.entries({"submitting"})]
    assert entry.key == "a"
    await ledger.aclose()
    assert (await ledger.totals()).counts == {"submitting": 1}


async def test_next_holder_finds_unknown() -> None:
    """What was under way when it was left is unknown to the next one."""
    async with MemoryLedger() as ledger:
        await ledger.add(songs("a", "b"))
        await ledger.begin("a")
    async with ledger:
        [entry] = [entry async for entry in ledger.entries({"unknown"})]
        assert entry.error is not None
        assert entry.error.type == "SubmissionUnknown"
        assert (await ledger.totals()).counts == {"unknown": 1, "pending": 1}


async def test_forgotten_entries_are_gone() -> None:
    """A forgotten entry is found neither by its key nor by its task; others are."""
    ledger = MemoryLedger()
    for key in ("a", "b"):
        await ledger.add(songs(key))
        await ledger.begin(key)
        await ledger.accept(key, "task")
    assert (await ledger.of_tasks(["task"]))["task"].key == "a"
    ledger.forget("a")
    ledger.forget("a")
    assert await ledger.get("a") is None
    assert (await ledger.of_tasks(["task"]))["task"].key == "b"
    ledger.forget("b")
    assert await ledger.of_tasks(["task"]) == {}


async def test_forgotten_while_listing() -> None:
    """An entry that is forgotten before it is reached is left out."""
    ledger = MemoryLedger()
    await ledger.add(songs("a", "b", "c"))
    seen = []
    async for entry in ledger.entries():
        seen.append(entry.key)
        ledger.forget("b")
    assert seen == ["a", "c"]


async def test_task_of_a_repeated_entry() -> None:
    """A failed entry that is tried again is no longer found by its old task."""
    ledger = MemoryLedger()
    await ledger.add(songs("a"))
    await ledger.begin("a")
    await ledger.accept("a", "task")
    await ledger.fail("a", ValueError("bad"), {})
    await ledger.retry("a")
    assert await ledger.of_tasks(["task"]) == {}


async def test_is_open() -> None:
    """It is open from the start, and again after it was opened again."""
    ledger = MemoryLedger()
    seen = [ledger.is_open]
    await ledger.aclose()
    seen.append(ledger.is_open)
    async with ledger:
        seen.append(ledger.is_open)
    assert seen == [True, False, True]
