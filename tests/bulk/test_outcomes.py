"""How songs of a run end, whatever goes wrong with one of them."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from acedata_async import (
    AceData,
    AceDataError,
    APIError,
    AuthenticationError,
    ConnectionFailed,
    DownloadError,
    GenerateRequest,
    InsufficientBalance,
    InvalidRequest,
    MalformedResponse,
    PaymentRequired,
    PermissionDenied,
    ServerError,
    SubmissionUnknown,
    TaskFailed,
    WatchTimeout,
)
from acedata_async.bulk.outcome import OutcomeState
from acedata_async.ledger import Ledger
from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.faults import FAULTS, Stage
from tests.bulk.conftest import (
    NOTHING_CREATED,
    UNCLEAR,
    check_files,
    entries_of,
    make,
    marked,
    names_in,
    song,
    songs,
    states,
    tally,
)

REFUSED = {
    "moderation": PermissionDenied,
    "bad-request": APIError,
    "e3-error": APIError,
    "e3-fields": APIError,
    "e3-nested": APIError,
    "success-false": ServerError,
}
OF_THE_ACCOUNT = {
    "payment-required": PaymentRequired,
    "used-up": InsufficientBalance,
    "insufficient-balance": InsufficientBalance,
    "invalid-token": AuthenticationError,
    "token-mismatched-400": AuthenticationError,
    "token-mismatched-401": AuthenticationError,
    "bare-error": InsufficientBalance,
}
ACCEPTED = ["task-id-in-error", "ack-with-success", "sync", "sync-training"]
THROTTLES = ["throttle", "throttle-retry-after", "throttle-retry-after-date"]
FAILURES = ["fail-F1", "fail-F2", "fail-F3", "fail-F4", "fail-F5", "fail-F7"]
LOST: dict[str, type[AceDataError] | tuple[type[AceDataError], ...]] = {
    "fail-F6": WatchTimeout,
    "never": WatchTimeout,
    "vanish": WatchTimeout,
    "no-result": (TaskFailed, MalformedResponse),
}
HARMLESS = [
    "recovers",
    "preview",
    "null-keys",
    "ack-stored",
    "late-visible",
    "with-success",
    "elapsed",
    "iso-started-at",
    "with-cost",
    "trained-late",
    "media-expires",
]
SURVIVED = {
    "media-cut-random",
    "media-no-length",
    "media-no-range",
    "media-bad-range",
    "media-other",
    "media-redirect",
}
"""Faults of files that a download gets over, at least at times."""
MEDIA = [
    name
    for name, fault in FAULTS.items()
    # One without an end takes a disk, unless it is told to be small.
    if fault.stage is Stage.MEDIA and name not in {*SURVIVED, "media-endless"}
]

OTHERS = {"a", "b", "c"}


def test_every_fault_has_its_test() -> None:
    """What the sandbox can do wrong with a submission or a record is tried here."""
    tried = {*UNCLEAR, *NOTHING_CREATED, *REFUSED, *OF_THE_ACCOUNT, *ACCEPTED, *THROTTLES}
    tried |= {"refuse-connection", *FAILURES, *LOST, *HARMLESS}
    stages = {Stage.SUBMISSION, Stage.RECORD}
    assert tried == {name for name, fault in FAULTS.items() if fault.stage in stages}


async def beside_others(
    ace: AceData, sandbox: Sandbox, fault: str, ledger: Ledger | Path | None
) -> tuple[OutcomeState, AceDataError | None]:
    """Let a fault strike one song of four; return how it ended when the others are well."""
    requests = [song("a"), marked("x", fault), song("b"), song("c")]
    outcomes = await make(ace, requests, ledger=ledger)
    assert {key: outcomes[key].state for key in OTHERS} == dict.fromkeys(OTHERS, "succeeded")
    assert set(outcomes) == {"x", *OTHERS}
    if ledger is not None:
        kept = (await entries_of(ledger))["x"]
        assert kept.state == outcomes["x"].state
        assert kept.task_id == outcomes["x"].task_id
    assert bool(outcomes["x"].error) == bool(outcomes["x"].reason)
    return outcomes["x"].state, outcomes["x"].error


@pytest.fixture(params=[False, True], ids=["no ledger", "sqlite"])
def any_ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    """No ledger, or one."""
    return tmp_path / "songs.ledger" if request.param else None


@pytest.mark.parametrize("fault", [*UNCLEAR, *ACCEPTED])
async def test_song_whose_acknowledgement_is_lost_or_odd_is_made_once(
    ace: AceData, sandbox: Sandbox, any_ledger: Path | None, fault: str
) -> None:
    """It is found by its marker, or its id is read where it stands; nothing is sent twice."""
    assert await beside_others(ace, sandbox, fault, any_ledger) == ("succeeded", None)
    assert sandbox.stats.submissions == sandbox.stats.submission_requests == 4


@pytest.mark.parametrize("fault", NOTHING_CREATED)
async def test_song_that_may_have_been_accepted_is_not_sent_again(
    ace: AceData, sandbox: Sandbox, any_ledger: Path | None, fault: str
) -> None:
    """It is looked for, and stays unknown with words that say what was found."""
    state, error = await beside_others(ace, sandbox, fault, any_ledger)
    assert state == "unknown"
    assert isinstance(error, SubmissionUnknown)
    assert isinstance(error.request, GenerateRequest)
    assert sandbox.stats.submission_requests == 4
    assert sandbox.stats.lookups_listing


@pytest.mark.parametrize("fault", REFUSED)
async def test_refusal_of_one_song_is_its_own(
    ace: AceData, sandbox: Sandbox, any_ledger: Path | None, fault: str
) -> None:
    """It failed, with the API's error; it is not sent again, and the others go on."""
    state, error = await beside_others(ace, sandbox, fault, any_ledger)
    assert (state, type(error)) == ("failed", REFUSED[fault])
    assert (sandbox.stats.submissions, sandbox.stats.submission_requests) == (3, 4)


