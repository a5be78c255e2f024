"""At which API the songs of a ledger are made."""

from __future__ import annotations

from acedata_async.errors import LedgerError
from acedata_async.ledger.protocol import Ledger

_NAME = "origin"


async def check_origin(ledger: Ledger, base_url: str) -> bool:
    """Make sure that a ledger is not of another API; say whether it is known to be of this one.

    Raises:
        LedgerError: It is of another one, or cannot be read.
    """
    origin = await ledger.note(_NAME)
    if origin not in {None, base_url}:
        raise LedgerError(
            f"the ledger is of songs made at {origin}, and this client is at {base_url}; use"
            " another ledger (or directory)"
        )
    return origin is not None


async def put_origin(ledger: Ledger, base_url: str) -> None:
    """Write down at which API the songs of a ledger are made.

    Raises:
        LedgerError: It cannot be written.
    """
    await ledger.put_note(_NAME, base_url)
