"""The table of faults and the markers."""

from __future__ import annotations

import pytest

from acedata_async.sandbox import FAULTS
from acedata_async.sandbox.faults import marked, named


def test_table() -> None:
    """Each fault knows its name and says what it does."""
    for name, fault in FAULTS.items():
        assert named(name) is fault
        assert fault.name == name
        assert fault.effect


def test_markers() -> None:
    """Markers are found in prompt, title, lyric, text and description, and nowhere else."""
    body = {
        "prompt": "a #sandbox:preview b",
        "title": "#sandbox:elapsed#sandbox:never",
        "lyric": ["#sandbox:sync"],
        "style": "#sandbox:sync",
        "text": "#sandbox:recovers",
        "description": "#sandbox:vanish",
    }
    names = [fault.name for fault in marked(body)]
    assert names == ["preview", "elapsed", "never", "recovers", "vanish"]
    with pytest.raises(ValueError, match="no-such"):
        list(marked({"lyric": "#sandbox:no-such"}))
