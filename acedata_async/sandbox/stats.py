"""What the sandbox counts, so that a test can trust the server and not the client."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acedata_async.sandbox.kinds import FISH, PRODUCER


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxStats:
    """What the sandbox has seen so far; a snapshot that does not change any more.

    Attributes:
        submissions: Tasks created, and voices without a task: what was made.
        submissions_by_action: The same for each action.
        submission_requests: Requests that asked for a task, whatever became of them.
        lookups: Requests to `/producer/tasks` and `/fish/tasks`.
        lookups_by_service: The same for each of `producer` and `fish`.
        lookups_single: Those with `retrieve`.
        lookups_batch: Those with `retrieve_batch` and ids.
        lookups_listing: Those that list tasks: `retrieve_batch` without ids.
        catalogue_requests: GETs of `/fish/model` and below it; neither submissions nor lookups.
        ids_per_batch: How many ids each `retrieve_batch` asked for, in order.
        statuses: How often each HTTP status was answered to an API request; 0 stands for a
            connection that was cut, refused or left hanging.
        in_flight: API requests under way at this moment.
        max_in_flight: The most that were ever under way at once.
        max_requests_per_second: The most API requests that ever arrived in one whole second.
        max_tasks_in_flight: The most tasks that were ever unfinished at once.
        connections: Connections opened; stays 0 in memory.
        media_requests: Requests for songs, covers and the like.
        media_requests_with_token: Those that carried an `Authorization` header, which they
            never should.
        media_bytes_sent: Bytes of files that went out, whole or in part; pages and errors in
            place of files do not count.
        bytes_sent: Bytes of all answers' bodies.
        callbacks_sent: Callbacks that went out, each try for itself.
        callbacks_by_status: How often each HTTP status was the answer to one; 0 stands for none.
        callbacks_undelivered: Callbacks that were lost or had nowhere to go, and so were not
            even tried. They are counted when their task is accepted.
    """

    submissions: int
    submissions_by_action: Mapping[str, int]
    submission_requests: int
    lookups: int
    lookups_by_service: Mapping[str, int]
    lookups_single: int
    lookups_batch: int
    lookups_listing: int
    catalogue_requests: int
    ids_per_batch: tuple[int, ...]
    statuses: Mapping[int, int]
    in_flight: int
    max_in_flight: int
    max_requests_per_second: int
    max_tasks_in_flight: int
    connections: int
    media_requests: int
    media_requests_with_token: int
    media_bytes_sent: int
    bytes_sent: int
    callbacks_sent: int
    callbacks_by_status: Mapping[int, int]
    callbacks_undelivered: int


_KEPT = (
    "submission_requests",
    "lookups_single",
    "lookups_listing",
    "max_in_flight",
    "max_requests_per_second",
    "connections",
    "media_requests",
    "media_requests_with_token",
    "bytes_sent",
)
"""Figures that a state file keeps as they are."""

_KEPT_LATER = (
    "catalogue_requests",
    "media_bytes_sent",
    "callbacks_sent",
    "callbacks_undelivered",
)
"""The same; older files do not have them."""


@dataclass(slots=True)
class Counters:
    """The running figures behind `SandboxStats`."""

    submissions_by_action: Counter[str] = field(default_factory=Counter)
    submission_requests: int = 0
    lookups_by_service: Counter[str] = field(default_factory=Counter)
    catalogue_requests: int = 0
    lookups_single: int = 0
    lookups_listing: int = 0
    ids_per_batch: list[int] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    in_flight: int = 0
    max_in_flight: int = 0
    max_requests_per_second: int = 0
    second: int = 0
    requests_in_second: int = 0
    connections: int = 0
    media_requests: int = 0
    media_requests_with_token: int = 0
    media_bytes_sent: int = 0
    bytes_sent: int = 0
    callbacks_sent: int = 0
    callbacks_by_status: Counter[int] = field(default_factory=Counter)
    callbacks_undelivered: int = 0

    def begin(self, now: float) -> None:
        """Count an API request that has arrived at `now`, in Unix seconds; `end` must follow."""
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)
        if self.second != int(now):
            self.second, self.requests_in_second = int(now), 0
        self.requests_in_second += 1
        self.max_requests_per_second = max(self.max_requests_per_second, self.requests_in_second)

    def end(self) -> None:
        """Count an API request as over."""
        self.in_flight -= 1

    def kept(self, *, batches_known: int) -> dict[str, Any]:
        """Return what a state file keeps; of `ids_per_batch` what is beyond those known to it."""
        return {
            **{name: getattr(self, name) for name in (*_KEPT, *_KEPT_LATER)},
            "lookups": self.lookups_by_service.total(),
            "lookups_by_service": self.lookups_by_service,
            "statuses": self.statuses,
            "callbacks_by_status": self.callbacks_by_status,
            "ids_per_batch": self.ids_per_batch[batches_known:],
        }

    def take_up(self, kept: Mapping[str, Any]) -> None:
        """Go on from what a state file has kept.

        Raises:
            ValueError: What it has kept cannot be; KeyError, TypeError and AttributeError likewise.
        """
        for name in _KEPT:
            setattr(self, name, int(kept[name]))
        for name in _KEPT_LATER:
            setattr(self, name, int(kept.get(name, 0)))
        # Files from before there was Fish tell of Producer alone.
        lookups = kept.get("lookups_by_service", {"producer": kept["lookups"]})
        self.lookups_by_service = Counter({str(name): int(n) for name, n in lookups.items() if n})
        self.statuses = _by_status(kept["statuses"])
        self.callbacks_by_status = _by_status(kept.get("callbacks_by_status", {}))
        self.ids_per_batch += map(int, kept["ids_per_batch"])

    def snapshot(self, *, max_tasks_in_flight: int) -> SandboxStats:
        """Return the figures as they stand."""
        return SandboxStats(
            submissions=self.submissions_by_action.total(),
            submissions_by_action=dict(self.submissions_by_action),
            submission_requests=self.submission_requests,
            lookups=self.lookups_by_service.total(),
            lookups_by_service={
                service: self.lookups_by_service[service] for service in (PRODUCER, FISH)
            },
            catalogue_requests=self.catalogue_requests,
            lookups_single=self.lookups_single,
            lookups_batch=len(self.ids_per_batch),
            lookups_listing=self.lookups_listing,
            ids_per_batch=tuple(self.ids_per_batch),
            statuses=dict(self.statuses),
            in_flight=self.in_flight,
            max_in_flight=self.max_in_flight,
            max_requests_per_second=self.max_requests_per_second,
            max_tasks_in_flight=max_tasks_in_flight,
            connections=self.connections,
            media_requests=self.media_requests,
            media_requests_with_token=self.media_requests_with_token,
            media_bytes_sent=self.media_bytes_sent,
            bytes_sent=self.bytes_sent,
            callbacks_sent=self.callbacks_sent,
            callbacks_by_status=dict(self.callbacks_by_status),
            callbacks_undelivered=self.callbacks_undelivered,
        )


def _by_status(kept: Mapping[str, Any]) -> Counter[int]:
    return Counter({int(status): int(n) for status, n in kept.items()})
