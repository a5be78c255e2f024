"""A ledger that tells what changes in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from acedata_async.ledger import Entry, SqliteLedger
from acedata_async.ledger.entry import Step


class ToldLedger(SqliteLedger):
    """A ledger in a file; every step of a song is told once it is on the disk.

    Args:
        path: The file.
        told: Called with the entry after each step.
    """

    def __init__(self, path: str | os.PathLike[str], told: Callable[[Entry], object]) -> None:
        super().__init__(path)
        self._told = told

    async def apply(self, key: str, step: Step, facts: Mapping[str, Any]) -> Entry:
        """Let an entry take a step, and tell of it."""
        entry = await super().apply(key, step, facts)
        self._told(entry)
        return entry
