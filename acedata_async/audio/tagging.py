"""Writing tags into a file that was fetched, before it gets its name."""

from __future__ import annotations

import logging
from dataclasses import replace

from acedata_async._files import whole_name
from acedata_async.audio.fetching import Errand, Fetched, Fetcher
from acedata_async.audio.tags import LARGEST_COVER, TagError, can_tag, tags_of, write_tags
from acedata_async.errors import AceDataError, ConfigurationError
from acedata_async.models.reply import ReplyModel
from acedata_async.models.results import Audio, WavFile
from acedata_async.models.task import Task
from acedata_async.models.voices import Speech

_log = logging.getLogger("acedata_async")


class Tagger:
    """Tags files.

    Args:
        fetcher: Fetches covers.
    """

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher

    def check(self) -> None:
        """Make sure that tags can be written.

        Raises:
            ConfigurationError: The extra is not installed.
        """
        if not can_tag():
            raise ConfigurationError(
                "tags: mutagen is not installed; pip install 'acedata-async[tags]', or tags=False"
            )

    async def tag(
        self, fetched: Fetched, item: ReplyModel, task: Task | None, errand: Errand
    ) -> None:
        """Tag a file, if it can be.

        A song is worth more than its tags: what goes wrong with them is logged.
        """
        if not isinstance(item, Audio | Speech | WavFile):
            kind = type(item).__name__
            _log.info("%s was saved without tags: there are none for %s", fetched.path.name, kind)
            return
        tags = tags_of(item, task)
        if isinstance(item, Audio) and item.image_url:
            tags = replace(tags, cover=await self._cover(item.image_url, fetched, errand))
        try:
            await self._fetcher.threads.run(lambda: write_tags(fetched.path, tags))
        except TagError as error:
            _log.warning("%s was saved without tags: %s", fetched.path.name, error)

    async def _cover(self, url: str, song: Fetched, errand: Errand) -> bytes | None:
        cover = Errand(url, "picture", errand.caller, largest=LARGEST_COVER)
        # Called like the song's own part, so that what a killed program leaves is swept.
        name = whole_name(song.path)
        try:
            async with self._fetcher.part(cover, song.folder, name) as got:
                return await self._fetcher.threads.run(lambda: _content(got))
        except AceDataError as error:
            _log.info("no cover for the tags: %s", error)
            return None


def _content(fetched: Fetched) -> bytes:
    fetched.seal()
    return fetched.path.read_bytes()
