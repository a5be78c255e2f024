"""How a bulk run is to be done: checked before anything happens."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal, get_args

from acedata_async._rules.marking import Marking
from acedata_async.errors import ConfigurationError
from acedata_async.ledger.protocol import Ledger

OnUnknown = Literal["hold", "resubmit_absent"]
"""`hold`: what may have been paid is looked for, and never sent again. `resubmit_absent`: it is
sent again once the vendor's list has shown that it does not exist."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkSettings:
    """The settings of a run; `ace.producer.bulk` says what they mean."""

    max_in_flight: int | Literal["auto"] = "auto"
    ledger: Ledger | str | os.PathLike[str] | None = None
    directory: str | os.PathLike[str] | None = None
    tags: bool = False
    budget: int | None = None
    budget_credits: float | None = None
    on_unknown: OnUnknown = "hold"
    retry_failed: bool = False
    leftovers: bool = False
    marking: Marking = "placeholder"
    user_id: str | None = None

    def __post_init__(self) -> None:
        # What a user gives need not be what the types say.
        given: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, (allowed, is_allowed) in _ALLOWED.items():
            if not is_allowed(given[name]):
                raise ConfigurationError(
                    f"bulk: {name}: {given[name]!r} is not allowed; allowed: {allowed}"
                )
        if self.ledger is None and (self.on_unknown != "hold" or self.leftovers):
            raise ConfigurationError(
                "bulk: ledger: missing; allowed: a path, or a Ledger: on_unknown and leftovers are"
                " about what it remembers"
            )


def _is_amount(value: Any, kind: type, *, least: int = 0) -> bool:
    if isinstance(value, bool) or not isinstance(value, kind):
        return False
    number: Any = value
    return bool(least <= number < math.inf)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike) and os.fspath(value) != ""


_ALLOWED: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "max_in_flight": (
        'a whole number from 1 on, or "auto"',
        lambda value: value == "auto" or _is_amount(value, int, least=1),
    ),
    "ledger": (
        "a path, or a Ledger",
        lambda value: value is None or _is_path(value) or hasattr(value, "apply"),
    ),
    "directory": ("a path", lambda value: value is None or _is_path(value)),
    "tags": ("true or false", lambda value: isinstance(value, bool)),
    "budget": (
        "a whole number of songs, 0 or more",
        lambda value: value is None or _is_amount(value, int),
    ),
    "budget_credits": (
        "a number of credits, 0 or more",
        lambda value: value is None or _is_amount(value, int) or _is_amount(value, float),
    ),
    "on_unknown": (" or ".join(get_args(OnUnknown)), lambda value: value in get_args(OnUnknown)),
    "retry_failed": ("true or false", lambda value: isinstance(value, bool)),
    "leftovers": ("true or false", lambda value: isinstance(value, bool)),
    "marking": (" or ".join(get_args(Marking)), lambda value: value in get_args(Marking)),
    "user_id": (
        "the id of your account, a text",
        lambda value: value is None or (isinstance(value, str) and value.strip() != ""),
    ),
}
"""What each setting takes, in words, and what decides about it."""
