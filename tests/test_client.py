"""The client: set up, wired, closed."""

from __future__ import annotations

import asyncio
import random
import warnings

import httpx
import pytest
import respx

from acedata_async import (
    AceData,
    APIError,
    Audio,
    AuthenticationError,
    ConfigurationError,
    CoverRequest,
    GenerateRequest,
    InvalidRequest,
    RequestWarning,
    StemsRequest,
    UploadedAudio,
)
from acedata_async.sandbox import Sandbox


async def test_every_action(ace: AceData, sandbox: Sandbox) -> None:
    """All eleven actions and the four siblings work, and send what they should."""
    make = ace.producer
    [song] = await (await make.generate("A song"))
    mine = await make.upload("https://example.com/mine.mp3")
    watchers = [
        await make.cover(song, title="Cover", cover_strength=0.5),
        await make.extend(str(song.id), continue_at=3, prompt="more"),
        await make.variation(song, lyric="[Verse]\nAgain"),
        await make.replace_section(song, start=3, end=7),
        await make.swap_vocals(song, weirdness=0.6),
        await make.swap_instrumentals(song, prompt="happy"),
        await make.upload_cover(mine, title="Mine"),
        await make.upload_extend(mine, continue_at=2),
        await make.upload_replace_section(mine, start=1, end=2),
    ]
    songs = await asyncio.gather(*(watcher.result() for watcher in watchers))
    assert all(made[0].audio_url for made in songs)
    assert (await (await make.stems(song))).stems_url
    assert (await make.lyrics("love")).lyrics
    assert (await make.wav(song)).file_url
    assert (await make.video(song)).video_url
    bodies = {body["action"]: body for body in sandbox.submissions if "action" in body}
    assert bodies["cover"] == {
        "action": "cover",
        "audio_id": song.id,
        "title": "Cover",
        "model": "FUZZ-2.0 Pro",
        "cover_strength": 0.5,
        "async": True,
    }
    assert bodies["variation"]["custom"] is True
    assert bodies["stems"] == {"action": "stems", "audio_id": song.id, "async": True}
    assert bodies["upload_cover"]["audio_id"] == mine.audio_id
    assert len(bodies) == 11


async def test_any_request_can_be_submitted(ace: AceData) -> None:
    """`submit` takes any request, and the watcher knows what will come out."""
    [song] = await (await ace.producer.submit(GenerateRequest(prompt="A song")))
    assert song.id is not None
    [cover] = await (await ace.producer.submit(CoverRequest(audio_id=song.id)))
    assert cover.audio_url
    stems = await (await ace.producer.submit(StemsRequest(audio_id=song.id)))
    assert stems.stems_url


async def test_oddities_are_warned_of_and_sent(ace: AceData, sandbox: Sandbox) -> None:
    """An unknown model and a long prompt get a warning each; the API decides about them."""
    with pytest.warns(RequestWarning) as caught, pytest.raises(APIError, match="model must be"):
        await ace.producer.generate("long " * 50, model="FUZZ-3.0")
    assert len(caught) == 2
    assert {warning.filename for warning in caught} == {__file__}
    assert sandbox.stats.submission_requests == 1


async def test_warning_points_at_who_submitted(ace: AceData) -> None:
    """Also where a request is submitted that was built before."""
    request = GenerateRequest(prompt="A song", model="FUZZ-3.0")
    with pytest.warns(RequestWarning) as caught, pytest.raises(APIError):
        await ace.producer.submit(request)
    assert caught[0].filename == __file__


async def test_warning_as_error_comes_before_the_cost(ace: AceData, sandbox: Sandbox) -> None:
    """Who makes warnings errors pays nothing for them."""
    warnings.simplefilter("error")
    with pytest.raises(RequestWarning):
        await ace.producer.generate("A song", model="FUZZ-3.0")
    assert sandbox.stats.submissions == 0


@pytest.mark.parametrize("audio", [Audio(), UploadedAudio(), "", 3, None])
async def test_song_without_id_is_refused(ace: AceData, sandbox: Sandbox, audio: object) -> None:
    """What is to be edited must have an id."""
    with pytest.raises(InvalidRequest, match="audio"):
        await ace.producer.cover(audio)  # type: ignore[arg-type]  # on purpose
    assert sandbox.stats.submission_requests == 0


