"""A run of voices and speeches in a process that is killed, and the same run once more."""

from __future__ import annotations

import json
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
import asyncio, json, os, signal, sys
from acedata_async.ledger import SqliteLedger
from acedata_async.sandbox import Sandbox
from tests.fish.test_killed import REQUESTS

apply = SqliteLedger.apply

def die_at(instant, left):
    def pass_by(name):
        nonlocal left
        left -= name == instant
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    async def watched(self, key, step, facts):
        pass_by("before " + step)
        entry = await apply(self, key, step, facts)
        pass_by("after " + step)
        return entry

    SqliteLedger.apply = watched

async def main(fault, place):
    async with Sandbox(seed=1, durations=12.0, state=place + "/vendor") as sandbox:
        if fault:
            sandbox.inject(fault)
        ace = sandbox.client(seed=1)
        run = ace.fish.bulk(REQUESTS, ledger=place + "/ledger", directory=place + "/out")
        async with run:
            async for outcome in run:
                pass

def begin(instant, number, fault, place):
    child = os.fork()
    if child == 0:
        try:
            die_at(instant, number)
            asyncio.run(main(fault, place))
        finally:
            os._exit(1)
    return child

children = [begin(*case) for case in json.loads(sys.argv[1])]
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(json.dumps(codes))
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


Case = tuple[str, int, str]

CASES: list[Case] = [
    # Of what is answered with its result only the voice has a task.
    (instant, 1 if fault and "accept" in instant else number, fault)
    for fault in ("", "sync")
    for instant, number in INSTANTS
]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> dict[Case, tuple[int, Path]]:
    """Run each case in a process of its own until it kills itself: how it ended, and where."""
    places = [tmp_path_factory.mktemp("killed") for _ in CASES]
    work = json.dumps([[*case, str(place)] for case, place in zip(CASES, places, strict=True)])
    codes = json.loads(subprocess.check_output([sys.executable, "-c", WORK, work]))  # noqa: S603 - our own
    return dict(zip(CASES, zip(codes, places, strict=True), strict=True))


@pytest.mark.skipif("sys.platform == 'win32'", reason="it has no SIGKILL")
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_killed(
    clock: PatientClock, killed: dict[Case, tuple[int, Path]], case: Case
) -> None:
    """The next run finishes all of it: nothing is made twice, no file is missing or half.

    Only where the call was begun and no task had been made, it stays unknown: nobody can tell.
    """
    code, place = killed[case]
    fault = case[-1]
    assert code == -signal.SIGKILL
    out = place / "out"
    async with Sandbox(clock=clock, seed=1, durations=12.0, state=place / "vendor") as sandbox:
        made, sent = calls(sandbox)
        assert made == sent
        if fault:
            sandbox.inject(fault)
        outcomes = await make(
            sandbox.client(seed=2),
            REQUESTS,
            ledger=place / "ledger",
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
