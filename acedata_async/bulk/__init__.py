"""Many paid requests: bounded, written down, resumed, each paid for once.

    async with ace.producer.bulk(requests, ledger="songs.ledger", directory="songs/") as run:
        async for outcome in run:
            print(outcome.key, outcome.state, outcome.path or outcome.reason)

The path of a request: `form` reads it from a file of JSON lines, `items` is what it is, `keys`
its name, `intake` takes it in, `conductor` sees how it stands in the ledger, `dispatcher` lets its
paid call go, `journal` writes that call down, `passage` takes it from its entry to its outcome,
`reconciler` looks for it if its answer was lost, `files` knows what is on the disk. `run` is what
users hold, with `outcome` and `settings`; `workshop` is what the client gives.
"""

from acedata_async.bulk.form import read_form
from acedata_async.bulk.items import ACTIONS, BulkItem
from acedata_async.bulk.outcome import BulkOutcome, BulkStats, OutcomeState
from acedata_async.bulk.run import BulkRun

__all__ = [
    "ACTIONS",
    "BulkItem",
    "BulkOutcome",
    "BulkRun",
    "BulkStats",
    "OutcomeState",
    "read_form",
]