@pytest.mark.parametrize("task_id", ["", " ", 3, None])
def test_task_id_must_be_a_text(ace_offline: AceData, task_id: object) -> None:
    """What is watched or looked up must have an id."""
    with pytest.raises(InvalidRequest, match="task_id"):
        ace_offline.producer.watch(task_id)  # type: ignore[call-overload]  # on purpose
    with pytest.raises(InvalidRequest, match="task_id"):
        ace_offline.producer.watch_many([task_id])  # type: ignore[list-item]  # on purpose
    with pytest.raises(InvalidRequest, match="not one id"):
        ace_offline.producer.watch_many("abc")


@pytest.fixture
def ace_offline() -> AceData:
    """A client that never sends."""
    return AceData("token")


async def test_token_is_checked_by_one_free_lookup(ace: AceData, sandbox: Sandbox) -> None:
    """`check_token` costs one lookup and no song."""
    await ace.check_token()
    assert (sandbox.stats.lookups, sandbox.stats.submission_requests) == (1, 0)


@pytest.mark.parametrize("token", ["invalid-token", "expired-token"])
async def test_bad_token_is_told_how_to_get_a_good_one(sandbox: Sandbox, token: str) -> None:
    """A refused token names the way to a better one."""
    ace = sandbox.client(api_token=token)
    with pytest.raises(AuthenticationError, match=r"Acquire.*Producer Tasks and Fish"):
        await ace.check_token()


async def test_token_of_another_service_is_told_where_it_belongs(sandbox: Sandbox) -> None:
    """A token that is not for this service: each can be given its own."""
    ace = sandbox.client(api_token="mismatched-token")
    with pytest.raises(AuthenticationError, match=r"api_token for Producer, fish_token for Fish"):
        await ace.check_token()
    with pytest.raises(InvalidRequest, match="producer or fish"):
        await ace.check_token("suno")  # type: ignore[arg-type]


def test_environment_gives_token_and_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without arguments, the two documented variables are read."""
    monkeypatch.setenv("ACEDATACLOUD_API_TOKEN", "from-environment")
    monkeypatch.setenv("ACEDATACLOUD_API_BASE_URL", "http://127.0.0.1:8787")
    assert repr(AceData()) == "<AceData http://127.0.0.1:8787>"
    monkeypatch.delenv("ACEDATACLOUD_API_TOKEN")
    with pytest.raises(ConfigurationError, match="ACEDATACLOUD_API_TOKEN"):
        AceData()


@respx.mock
async def test_works_without_async_with() -> None:
    """A client may also be closed by hand, more than once."""
    respx.post("https://api.acedata.cloud/producer/tasks").respond(200, json={})
    ace = AceData("token")
    await ace.check_token()
    await ace.aclose()
    await ace.aclose()


async def test_injected_client_survives(sandbox: Sandbox) -> None:
    """An httpx client of the user's is not closed."""
    async with httpx.AsyncClient(transport=sandbox.transport()) as http:
        async with AceData(
            "token",
            base_url="https://sandbox.acedata.invalid",
            http_client=http,
            clock=sandbox.clock,
        ) as ace:
            assert await (await ace.producer.generate("A song"))
        assert not http.is_closed


async def test_no_pool_slot_is_lost_to_cancelled_callers() -> None:
    """After a hundred cancelled calls, a hundred plain ones succeed at once."""
    rng = random.Random(1)
    async with Sandbox(seed=1, durations=1.0, latency=0.5) as sandbox:
        ace = sandbox.client(seed=1)
        calls = [asyncio.create_task(ace.producer.generate(f"Song {n}")) for n in range(100)]
        for call in calls:
            for _ in range(rng.randrange(5)):
                await asyncio.sleep(0)
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        songs = await asyncio.gather(*(ace.producer.generate("A song") for _ in range(100)))
        assert len(songs) == 100


def test_closing_on_another_event_loop(sandbox_of_no_loop: Sandbox) -> None:
    """A client whose event loop is over can still be closed."""
    ace = sandbox_of_no_loop.client()
    asyncio.run(ace.check_token())
    asyncio.run(ace.aclose())
    assert repr(ace).endswith("closed>")


@pytest.fixture
def sandbox_of_no_loop() -> Sandbox:
    """A sandbox that belongs to no event loop yet."""
    return Sandbox(seed=1)


@pytest.mark.parametrize("timeout", ["5", True])
async def test_timeouts_are_numbers(ace: AceData, timeout: object) -> None:
    """A timeout that is no number is refused."""
    watcher = await ace.producer.generate("A song")
    with pytest.raises(InvalidRequest, match="timeout"):
        await watcher.wait(timeout)  # type: ignore[arg-type]  # on purpose
