"""One id, or a short trouble, that must not spoil everybody's news."""

from __future__ import annotations

import asyncio
from collections import Counter
from email.utils import formatdate
from typing import Any

import httpx
import pytest

from acedata_async import AceData, RateLimited, TaskNotFound, Timeouts, WatchTimeout
from acedata_async._clock import sleep
from acedata_async.sandbox import Sandbox
from tests.tasks.watching import NOBODYS, Skewed, Witness, client

BROKEN = httpx.Response(500, json={"error": {"code": "api_error", "message": "no"}})
NOT_HERE = httpx.Response(404, text="<html>not here</html>")


async def submitted(sandbox: Sandbox, number: int) -> list[str]:
    """Submit songs by another client, and return their ids."""
    ace = sandbox.client(seed=3)
    watchers = await asyncio.gather(*(ace.producer.generate(f"{n}") for n in range(number)))
    return [str(watcher.id) for watcher in watchers]


async def outcomes(ace: AceData, task_ids: list[str], timeout: float = 300.0) -> Counter[str]:
    """Watch tasks and return how many of them ended how."""
    results = await ace.producer.watch_many(task_ids).results(
        return_exceptions=True, timeout=timeout
    )
    return Counter(type(result).__name__ for result in results)


@pytest.mark.parametrize("number", [3, 100])
async def test_an_id_that_breaks_every_lookup_that_names_it(number: int) -> None:
    """Whoever shares its lookups is looked up without it, and it is found out in few steps."""
    async with Sandbox(seed=1, durations=20.0) as sandbox:
        ids = await submitted(sandbox, number)
        bad = ids[0]
        witness = Witness(sandbox, lambda asked, body: BROKEN if bad in asked else body)
        ended = await outcomes(client(sandbox, transport=witness), ids)
        assert ended == {"list": number - 1, "WatchTimeout": 1}
        assert len(witness.moments(bad)) <= 40


async def test_an_unknown_id_whose_own_lookup_fails() -> None:
    """It is asked about now and then, and two hundred songs have their news in time."""
    async with Sandbox(seed=1, durations=(40.0, 60.0)) as sandbox:
        ids = await submitted(sandbox, 200)
        witness = Witness(sandbox, lambda asked, body: BROKEN if asked == (NOBODYS,) else body)
        ace = client(sandbox, transport=witness)
        assert await outcomes(ace, [NOBODYS, *ids]) == {"list": 200, "WatchTimeout": 1}
        assert (ace.stats().max_lag or 99) < 15
        assert len(witness.moments(NOBODYS)) < 60


async def test_many_unknown_ids_do_not_hold_up_the_known() -> None:
    """Each of them has its last look, in turns with songs that are due."""
    async with Sandbox(seed=1, durations=(40.0, 60.0), lookups_per_second=20.0) as sandbox:
        ids = await submitted(sandbox, 20)
        nobodys = [f"{number:08d}{NOBODYS[8:]}" for number in range(300)]
        ace = client(sandbox)
        ended = await outcomes(ace, [*ids, *nobodys])
        assert ended == {"list": 20, "TaskNotFound": 300}
        assert (ace.stats().max_lag or 99) < 6


@pytest.mark.parametrize("blip", ["404", "empty"])
async def test_five_seconds_of_senseless_answers(blip: str) -> None:
    """They do not make everybody be looked up one by one."""
    async with Sandbox(seed=1, durations=(20.0, 40.0)) as sandbox:
        ids = await submitted(sandbox, 300)
        begin = sandbox.clock.monotonic()

        def answer(asked: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any] | httpx.Response:
            if not 10 < sandbox.clock.monotonic() - begin < 15:
                return body
            return NOT_HERE if blip == "404" else {"items": [], "count": 0} if asked[1:] else {}

        witness = Witness(sandbox, answer)
        ace = client(sandbox, transport=witness)
        assert await outcomes(ace, ids) == {"list": 300}
        assert sum(len(look.task_ids) == 1 for look in witness.lookups) < 30
        assert (ace.stats().max_lag or 99) < 12


