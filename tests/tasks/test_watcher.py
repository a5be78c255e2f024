"""Awaiting one task."""

from __future__ import annotations

import asyncio
import pickle
from typing import Any

import pytest

from acedata_async import (
    AceData,
    AuthenticationError,
    ClientClosed,
    InvalidRequest,
    MalformedResponse,
    PermissionDenied,
    Stems,
    TaskFailed,
    TaskNotFound,
    WatchTimeout,
)
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.tasks.watching import NOBODYS


async def test_await_returns_the_song(ace: AceData, sandbox: Sandbox) -> None:
    """Awaiting a watcher gives the song of its task, from one submission."""
    watcher = await ace.producer.generate("A song for Christmas")
    [song] = await watcher
    assert song.task_id == watcher.id
    assert song.audio_url is not None
    assert song.audio_url.endswith(".m4a")
    assert sandbox.stats.submissions == 1


async def test_watching_for_something_else(ace: AceData) -> None:
    """A task makes what its service makes: another type of result is refused."""
    wrong: Any = [int]
    with pytest.raises(InvalidRequest, match="is not allowed; allowed: Audio or Stems"):
        ace.producer.watch("t", result=wrong)
    with pytest.raises(InvalidRequest, match="is not allowed; allowed: Speech or Voice"):
        ace.fish.watch("t", result=wrong[0])


async def test_await_twice_gives_the_same_without_a_request(ace: AceData, sandbox: Sandbox) -> None:
    """A result is kept: awaiting again asks nobody."""
    watcher = await ace.producer.generate("A song")
    first = await watcher
    lookups = sandbox.stats.lookups
    assert await watcher == first
    assert await watcher.wait() is watcher.task
    assert [task async for task in watcher] == [watcher.task]
    assert sandbox.stats.lookups == lookups


async def test_task_is_the_same_object_for_who_holds_it(ace: AceData) -> None:
    """Whoever holds a record gets that very object again, by whatever way."""
    watcher = await ace.producer.generate("A song")
    async for task in watcher:
        assert watcher.task is task
    assert await watcher.wait() is task


