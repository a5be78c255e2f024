"""Orders of the studio: taken once, checked first, made, and told of."""

from __future__ import annotations

import asyncio
import io
import zipfile
from typing import Any
from uuid import uuid4

import pytest

from acedata_async.sandbox import Sandbox, SystemClock
from tests.studio.conftest import Door, Opening, Service


async def test_order_becomes_a_song(service: Service) -> None:
    """It is accepted at once, made, fetched, and shown with all that is known of it."""
    song = await service.make(prompt="Rain on a tin roof", title="Tin roof")
    assert song["title"] == "Tin roof"
    assert song["model"] == "FUZZ-2.0 Pro"
    assert song["duration"] > 1
    assert song["audio"] == f"media/{song['key']}/audio"
    assert "reason" not in song


async def test_song_without_a_title_is_called_as_it_begins(service: Service) -> None:
    """By its words if it has some, else by its prompt."""
    song = await service.make(prompt="Rain on a tin roof")
    assert song["title"] == "Rain on a tin roof"
    sung = await service.make(lyric="[Verse]\nThe kettle sings\nThe day begins")
    assert sung["title"] == "The kettle sings"


async def test_same_order_is_paid_once(service: Service) -> None:
    """However often it comes, also side by side and after its end; another one is refused."""
    key = str(uuid4())
    answers = await asyncio.gather(*[service.order(key=key, prompt="Once") for _ in range(5)])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 202]
    await service.wait_for(key, "ready")
    assert (await service.order(key=key, prompt="Once")).status_code == 200
    other = await service.order(key=key, prompt="Twice")
    assert (other.status_code, other.json()["error"]) == (409, "key_taken")
    assert service.sandbox.stats.submissions == 1


async def test_wrong_fields_are_told_by_name(service: Service) -> None:
    """All at once, in the words of the package's own models; nothing is written down."""
    answer = await service.order(prompt=" ", weirdness=3, colour="red")
    assert answer.status_code == 422
    fields = answer.json()["fields"]
    assert set(fields) == {"prompt", "weirdness", "colour"}
    assert fields["weirdness"] == "3 is not allowed; allowed: a number from 0 to 1"
    assert (await service.order()).json()["fields"] == {
        "prompt": "missing; needed: a text, or lyric in its place"
    }
    assert (await service.http.get("/api/songs")).json()["songs"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"key": "no-uuid", "action": "generate", "fields": {"prompt": "x"}},
        {"key": str(uuid4()), "action": "upload", "fields": {"audio_url": "https://x.example"}},
        {"key": str(uuid4()), "action": "generate", "fields": {"prompt": "x"}, "more": 1},
        {
            "key": str(uuid4()),
            "action": "generate",
            "fields": {"prompt": "x", "callback_url": "https://elsewhere.example"},
        },
        {"key": str(uuid4()), "action": "cover", "fields": {"source": "x"}},
        [],
        None,
    ],
)
async def test_odd_bodies_are_refused(service: Service, body: Any) -> None:
    """Also an action that the page does not offer, and an address of the caller's own."""
    assert (await service.http.post("/api/songs", json=body)).status_code == 422
    assert service.sandbox.stats.submission_requests == 0


async def test_song_leads_to_others(service: Service) -> None:
    """What is made from a song names it; stems are a zip to download, and nothing to hear."""
    song = await service.make(prompt="Waltz", title="Waltz")
    longer = await service.make("extend", audio_id=song["audio_id"], continue_at=5)
    assert longer["origin"] == {"key": song["key"], "title": "Waltz"}
    stems = await service.make("stems", audio_id=song["audio_id"])
    assert (stems["title"], stems["audio"]) == ("Waltz", None)
    file = await service.http.get("/" + stems["download"])
    assert zipfile.is_zipfile(io.BytesIO(file.content))
    assert (await service.make("cover", audio_id=song["audio_id"], prompt="Brass"))["audio"]


async def test_files_are_served_in_parts(service: Service) -> None:
    """As players ask for them; the cover comes out of the file; a download has a name."""
    song = await service.make(prompt="Rain", title="Rain/Regen: ☔")
    whole = await service.http.get("/" + song["audio"])
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/mp4")
    part = await service.http.get("/" + song["audio"], headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, whole.content[10:20])
    cover = await service.http.get("/" + song["cover"])
    assert (cover.headers["content-type"], cover.content[:2]) == ("image/jpeg", b"\xff\xd8")
    kept = await service.http.get("/" + song["download"])
    assert "Rain%20Regen%20%E2%98%94.m4a" in kept.headers["content-disposition"]
    for path in ("audio", "cover", "download"):
        assert (await service.http.get(f"/media/{uuid4()}/{path}")).status_code == 404
    (service.directory / "songs" / f"{song['key']}.m4a").unlink()
    assert (await service.http.get("/" + song["audio"])).status_code == 404


async def test_list_has_the_newest_first(service: Service) -> None:
    """In parts, each after the last song of the one before."""
    keys = [(await service.order(prompt=f"Song {number}")).json()["key"] for number in range(5)]
    first = (await service.http.get("/api/songs?limit=3")).json()
    assert [song["key"] for song in first["songs"]] == keys[:1:-1]
    assert first["more"]
    rest = (await service.http.get(f"/api/songs?limit=3&before={keys[2]}")).json()
    assert [song["key"] for song in rest["songs"]] == [keys[1], keys[0]]
    assert not rest["more"]


