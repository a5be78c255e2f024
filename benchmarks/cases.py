"""What is measured: one row for each case and client."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

OURS = "acedata-async"
OURS_ON_AIOHTTP = "acedata-async on aiohttp"
THEIRS = "acedatacloud"

AT_ONCE = "Songs submitted at once"
WATCHED = "Tasks that exist already, watched by watch_many"
TROUBLE = "Limits and an outage"
MEMORY = "Memory of waits"
SINGLE = "Single songs, in memory, on a client that has learned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that is measured with each of its clients.

    Attributes:
        scenario: The name for `--only`.
        table: Where its rows stand.
        label: What its rows begin with.
        kind: What the client process does: `songs`, `watch`, `hold` or `in-memory`.
        clients: Who is measured.
        songs: How many tasks.
        waves: How many times in a row, on the same client, by a client that learns.
        runs: How often it is repeated; the medians are shown.
        server: What the server is told beside the usual.
        orders: What the client is told beside the usual.
    """

    scenario: str
    table: str
    label: str
    kind: str = "songs"
    clients: tuple[str, ...] = (OURS, THEIRS)
    songs: int
    waves: int = 1
    runs: int = 1
    median: float = 12.0
    sigma: float = 0.3
    server: tuple[tuple[str, Any], ...] = ()
    orders: tuple[tuple[str, Any], ...] = ()

    def waves_of(self, client: str) -> int:
        """Return how many waves a client makes; one is enough where nothing is learned."""
        return self.waves if client == OURS else 1


def cases() -> list[Case]:
    """Return all cases with durations of 12 s or about, in the order in which they are run."""
    everybody = (OURS, OURS_ON_AIOHTTP, THEIRS)
    return [
        Case(scenario="one", table=AT_ONCE, label="1 song", songs=1, runs=10),
        Case(scenario="hundred", table=AT_ONCE, label="100 songs", songs=100, waves=2, runs=3),
        Case(
            scenario="thousand",
            table=AT_ONCE,
            label="1,000 songs",
            clients=everybody,
            songs=1000,
            waves=2,
        ),
        Case(
            scenario="watch",
            table=WATCHED,
            label="10,000 tasks",
            kind="watch",
            clients=(OURS,),
            songs=10_000,
        ),
        *_troubles(),
        *_memory(),
        Case(
            scenario="in-memory",
            table=SINGLE,
            label="40 songs, one after the other, forty times",
            kind="in-memory",
            clients=(OURS,),
            songs=40,
            median=45.0,
            sigma=0.35,
            orders=(("taught", 20), ("series", 40)),
        ),
    ]


def _troubles() -> list[Case]:
    slow = ("requests_per_second", 20.0)
    trouble = Case(scenario="", table=TROUBLE, label="", songs=200)
    return [
        replace(
            trouble,
            scenario="limit",
            label="200 songs, 20 requests a second, 429 without Retry-After",
            server=(slow,),
        ),
        replace(
            trouble,
            scenario="retry-after",
            label="200 songs, 20 requests a second, 429 with Retry-After: 5",
            server=(slow, ("retry_after", 5.0)),
        ),
        replace(
            trouble,
            scenario="outage",
            label="50 songs, lookups answer 502 from second 5 to 30",
            songs=50,
            server=(("outage", (5.0, 30.0)),),
        ),
    ]


def _memory() -> list[Case]:
    waits = Case(
        scenario="memory",
        table=MEMORY,
        label="1,000 waits of one task each",
        kind="hold",
        songs=1000,
        server=(("never", True),),
        orders=(("together", False), ("seconds", 15.0)),
    )
    many = replace(
        waits,
        label="10,000 tasks, one watch_many",
        clients=(OURS,),
        songs=10_000,
        orders=(("together", True), ("seconds", 15.0)),
    )
    return [many, waits]


def slower(case: Case) -> Case:
    """Return a case with songs of 45 s, repeated three times."""
    return replace(case, median=45.0, runs=3) if case.kind != "in-memory" else case


def tiny(case: Case) -> Case:
    """Return a case so small that it only shows that everything runs."""
    wishes = dict(case.orders)
    if "seconds" in wishes:
        wishes["seconds"] = 1.0
    server = dict(case.server)
    if "outage" in server:
        server["outage"] = (0.2, 1.0)
    return replace(
        case,
        label=f"(tiny) {case.label}",
        songs=min(case.songs, 5),
        runs=1,
        median=0.5,
        server=tuple(server.items()),
        orders=tuple(wishes.items()),
    )
