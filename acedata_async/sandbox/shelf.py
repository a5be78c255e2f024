"""The voices that there are, those of others among them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from acedata_async.sandbox.builtin_voices import builtin_voices
from acedata_async.sandbox.media_files import Recipe
from acedata_async.sandbox.records import failed, trained
from acedata_async.sandbox.speech import Speech
from acedata_async.sandbox.task import Task
from acedata_async.sandbox.voices import (
    State,
    Voice,
    foreign_voice,
    is_author,
    is_checked,
)

_MEDIA = re.compile(r"/(?:task/(\w+)\.mp3|coverimage/(\w+)|avatars/(\w+)\.jpg)", re.ASCII)


class Shelf:
    """Keeps voices and finds them.

    Args:
        tasks: The tasks there are, by their id; some of them train voices.
    """

    def __init__(self, tasks: Mapping[str, Task]) -> None:
        self._tasks = tasks
        self._voices = builtin_voices()
        self._samples = {voice.sample_id: voice for voice in self._voices.values()}
        self._uses: Counter[str] = Counter()

    def keep(self, voice: Voice) -> None:
        """Take a new voice in."""
        self._voices[voice.id] = voice
        self._samples[voice.sample_id] = voice

    def count_uses(self, voice_ids: Iterable[str]) -> None:
        """Take note of voices that were spoken with."""
        self._uses.update(voice_ids)

    def uses(self, voice: Voice) -> int:
        """Return how often the account spoke with a voice."""
        return self._uses[voice.id]

    def find(self, voice_id: str, now: float) -> tuple[Voice, State] | None:
        """Return a voice and whether it can speak yet, or None if there is no such voice."""
        voice = self._voices.get(voice_id)
        if voice is None:
            return (foreign_voice(voice_id), "trained") if is_checked(voice_id) else None
        state = self._state(voice, now)
        return None if state is None else (voice, state)

    def all(self, now: float) -> Iterator[tuple[Voice, State]]:
        """Yield the voices there are, the oldest first."""
        for voice in self._voices.values():
            state = self._state(voice, now)
            if state is not None:
                yield voice, state

    def recipe(self, path: str) -> Recipe | None:
        """Return what is behind a path of samples or pictures, or None for nothing."""
        match = _MEDIA.fullmatch(path)
        if match is None:
            return None
        sample_id, voice_id, author = match.groups("")
        if sample_id:
            return self._sample(sample_id)
        pictured = is_author(author) or voice_id in self._voices or is_checked(voice_id)
        return Recipe("cover") if pictured else None

    def _sample(self, sample_id: str) -> Recipe | None:
        voice = self._samples.get(sample_id)
        if voice is None and is_checked(sample_id):
            voice = foreign_voice(sample_id)
        if voice is None:
            return None
        return Recipe("speech", Speech(text=voice.text, voice=voice.id).words())

    def _state(self, voice: Voice, now: float) -> State | None:
        task = self._tasks.get(voice.task_id or "")
        if task is None:
            return "trained"
        if failed(task) and now >= task.finished_at:
            return None
        return "trained" if trained(task, now) else "training"
