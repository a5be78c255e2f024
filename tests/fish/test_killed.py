"""A run of voices and speeches in a process that is killed, and the same run once more."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from acedata_async.sandbox import Sandbox
from acedata_async.sandbox.records import ACCOUNT
from tests.bulk.conftest import PatientClock, names_in, states
from tests.fish.conftest import calls, make, speech, voice

REQUESTS = [
    voice("me", title="Me"),
    speech("a", "One.", source="me"),
    speech("b", "Two.", source="me", format="wav"),
    speech("c", "Three."),
]

WORK = """
import asyncio, os, signal, sys
from acedata_async.ledger import SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.fish.test_killed import REQUESTS

instant, number, fault, place = sys.argv[1:]
left, apply = int(number), SqliteLedger.apply

def pass_by(name):
    global left
    left -= name == instant
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

async def watched(self, key, step, facts):
    pass_by("before " + step)
    entry = await apply(self, key, step, facts)
    pass_by("after " + step)
    return entry

SqliteLedger.apply = watched

async def main():
    async with Sandbox(seed=1, durations=12.0, state=place + "/vendor") as sandbox:
        if fault:
            sandbox.inject(fault)
        ace = sandbox.client(seed=1)
        run = ace.fish.bulk(REQUESTS, ledger=place + "/ledger", directory=place + "/out")
        async with run:
            async for outcome in run:
                pass

asyncio.run(main())
"""

INSTANTS = [
    ("before begin", 1),
    ("after begin", 1),
    ("before accept", 1),
    ("after accept", 2),
    ("before finish", 2),
    ("after finish", 1),
    ("after finish", 3),
    ("before save", 1),
    ("after save", 2),
]
"""Which step of the ledger it does not survive, and the how many-eth of them."""


def killed_at(instant: str, number: int, fault: str, place: Path) -> int:
    """Run it in a process of its own until it kills itself; return how it ended."""
    arguments = [instant, str(number), fault, str(place)]
    return subprocess.run([sys.executable, "-c", WORK, *arguments], check=False).returncode  # noqa: S603 - our own


@pytest.mark.skipif("sys.platform == 'win32'", reason="it has no SIGKILL")
@pytest.mark.parametrize("fault", ["", "sync"])
@pytest.mark.parametrize(("instant", "number"), INSTANTS)
async def test_killed(
    clock: PatientClock, tmp_path: Path, instant: str, number: int, fault: str
) -> None:
    """The next run finishes all of it: nothing is made twice, no file is missing or half.

    Only where the call was begun and no task had been made, it stays unknown: nobody can tell.
    """
    if fault and "accept" in instant:
        number = 1  # of what is answered with its result only the voice has a task
    code = await asyncio.to_thread(killed_at, instant, number, fault, tmp_path)
    assert code == -signal.SIGKILL
    out = tmp_path / "out"
    async with Sandbox(clock=clock, seed=1, durations=12.0, state=tmp_path / "vendor") as sandbox:
        made, sent = calls(sandbox)
        assert made == sent
        if fault:
            sandbox.inject(fault)
        outcomes = await make(
            sandbox.client(seed=2),
            REQUESTS,
            ledger=tmp_path / "ledger",
            directory=out,
            user_id=ACCOUNT["user_id"],  # there may be no record yet to learn it from
        )
        ended = states(outcomes)
        unknown = {key for key, state in ended.items() if state == "unknown"}
        absent = unknown | ({"a", "b"} if "me" in unknown else set[str]())
        assert ended == {
            "me": "succeeded",
            **dict.fromkeys("abc", "saved"),
            **dict.fromkeys(absent, "skipped"),
            **dict.fromkeys(unknown, "unknown"),
        }
        files = {"a": "a.mp3", "b": "b.wav", "c": "c.mp3"}
        assert names_in(out) == {name for key, name in files.items() if key not in absent}
        assert calls(sandbox)[0] == 4 - len(absent)
