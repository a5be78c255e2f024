"""Make many songs, so many at once; kill it when you like, and run it again to go on.

ACEDATACLOUD_API_TOKEN=… python many_songs.py
"""

import asyncio
from collections.abc import Iterator

from acedata_async import AceData, BulkItem, GenerateRequest

PROMPTS = {
    "rain": "Rain on a tin roof, late at night",
    "brass": "A brass band that is slightly lost",
    "spring": "The first warm day of the year",
    "waltz": "Lighthouse keeper's waltz",
}


def orders() -> Iterator[BulkItem | dict[str, str]]:
    """Yield a song for each prompt, and a variation of each; the keys name the files."""
    for key, prompt in PROMPTS.items():
        yield BulkItem.of(GenerateRequest(prompt=prompt, title=prompt), key=key)
        yield {"key": f"{key}-again", "action": "variation", "source": key}


async def main() -> None:
    """Make all of them, and say how it went."""
    async with AceData() as ace:
        await ace.check_token()  # one free lookup, before anything costs money
        async with ace.producer.bulk(
            orders(),
            ledger="songs/songs.ledger",  # what was sent, paid, made and saved
            directory="songs",
            budget=20,  # songs in all, however often this is run
        ) as run:
            async for outcome in run:
                print(f"{outcome.key}: {outcome.state} {outcome.path or outcome.reason}")
    print(run.stats.spent, "paid for, or perhaps;", run.stats.submitted, "of them now")


asyncio.run(main())
