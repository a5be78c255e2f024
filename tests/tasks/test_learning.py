"""Learning how long songs take, counted at the vendor."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from acedata_async import AceData, ConfigurationError
from acedata_async.sandbox import Sandbox
from tests.tasks.watching import NOBODYS, client

KIND = "producer/generate/FUZZ-2.0 Pro"


async def price(ace: AceData, sandbox: Sandbox, **options: Any) -> int:
    """Make a song and return how many lookups it took."""
    before = sandbox.stats.lookups
    await (await ace.producer.generate("A song", **options))
    return sandbox.stats.lookups - before


async def test_second_song_of_a_kind_costs_less_and_comes_no_later() -> None:
    """What the first has taught spares the second lookups; news are in time all the same."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        ace = client(sandbox)
        first = await price(ace, sandbox)
        later = [await price(ace, sandbox) for _ in range(5)]
        assert max(later) <= 0.7 * first
        assert (ace.stats().max_lag or 0.0) <= 2.0


async def test_what_was_learned_is_handed_on() -> None:
    """A new client that is given it is spared the first song's lookups, too."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        ace = client(sandbox)
        cold, warm = await price(ace, sandbox), await price(ace, sandbox)
        other = client(sandbox, learned=ace.learned())
        assert await price(other, sandbox) <= warm < cold
        assert await price(client(sandbox), sandbox) == cold


async def test_another_kind_learns_for_itself() -> None:
    """Another model, or another action, makes nothing of what was learned."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        ace = client(sandbox)
        cold = await price(ace, sandbox)
        assert await price(ace, sandbox, model="FUZZ-1.0") == cold
        [song] = await (await ace.producer.generate("A song"))
        before = sandbox.stats.lookups
        await (await ace.producer.cover(song))
        assert sandbox.stats.lookups - before == cold
        assert list(json.loads(ace.learned())["kinds"]) == [
            "producer/cover/FUZZ-2.0 Pro",
            "producer/generate/FUZZ-1.0",
            KIND,
        ]


async def test_task_from_elsewhere_teaches_and_profits() -> None:
    """A watched id tells its kind and its age by its record: it costs what an own task costs."""
    async with Sandbox(seed=1, durations=30.0) as sandbox:
        ace = client(sandbox)
        own = await ace.producer.generate("A song")
        other = client(sandbox)
        await other.producer.watch(str(own.id))
        assert KIND in other.learned()
        cost = await price(other, sandbox)
        before = sandbox.stats.lookups
        again = await ace.producer.generate("A song")
        await other.producer.watch(str(again.id))
        assert sandbox.stats.lookups - before <= cost + 1


async def test_failed_and_given_up_tasks_teach_nothing(ace: AceData, sandbox: Sandbox) -> None:
    """Only a song that succeeded says how long songs take."""
    empty = ace.learned()
    for shape in ("fail-F1", "fail-F4", "no-result"):
        sandbox.inject(shape, times=1)
        await (await ace.producer.generate("A song")).wait()
    waiting = asyncio.create_task((await ace.producer.generate("A song")).wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert ace.learned() == empty
    assert json.loads(empty)["kinds"] == {}


async def test_vendor_that_gets_slower_is_followed() -> None:
    """After a few slower songs, the first looks come later again."""
    lengths = [10.0] * 5 + [60.0] * 15
    async with Sandbox(seed=1, durations=lambda _: lengths.pop(0)) as sandbox:
        ace = client(sandbox)
        costs = [await price(ace, sandbox) for _ in range(20)]
        assert costs[5] > costs[-1]
        assert json.loads(ace.learned())["kinds"][KIND]["median"] > 25


async def test_what_is_learned_says_nothing_but_the_kind(ace: AceData) -> None:
    """No id, no prompt and no token is in the text."""
    watcher = await ace.producer.generate("A secret song", title="Private")
    [song] = await watcher
    text = ace.learned()
    for secret in ("secret", "Private", "token", str(watcher.id), str(song.id)):
        assert secret not in text
    assert set(json.loads(text)) == {"form", "version", "kinds"}


async def test_learned_text_survives_the_client(sandbox: Sandbox) -> None:
    """It can be asked for after closing, and what was given comes back."""
    ace = client(sandbox)
    await (await ace.producer.generate("A song"))
    await ace.aclose()
    text = ace.learned()
    assert json.loads(client(sandbox, learned=text).learned()) == json.loads(text)


def saved(**kind: Any) -> str:
    """Return a text of the right form with one kind."""
    return json.dumps({"form": "acedata-durations", "version": 1, "kinds": {KIND: kind}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 100_000,
        NOBODYS,
        5,
        b"\xff",
        json.dumps({"form": "acedata-durations", "version": 2, "kinds": {}}),
        json.dumps({"form": "acedata-durations", "version": True, "kinds": {}}),
        json.dumps({"form": "acedata-durations", "version": 1, "kinds": []}),
        json.dumps({"form": "acedata-watchset", "version": 1, "task_ids": []}),
        saved(),
        saved(count=1, median=12),
        saved(count=0, median=12, sigma=0.1),
        saved(count=-1, median=12, sigma=0.1),
        saved(count=1, median=0, sigma=0.1),
        saved(count=1, median=-5, sigma=0.1),
        saved(count=1, median=1e300, sigma=0.1),
        saved(count=1, median=12, sigma=-1),
        saved(count=1, median=12, sigma=1e9),
        saved(count=float("nan"), median=12, sigma=0.1),
        saved(count=1, median=float("inf"), sigma=0.1),
        saved(count="many", median="long", sigma="wide"),
    ],
)
async def test_damaged_text_is_refused(sandbox: Sandbox, text: Any) -> None:
    """A text that no client wrote is refused at once, with the setting's name."""
    with pytest.raises(ConfigurationError, match=r"^learned: "):
        client(sandbox, learned=text)
