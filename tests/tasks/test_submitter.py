"""Sending what is paid for."""

from __future__ import annotations

import asyncio
import logging

import pytest

from acedata_async import (
    AceData,
    AceDataError,
    APIError,
    AuthenticationError,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InsufficientBalance,
    InvalidRequest,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    SubmissionUnknown,
    Timeouts,
)
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from tests.patience import until

UNKNOWN = [
    "cut-after-accept",
    "reset-after-accept",
    "hang-after-accept",
    "error-500-after-accept",
    "error-502-after-accept",
    "error-504-after-accept",
    "empty-after-accept",
    "html-after-accept",
    "truncated-after-accept",
]


@pytest.mark.parametrize("fault", UNKNOWN)
async def test_accepted_without_a_word_is_sent_once(
    ace: AceData, sandbox: Sandbox, fault: str
) -> None:
    """A lost acknowledgement is an unknown outcome: ten songs are ten submissions."""
    sandbox.inject(fault)
    outcomes = await asyncio.gather(
        *(ace.producer.generate(f"Song {n}") for n in range(10)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} == {SubmissionUnknown}
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 10


@pytest.mark.parametrize("fault", ["cut-before-accept", "error-500", "redirect", "not-json-error"])
async def test_what_may_have_been_accepted_is_sent_once(
    ace: AceData, sandbox: Sandbox, fault: str
) -> None:
    """Where the client cannot know that nothing was created, it does not send again."""
    sandbox.inject(fault)
    with pytest.raises(SubmissionUnknown, match="not sent again") as caught:
        await ace.producer.generate("A song")
    assert caught.value.__cause__ is not None
    assert caught.value.request.model_dump()["prompt"] == "A song"
    assert caught.value.marker is None
    assert sandbox.stats.submission_requests == 1


@pytest.mark.parametrize("fault", ["task-id-in-error", "ack-with-success"])
async def test_task_id_in_any_answer_is_an_acceptance(
    ace: AceData, sandbox: Sandbox, fault: str
) -> None:
    """Whatever the answer looks like: with a task id in it, it is the acknowledgement."""
    sandbox.inject(fault)
    assert await (await ace.producer.generate("A song"))
    assert sandbox.stats.submissions == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("payment-required", PaymentRequired),
        ("used-up", InsufficientBalance),
        ("insufficient-balance", InsufficientBalance),
        ("bare-error", InsufficientBalance),
        ("moderation", PermissionDenied),
        ("invalid-token", AuthenticationError),
        ("token-mismatched-400", AuthenticationError),
        ("token-mismatched-401", AuthenticationError),
        ("bad-request", APIError),
        ("e3-error", APIError),
        ("success-false", APIError),
    ],
)
async def test_refusal_is_an_error_and_sent_once(
    ace: AceData, sandbox: Sandbox, fault: str, kind: type[APIError]
) -> None:
    """A refusal is raised with what the API said; nothing was created."""
    sandbox.inject(fault)
    with pytest.raises(kind) as caught:
        await ace.producer.generate("A song")
    assert caught.value.message
    assert (sandbox.stats.submissions, sandbox.stats.submission_requests) == (0, 1)


@pytest.mark.parametrize("fault", ["throttle", "throttle-retry-after", "throttle-retry-after-date"])
async def test_throttled_submission_is_sent_again(
    ace: AceData, sandbox: Sandbox, fault: str
) -> None:
    """429 means refused for now: the song is made once, later."""
    sandbox.inject(fault, times=3)
    assert await (await ace.producer.generate("A song"))
    assert (sandbox.stats.submissions, sandbox.stats.submission_requests) == (1, 4)


async def test_throttling_has_an_end(sandbox: Sandbox, clock: ManualClock) -> None:
    """After `timeouts.throttled` seconds of 429 the refusal is raised."""
    ace = sandbox.client(seed=1, timeouts=Timeouts(throttled=60))
    sandbox.inject("throttle")
    with pytest.raises(RateLimited):
        await ace.producer.generate("A song")
    assert clock.elapsed <= 60
    assert sandbox.stats.submission_requests < 12


async def test_limit_of_tasks_in_flight_makes_no_storm() -> None:
    """Forty songs with five places: all are made, each once, with few refusals each."""
    async with Sandbox(seed=1, durations=12.0, max_tasks=5) as sandbox:
        ace = sandbox.client(seed=1)
        watchers = await asyncio.gather(*(ace.producer.generate(f"Song {n}") for n in range(40)))
        assert len(await asyncio.gather(*(watcher.result() for watcher in watchers))) == 40
        assert sandbox.stats.submissions == 40
        assert sandbox.stats.submission_requests <= 240


async def test_undelivered_is_sent_again(ace: AceData, sandbox: Sandbox) -> None:
    """A connection that never came about is tried again; the song is made once."""
    sandbox.inject("refuse-connection", times=3)
    assert await (await ace.producer.generate("A song"))
    assert sandbox.stats.submissions == 1


