"""Which voices there are, and the files that belong to them."""

from __future__ import annotations

import json

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.mp3 import frames_of
from acedata_async.sandbox.voices import is_checked

from .conftest import Caller, caller_of


async def test_references(sandbox: Sandbox, caller: Caller) -> None:
    """Speech names voices that exist, one or several: others', one's own, another sandbox's."""
    voice, model = await caller.voice(), await caller.model()
    others = (await caller.http.get("/fish/model?language=en")).json()["items"]
    async with Sandbox(seed=99) as elsewhere, caller_of(elsewhere) as http:
        foreign = await Caller(http).model()
    known = [voice["_id"], model["_id"], others[-1]["_id"], foreign["_id"]]
    for reference in (*known, known, []):
        assert (await caller.fish("tts", text="x", reference_id=reference)).status_code == 200
    made = sandbox.stats.submissions
    for unknown in ("0" * 32, "", "\ud800" * 32, voice["_id"].upper(), [*known, "x"]):
        content = json.dumps({"text": "x", "reference_id": unknown})
        reply = await caller.http.post("/fish/tts", content=content)
        assert reply.json() == {"status": 400, "message": "Reference not found"}
    assert sandbox.stats.submissions == made


async def test_voice_of_another_sandbox(caller: Caller) -> None:
    """A voice that another sandbox made is known by its id alone."""
    async with Sandbox(seed=99) as elsewhere, caller_of(elsewhere) as http:
        foreign = await Caller(http).voice()
    shown = await caller.shown(foreign["_id"])
    assert (shown["title"], shown["state"]) == ("A voice of another sandbox", "trained")
    sample = await caller.http.get(shown["samples"][0]["audio"])
    assert frames_of(sample.content)


def test_checked_ids() -> None:
    """Hardly any other id passes for one that a sandbox made."""
    assert not any(is_checked(f"{number:032x}") for number in range(10_000))


async def test_media(sandbox: Sandbox, caller: Caller) -> None:
    """Samples, pictures and speech are served at any host in memory, without a token."""
    voice = await caller.voice()
    paths = {
        voice["samples"][0]["audio"]: "audio/mpeg",
        voice["cover_image"]: "image/jpeg",
        voice["author"]["avatar"]: "image/jpeg",
        "task/none.mp3": "text/plain",
        "coverimage/none": "text/plain",
        "avatars/none.jpg": "text/plain",
    }
    async with caller_of(sandbox, headers={}) as http:
        for path, kind in paths.items():
            reply = await http.get(f"https://platform.r2.fish.audio/{path}")
            assert reply.headers["content-type"] == kind
    assert sandbox.stats.media_requests == 6
