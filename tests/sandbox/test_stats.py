"""The counting."""

from __future__ import annotations

import dataclasses

import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock

from .conftest import Caller


async def test_counts(sandbox: Sandbox, caller: Caller, clock: ManualClock) -> None:
    """Submissions, lookups, statuses, bytes and media are counted where they arrive."""
    first = await caller.generate()
    await clock.advance(20.0)
    second = await caller.generate()
    await clock.advance(30.0)
    third = await caller.generate("#sandbox:never")
    await clock.advance(20.0)
    sandbox.inject("throttle", times=1)
    await caller.submit(action="generate", prompt="x")
    record = await caller.look_up(first)
    await caller.batch(first, second, third)
    await caller.listed()
    url = record["response"]["data"][0]["audio_url"]
    song = await caller.http.get(url)
    stats = sandbox.stats
    assert stats.submissions == 3
    assert stats.submissions_by_action == {"generate": 3}
    assert stats.submission_requests == 4
    assert (stats.lookups, stats.lookups_single, stats.lookups_batch) == (3, 1, 1)
    assert stats.lookups_listing == 1
    assert stats.lookups_by_service == {"producer": 3, "fish": 0}
    assert stats.ids_per_batch == (3,)
    assert stats.statuses == {200: 6, 429: 1}
    assert (stats.in_flight, stats.max_in_flight, stats.max_tasks_in_flight) == (0, 1, 2)
    assert stats.max_requests_per_second == 4
    assert (stats.media_requests, stats.media_requests_with_token) == (1, 1)
    assert stats.bytes_sent > len(song.content)


async def test_services_apart(sandbox: Sandbox, caller: Caller) -> None:
    """Lookups are counted for each service, looks at the catalogue for themselves."""
    await caller.look_up(await caller.generate())
    await caller.fish("tasks", id="x")
    await caller.fish("tasks", action="retrieve_batch", ids=["x", "y"])
    await caller.fish("tts", text="")
    for path in ("/fish/model", "/fish/model/x", "/fish/model?page_size=0"):
        await caller.http.get(path)
    await caller.model()
    stats = sandbox.stats
    assert stats.lookups_by_service == {"producer": 1, "fish": 2}
    assert (stats.lookups, stats.lookups_single, stats.ids_per_batch) == (3, 2, (2,))
    assert stats.catalogue_requests == 3
    assert stats.submission_requests == 3
    assert stats.submissions_by_action == {"generate": 1, "create_model": 1}
    assert stats.submissions == 2


async def test_frozen(sandbox: Sandbox, caller: Caller) -> None:
    """A snapshot does not change any more."""
    before = sandbox.stats
    await caller.generate()
    assert before.submissions == 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        before.submissions = 7  # type: ignore[misc]  # what must not be possible
