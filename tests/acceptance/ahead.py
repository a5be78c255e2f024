"""The command line with a clock that is ahead of the machine's.

python -m tests.acceptance.ahead SECONDS bulk songs.jsonl -o out/
"""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from acedata_async import AceData, PollPolicy
from acedata_async.cli.app import app
from acedata_async.cli.options import Common
from acedata_async.cli.session import Connection
from acedata_async.sandbox import SystemClock


class Clock(SystemClock):
    """The system's clock, and so many seconds more."""

    def __init__(self, ahead: float) -> None:
        self._ahead = ahead

    def time(self) -> float:
        """Return the time in Unix seconds."""
        return super().time() + self._ahead


def main() -> None:
    """Run the command."""
    ahead, *arguments = sys.argv[1:]

    @asynccontextmanager
    async def connect(common: Common) -> AsyncIterator[Connection]:
        poll = PollPolicy(deadline=common.timeout)
        clock = Clock(float(ahead))
        async with AceData(poll=poll, clock=clock) as ace:
            yield Connection(ace, clock)

    app(arguments, obj=connect)


if __name__ == "__main__":
    main()
