"""How many examples are tried."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

FEW = 25
"""How many are tried where time is short, as where each commit is tested."""

MANY = 100
"""How many are tried elsewhere."""

IN_HASTE = bool(os.environ.get("CI"))

_SHARE = 6


def examples(number: int, **options: Any) -> settings:
    """Let a test try so many examples; where time is short a sixth of them, but 25 at least.

    Args:
        number: How many there are to try.
        **options: Further settings of hypothesis.
    """
    tried = min(number, max(FEW, number // _SHARE)) if IN_HASTE else number
    return settings(deadline=None, max_examples=tried, **options)
