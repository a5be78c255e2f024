"""A place for a ledger, and an open one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from acedata_async.ledger import SqliteLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the ledger is."""
    return tmp_path / "songs.ledger"


@pytest.fixture
async def ledger(path: Path) -> AsyncIterator[SqliteLedger]:
    """An open ledger; its clock stands still."""
    async with SqliteLedger(path, patience=0.2, now=lambda: 1700000000.123456) as ledger:
        yield ledger
