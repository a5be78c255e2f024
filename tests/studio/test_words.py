"""What goes wrong, in plain words; what the vendor said stands behind them."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.studio.conftest import Opening, Service
from tests.studio.processes import PATIENCE


async def _status(service: Service) -> Any:
    return (await service.http.get("/api/songs")).json()


async def _stop(service: Service, words: str) -> Any:
    """Wait until a stop is told in some words."""
    async with asyncio.timeout(PATIENCE):
        while words not in ((await _status(service))["stop"] or {"reason": ""})["reason"]:  # noqa: ASYNC110 - there is no event in memory
            await asyncio.sleep(0.005)
    return (await _status(service))["stop"]


@pytest.mark.parametrize(
    ("fault", "words", "known"),
    [
        ("moderation", "its moderation may object to the words", "403"),
        ("bad-request", "did not take the request as it is", "bad_request"),
        ("success-false", "something failed there", "api_error"),
        ("fail-F2", "The vendor could not make it.", "fetch failed"),
    ],
)
async def test_failure_is_one_plain_sentence(
    service: Service, fault: str, words: str, known: str
) -> None:
    """Of a kind of error; what is known besides is told apart from it."""
    service.sandbox.inject(fault, times=1)
    failed = await service.make(stage="failed", prompt="Bad luck")
    assert words in failed["reason"]
    assert "HTTP" not in failed["reason"]
    assert known in failed["detail"]
    assert failed["advice"] == "Nothing was paid."


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("used-up", "The balance at the vendor is used up."),
        ("insufficient-balance", "The balance at the vendor is used up."),
        ("invalid-token", "does not accept the studio's token"),
        ("payment-required", "wants a payment for each call"),
        ("refuse-connection", "The vendor cannot be reached."),
    ],
)
async def test_stop_is_told_once(service: Service, fault: str, words: str) -> None:
    """What everybody would meet is said of the studio, not of each song that waits for its end."""
    service.sandbox.inject(fault)
    key = (await service.order(prompt="First")).json()["key"]
    said = await service.until_stopped()
    stop = await _stop(service, words)
    assert stop["detail"] == said
    assert stop["resumable"]
    song = await service.song(key)
    assert song["stage"] == "waiting"
    assert "reason" not in song


async def test_used_budget_names_its_variable(opened: Opening) -> None:
    """Trying again does not help, so it is not offered."""
    async with opened(budget=1) as service:
        await service.make(prompt="The only one")
        await service.order(prompt="One too many")
        await service.until_stopped()
        stop = (await _status(service))["stop"]
    assert stop["reason"].startswith("The budget of 1 song is used.")
    assert "STUDIO_BUDGET" in stop["reason"]
    assert not stop["resumable"]


async def test_fake_vendor_is_named_by_the_setting(opened: Opening) -> None:
    """Not by its address: a proxy on this machine may lead to one that takes money."""
    async with opened() as service:
        assert not (await _status(service))["sandbox"]
    async with opened(sandbox=True) as service:
        assert (await _status(service))["sandbox"]


async def test_command_works_anywhere(service: Service, tmp_path: Path) -> None:
    """Whatever the directory is, and whatever is on the path."""
    service.sandbox.inject("cut-before-accept", times=1)
    unknown = await service.make(stage="unknown", prompt="Who knows")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    words = shlex.split(unknown["command"])
    assert words[0] == sys.executable
    shown = subprocess.run(  # noqa: S603, ASYNC221 - our own program
        words, cwd=elsewhere, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert unknown["key"] in shown.stdout


async def test_nothing_goes_on_from_behind_the_end(service: Service) -> None:
    """The field is named; the song's end itself is allowed, and an order of before is the same."""
    song = await service.make(prompt="Short")
    wrong = await service.order("extend", audio_id=song["audio_id"], continue_at=999)
    assert wrong.status_code == 422
    assert f"up to {song['duration']:.1f}" in wrong.json()["fields"]["continue_at"]
    right = await service.order("extend", audio_id=song["audio_id"], continue_at=song["duration"])
    assert right.status_code == 202


async def test_address_of_calls_is_not_offered(service: Service) -> None:
    """A field that does not exist is told which ones do; the studio's own is not among them."""
    words = (await service.order(prompt="x", colour="red")).json()["fields"]["colour"]
    assert "callback_url" not in words
    assert "prompt, lyric" in words
