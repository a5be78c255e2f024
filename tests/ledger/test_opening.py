"""How the file of a ledger is opened: where, for whom, and what is found there."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from acedata_async import LedgerError
from acedata_async.ledger import SqliteLedger
from acedata_async.ledger.opening import check_free_to_hold, is_blank
from tests.ledger.holding import content, files_beside, lock_of, put, songs


async def test_next_process_finds_unknown(path: Path, ledger: SqliteLedger) -> None:
    """What was under way when a process ended is unknown to the next, and keeps its history."""
    await ledger.add(songs("a", "b"))
    await ledger.begin("a")
    await ledger.aclose()
    async with SqliteLedger(path, now=lambda: 1800000000.0) as again:
        entry = await again.get("a")
        assert entry is not None
        assert (entry.state, entry.attempts) == ("unknown", 1)
        assert entry.times == {
            "pending": 1700000000.123456,
            "submitting": 1700000000.123456,
            "unknown": 1800000000.0,
        }
        assert entry.error is not None
        assert entry.error.type == "SubmissionUnknown"
        assert entry.error.message.startswith("its process ended before the answer was known")
        assert (await again.totals()).counts == {"pending": 1, "unknown": 1}


async def test_reader_of_nothing(path: Path) -> None:
    """Reading what is not there is an error, and makes no file."""
    with pytest.raises(LedgerError, match=f"no ledger at {path}"):
        await SqliteLedger(path, read_only=True).open()
    assert files_beside(path) == []
    put(path, b"")
    with pytest.raises(LedgerError, match=r"is empty, so it remembers nothing: .*restore a backup"):
        await SqliteLedger(path, read_only=True).open()


async def test_reader_leaves_no_trace(path: Path, ledger: SqliteLedger) -> None:
    """Looking at a ledger changes nothing in it, and leaves no file beside it."""
    await ledger.add(songs("a"))
    await ledger.aclose()
    before = content(path)
    async with SqliteLedger(path, read_only=True) as reader:
        assert (await reader.totals()).counts == {"pending": 1}
    assert files_beside(path) == [path, lock_of(path)]
    assert content(path) == before


async def test_reader_where_nothing_can_be_written(
    path: Path, ledger: SqliteLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger in a directory that is read-only can be read; no file is made beside it."""
    await ledger.add(songs("a"))
    await ledger.aclose()
    monkeypatch.setattr(os, "access", lambda *_: False)
    async with SqliteLedger(path, read_only=True) as reader:
        assert (await reader.totals()).counts == {"pending": 1}
        assert files_beside(path) == [path, lock_of(path)]


@pytest.mark.parametrize("name", ["ä b?c#d%20.db", ":memory:", "deep/er/songs.db"])
async def test_any_name(tmp_path: Path, name: str) -> None:
    """Any file name is taken as one; directories are made."""
    async with SqliteLedger(tmp_path / name) as ledger:
        await ledger.add(songs("a"))
    assert (tmp_path / name).is_file()
    async with SqliteLedger(str(tmp_path / name), read_only=True) as ledger:
        assert await ledger.get("a") is not None


@pytest.mark.parametrize("name", ["", "file/songs.db", "directory"])
async def test_unusable_places(tmp_path: Path, name: str) -> None:
    """Where no file can be, the error names the place."""
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    with pytest.raises(LedgerError, match=f"{tmp_path}.* cannot be used .*choose another place"):
        await SqliteLedger(tmp_path / name).open()


async def test_failed_opening_says_so_each_time(tmp_path: Path) -> None:
    """A ledger that could not be opened tells why, also later; opening it may work then."""
    ledger = SqliteLedger(tmp_path / "songs.db")
    (tmp_path / "songs.db").mkdir()
    with pytest.raises(LedgerError, match="cannot be used"):
        await ledger.open()
    with pytest.raises(LedgerError, match="cannot be used"):
        await ledger.get("a")
    await ledger.aclose()
    (tmp_path / "songs.db").rmdir()
    async with ledger:
        assert await ledger.get("a") is None


async def test_files_are_for_their_owner(path: Path, ledger: SqliteLedger) -> None:
    """Prompts are nobody else's business."""
    await ledger.add(songs("a"))
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in files_beside(path)}
    owner = 0o600 if sys.platform != "win32" else 0o666
    names = [path.name + ending for ending in ("", ".lock", "-wal", "-shm")]
    assert files == dict.fromkeys(names, owner)
    await ledger.aclose()
    assert files_beside(path) == [path, lock_of(path)]


async def test_reader_after_a_crash(path: Path, ledger: SqliteLedger) -> None:
    """What a killed process left in its `-wal` file can be read, and is not touched."""
    await ledger.add(songs("a"))
    copy = path.with_name("copy")
    for ending in ("", "-wal"):  # as they stand at this moment
        put(Path(f"{copy}{ending}"), content(Path(f"{path}{ending}")))
    async with SqliteLedger(copy, read_only=True) as reader:
        assert (await reader.totals()).counts == {"pending": 1}
    async with SqliteLedger(copy) as again:
        assert (await again.totals()).counts == {"pending": 1}


def test_nothing_is_made_by_asking(path: Path) -> None:
    """Whether a file could be held is found out without making any; an empty one is blank."""
    check_free_to_hold(str(path), 0.0)
    assert files_beside(path) == []
    put(path, b"")
    check_free_to_hold(str(path), 0.0)
    assert files_beside(path) == [path]
    assert is_blank(str(path))


async def test_who_holds_it_is_told(path: Path, ledger: SqliteLedger) -> None:
    """While it is held, asking says by whom; afterwards it is free, and stays so."""
    await ledger.add(songs("a"))
    with pytest.raises(LedgerError, match=f"is in use by process {os.getpid()} "):
        check_free_to_hold(str(path), 0.0)
    assert not is_blank(str(path))
    await ledger.aclose()
    for _ in range(2):
        check_free_to_hold(str(path), 0.0)


def test_a_place_that_cannot_be_held(tmp_path: Path) -> None:
    """A directory is no file; the error says what to do."""
    with pytest.raises(LedgerError, match=r"cannot be used .*choose another place"):
        check_free_to_hold(str(tmp_path), 0.0)
