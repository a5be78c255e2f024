"""What each service refuses, in the form that it does so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acedata_async.sandbox.fish_validation import ENGINES, problems, references
from acedata_async.sandbox.kinds import FISH, PRODUCER, Kind
from acedata_async.sandbox.replies import (
    Reply,
    failure,
    failure_of_fields,
    failure_passed_through,
)
from acedata_async.sandbox.validation import complaint
from acedata_async.sandbox.vendor import Vendor


def refusal_of(
    vendor: Vendor, kind: Kind, body: Mapping[str, Any], now: float, *, engine: str
) -> Reply | None:
    """Return the refusal of a body that the vendor cannot take, or None.

    Args:
        vendor: Who is asked.
        kind: What is asked for.
        body: The parsed body.
        now: The time, in Unix seconds.
        engine: The header `model`, empty if there was none.
    """
    return _REFUSALS[kind.service](vendor, kind, body, now, engine)


def malformed(kind: Kind, reason: str, trace_id: str) -> Reply:
    """Return the refusal of a body for one reason in words."""
    if kind.service == FISH:
        return failure_passed_through(400, reason)
    return failure(400, "bad_request", reason, trace_id)


def _producer(
    vendor: Vendor, kind: Kind, body: Mapping[str, Any], _now: float, _engine: str
) -> Reply | None:
    reason = complaint(kind.address, body, vendor.songs)
    return malformed(kind, reason, vendor.trace_id()) if reason else None


def _fish(
    vendor: Vendor, kind: Kind, body: Mapping[str, Any], now: float, engine: str
) -> Reply | None:
    speaks = kind.action == "speak"
    if speaks and engine and engine not in ENGINES:
        return failure_passed_through(400, f"model must be one of {', '.join(ENGINES)}")
    wrong = problems(str(kind.action), body)
    if wrong:
        return failure_of_fields(wrong)
    if speaks and any(vendor.voices.find(one, now) is None for one in references(body)):
        return failure_passed_through(400, "Reference not found")
    return None


_REFUSALS: Mapping[str, Callable[[Vendor, Kind, Mapping[str, Any], float, str], Reply | None]] = {
    PRODUCER: _producer,
    FISH: _fish,
}