async def test_undelivered_for_good_says_that_nothing_was_paid(
    ace: AceData, sandbox: Sandbox
) -> None:
    """After four tries without a connection the caller learns that nothing was sent."""
    sandbox.inject("refuse-connection")
    with pytest.raises(ConnectionFailed, match="nothing was paid"):
        await ace.producer.generate("A song")
    assert sandbox.stats.submissions == 0


async def test_cancelled_caller_leaves_a_claim(caplog: pytest.LogCaptureFixture) -> None:
    """A submission whose caller is cancelled is finished, and its watcher can be claimed."""
    async with Sandbox(seed=1, durations=12.0, latency=1.0) as slow:
        ace = slow.client(seed=1)
        call = asyncio.create_task(ace.producer.generate("A song"))
        await until(lambda: slow.stats.in_flight)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        with caplog.at_level(logging.WARNING, "acedata_async"):
            await until(lambda: caplog.records)
        [watcher] = ace.producer.claim()
        assert str(watcher.id) in caplog.text
        assert ace.producer.claim() == []
        assert await watcher
        assert slow.stats.submissions == 1


async def test_closed_caller_leaves_a_claim() -> None:
    """So does one that is thrown away rather than cancelled."""
    async with Sandbox(seed=1, latency=1.0) as slow:
        ace = slow.client(seed=1)
        call = ace.producer.generate("A song")
        call.send(None)
        await until(lambda: slow.stats.in_flight)
        call.close()
        await ace.aclose()
        assert [watcher.id for watcher in ace.producer.claim()] == slow.tasks


async def test_cancelled_caller_of_a_failed_submission_is_told_by_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What went wrong after the caller was cancelled is logged, not lost."""
    async with Sandbox(seed=1, latency=1.0) as slow:
        slow.inject("error-500")
        ace = slow.client(seed=1)
        calls = [
            asyncio.create_task(ace.producer.generate("A song")),
            asyncio.create_task(ace.producer.lyrics("love")),
        ]
        await until(lambda: slow.stats.in_flight == 2)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        with caplog.at_level(logging.WARNING, "acedata_async"):
            await ace.aclose()
        assert caplog.text.count("did not end well") == 2
        assert ace.producer.claim() == []


async def test_lyrics_of_a_cancelled_caller_are_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was paid and answered is not thrown away."""
    async with Sandbox(seed=1, latency=0.1) as slow:
        ace = slow.client(seed=1)
        call = asyncio.create_task(ace.producer.lyrics("love"))
        await until(lambda: slow.stats.in_flight)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        with caplog.at_level(logging.WARNING, "acedata_async"):
            await ace.aclose()
        assert "Verse 1" in caplog.text


@pytest.mark.parametrize("fault", ["throttle-retry-after", "refuse-connection"])
async def test_what_was_given_up_is_not_sent_later(fault: str) -> None:
    """A submission that was refused, and whose caller gives up meanwhile, is not sent again."""
    clock = ManualClock(jump=False)
    async with Sandbox(seed=1, clock=clock) as sandbox:
        ace = sandbox.client(seed=1)
        sandbox.inject(fault, times=1)
        call = asyncio.create_task(ace.producer.generate("A song"))
        await clock.advance(0.1)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await clock.advance(60)
        assert sandbox.stats.submissions == 0


async def test_what_was_not_begun_is_not_sent_for_cancelled_callers() -> None:
    """Of sixty calls that are cancelled, those that had not begun are not sent, closing or not."""
    async with Sandbox(seed=1, latency=1.0) as slow:
        ace = slow.client(seed=1)
        calls = [asyncio.create_task(ace.producer.generate(f"Song {n}")) for n in range(60)]
        await until(lambda: slow.stats.in_flight == 16)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await ace.aclose()
        assert slow.stats.submission_requests == 16
        assert len(ace.producer.claim()) == 16


async def test_work_that_is_cancelled_from_outside_is_not_sent() -> None:
    """When the event loop is torn down, what waits for its place is not sent either."""
    async with Sandbox(seed=1, latency=1.0) as slow:
        ace = slow.client(seed=1)
        calls = [asyncio.create_task(ace.producer.generate(f"Song {n}")) for n in range(40)]
        await until(lambda: slow.stats.in_flight == 16)
        for task in asyncio.all_tasks():
            if task.get_name().startswith("acedata"):
                task.cancel()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds.count(SubmissionUnknown) == 16
        assert kinds.count(ClientClosed) == 24
        await until(lambda: not slow.stats.in_flight)
        assert slow.stats.submission_requests == 16


async def test_limit_stops_what_waits_for_a_connection() -> None:
    """A 429 holds back also those that only waited for a free connection."""
    clock = ManualClock(jump=False)
    async with Sandbox(seed=1, clock=clock, latency=0.5) as sandbox:
        ace = sandbox.client(seed=1)
        sandbox.inject("throttle-retry-after", times=16)
        calls = [asyncio.create_task(ace.producer.generate(f"Song {n}")) for n in range(60)]
        await clock.advance(1.9)
        assert sandbox.stats.submission_requests == 16
        await clock.advance(120)
        assert len(await asyncio.gather(*calls)) == 60


