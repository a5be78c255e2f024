"""One job: a line of the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acedata_async.models.producer import SUBMISSIONS, ProducerRequest
from acedata_async.models.request import ApiRequest
from acedata_async.models.siblings import UploadRequest
from acedata_async.models.task import mask_callback

UPLOAD = "upload"
STEMS = "stems"

SONG_KINDS: Mapping[str, type[ProducerRequest[Any]]] = {kind.action: kind for kind in SUBMISSIONS}
"""The request of each action that becomes a task."""

KINDS: Mapping[str, type[ApiRequest]] = {**SONG_KINDS, UPLOAD: UploadRequest}
"""The request of each action."""

ACTIONS: tuple[str, ...] = tuple(KINDS)
"""What a job can ask for."""


def source_kind(action: str) -> str | None:
    """Return what an action starts from, in words; None for one that starts from nothing."""
    if "audio_id" not in KINDS[action].model_fields:
        return None
    return "an upload" if action.startswith("upload_") else "a song"


def product_kind(action: str) -> str:
    """Return what an action makes, in the words of `source_kind`."""
    return {UPLOAD: "an upload", STEMS: "stems"}.get(action, "a song")


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to make; comes from `read_jobs`, which has checked it.

    Attributes:
        key: Its name among all jobs, and that of its files.
        action: What to do: a Producer action, or `upload`.
        fields: The request's fields as they were set. Not shown, for a `callback_url` may hold
            a secret.
        source: The key of the job whose song or upload it starts from, or None.
        line: The number of its line.
    """

    key: str
    action: str
    fields: Mapping[str, Any] = field(repr=False)
    source: str | None = None
    line: int = 0

    def song_request(self, audio_id: str | None) -> ProducerRequest[Any]:
        """Return the request of a job that becomes a task.

        Args:
            audio_id: The id that its source turned out to have; None where the job has no source.
        """
        known = {} if audio_id is None else {"audio_id": audio_id}
        return SONG_KINDS[self.action].model_validate({**self.fields, **known})

    def shown(self) -> dict[str, Any]:
        """Return what was asked for, fit for a file: with the `callback_url` masked."""
        asked = {"action": self.action, **mask_callback(self.fields)}
        return asked if self.source is None else {**asked, "source": self.source}
