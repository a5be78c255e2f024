"""A task as the vendor keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acedata_async.sandbox.kinds import BY_TYPE, Kind


@dataclass(slots=True, kw_only=True)
class Task:
    """One accepted submission.

    Attributes:
        record_id: The database's own id, `_id` on the wire.
        type: What kind of record it is; see `kinds`.
        request: The submitted body, as it was sent.
        data: What it results in, with paths in place of URLs.
        finished_at: When it is over, in Unix seconds; infinite if never.
        quirks: Names of the faults of its record and of its callback that it has.
        marked: Lookup faults asked for by its markers, and how often each still strikes.
        seen: Whether a lookup has shown it.
        link_lifetime: For how many seconds a link to its files is good once it was shown; None
            for ever.
        owed: Whether somebody is still to be called back about it.
    """

    id: str
    record_id: str
    trace_id: str
    type: str
    action: str
    request: dict[str, Any]
    data: Any
    created_at: float
    started_at: float
    finished_at: float
    quirks: frozenset[str]
    marked: dict[str, int]
    seen: bool = False
    link_lifetime: float | None = None
    owed: bool = False

    @property
    def kind(self) -> Kind:
        """What it makes."""
        return BY_TYPE[self.type]
