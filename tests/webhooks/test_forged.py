"""A thousand forged callbacks: none changes a result, and they cost a lookup an id at the most."""

from __future__ import annotations

import asyncio
import json
from itertools import cycle, islice

from acedata_async import Callbacks
from acedata_async.models.results import Audio
from acedata_async.sandbox import Sandbox
from acedata_async.testing import ManualClock
from acedata_async.webhooks import Receiver
from tests.webhooks.calling import Call

SONGS = 20
FORGED = 1_000


def looked_up(sandbox: Sandbox) -> int:
    """Return how many times an id was asked for."""
    stats = sandbox.stats
    return stats.lookups_single + sum(stats.ids_per_batch)


async def forge(receiver: Receiver, callbacks: Callbacks, sandbox: Sandbox) -> dict[int, int]:
    """Call as a forger would who knows all ids, and addresses of all kinds; return the answers."""
    answers = {200: 0, 404: 0}
    own = [body["callback_url"] for body in sandbox.submissions]
    known = list(zip(sandbox.tasks, own, strict=True))
    unknown = [(f"00000000-0000-0000-0000-{n:012}", callbacks.address()) for n in range(80)]
    for number, (task_id, address) in enumerate(islice(cycle([*known, *unknown]), FORGED)):
        # Round by round: an address of another task, that of this one, and a wrong one.
        used = [callbacks.address(), address, address + "x"][number // 100 % 3]
        lie = {
            "success": number % 3 > 0,
            "task_id": task_id,
            "data": [{"id": "forged", "audio_url": "https://forged.example/a.m4a"}],
            "finished_at": 1.0,
        }
        answers[await Call(used, json.dumps(lie).encode())(receiver)] += 1
    return answers


async def run(
    callbacks: Callbacks, *, asked_for: bool = True, forging: bool = False
) -> tuple[list[list[Audio]], list[int]]:
    """Make songs; return them, and the lookups of the first moments and of the whole."""
    clock = ManualClock(jump=False)
    async with Sandbox(clock=clock, seed=1, durations=(60.0, 90.0)) as sandbox:
        ace = sandbox.client(seed=1, callbacks=callbacks) if asked_for else sandbox.client(seed=1)
        making = [asyncio.create_task(ace.producer.generate(f"Song {n}")) for n in range(SONGS)]
        await clock.advance(1)
        watchers = [await one for one in making]
        waiting = [asyncio.create_task(watcher.result()) for watcher in watchers]
        lookups = []
        for _ in range(3):
            if forging:
                assert await forge(Receiver(ace), callbacks, sandbox) == {200: 700, 404: 300}
            await clock.advance(0.1)
            lookups.append(looked_up(sandbox))
            assert not any(one.done() for one in waiting)
        await clock.advance(300)
        songs = [await one for one in waiting]
        return songs, [*lookups, sandbox.stats.lookups]


async def test_forged_callbacks(callbacks: Callbacks) -> None:
    """They name tasks that run and tasks that nobody knows, at right addresses and wrong ones.

    No song is another one for it, or comes earlier, and no more than one lookup comes of it for
    each task that is waited for. From then on things are as they are without callbacks.
    """
    songs, usual = await run(callbacks, asked_for=False)
    same, lookups = await run(callbacks, forging=True)
    assert 0 < lookups[0] <= SONGS
    assert lookups[0] == lookups[1] == lookups[2]
    assert lookups[3] <= usual[3] + SONGS
    assert [song[0].audio_url for song in same] == [song[0].audio_url for song in songs]
    assert "forged" not in str(same)
