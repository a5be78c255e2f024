"""Which token goes where, and where none is ever seen."""

from __future__ import annotations

import asyncio
import copy
import logging
import pickle
import traceback
from typing import Any

import httpx
import pytest

from acedata_async import (
    AceData,
    AceDataError,
    AuthenticationError,
    ConfigurationError,
    InvalidRequest,
)
from acedata_async.config import BASE_URL_VARIABLE, FISH_TOKEN_VARIABLE, TOKEN_VARIABLE
from acedata_async.sandbox import Sandbox
from tests.bulk.conftest import PatientClock
from tests.fish.conftest import RECORDING, Scripted, make, speech

SONGS, SPEECH = "token-for-songs", "token-for-speech"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (TOKEN_VARIABLE, FISH_TOKEN_VARIABLE, BASE_URL_VARIABLE):
        monkeypatch.delenv(name, raising=False)


async def everything(ace: AceData) -> None:
    """Make every kind of call there is."""
    await ace.producer.generate("A song")
    await ace.producer.lyrics("A song")
    await ace.producer.retrieve_batch(["a"])
    await ace.fish.speak("Hello.")
    await ace.fish.create_voice(RECORDING)
    await ace.fish.create_model(RECORDING, title="t")
    await ace.fish.retrieve_batch(["a"])
    await ace.fish.model("v")
    await ace.fish.models()
    await ace.check_token()
    await ace.check_token("fish")


def answer(request: httpx.Request) -> httpx.Response:
    """Answer every call with something that it can use."""
    if request.url.path.endswith("/tasks"):
        return httpx.Response(200, json={})
    body = {"task_id": "t", "_id": "v", "items": [], "lyrics": "la", "data": {"lyrics": "la"}}
    return httpx.Response(200, json=body)


def carried(vendor: Scripted) -> dict[str, set[str]]:
    """Return the tokens that came to each service."""
    found: dict[str, set[str]] = {}
    for request in vendor.requests:
        service = request.url.path.split("/")[1]
        found.setdefault(service, set()).add(request.headers["authorization"])
    return found


async def test_each_service_gets_its_own() -> None:
    """The token for Fish goes to Fish and nowhere else, and the other one never to Fish."""
    vendor = Scripted(answer, api_token=SONGS, fish_token=SPEECH)
    await everything(vendor.ace)
    assert carried(vendor) == {"producer": {f"Bearer {SONGS}"}, "fish": {f"Bearer {SPEECH}"}}


async def test_one_for_both() -> None:
    """Without a token of its own Fish gets the other one."""
    vendor = Scripted(answer, api_token=SONGS)
    await everything(vendor.ace)
    assert carried(vendor) == {"producer": {f"Bearer {SONGS}"}, "fish": {f"Bearer {SONGS}"}}


async def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are read there; beside a token that is passed only what is passed counts."""
    monkeypatch.setenv(TOKEN_VARIABLE, "from-there")
    monkeypatch.setenv(FISH_TOKEN_VARIABLE, f" {SPEECH}\n")
    both = Scripted(answer, api_token=None)
    await everything(both.ace)
    assert carried(both) == {"producer": {"Bearer from-there"}, "fish": {f"Bearer {SPEECH}"}}
    passed = Scripted(answer, api_token=SONGS)
    await everything(passed.ace)
    assert carried(passed)["fish"] == {f"Bearer {SONGS}"}
    argument = Scripted(answer, api_token=None, fish_token="argument")
    await everything(argument.ace)
    assert carried(argument) == {"producer": {"Bearer from-there"}, "fish": {"Bearer argument"}}
    monkeypatch.setenv(FISH_TOKEN_VARIABLE, "  ")
    blank = Scripted(answer, api_token=None)
    await everything(blank.ace)
    assert carried(blank)["fish"] == {"Bearer from-there"}


@pytest.mark.parametrize("token", ["", " ", "a b", "a\r\nX-Other: b", "tökén", "\x00"])
def test_what_is_no_token(token: str) -> None:
    """It is refused where the client is made, and is not shown."""
    with pytest.raises(ConfigurationError) as refused:
        AceData(SONGS, fish_token=token)
    assert len(token.strip()) < 2 or token not in str(refused.value)


def test_a_token_for_fish_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a client's token like any other; without any there is none, and it is said."""
    with pytest.raises(ConfigurationError, match=TOKEN_VARIABLE):
        AceData()
    monkeypatch.setenv(FISH_TOKEN_VARIABLE, SPEECH)
    AceData()