async def test_failed_song_says_why_and_is_tried_again(service: Service) -> None:
    """With what was paid; the second try is an order of its own, and paid once."""
    service.sandbox.inject("fail-F1", times=1)
    failed = await service.make(stage="failed", prompt="Bad luck")
    assert failed["reason"] == "The vendor could not make it."
    assert "api_error fetch failed" in failed["detail"]
    assert failed["advice"] == "Nothing was paid."
    key = str(uuid4())
    for _ in range(2):
        again = await service.http.post(f"/api/songs/{failed['key']}/again", json={"key": key})
        assert again.status_code == 202
    assert (await service.wait_for(key, "ready"))["title"] == "Bad luck"
    assert service.sandbox.stats.submissions == 2
    unknown = await service.http.post(f"/api/songs/{uuid4()}/again", json={"key": key})
    assert unknown.status_code == 404


async def test_refused_song_says_why(service: Service) -> None:
    """What the vendor does not take was not paid; the others go on."""
    service.sandbox.inject("moderation", times=1)
    refused = await service.make(stage="failed", prompt="Something rude")
    assert "moderation may object to the words" in refused["reason"]
    assert "403" in refused["detail"]
    assert refused["advice"] == "Nothing was paid."
    await service.make(prompt="Something nice")


async def test_unknown_and_lost_songs_say_what_to_do(service: Service) -> None:
    """They may have been paid: so the ledger is named, and nothing is tried again."""
    service.sandbox.inject("cut-before-accept", times=1)
    unknown = await service.make(stage="unknown", prompt="Who knows")
    assert "may have been paid" in unknown["advice"]
    assert str(service.directory) in unknown["command"]
    service.sandbox.inject("no-result", times=1)
    lost = await service.make(stage="lost", prompt="Gone")
    assert f"-m acedata_async ledger show {lost['key']}" in lost["command"]


async def test_file_that_could_not_be_fetched_is_fetched_later(service: Service) -> None:
    """It is made and paid; a second try, or two at once, bring the file."""
    service.sandbox.inject("media-404")
    made = await service.make(stage="made", prompt="Behind a wall")
    assert made["reason"] == "Its file could not be fetched."
    assert "not downloaded" in made["detail"]
    path = f"/api/songs/{made['key']}/fetch"
    assert (await service.http.post(path, content=b"")).status_code == 502
    service.sandbox.clear_faults()
    answers = await asyncio.gather(*[service.http.post(path, content=b"") for _ in range(2)])
    assert [answer.json()["stage"] for answer in answers] == ["ready", "ready"]
    assert len(list((service.directory / "songs").glob("*.m4a"))) == 1
    assert (await service.http.post(f"/api/songs/{uuid4()}/fetch")).status_code == 404


async def test_stop_is_told_and_ended(service: Service) -> None:
    """With an empty balance nothing is sent any more; orders wait, and are made after it."""
    service.sandbox.inject("used-up", times=1)
    first = (await service.order(prompt="No money")).json()["key"]
    assert "used_up" in await service.until_stopped()
    second = (await service.order(prompt="Meanwhile")).json()["key"]
    assert (await service.song(second))["stage"] == "waiting"
    assert (await service.http.post("/api/resume", content=b"")).status_code == 204
    for key in (first, second):
        await service.wait_for(key, "ready")
    assert service.sandbox.stats.submissions == 2


async def test_budget_ends_the_spending(opened: Opening) -> None:
    """What is beyond it waits, and says why."""
    async with opened(budget=1) as service:
        await service.make(prompt="The only one")
        waiting = (await service.order(prompt="One too many")).json()["key"]
        assert "budget" in await service.until_stopped()
        assert (await service.song(waiting))["stage"] == "waiting"
        status = (await service.http.get("/api/songs")).json()
        assert (status["spent"], status["budget"]) == (1, 1)
    assert service.sandbox.stats.submissions == 1


async def test_restart_takes_everything_up(opened: Opening) -> None:
    """What was at the vendor is waited for, what was ordered is sent, each paid once."""
    async with opened() as service:
        keys = [(await service.order(prompt=f"Song {n}")).json()["key"] for n in range(8)]
        await service.wait_for(keys[0], "making", "fetching", "ready")
    before = service.sandbox.stats.submissions
    assert 1 <= before <= 8
    async with opened() as service:
        for key in keys:
            await service.wait_for(key, "ready")
        assert [song["key"] for song in (await service.http.get("/api/songs")).json()["songs"]] == (
            keys[::-1]
        )
        assert (await service.order(key=keys[3], prompt="Song 3")).status_code == 200
    assert service.sandbox.stats.submissions == 8


async def test_callbacks_tell_when_a_song_is_over(opened: Opening, door: Door) -> None:
    """So each song costs one lookup; a forged call is not found."""
    async with (
        # A clock that jumps while the disk is written to would let lookups come before the calls.
        Sandbox(clock=SystemClock(), durations=0.05, receiver=door) as sandbox,
        opened(sandbox.client) as service,
    ):
        for number in range(5):
            await service.make(prompt=f"Song {number}")
        assert sandbox.stats.lookups == 5
        forged = await service.http.post("/callbacks/marker-of-mine/forged", json={"task_id": "x"})
        assert forged.status_code == 404
