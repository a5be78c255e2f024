"""A bulk run by a program of a user's, in a process of its own.

python -m tests.acceptance.by_library bulk songs.jsonl -o out/
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from acedata_async import AceData, BulkItem
from acedata_async.bulk import read_form
from acedata_async.ledger import SqliteLedger
from tests.acceptance.crashing import LEDGER, PATIENCE


def songs_of(form: str) -> list[BulkItem]:
    """Return the songs of a form."""
    return read_form(Path(form).read_bytes(), name=form)


async def main() -> None:
    """Make all songs of a form; wait for the ledger as long as it takes."""
    _, form, _, directory = sys.argv[1:]
    ledger = SqliteLedger(Path(directory) / LEDGER, patience=PATIENCE)
    try:
        async with (
            AceData() as ace,
            ace.producer.bulk(
                songs_of(form), ledger=ledger, directory=directory, leftovers=True
            ) as run,
        ):
            async for outcome in run:
                print(outcome.key, outcome.state, outcome.reason)  # noqa: T201
    finally:
        await ledger.aclose()


if __name__ == "__main__":
    asyncio.run(main())
