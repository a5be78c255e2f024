"""Which fault strikes, and when."""

from __future__ import annotations

from random import Random

import pytest

from acedata_async.sandbox.fault_rules import FaultRules
from acedata_async.sandbox.faults import Stage


@pytest.fixture
def rules() -> FaultRules:
    """No faults yet."""
    return FaultRules(Random(0))


def _inject(
    rules: FaultRules,
    name: str,
    *,
    times: int | None = None,
    probability: float = 1.0,
    on: str | None = None,
) -> None:
    rules.inject(name, times=times, probability=probability, on=on)


def _struck(rules: FaultRules, action: str = "generate") -> str | None:
    fault = rules.draw(Stage.SUBMISSION, action=action)
    return fault.name if fault else None


def test_times(rules: FaultRules) -> None:
    """A fault strikes as often as it was asked to, then the next one."""
    _inject(rules, "throttle", times=2)
    _inject(rules, "error-500", times=1)
    assert [_struck(rules) for _ in range(4)] == ["throttle", "throttle", "error-500", None]


def test_on_an_action(rules: FaultRules) -> None:
    """A fault can be limited to an action."""
    _inject(rules, "throttle", on="cover")
    assert [_struck(rules), _struck(rules, "cover")] == [None, "throttle"]


def test_probability(rules: FaultRules) -> None:
    """A fault strikes about as often as is likely."""
    _inject(rules, "lookup-500", probability=0.3)
    drawn = [rules.draw(Stage.LOOKUP, action="retrieve") for _ in range(1000)]
    assert 250 < len([fault for fault in drawn if fault]) < 350


def test_stages_and_unfit(rules: FaultRules) -> None:
    """A fault of another stage, or one that cannot happen, is not drawn and not used up."""
    _inject(rules, "batch-too-many-400", times=1)
    unfit = frozenset({"batch-too-many-400"})
    assert _struck(rules) is None
    assert rules.draw(Stage.BATCH, action="retrieve_batch", unfit=unfit) is None
    assert rules.draw(Stage.BATCH, action="retrieve_batch") is not None


def test_all_and_clear(rules: FaultRules) -> None:
    """Record faults come together, until they are cleared."""
    _inject(rules, "preview", times=1)
    _inject(rules, "elapsed")
    names = [fault.name for fault in rules.draw_all(Stage.RECORD, action="generate")]
    assert names == ["preview", "elapsed"]
    rules.clear()
    assert rules.draw_all(Stage.RECORD, action="generate") == []


def test_bad_wishes(rules: FaultRules) -> None:
    """What cannot be is refused with the choices."""
    with pytest.raises(ValueError, match=r"there are: .*cut-after-accept"):
        _inject(rules, "no-such")
    with pytest.raises(ValueError, match="times"):
        _inject(rules, "throttle", times=0)
    with pytest.raises(ValueError, match="probability"):
        _inject(rules, "throttle", probability=1.5)
    with pytest.raises(ValueError, match="retrieve_batch"):
        _inject(rules, "lookup-500", on="generate")