@pytest.mark.parametrize("swapped", [False, True])
async def test_vendor_with_two_tokens(clock: PatientClock, swapped: bool) -> None:  # noqa: FBT001
    """Each service takes its own; the other's is told from it, and what to do is said."""
    async with Sandbox(
        clock=clock, seed=1, durations=12.0, token=SONGS, fish_token=SPEECH
    ) as sandbox:
        if not swapped:
            ace = sandbox.client(seed=1)
            assert (await (await ace.fish.speak("Hello."))).audio_url
            assert (await (await ace.producer.generate("A song")))[0].audio_url
            await ace.check_token("fish")
            return
        ace = sandbox.client(seed=1, api_token=SPEECH, fish_token=SONGS)
        calls: list[Any] = [
            ace.fish.speak("Hello."),
            ace.fish.create_voice(RECORDING),
            ace.fish.create_model(RECORDING, title="t"),
            ace.fish.retrieve("t"),
            ace.fish.watch("t").result(),
            ace.fish.model("v"),
            first_page(ace),
            ace.check_token("fish"),
            ace.check_token(),
            ace.producer.generate("A song"),
        ]
        for call in calls:
            with pytest.raises(AuthenticationError) as refused:
                await call
            assert refused.value.code == "token_mismatched"
            for words in ("fish_token", FISH_TOKEN_VARIABLE, "acquire"):
                assert words in str(refused.value)
            assert SONGS not in str(refused.value)
            assert SPEECH not in str(refused.value)
        assert sandbox.stats.submissions == 0


async def first_page(ace: AceData) -> Any:
    """Return a page of voices."""
    return await ace.fish.models()


async def test_one_token_that_fish_refuses(sandbox: Sandbox) -> None:
    """Songs are made all the same, and a run at Fish stops after the first refusal."""
    ace = sandbox.client(seed=1, api_token="producer-only-token")
    assert (await (await ace.producer.generate("A song")))[0].audio_url
    requests = [speech(f"t{number}") for number in range(30)]
    outcomes = await make(ace, requests, max_in_flight=1)
    assert {one.state for one in outcomes.values()} == {"skipped"}
    assert any("fish_token" in one.reason for one in outcomes.values())
    assert sandbox.stats.submission_requests == 2


async def test_check_token_of_what_is_no_service(ace: AceData) -> None:
    """It says which services there are."""
    with pytest.raises(InvalidRequest, match="producer or fish"):
        await ace.check_token("suno")  # type: ignore[arg-type]


def failing(request: httpx.Request) -> httpx.Response:
    """Break off as a network does; the error keeps the request, as httpx's do."""
    raise httpx.ReadError("broken", request=request)


def quoting(request: httpx.Request) -> httpx.Response:
    """Break off as a transport of a user's might, quoting what was sent."""
    raise httpx.ReadError(f"broken: {dict(request.headers)}", request=request)


@pytest.mark.parametrize("answered", [failing, quoting, httpx.Response(401)])
async def test_tokens_are_not_shown(answered: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Neither token is in a repr, a log, an event, an error, or what an error keeps."""
    caplog.set_level(logging.DEBUG)
    told: list[Any] = []
    ace = Scripted(answered, api_token=SONGS, fish_token=SPEECH, observers=[told.append]).ace
    calls: list[Any] = [
        ace.fish.speak("Hello."),
        ace.fish.create_model(RECORDING, title="t"),
        ace.fish.model("v"),
        ace.fish.retrieve("t"),
        ace.producer.generate("A song"),
    ]
    shown = list(map(repr, [ace, ace.fish, ace.fish.models(), vars(ace)]))
    for error in await asyncio.gather(*calls, return_exceptions=True):
        assert isinstance(error, AceDataError)
        shown += [str(error), repr(vars(error)), repr(copy.copy(error)), repr(pickle.dumps(error))]
        if answered is not quoting:  # whose own words are in the traceback
            shown += traceback.format_exception(error)
        cause = error.__cause__
        while cause is not None:
            request = getattr(cause, "_request", None)
            shown.append(repr(None if request is None else dict(request.headers)))
            cause = cause.__cause__
    assert told
    text = "".join([*shown, caplog.text, repr(told)])
    assert SONGS not in text
    assert SPEECH not in text


async def test_token_does_not_travel(sandbox: Sandbox, clock: PatientClock, tmp_path: Any) -> None:
    """Downloads of what Fish makes carry no token, and no redirect is followed with one."""
    ace = sandbox.client(seed=1)
    said = await (await ace.fish.speak("Hello."))
    made = await ace.fish.create_model(RECORDING, title="Me")
    await ace.download(said, tmp_path)
    await ace.download(made.samples[0], tmp_path)
    assert sandbox.stats.media_requests == 2
    assert sandbox.stats.media_requests_with_token == 0
    away = httpx.Response(307, headers={"location": "https://example.com/"})
    vendor = Scripted(away)
    with pytest.raises(AceDataError, match="307"):
        await vendor.ace.fish.model("v")
    with pytest.raises(AceDataError, match="307"):
        await vendor.ace.fish.speak("Hello.")
    assert {request.url.host for request in vendor.requests} == {"api.acedata.cloud"}
