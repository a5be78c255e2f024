"""What records show of a result before it is one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acedata_async._rules.leads import is_voice_id, leads_of, voice_in_training, with_voice
from acedata_async._rules.verdict import judge

URL = "https://example.com/a.mp3"
TRAINING = {"_id": "d5d2", "state": "training", "title": "before"}
TRAINED = {"_id": "d5d2", "state": "trained", "title": "now"}


@pytest.mark.parametrize(
    ("response", "leads"),
    [
        ({"audio_url": URL}, (URL,)),
        ({"data": TRAINING}, ("d5d2",)),
        ({"data": [TRAINING, {"audio_url": URL}, TRAINING]}, ("d5d2", URL)),
        ({"audio_url": "", "_id": 5, "data": [None, 7]}, ()),
        ("text", ()),
        (None, ()),
    ],
)
def test_leads(response: Any, leads: tuple[str, ...]) -> None:
    """Ids of voices and addresses are leads, each once, wherever they stand."""
    assert leads_of({"id": "t", "response": response}) == leads


@pytest.mark.parametrize(
    ("response", "voice"),
    [
        ({"data": TRAINING}, "d5d2"),
        ({"data": [{}, TRAINING]}, "d5d2"),
        (TRAINING, "d5d2"),
        ({"data": TRAINED}, None),
        ({"data": {**TRAINING, "state": None}}, None),
        ({"data": {**TRAINING, "_id": "../x"}}, None),
        ({"data": {**TRAINING, "_id": None}}, None),
        ({"data": TRAINING, "success": False}, None),
        ({"data": TRAINING, "error": "x"}, None),
        ({"state": "training", "data": [{"audio_url": URL}]}, None),
    ],
)
def test_voice_in_training(response: Any, voice: str | None) -> None:
    """Only a voice that says so itself, of a task that has not failed, is being trained."""
    assert voice_in_training({"id": "t", "response": response}) == voice


@pytest.mark.parametrize("response", [{"data": TRAINING}, TRAINING, {"data": [TRAINING]}])
@pytest.mark.parametrize("end", [{}, {"finished_at": 9.0}])
def test_with_voice(response: dict[str, Any], end: dict[str, Any]) -> None:
    """The record with the voice as it is now has ended as the voice says."""
    record = {"id": "t", "response": {**response, "task_id": "t"}, **end}
    assert judge(record).state == "running"
    now = with_voice(record, TRAINED)
    assert judge(now).state == "succeeded"
    assert (now["id"], now["response"]["task_id"], now["response"]["data"]) == ("t", "t", TRAINED)
    assert judge(with_voice(record, {**TRAINED, "state": "failed"})).state == "failed"


@given(st.text(max_size=8) | st.none() | st.integers())
def test_voice_ids(value: Any) -> None:
    """What can be a voice's id changes nothing in an address that it stands in."""
    assert not is_voice_id(value) or (value.isascii() and not set(value) & set("/.?#%&: "))
