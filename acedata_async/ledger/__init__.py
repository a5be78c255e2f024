"""What survives a crash: which songs were asked for, sent, accepted, made and saved.

The files: `entry` is the record of a song and the steps that it may take, `protocol` is what a
ledger is, `memory` and `sqlite` are the two that there are. For the latter `writer` is the thread
that reads and writes, `opening` opens the file for it, `schema` knows the file's versions and
`rows` what is in it, `lock` keeps a second process out, and `faults` says what to do about a
disk that is full or a file that is damaged.
"""

from acedata_async.ledger.entry import (
    Entry,
    EntryError,
    EntryState,
    NewEntry,
    Totals,
    Withdrawn,
    WrongStep,
)
from acedata_async.ledger.memory import MemoryLedger
from acedata_async.ledger.protocol import Ledger
from acedata_async.ledger.sqlite import SqliteLedger

__all__ = [
    "Entry",
    "EntryError",
    "EntryState",
    "Ledger",
    "MemoryLedger",
    "NewEntry",
    "SqliteLedger",
    "Totals",
    "Withdrawn",
    "WrongStep",
]