async def test_news_arrive_soon_after_the_task_is_over(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A lone task of twelve seconds is known to be over within two, for few lookups."""
    watcher = await ace.producer.generate("A song")
    task = await watcher.wait()
    assert task.finished_at is not None
    assert clock.time() - task.finished_at.timestamp() < 2
    assert sandbox.stats.lookups <= 10


async def test_nothing_is_asked_while_nobody_waits(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A watcher that nobody awaits costs nothing."""
    await ace.producer.generate("A song")
    await clock.advance(60)
    assert sandbox.stats.lookups == 0


async def test_two_waiters_share_lookups(ace: AceData, sandbox: Sandbox) -> None:
    """Two waits on one watcher, and a second watcher of the id, cost what one costs."""
    lone = await ace.producer.generate("A song")
    await lone
    cost = sandbox.stats.lookups
    watcher = await ace.producer.generate("A song")
    assert watcher.id is not None
    again = ace.producer.watch(watcher.id)
    results = await asyncio.gather(watcher.result(), watcher.result(), again.result())
    assert results[0] == results[1] == results[2]
    assert sandbox.stats.lookups - cost <= cost + 1


async def test_cancelling_one_waiter_leaves_the_other(ace: AceData) -> None:
    """A cancelled wait ends at once and hurts nobody."""
    watcher = await ace.producer.generate("A song")
    first = asyncio.create_task(watcher.result())
    second = asyncio.create_task(watcher.result())
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(await second) == 1


async def test_cancelled_wait_can_be_taken_up_again(ace: AceData) -> None:
    """After the last waiter was cancelled, awaiting again still gives the song."""
    watcher = await ace.producer.generate("A song")
    waiting = asyncio.create_task(watcher.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert len(await watcher) == 1


@pytest.mark.parametrize("shape", ["fail-F1", "fail-F2", "fail-F3", "fail-F5", "fail-F7"])
async def test_failed_task_raises_with_its_reason(
    ace: AceData, sandbox: Sandbox, shape: str
) -> None:
    """Every failed shape becomes TaskFailed with the record; each await a fresh one."""
    sandbox.inject(shape)
    watcher = await ace.producer.generate("A song")
    with pytest.raises(TaskFailed) as first:
        await watcher
    with pytest.raises(TaskFailed) as second:
        await watcher
    assert first.value is not second.value
    assert first.value.task.id == watcher.id
    assert first.value.message
    assert first.value.audios == []
    assert (await watcher.wait()).state == "failed"
    assert str(pickle.loads(pickle.dumps(first.value))) == str(first.value)  # noqa: S301 - ours


async def test_partial_success_is_a_failure_that_carries_the_song(
    ace: AceData, sandbox: Sandbox
) -> None:
    """A failed task that left audio behind raises, and hands the audio over."""
    sandbox.inject("fail-F4")
    with pytest.raises(TaskFailed, match=r"left playable audio: https://.*\.m4a") as caught:
        await (await ace.producer.generate("A song"))
    assert caught.value.audios[0].audio_url


async def test_finished_without_result_is_not_a_success(ace: AceData, sandbox: Sandbox) -> None:
    """A finished record without a result raises and says so."""
    sandbox.inject("no-result")
    watcher = await ace.producer.generate("A song")
    with pytest.raises(TaskFailed, match="no result"):
        await watcher
    assert watcher.state == "anomalous"


@pytest.mark.parametrize(
    "shape",
    ["preview", "null-keys", "ack-stored", "late-visible", "with-success", "elapsed", "recovers"],
)
async def test_running_shapes_are_waited_out(
    ace: AceData, sandbox: Sandbox, clock: ManualClock, shape: str
) -> None:
    """No shape of a running record ends the wait early or with an error."""
    sandbox.inject(shape)
    [song] = await (await ace.producer.generate("A song"))
    assert song.progress == 1
    assert clock.elapsed >= 12


async def test_timeout_names_the_task_and_leaves_it_alive(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A wait that ends too early says which task lives on; the next wait finds it."""
    watcher = await ace.producer.generate("A song")
    with pytest.raises(WatchTimeout) as caught:
        await watcher.result(timeout=5)
    assert isinstance(caught.value, TimeoutError)
    assert caught.value.task_id == watcher.id
    assert clock.elapsed == pytest.approx(5)
    assert not watcher.done()
    await watcher
    assert sandbox.stats.submissions == 1


async def test_default_deadline_is_fifteen_minutes(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """A task that never ends is waited for a quarter of an hour."""
    sandbox.inject("never")
    with pytest.raises(WatchTimeout, match="900 s"):
        await (await ace.producer.generate("A song"))
    assert clock.elapsed == pytest.approx(900)


async def test_impatient_waits_do_not_storm(ace: AceData, sandbox: Sandbox) -> None:
    """Waiting again and again in short steps costs no more than waiting once."""
    watcher = await ace.producer.generate("A song")
    while not watcher.done():
        try:
            await watcher.wait(timeout=0.1)
        except WatchTimeout:
            continue
    assert sandbox.stats.lookups <= 15


@pytest.mark.parametrize("timeout", [-1, float("nan")])
async def test_odd_timeouts_are_refused(ace: AceData, timeout: float) -> None:
    """A timeout that is no span of time is refused before anything is asked."""
    watcher = await ace.producer.generate("A song")
    with pytest.raises(InvalidRequest, match="timeout"):
        await watcher.result(timeout=timeout)


async def test_endless_timeout_is_allowed(ace: AceData) -> None:
    """Infinity is a deadline that never comes."""
    assert await (await ace.producer.generate("A song")).result(timeout=float("inf"))


async def test_own_task_is_never_called_unknown(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """An id that the API gave us is waited for although its record is gone."""
    sandbox.inject("vanish")
    with pytest.raises(WatchTimeout):
        await (await ace.producer.generate("A song")).result(timeout=300)
    assert clock.elapsed == pytest.approx(300)


async def test_unknown_id_is_said_to_be_unknown(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """An id from the user without a record is given up after half a minute, and stays so."""
    watcher = ace.producer.watch(NOBODYS)
    with pytest.raises(TaskNotFound, match=NOBODYS):
        await watcher
    assert 30 <= clock.elapsed < 60
    lookups = sandbox.stats.lookups
    with pytest.raises(TaskNotFound):
        await watcher
    assert sandbox.stats.lookups == lookups
    assert await watcher.refresh() is None


async def test_id_from_elsewhere_is_looked_up_at_once(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """Watching an old id finds a finished song with one lookup and no delay."""
    [song] = await (await ace.producer.generate("A song"))
    assert song.task_id is not None
    before, lookups = clock.elapsed, sandbox.stats.lookups
    watcher = ace.producer.watch(song.task_id)
    assert (watcher.state, watcher.progress, watcher.task, watcher.done()) == (
        "pending",
        None,
        None,
        False,
    )
    assert await watcher == [song]
    assert clock.elapsed - before < 0.01
    assert sandbox.stats.lookups == lookups + 1


async def test_stems_are_typed(ace: AceData) -> None:
    """A task of stems is watched as such; watched as songs it says what it is."""
    [song] = await (await ace.producer.generate("A song"))
    watcher = await ace.producer.stems(song)
    stems = await watcher
    assert isinstance(stems, Stems)
    assert watcher.id is not None
    assert await ace.producer.watch(watcher.id, result=Stems) == stems
    with pytest.raises(MalformedResponse, match="watch it with result=Stems"):
        await ace.producer.watch(watcher.id)
    assert song.task_id is not None
    with pytest.raises(MalformedResponse, match="no stems_url"):
        await ace.producer.watch(song.task_id, result=Stems)


async def test_synchronous_answer_makes_a_watcher_that_is_done(
    ace: AceData, sandbox: Sandbox
) -> None:
    """A server that answers with the whole result is not asked again."""
    sandbox.inject("sync")
    watcher = await ace.producer.generate("A song")
    assert watcher.done()
    assert len(await watcher) == 1
    assert sandbox.stats.lookups == 0


async def test_running_task_is_kept_without_the_echo_of_its_request(
    ace: AceData, sandbox: Sandbox
) -> None:
    """Of the request a running task keeps what kind it is; a task that is over keeps it all."""
    watcher = await ace.producer.generate("A song", title="Mine", lyric="La la")
    sent = sandbox.submissions[0]
    kind = {"action": "generate", "model": "FUZZ-2.0 Pro"}
    for one in (watcher, ace.producer.watch(str(watcher.id))):
        with pytest.raises(WatchTimeout):
            await one.wait(timeout=5)
        assert one.task is not None
        assert (one.task.final, one.task.request) == (False, kind)
    assert (await ace.producer.retrieve(str(watcher.id))).request == sent
    assert (await watcher.wait()).request == sent
    assert (await ace.producer.watch(str(watcher.id)).wait()).request == sent


async def test_refresh_looks_once_and_tells_everybody(
    ace: AceData, sandbox: Sandbox, clock: ManualClock
) -> None:
    """`refresh` is one lookup now; those who wait learn from it."""
    watcher = await ace.producer.generate("A song")
    first = await watcher.refresh()
    assert first is not None
    assert first.state in {"pending", "running"}
    waiting = asyncio.create_task(watcher.result(timeout=60))
    await asyncio.sleep(0)
    await clock.advance(13)
    final = await watcher.refresh()
    assert final is not None
    assert final.final
    assert await waiting


@pytest.mark.parametrize(
    ("fault", "kind"), [("lookup-401", AuthenticationError), ("lookup-403", PermissionDenied)]
)
async def test_refused_token_ends_the_wait_with_the_id(
    ace: AceData, sandbox: Sandbox, fault: str, kind: type[Exception]
) -> None:
    """What cannot heal ends the wait at once, names the task, and is fresh for each waiter."""
    watcher = await ace.producer.generate("A song")
    sandbox.inject(fault)
    outcomes = await asyncio.gather(watcher.result(), watcher.result(), return_exceptions=True)
    assert all(isinstance(error, kind) and str(watcher.id) in str(error) for error in outcomes)
    assert outcomes[0] is not outcomes[1]
    sandbox.clear_faults()
    assert len(await watcher) == 1


async def test_closing_the_client_ends_waits(ace: AceData) -> None:
    """A wait ends when the client is closed, and says that the task lives on."""
    watcher = await ace.producer.generate("A song")
    waiting = asyncio.create_task(watcher.result())
    await asyncio.sleep(0)
    await ace.aclose()
    with pytest.raises(ClientClosed, match=str(watcher.id)):
        await waiting
    with pytest.raises(ClientClosed):
        await watcher


async def test_finished_watcher_outlives_its_client(ace: AceData) -> None:
    """A known result needs no client any more."""
    watcher = await ace.producer.generate("A song")
    songs = await watcher
    await ace.aclose()
    assert await watcher == songs


async def test_repr_tells_id_state_and_progress(ace: AceData) -> None:
    """The repr is what one wants to see in a log."""
    watcher = await ace.producer.generate("A song")
    assert repr(watcher) == f"<TaskWatcher {watcher.id} pending>"
    await watcher
    assert repr(watcher) == f"<TaskWatcher {watcher.id} succeeded 100%>"
