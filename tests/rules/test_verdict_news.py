"""What a record tells beside its state: progress, and what a watcher calls a change."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from acedata_async._rules.verdict import items_of, judge, news_of, progress_of

from .test_verdict import BASE, FINISHED, PREVIEW, RECORDS, URL


@pytest.mark.parametrize(
    ("response", "items", "progress"),
    [
        (None, 0, None),
        ("text", 0, None),
        ({"data": None}, 0, None),
        ({"data": "text"}, 0, None),
        ({"data": [None, 7, {}]}, 1, None),
        ({"data": PREVIEW}, 1, 0.4),
        ({"data": [PREVIEW, {"progress": "20%"}, {"progress": []}]}, 3, 0.2),
        ({"data": [PREVIEW, {"progress": 1}]}, 2, 0.4),
    ],
)
def test_progress(response: Any, items: int, progress: float | None) -> None:
    """A task is as far as the least of what it makes; where nothing says so, it is unknown."""
    record = {**BASE, "response": response}
    assert len(items_of(record)) == items
    assert progress_of(record, judge(record)) == progress


def test_progress_of_a_success() -> None:
    """A task that succeeded is complete, whatever its items say."""
    record = {**BASE, "response": {"data": [PREVIEW]}, "finished_at": FINISHED}
    assert progress_of(record, judge(record)) == 1.0


def test_news() -> None:
    """News is a change of state, progress or playable audio, and nothing else."""

    def news(item: Any, **facts: Any) -> Any:
        record = {**BASE, "response": {"data": [item]}, **facts}
        return news_of(record, judge(record))

    first = news(PREVIEW)
    assert first == ("running", 0.4, (URL,))
    assert news({**PREVIEW, "title": "new"}, trace_id="other") == first
    assert news({**PREVIEW, "progress": "41%"}) != first
    assert news({**PREVIEW, "audio_url": None}) == ("running", 0.4, ())
    assert news(PREVIEW, finished_at=FINISHED) == ("succeeded", 1.0, (URL,))


@settings(deadline=None)
@given(RECORDS)
def test_news_never_raises(record: dict[str, Any]) -> None:
    """Whatever the record holds, its news can be compared and its progress is a share."""
    verdict = judge(record)
    progress = progress_of(record, verdict)
    assert progress is None or 0 <= progress <= 1
    hash(news_of(record, verdict))
