"""Which faults are active at the moment, and whether one strikes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from acedata_async.sandbox.faults import Fault, Stage, named
from acedata_async.sandbox.kinds import CALLING_BACK, FISH_ACTIONS
from acedata_async.sandbox.validation import AUDIO_ACTIONS, SUBMISSION_ACTIONS

LOOKUP_ACTIONS = ("retrieve", "retrieve_batch", "list", "catalogue")
"""The kinds of lookup; `list` is a `retrieve_batch` without ids, `catalogue` a GET of voices."""

_SUBMISSIONS = (*SUBMISSION_ACTIONS, *FISH_ACTIONS)

_TARGETS: dict[Stage, tuple[str, ...]] = {
    Stage.SUBMISSION: _SUBMISSIONS,
    Stage.RECORD: _SUBMISSIONS,
    Stage.LOOKUP: LOOKUP_ACTIONS,
    Stage.BATCH: ("retrieve_batch",),
    Stage.LIST: ("list",),
    Stage.MEDIA: ("media",),
    Stage.CALLBACK: (*AUDIO_ACTIONS, *(kind.action for kind in CALLING_BACK if kind.action)),
}


@dataclass(slots=True)
class _Rule:
    fault: Fault
    times: int | None
    probability: float
    on: str | None


class FaultRules:
    """The faults that were injected and are not used up yet.

    Args:
        rng: Decides about those with a probability below 1.
    """

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._rules: list[_Rule] = []

    def inject(self, name: str, *, times: int | None, probability: float, on: str | None) -> None:
        """Add a fault; `Sandbox.inject` says what the arguments mean.

        Raises:
            ValueError: An argument is unknown or out of range.
        """
        fault = named(name)
        if times is not None and times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        if not 0.0 <= probability <= 1.0:
            raise ValueError(f"probability must be from 0 to 1, not {probability}")
        targets = _TARGETS[fault.stage]
        if on is not None and on not in targets:
            raise ValueError(f"{name} can be limited to: {', '.join(targets)}; not to {on!r}")
        self._rules.append(_Rule(fault, times, probability, on))

    def clear(self) -> None:
        """Forget all faults."""
        self._rules.clear()

    def draw(
        self, *stages: Stage, action: str, unfit: frozenset[str] = frozenset()
    ) -> Fault | None:
        """Return the first fault that strikes at one of these stages, if any does.

        Args:
            stages: What can be struck now.
            action: The action under way.
            unfit: Names of faults that cannot happen to this request.
        """
        for rule in self._matching(stages, action):
            if rule.fault.name not in unfit and self._strikes(rule):
                return rule.fault
        return None

    def draw_all(self, stage: Stage, *, action: str) -> list[Fault]:
        """Return all faults that strike at this stage."""
        return [rule.fault for rule in self._matching((stage,), action) if self._strikes(rule)]

    def _matching(self, stages: tuple[Stage, ...], action: str) -> list[_Rule]:
        return [
            rule for rule in self._rules if rule.fault.stage in stages and rule.on in {None, action}
        ]

    def _strikes(self, rule: _Rule) -> bool:
        if self._rng.random() >= rule.probability:
            return False
        if rule.times is not None:
            rule.times -= 1
            if not rule.times:
                self._rules.remove(rule)
        return True
