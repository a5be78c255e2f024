"""Which tests are going to run: for work that is begun for several of them at once."""

from __future__ import annotations

from typing import Any

import pytest


def parameters(request: pytest.FixtureRequest) -> list[dict[str, Any]]:
    """Return the parameters of all tests of the module that are selected and have some."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    calls = [getattr(item, "callspec", None) for item in items if item.module is request.module]
    return [dict(call.params) for call in calls if call is not None]
