"""The command line in a process that kills itself at a given instant.

    python -m tests.acceptance.dying "before accept" 3 bulk songs.jsonl -o out/

An instant is `before` or `after` a step of the ledger, or `rename` for a file's getting its name.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acedata_async.audio import publishing
from acedata_async.cli.app import app
from acedata_async.ledger import Entry, SqliteLedger
from acedata_async.ledger.entry import Step


def main() -> None:
    """Run the command, and end it at the instant that is asked for, when it comes so often."""
    instant, number, *arguments = sys.argv[1:]
    left = int(number)

    def pass_by(name: str) -> None:
        nonlocal left
        left -= name == instant
        if name == instant and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    apply, rename = SqliteLedger.apply, publishing._move

    async def watched_apply(
        self: SqliteLedger, key: str, step: Step, facts: Mapping[str, Any]
    ) -> Entry:
        pass_by(f"before {step}")
        entry = await apply(self, key, step, facts)
        pass_by(f"after {step}")
        return entry

    def watched_rename(part: Path, target: Path) -> None:
        pass_by("before rename")
        rename(part, target)
        pass_by("after rename")

    SqliteLedger.apply = watched_apply  # type: ignore[method-assign]
    publishing._move = watched_rename
    app(arguments)


if __name__ == "__main__":
    main()