async def test_least_interval_is_kept_by_waits_shorter_than_an_answer() -> None:
    """Who asks ten times a second, and never waits for the answer, costs no more than others."""
    async with Sandbox(seed=1, durations=60.0, latency=0.1) as sandbox:
        [task_id] = await submitted(sandbox, 1)
        witness = Witness(sandbox)
        ace = client(sandbox, transport=witness)
        for _ in range(200):
            with pytest.raises(WatchTimeout):
                await ace.producer.watch(task_id).wait(timeout=0.05)
            await sleep(sandbox.clock, 0.1)
        assert len(witness.lookups) > 10
        assert witness.least_gap() >= 0.8 - 1e-6


async def test_retry_after_as_a_date_of_the_server() -> None:
    """A pause of two seconds is one of two seconds, although our clock is twenty minutes off."""
    async with Sandbox(seed=1, durations=20.0) as sandbox:
        [task_id] = await submitted(sandbox, 1)

        def answer(_: tuple[str, ...], body: dict[str, Any]) -> dict[str, Any] | httpx.Response:
            if len(witness.lookups) > 1:
                return body
            now = sandbox.clock.time()
            headers = {
                "date": formatdate(now, usegmt=True),
                "retry-after": formatdate(now + 2, usegmt=True),
            }
            return httpx.Response(
                429, json={"error": {"code": "too_many_requests"}}, headers=headers
            )

        witness = Witness(sandbox, answer)
        ace = client(sandbox, transport=witness, clock=Skewed(sandbox.clock, -1200.0))
        assert await outcomes(ace, [task_id]) == {"list": 1}
        first, second, *_ = witness.moments(task_id)
        assert 2 <= second - first <= 4


async def test_an_id_that_nobody_knows_is_still_unknown_soon() -> None:
    """Alone or not, it is called unknown after half a minute."""
    async with Sandbox(seed=1) as sandbox:
        with pytest.raises(TaskNotFound):
            await client(sandbox).producer.watch(NOBODYS)
        assert sandbox.clock.monotonic() < 40


class Slow(httpx.AsyncBaseTransport):
    """An API that takes one submission in two seconds, and refuses the others."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.moments: list[float] = []
        self._clock = sandbox.clock
        self._inner = sandbox.transport()
        self._taken = -9.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Take the request, or answer 429."""
        now = self._clock.monotonic()
        self.moments.append(now)
        if now - self._taken < 2.0:
            return httpx.Response(429, json={"error": {"code": "too_many_requests"}})
        self._taken = now
        return await self._inner.handle_async_request(request)


async def test_giving_up_is_no_flood() -> None:
    """More submissions than the API takes in time fail in time; who comes next finds a turn."""
    async with Sandbox(seed=1, durations=20.0) as sandbox:
        slow = Slow(sandbox)
        ace = client(sandbox, transport=slow, timeouts=Timeouts(throttled=60.0))
        ended = await asyncio.gather(
            *(ace.producer.generate(f"{n}") for n in range(200)), return_exceptions=True
        )
        refused = sum(isinstance(one, RateLimited) for one in ended)
        assert refused == 200 - sandbox.stats.submissions
        assert 60 <= sandbox.clock.monotonic() < 70
        seconds = Counter(int(moment) for moment in slow.moments if moment > 1)
        assert max(seconds.values()) <= 5
        before = sandbox.clock.monotonic()
        await ace.producer.generate("A late one")
        assert sandbox.clock.monotonic() - before < 10


async def test_a_plan_that_fails_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in planning is logged and leaves nobody waiting for ever."""
    async with Sandbox(seed=1, durations=12.0) as sandbox:
        ace = client(sandbox)
        roster = ace.producer._poller._roster
        planned = roster.plan
        bugs = iter([ZeroDivisionError("a bug")])

        def plan(now: float) -> Any:
            for bug in bugs:
                raise bug
            return planned(now)

        roster.plan = plan  # type: ignore[method-assign]  # no input is known that raises
        assert await (await ace.producer.generate("A song"))
        assert "planning lookups failed" in caplog.text
        assert sandbox.clock.monotonic() < 25