async def test_closing_waits_for_submissions_under_way() -> None:
    """A paid call under way is given time to end when the client closes."""
    async with Sandbox(seed=1, latency=0.2, durations=12.0) as slow:
        ace = slow.client(seed=1)
        call = asyncio.create_task(ace.producer.generate("A song"))
        await until(lambda: slow.stats.in_flight)
        await ace.aclose()
        assert (await call).id == slow.tasks[0]


async def test_closing_does_not_wait_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    """A paid call that hangs is left after the grace: named in the log, unknown to its caller."""
    async with Sandbox(seed=1, clock=ManualClock(jump=False)) as sandbox:
        ace = sandbox.client(seed=1, timeouts=Timeouts(close=0.01))
        sandbox.inject("hang-after-accept")
        call = asyncio.create_task(ace.producer.generate("A song"))
        await until(lambda: sandbox.stats.submissions)
        with caplog.at_level(logging.WARNING, "acedata_async"):
            await ace.aclose()
        with pytest.raises(SubmissionUnknown, match="client was closed"):
            await call
        assert "generate" in caplog.text


async def test_closing_tells_what_was_not_sent() -> None:
    """Of what waits for its turn when the client closes, nothing is sent."""
    async with Sandbox(seed=1, clock=ManualClock(jump=False)) as sandbox:
        ace = sandbox.client(seed=1, timeouts=Timeouts(close=0.01))
        sandbox.inject("hang-after-accept")
        calls = [asyncio.create_task(ace.producer.generate(f"Song {n}")) for n in range(20)]
        await until(lambda: sandbox.stats.submissions == 16)
        await ace.aclose()
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        kinds = [type(outcome) for outcome in outcomes]
        assert kinds.count(SubmissionUnknown) == 16
        assert kinds.count(ClientClosed) == 4
        assert sandbox.stats.submissions == 16


async def test_closed_client_sends_nothing(ace: AceData, sandbox: Sandbox) -> None:
    """After closing, every call is refused by the client itself."""
    await ace.aclose()
    await ace.aclose()
    with pytest.raises(ClientClosed):
        await ace.producer.generate("A song")
    with pytest.raises(ClientClosed):
        async with ace:
            pass
    assert sandbox.stats.submission_requests == 0


async def test_bad_request_costs_nothing(ace: AceData, sandbox: Sandbox) -> None:
    """What is wrong is refused before it is sent."""
    with pytest.raises(InvalidRequest, match=r"weirdness.*1\.5.*from 0 to 1"):
        await ace.producer.generate("A song", weirdness=1.5)
    with pytest.raises(InvalidRequest, match="GenerateRequest"):
        await ace.producer.submit({"prompt": "A song"})  # type: ignore[arg-type]  # on purpose
    assert sandbox.stats.submission_requests == 0


@pytest.mark.parametrize("fault", ["error-500", "cut-before-accept", "hang-after-accept"])
async def test_paid_siblings_are_sent_once(ace: AceData, sandbox: Sandbox, fault: str) -> None:
    """Lyrics are paid as well, and not sent again either."""
    sandbox.inject(fault, on="lyrics")
    with pytest.raises(SubmissionUnknown, match="lyrics"):
        await ace.producer.lyrics("love")
    assert sandbox.stats.submission_requests == 1


async def test_sibling_accepted_without_its_result_is_unknown(
    ace: AceData, sandbox: Sandbox
) -> None:
    """A sibling that names a task but not the result is told with the task's id."""
    sandbox.inject("task-id-in-error", on="upload")
    with pytest.raises(SubmissionUnknown) as caught:
        await ace.producer.upload("https://example.com/a.mp3")
    assert sandbox.tasks[0] in str(caught.value)
    assert caught.value.status == 500


async def test_every_error_is_one_of_ours(ace: AceData, sandbox: Sandbox) -> None:
    """Whatever goes wrong with a submission, it is an AceDataError."""
    for fault in [*UNKNOWN, "redirect", "used-up", "refuse-connection", "success-false"]:
        sandbox.inject(fault, times=4 if fault == "refuse-connection" else 1)
        with pytest.raises(AceDataError):
            await ace.producer.generate("A song")


def test_second_event_loop_is_told_clearly(clock: ManualClock) -> None:
    """A client that was used on one event loop says so on another, before anything is sent."""
    sandbox = Sandbox(seed=1, durations=12.0, clock=clock)
    ace = sandbox.client(seed=1)

    async def make() -> object:
        return await (await ace.producer.generate("A song"))

    assert asyncio.run(make())
    with pytest.raises(ConfigurationError, match="one client for each event loop"):
        asyncio.run(make())
    assert sandbox.stats.submissions == 1
    asyncio.run(ace.aclose())
    asyncio.run(sandbox.aclose())
