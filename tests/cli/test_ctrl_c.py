"""Ctrl-C during `bulk`: once it sends no more, twice it is left; SIGTERM, SIGHUP leave at once."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document, ledger_at, song, write

COVER = {"key": "z", "action": "cover", "source": "a"}
FORM = [song(), song("b"), song("c"), COVER]
OPTIONS = ["--max-in-flight", 2, "--json"]

SIGHUP = getattr(signal, "SIGHUP", signal.SIGTERM)
"""What a terminal sends as it goes."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asyncio cannot hear it there")


@pytest.fixture
def sandbox() -> Sandbox:
    """A sandbox whose songs take long enough to be interrupted."""
    return Sandbox(durations=400.0)


@pytest.fixture(autouse=True)
def _at_a_terminal() -> Iterator[None]:
    """Let the loss of the terminal count, whatever these tests were started by."""
    before = signal.signal(SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(SIGHUP, before)


@pytest.fixture
def press(sandbox: Sandbox, watched: list[Callable[[], object]]) -> Callable[..., None]:
    """Arrange that signals arrive, one after the other, once songs are looked up."""

    def arrange(*numbers: signal.Signals) -> None:
        pressing: list[asyncio.Task[None]] = []

        async def interrupt() -> None:
            while sandbox.stats.lookups < 4:  # noqa: ASYNC110 - the sandbox has no event for it
                await asyncio.sleep(0)
            for number in numbers:
                signal.raise_signal(number)
                for _ in range(3):  # the loop hears of a signal in its next turns
                    await asyncio.sleep(0)

        watched.append(lambda: pressing.append(asyncio.ensure_future(interrupt())))

    return arrange


def songs_of(told: dict[str, Any]) -> dict[str, str]:
    """Return how songs stand, by key."""
    return {one["key"]: one["state"] for one in told["songs"]}


@pytest.mark.parametrize(
    ("service", "words"), [("producer", "1 song that is"), ("fish", "1 item that is")]
)
def test_one_is_no_plural(
    acedata: Acedata,
    tmp_path: Path,
    press: Callable[..., None],
    *,
    service: str,
    words: str,
) -> None:
    """One song is finished, or one voice or speech."""
    press(signal.SIGINT)
    asked = song() if service == "producer" else {"key": "a", "action": "speak", "text": "Hello"}
    result = acedata("bulk", write(tmp_path, asked), "-o", tmp_path)
    assert result.exit_code == 130
    assert f"acedata: finishing {words} paid for; press" in result.stderr


def test_once_finishes_what_is_paid_for(
    acedata: Acedata,
    sandbox: Sandbox,
    tmp_path: Path,
    watched: list[Callable[[], object]],
    press: Callable[..., None],
) -> None:
    """What is under way is saved, nothing else is sent, and the next run goes on."""
    press(signal.SIGINT)
    form = write(tmp_path, *FORM)
    result = acedata("bulk", form, "-o", tmp_path, *OPTIONS)
    told = document(result)
    assert result.exit_code == 130
    assert songs_of(told) == {"a": "saved", "b": "saved", "c": "skipped", "z": "skipped"}
    assert told["stopped"] == "Ctrl-C was pressed"
    assert "acedata: finishing 2 songs that are paid for; press Ctrl-C again" in result.stderr
    assert result.stderr.splitlines()[-1] == (
        "acedata: interrupted; run the same command again to go on; nothing is paid twice"
    )
    watched.clear()
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == len(FORM)


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ((signal.SIGINT, signal.SIGINT), 130),
        ((signal.SIGTERM,), 143),
        ((SIGHUP,), 143),
    ],
)
def test_leaving_at_once_loses_nothing(
    acedata: Acedata,
    sandbox: Sandbox,
    tmp_path: Path,
    watched: list[Callable[[], object]],
    press: Callable[..., None],
    *,
    numbers: tuple[signal.Signals, ...],
    code: int,
) -> None:
    """The account tells what is under way; the next run waits for it, and pays nothing twice."""
    press(*numbers)
    form = write(tmp_path, *FORM)
    result = acedata("bulk", form, "-o", tmp_path, *OPTIONS)
    told = document(result)
    states = songs_of(told)
    assert result.exit_code == code
    assert (states["a"], states["b"]) == ("submitted", "submitted")
    assert {states["c"], states["z"]} <= {"pending", "skipped"}
    ids = {one["key"]: one["task_id"] for one in told["songs"]}
    assert {ids["a"], ids["b"]} == set(sandbox.tasks)
    assert result.stderr.splitlines()[-1].startswith("acedata: interrupted; run the same command")
    watched.clear()
    assert acedata("bulk", form, "-o", tmp_path).exit_code == 0
    assert sandbox.stats.submissions == len(FORM)


def test_a_lost_terminal_that_is_ignored(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, press: Callable[..., None]
) -> None:
    """Under `nohup` the command goes on, as it does not hear of it."""
    press(SIGHUP)
    signal.signal(SIGHUP, signal.SIG_IGN)
    assert acedata("bulk", write(tmp_path, *FORM), "-o", tmp_path).exit_code == 0
    assert signal.getsignal(SIGHUP) is signal.SIG_IGN
    assert sandbox.stats.submissions == len(FORM)


def test_ctrl_c_is_given_back(acedata: Acedata, tmp_path: Path, press: Callable[..., None]) -> None:
    """After the command Ctrl-C means what it meant before."""
    before = signal.getsignal(signal.SIGINT)
    press(signal.SIGINT)
    assert acedata("bulk", write(tmp_path, *FORM), "-o", tmp_path).exit_code == 130
    assert signal.getsignal(signal.SIGINT) is before


def test_an_answer_that_never_comes_leaves_a_song_unknown(
    acedata: Acedata, sandbox: Sandbox, tmp_path: Path, watched: list[Callable[[], object]]
) -> None:
    """Leaving waits for answers to paid calls for some seconds, and then says what is in doubt."""
    sandbox.inject("hang-after-accept", times=1)
    pressing: list[asyncio.Task[None]] = []

    async def interrupt() -> None:
        while not sandbox.stats.submission_requests:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
            for _ in range(3):
                await asyncio.sleep(0)

    watched.append(lambda: pressing.append(asyncio.ensure_future(interrupt())))
    form = write(tmp_path, song())
    result = acedata("bulk", form, "-o", tmp_path, "--json")
    assert result.exit_code == 130
    assert songs_of(document(result)) == {"a": "unknown"}
    assert ledger_at(tmp_path / "acedata.ledger")["a"].state in {"submitting", "unknown"}
