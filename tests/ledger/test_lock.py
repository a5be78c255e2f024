"""One holder of a ledger at a time."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from acedata_async import LedgerError
from acedata_async.ledger import SqliteLedger, lock
from tests.ledger.holding import lock_of, process, put, songs

HOLDER = """
import asyncio, sys
from acedata_async.ledger import NewEntry, SqliteLedger

async def main():
    async with SqliteLedger(sys.argv[1]) as ledger:
        await ledger.add([NewEntry(key="a", request={})])
        await ledger.begin("a")
        print("held", flush=True)
        sys.stdin.readline()

sys.argv[0] = "/somewhere/acedata"
asyncio.run(main())
"""


async def test_second_process(path: Path) -> None:
    """A second process is refused and told who the first is; it may read; it comes in after it."""
    with process(HOLDER, str(path)) as holder:
        assert holder.stdout is not None
        assert await asyncio.to_thread(holder.stdout.readline) == "held\n"
        ledger = SqliteLedger(path, patience=0.05)
        who = rf"{path} is in use by process {holder.pid} on \S+ \(acedata\) since 2\S+\+00:00"
        with pytest.raises(LedgerError, match=f"{who}; wait for it or stop it"):
            await ledger.open()
        async with SqliteLedger(path, read_only=True) as reader:
            assert (await reader.totals()).counts == {"submitting": 1}
        holder.kill()
        await asyncio.to_thread(holder.wait)
        async with ledger:
            assert (await ledger.totals()).counts == {"unknown": 1}


async def test_second_ledger_of_a_process(path: Path, ledger: SqliteLedger) -> None:
    """Two ledgers of one file in one process keep each other out too, by whatever name."""
    link = path.with_name("link")
    link.symlink_to(path)
    with pytest.raises(LedgerError, match=f"in use by process {os.getpid()}"):
        await SqliteLedger(link, patience=0).open()
    assert await ledger.get("a") is None


async def test_patience(path: Path, ledger: SqliteLedger) -> None:
    """A holder that lets go in time is waited for, without holding up the event loop."""
    other = SqliteLedger(path, patience=30)
    opening = asyncio.create_task(other.open())
    await ledger.add(songs("a"))
    assert not opening.done()
    await ledger.aclose()
    await opening
    assert await other.get("a") is not None
    await other.aclose()


@pytest.mark.parametrize("content", [b"", b"\xff\0garbage", b"[1]", b"{}", b'{"command": "x"}'])
async def test_lock_file_that_says_nothing(
    path: Path, ledger: SqliteLedger, content: bytes
) -> None:
    """Whatever is in the lock file, it is the lock that counts."""
    put(lock_of(path), content)
    with pytest.raises(LedgerError, match="in use by another process; wait"):
        await SqliteLedger(path, patience=0).open()
    await ledger.aclose()
    put(lock_of(path), content)
    async with SqliteLedger(path, patience=0):
        assert json.loads(lock_of(path).read_bytes())["pid"] == os.getpid()
    assert lock_of(path).read_bytes() == b""


async def test_lock_file_that_cannot_be_opened(path: Path) -> None:
    """The error names the lock file."""
    lock_of(path).mkdir()
    with pytest.raises(LedgerError, match=f"{path}.lock cannot be used"):
        await SqliteLedger(path).open()


async def test_file_system_without_locks(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system that cannot lock is an error that says so, not another holder."""

    def no_locks(_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock, "lock", no_locks)
    with pytest.raises(LedgerError, match=r"does not lock files \(No locks available\)"):
        await SqliteLedger(path).open()


async def test_unnamed_holder(
    path: Path, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process without a command line is named by its number alone."""
    await ledger.aclose()
    monkeypatch.setattr("sys.argv", [])
    async with SqliteLedger(path):
        with pytest.raises(LedgerError, match=rf"process {os.getpid()} on \S+ since"):
            await SqliteLedger(path, patience=0).open()


def test_lock_file_that_cannot_be_written(path: Path) -> None:
    """Where there is no room to say who holds the lock, that is no error."""
    path.touch()
    with path.open("rb", buffering=0) as file:
        lock._write(file, b"us")
    assert path.read_bytes() == b""
