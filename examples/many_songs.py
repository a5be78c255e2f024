"""Make many songs at once, save each as soon as it is there, and lose none to an error.

ACEDATACLOUD_API_TOKEN=… python many_songs.py
"""

import asyncio

from acedata_async import AceData, AceDataError, SubmissionUnknown, TaskFailed, WatchTimeout

PROMPTS = [
    "Rain on a tin roof, late at night",
    "A brass band that is slightly lost",
    "The first warm day of the year",
    "Lighthouse keeper's waltz",
]


async def make(ace: AceData, prompt: str) -> str:
    """Make one song and say how it went."""
    try:
        watcher = await ace.producer.generate(prompt, title=prompt)
        songs = await watcher
        return f"saved as {await ace.download(songs[0], 'songs')}"
    except TaskFailed as failure:
        return f"failed, and cost nothing: {failure.message}"
    except WatchTimeout as late:
        return f"still running, watch it later: {late.task_id}"
    except SubmissionUnknown as unknown:
        return f"look at the vendor's console before sending it again: {unknown}"
    except AceDataError as error:
        return f"not made: {error}"


async def main() -> None:
    """Make all songs at once; they share their lookups."""
    async with AceData() as ace:
        await ace.check_token()  # one free lookup, before anything costs money
        outcomes = await asyncio.gather(*(make(ace, prompt) for prompt in PROMPTS))
    for prompt, outcome in zip(PROMPTS, outcomes, strict=True):
        print(f"{prompt}: {outcome}")


asyncio.run(main())
