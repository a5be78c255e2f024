"""What happens inside a client, as frozen facts for whoever observes it.

No fact holds a token, an address with a secret in it, or a body.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Purpose = Literal["lookup", "read", "submit", "hold"]
"""Why the API is called: `lookup` is a free look at tasks, `read` one at anything else, such as
voices, `submit` a paid call that is acknowledged at once, `hold` one that is answered with its
result."""

Limited = Literal["lookup", "submit"]
"""Calls that have a rate of their own: free looks, and all paid calls together."""

Reason = Literal["clean", "refused"]
"""Why a rate changed: a time without a 429, or one."""

State = Literal["pending", "running", "succeeded", "failed", "anomalous"]
"""Where a task stands, as in `Task.state`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSent:
    """A call goes out to the API now, or is sent again. Downloads are no calls.

    Attributes:
        path: From the base URL on, such as `/producer/tasks`.
        purpose: `lookup`, `read`, `submit` or `hold`.
        size: Bytes of the body.
    """

    path: str
    purpose: Purpose
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered:
    """A call that was sent is over: with an answer of any status, or without one.

    Attributes:
        path: From the base URL on, such as `/producer/tasks`.
        purpose: `lookup`, `read`, `submit` or `hold`.
        status: The HTTP status; None where no whole answer came.
        seconds: From the call's going out to its end, without any wait for its turn.
        size: Bytes of the answer's body, unpacked; 0 where no whole answer came.
        error: What went wrong where no whole answer came, in words and on one line; else None.
        delivered: Whether it may have reached the API; False where no connection came about.
    """

    path: str
    purpose: Purpose
    status: int | None
    seconds: float
    size: int
    error: str | None
    delivered: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSeen:
    """The record of a watched task told something new.

    Attributes:
        task_id: The task's id.
        kind: What kind of task it is, such as `producer/generate/FUZZ-2.0 Pro`; None where that is
            not known.
        state: `pending`, `running`, `succeeded`, `failed` or `anomalous`.
        progress: How far it is, from 0 to 1; None where the record does not say.
    """

    task_id: str
    kind: str | None
    state: State
    progress: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFinal:
    """A watched task is over. Told once, however many wait for it.

    Who watches it anew after its end has it told anew.

    Attributes:
        task_id: The task's id.
        kind: What kind of task it is, such as `producer/generate/FUZZ-2.0 Pro`; None where that is
            not known.
        state: `succeeded`, `failed` or `anomalous`.
        seconds: How long the task took at the vendor, from its creation to its end; None where
            the record does not say.
        lag: Seconds from the task's end to this fact, by the vendor's clock; None where the
            record does not say when it ended. A task is looked at only while somebody waits for
            it, so that the time before is part of it.
        lookups: How many answers to lookups named this task.
    """

    task_id: str
    kind: str | None
    state: State
    seconds: float | None
    lag: float | None
    lookups: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChanged:
    """The client changed the rate at which it calls the API.

    Attributes:
        purpose: Which calls: `lookup`, or `submit` for all that are paid.
        rate: Requests a second from now on; infinite where no limit is known.
        reason: `refused` after a 429, `clean` after a time without one.
    """

    purpose: Limited
    rate: float
    reason: Reason


Event = CallSent | CallAnswered | TaskSeen | TaskFinal | RateChanged
"""Whatever an observer is told."""

Observer = Callable[[Event], object]
"""A plain function, or anything callable, that is told what happens. It runs in between the
client's work, on the client's event loop, so it should be quick; what it returns is ignored."""