@pytest.mark.parametrize("fault", FAILURES)
async def test_record_that_tells_of_a_failure(
    ace: AceData, sandbox: Sandbox, any_ledger: Path | None, fault: str
) -> None:
    """The song failed, in whichever shape the record says so."""
    state, error = await beside_others(ace, sandbox, fault, any_ledger)
    assert (state, type(error)) == ("failed", TaskFailed)
    assert sandbox.stats.submissions == 4


@pytest.mark.parametrize("fault", LOST)
async def test_record_that_tells_nothing(
    ace: AceData, sandbox: Sandbox, any_ledger: Path | None, fault: str
) -> None:
    """The song is lost from sight, not failed: it may have been charged."""
    state, error = await beside_others(ace, sandbox, fault, any_ledger)
    assert state == "lost"
    assert isinstance(error, LOST[fault])
    assert sandbox.stats.submissions == 4


@pytest.mark.parametrize("fault", HARMLESS)
async def test_odd_record_of_a_song_that_is_made(
    ace: AceData, sandbox: Sandbox, fault: str
) -> None:
    """What looks odd on the way changes nothing."""
    assert await beside_others(ace, sandbox, fault, None) == ("succeeded", None)


@pytest.mark.parametrize("fault", OF_THE_ACCOUNT)
async def test_refusal_that_all_would_meet_stops_the_run(
    ace: AceData, sandbox: Sandbox, any_ledger: Path | None, fault: str
) -> None:
    """Few requests are made, all others are skipped, and what was sent before is carried on."""
    requests = [song("a"), marked("x", fault), *songs(40)]
    async with ace.producer.bulk(requests, ledger=any_ledger) as run:
        outcomes = {outcome.key: outcome async for outcome in run}
        stopped = run.stats.stopped
    assert outcomes["a"].state == "succeeded"
    assert tally(outcomes.values()) == {"succeeded": 1, "skipped": 41}
    assert isinstance(outcomes["x"].error, OF_THE_ACCOUNT[fault])
    assert stopped
    assert all(one.reason == stopped for one in outcomes.values() if one.state == "skipped")
    assert (sandbox.stats.submissions, sandbox.stats.submission_requests) == (1, 2)


@pytest.mark.parametrize("token", ["used-up-token", "invalid-token"])
async def test_next_run_makes_what_the_account_kept_from_being_made(
    sandbox: Sandbox, ledger: Ledger | Path, token: str
) -> None:
    """Nothing is spoilt by a token that is used up or wrong: a good one finishes the work."""
    stopped = await make(sandbox.client(api_token=token), songs(40), ledger=ledger)
    assert tally(stopped.values()) == {"skipped": 40}
    assert sandbox.stats.submission_requests <= 5
    finished = await make(sandbox.client(), songs(40), ledger=ledger)
    assert tally(finished.values()) == {"succeeded": 40}
    assert not any(outcome.resumed for outcome in finished.values())
    assert sandbox.stats.submissions == 40


async def test_wrong_address_stops_the_run(sandbox: Sandbox) -> None:
    """A 404 is nobody's song: the first one is the last."""
    ace = sandbox.client(base_url="https://sandbox.acedata.invalid/v2")
    outcomes = await make(ace, songs(40))
    assert tally(outcomes.values()) == {"skipped": 40}
    assert sum(sandbox.stats.statuses.values()) <= 5


