"""Ctrl-C while a paid call is under way: what may be paid is said, and no traceback is shown."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable

import pytest

from acedata_async.sandbox import Sandbox
from tests.cli.conftest import Acedata, document

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asyncio cannot hear it there")


@pytest.fixture
def twice(sandbox: Sandbox, watched: list[Callable[[], object]]) -> None:
    """Let Ctrl-C be pressed twice once a paid call has reached the API."""
    pressing: list[asyncio.Task[None]] = []

    async def press() -> None:
        while not sandbox.stats.submission_requests:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)
        for _ in range(10):  # the first is heard, and the client begins to close
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)

    watched.append(lambda: pressing.append(asyncio.ensure_future(press())))


@pytest.mark.usefixtures("twice")
@pytest.mark.parametrize("command", [("generate", "A song"), ("speak", "Hello", "-o", "a.mp3")])
def test_what_may_be_paid_is_said(
    acedata: Acedata, sandbox: Sandbox, caplog: pytest.LogCaptureFixture, command: tuple[str, ...]
) -> None:
    """Whoever leaves without the answer is told that the call may be paid, and where to look."""
    sandbox.inject("hang-after-accept")
    result = acedata(*command, "--json")
    assert result.exit_code == 130
    assert "waiting for the answer to a paid call; Ctrl-C again leaves it" in result.stderr
    last = result.stderr.splitlines()[-1]
    assert last.startswith("acedata: interrupted; a paid call was under way")
    assert "https://platform.acedata.cloud before you send it again" in last
    error = document(result)["error"]
    assert (error["type"], error["may_be_paid"]) == ("Interrupted", True)
    assert sandbox.stats.submissions == 1
    assert "Traceback" not in result.stderr
    assert not [one for one in caplog.records if "unhandled exception" in one.message]


def test_nothing_is_in_doubt_once_it_was_answered(
    acedata: Acedata, sandbox: Sandbox, watched: list[Callable[[], object]]
) -> None:
    """Whoever leaves during the wait is told the task, and of no doubt."""
    pressing: list[asyncio.Task[None]] = []

    async def press() -> None:
        while not sandbox.stats.lookups:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0)
        signal.raise_signal(signal.SIGINT)

    watched.append(lambda: pressing.append(asyncio.ensure_future(press())))
    sandbox.inject("never")
    result = acedata("generate", "A song", "--json", "--timeout", 1e6)
    error = document(result)["error"]
    assert (error["may_be_paid"], error["task_ids"]) == (False, sandbox.tasks)
    assert "a paid call" not in result.stderr
