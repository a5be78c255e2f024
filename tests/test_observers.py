"""Observers are told, and stop nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from functools import partial

import httpx
import pytest

from acedata_async import (
    AceData,
    CallAnswered,
    CallSent,
    ClientClosed,
    ConfigurationError,
    Event,
    Observer,
    log_events,
)
from acedata_async.observers import Observers
from acedata_async.sandbox import Sandbox

EVENT = CallSent(path="/producer/tasks", purpose="lookup", size=70)


def observed(sandbox: Sandbox, *observers: Observer) -> AceData:
    """Return a client of the sandbox with these observers."""
    return AceData(
        "token",
        base_url="https://sandbox.acedata.invalid",
        http_client=httpx.AsyncClient(transport=sandbox.transport()),
        clock=sandbox.clock,
        observers=observers,
    )


class Failing:
    """An observer that raises each time it is told something."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, _: Event) -> None:
        """Raise."""
        raise self.error


async def test_each_is_told_in_order(sandbox: Sandbox) -> None:
    """Every observer gets every event, one after the other."""
    told: list[tuple[str, Event]] = []
    first = partial(lambda event: told.append(("first", event)))
    second = partial(lambda event: told.append(("second", event)))
    async with observed(sandbox, first, second) as ace:
        await ace.check_token()
    assert [name for name, _ in told] == ["first", "second"] * 2
    assert isinstance(told[0][1], CallSent)
    assert isinstance(told[2][1], CallAnswered)


async def test_none_is_enough(sandbox: Sandbox) -> None:
    """Without observers nothing is logged, and the figures are there all the same."""
    async with observed(sandbox) as ace:
        await (await ace.producer.generate("A song"))
    assert ace.stats().submissions == 1


@pytest.mark.parametrize(
    "error", [RuntimeError("no metrics today"), asyncio.CancelledError("not yours")]
)
async def test_observer_that_raises(
    error: BaseException, sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    """The song arrives, the others are told, and the log has the error of each observer once."""
    told: list[Event] = []
    async with observed(sandbox, Failing(error), told.append, Failing(error)) as ace:
        assert await (await ace.producer.generate("A song"))
    calls = [event for event in told if isinstance(event, CallSent)]
    assert len(calls) == sandbox.stats.submission_requests + sandbox.stats.lookups > 1
    assert ace.stats().requests == len(calls)
    failures = [record for record in caplog.records if "observer" in record.getMessage()]
    assert [record.levelname for record in failures] == ["ERROR", "ERROR"]
    assert "Failing failed at CallSent" in failures[0].getMessage()
    assert failures[0].exc_info is not None
    assert failures[0].exc_info[1] is error


async def test_log_that_raises(sandbox: Sandbox) -> None:
    """Not even a logger that cannot log, not even about that, stops a song."""

    def refuse(_: logging.LogRecord) -> bool:
        raise RuntimeError("the disk is full")

    logger = logging.getLogger("acedata_async")
    level = logger.level
    logger.setLevel("DEBUG")
    logger.addFilter(refuse)
    try:
        async with observed(sandbox, log_events) as ace:
            assert await (await ace.producer.generate("A song"))
    finally:
        logger.removeFilter(refuse)
        logger.setLevel(level)


async def test_observer_that_closes_the_client(sandbox: Sandbox) -> None:
    """Closed in the middle of a submission, the client still brings the task's id."""
    closing: list[asyncio.Task[None]] = []

    def close(event: Event) -> None:
        if isinstance(event, CallSent):
            closing.append(asyncio.get_running_loop().create_task(ace.aclose()))

    ace = observed(sandbox, close)
    watcher = await ace.producer.generate("A song")
    assert watcher.id == sandbox.tasks[0]
    await closing[0]
    with pytest.raises(ClientClosed):
        await watcher
    assert (len(closing), sandbox.stats.lookups) == (1, 0)


async def test_observer_that_asks_the_client(sandbox: Sandbox) -> None:
    """The figures are up to date when an observer is told."""
    figures: list[int] = []
    async with observed(sandbox, lambda _: figures.append(ace.stats().requests)) as ace:
        await ace.check_token()
        await ace.check_token()
    assert figures == [1, 1, 2, 2]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_what_is_no_error_goes_through(kind: type[BaseException]) -> None:
    """Whoever presses Ctrl-C while an observer runs is obeyed."""
    with pytest.raises(kind):
        Observers(Failing(kind()), users=()).emit(EVENT)


@pytest.mark.parametrize("at", [CallSent, CallAnswered])
def test_interrupt_ends_the_program(at: type[Event]) -> None:
    """An interrupt in an observer ends `asyncio.run`, as it does anywhere else."""
    interrupted: list[Event] = []

    def interrupt(event: Event) -> None:
        if isinstance(event, at) and not interrupted:
            interrupted.append(event)
            raise KeyboardInterrupt

    async def main() -> None:
        async with Sandbox() as sandbox, observed(sandbox, interrupt) as ace:
            await ace.producer.generate("A song")

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert len(interrupted) == 1


async def later(_: Event) -> None:
    """Be an observer that nobody would await."""


class Later:
    """The same as an object."""

    async def __call__(self, _: Event) -> None:
        """Do nothing that anybody would await."""


@pytest.mark.parametrize(
    ("observers", "words"),
    [
        ([later], "nobody awaits it"),
        ([Later()], "nobody awaits it"),
        ([partial(later)], "nobody awaits it"),
        (["log_events"], "a str cannot be called"),
        (log_events, "a list or tuple"),
        (None, "a list or tuple"),
    ],
)
def test_what_is_no_observer_is_refused(observers: Iterable[Observer], words: str) -> None:
    """A mistake is found when the client is made, and not while a song is paid."""
    with pytest.raises(ConfigurationError, match=words):
        AceData("token", observers=observers)


def test_repr_tells_how_many() -> None:
    """The observers themselves, whatever they hold, are not shown."""
    assert repr(Observers(users=[partial(Failing(RuntimeError("secret")))])) == "<Observers: 1>"