async def test_no_connection_stops_the_run(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Nothing was sent, so everything is left to the next run."""
    sandbox.inject("refuse-connection")
    outcomes = await make(ace, songs(40), ledger=ledger)
    assert tally(outcomes.values()) == {"skipped": 40}
    assert isinstance(outcomes["s0"].error, ConnectionFailed)
    assert sandbox.stats.submission_requests <= 5 * 4
    sandbox.clear_faults()
    assert tally((await make(ace, songs(40), ledger=ledger)).values()) == {"succeeded": 40}
    assert sandbox.stats.submissions == 40


async def test_lookups_that_are_barred_stop_the_run(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Songs that cannot be watched are not bought by the dozen; their ids are kept."""
    sandbox.inject("lookup-401")
    outcomes = await make(ace, songs(200), ledger=ledger, max_in_flight=5)
    assert set(tally(outcomes.values())) == {"submitted", "skipped"}
    assert isinstance(outcomes["s0"].error, AuthenticationError)
    assert sandbox.stats.submissions <= 25
    sandbox.clear_faults()
    assert tally((await make(ace, songs(200), ledger=ledger)).values()) == {"succeeded": 200}
    assert sandbox.stats.submissions == 200


@pytest.mark.parametrize("fault", THROTTLES)
async def test_storms_of_429_are_sat_out(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path, fault: str
) -> None:
    """Two of three paid calls are refused by a rate limit: all songs are saved, each paid once."""
    sandbox.inject(fault, probability=0.66)
    directory = tmp_path / "out"
    outcomes = await make(ace, songs(15), ledger=ledger, directory=directory)
    check_files(sandbox, outcomes.values(), directory)
    assert sandbox.stats.submissions == 15
    assert {entry.state for entry in (await entries_of(ledger)).values()} == {"saved"}


@pytest.mark.parametrize("fault", MEDIA)
async def test_file_that_does_not_come(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path, tmp_path: Path, fault: str
) -> None:
    """The song is made all the same; the next run fetches the file, and pays nothing."""
    sandbox.inject(fault)
    directory = tmp_path / "out"
    outcomes = await make(ace, songs(3), ledger=ledger, directory=directory)
    assert tally(outcomes.values()) == {"succeeded": 3}
    for outcome in outcomes.values():
        assert isinstance(outcome.error, DownloadError)
        assert outcome.reason
        assert outcome.path is None
        assert outcome.audios
    assert not names_in(directory)
    sandbox.clear_faults()
    before = sandbox.stats
    again = await make(ace, songs(3), ledger=ledger, directory=directory)
    check_files(sandbox, again.values(), directory)
    assert sandbox.stats.submission_requests == before.submission_requests
    assert sandbox.stats.lookups == before.lookups


async def test_all_faults_of_submissions_at_times(
    ace: AceData, sandbox: Sandbox, ledger: Ledger | Path
) -> None:
    """Whatever happens to sixty songs, none is paid twice, and none is without an outcome."""
    for fault in [*UNCLEAR[:2], *UNCLEAR[3:], *ACCEPTED, *REFUSED, *THROTTLES, "refuse-connection"]:
        sandbox.inject(fault, probability=0.02)
    outcomes = await make(ace, songs(60), ledger=ledger)
    counts = tally(outcomes.values())
    assert sum(counts.values()) == 60
    assert set(counts) <= {"succeeded", "failed"}
    assert sandbox.stats.submissions == counts["succeeded"]


async def test_item_that_warns_where_warnings_are_errors(ace: AceData, sandbox: Sandbox) -> None:
    """A warning that is raised concerns its own song; nothing was sent, so it may be sent later."""
    outcomes = await make(ace, [song("a", model="FUZZ-9"), song("b")])
    assert states(outcomes) == {"a": "skipped", "b": "succeeded"}
    assert sandbox.stats.submissions == 1
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcomes = await make(ace, [song("a", model="FUZZ-9")])
    assert states(outcomes) == {"a": "failed"}  # this vendor does not know it either
    assert "FUZZ-9" in str(caught[0].message)
    assert sandbox.stats.submission_requests == 2


async def test_wrong_request_is_an_outcome(ace: AceData, sandbox: Sandbox) -> None:
    """What cannot be sent costs nothing and stops nobody."""
    wrong = song("x", weirdness=7)
    outcomes = await make(ace, [song("a"), wrong, song("b")])
    assert states(outcomes) == {"x": "invalid", "a": "succeeded", "b": "succeeded"}
    assert isinstance(outcomes["x"].error, InvalidRequest)
    assert "weirdness" in outcomes["x"].reason
    assert outcomes["x"].request is wrong
    assert sandbox.stats.submission_requests == 2
