"""Chances that can be taken up."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from acedata_async.sandbox.chances import Chances

_DRAWS = {
    "random": lambda rng: rng.random(),
    "uniform": lambda rng: rng.uniform(3.0, 8.0),
    "lognormal": lambda rng: rng.lognormvariate(3.0, 0.3),
    "choice": lambda rng: rng.choice("abcdefg"),
    "large": lambda rng: rng.getrandbits(128),
    "odd": lambda rng: rng.getrandbits(33),
    "none": lambda rng: rng.getrandbits(0),
    "shuffled": lambda rng: rng.sample(range(50), 20),
}


@given(st.lists(st.sampled_from(sorted(_DRAWS))), st.integers(0, 99))
def test_taking_up(names: list[str], seed: int) -> None:
    """They are those of a plain generator, and go on as if they had never stopped."""
    plain, first = Random(str(seed)), Chances(str(seed))
    for name in names:
        assert _DRAWS[name](first) == _DRAWS[name](plain)
    again = Chances(str(seed))
    again.skip(first.drawn)
    assert again.drawn == first.drawn
    assert again.uuid() == first.uuid()
