"""Submit songs in one process, and collect them in another.

ACEDATACLOUD_API_TOKEN=… python come_back_later.py
"""

import asyncio

import anyio

from acedata_async import AceData, WatchSet

PROMPTS = ["Morning, with coffee", "Noon, with traffic", "Evening, with crickets"]
SAVED = anyio.Path("songs-under-way.json")


async def submit() -> None:
    """Submit songs and leave their ids behind."""
    async with AceData() as ace:
        watchers = [await ace.producer.generate(prompt, title=prompt) for prompt in PROMPTS]
        watched = ace.producer.watch_many([str(watcher.id) for watcher in watchers])
        await SAVED.write_text(watched.to_json())


async def collect() -> None:
    """Take the ids up again, and save each song as soon as it is there."""
    async with AceData() as ace:
        task_ids = WatchSet.read_ids(await SAVED.read_text())
        watched = ace.producer.watch_many(task_ids)
        async for watcher in watched:
            songs = await watcher
            print(await ace.download(songs[0], "songs"))


asyncio.run(submit())
asyncio.run(collect())
