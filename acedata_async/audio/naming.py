"""What names of files can be made of."""

from __future__ import annotations

from functools import cache
from typing import Any

from acedata_async.models import fish, producer
from acedata_async.models.reply import ReplyModel
from acedata_async.models.request import CALLBACK_FIELD
from acedata_async.models.results import Audio, UploadedAudio, VideoFile, WavFile
from acedata_async.models.task import Task
from acedata_async.models.voices import VoiceSample

DEFAULT_NAME = "{title} - {id}"
"""What files are called unless told otherwise."""

_UNTITLED: dict[type[ReplyModel], str] = {
    WavFile: "Audio",
    VideoFile: "Video",
    UploadedAudio: "Audio",
    VoiceSample: "Voice",
}
"""What a result without a title is called, where that is not what its type is."""

_NEVER = {"request", "response", CALLBACK_FIELD}
"""What no name has in it: whole objects, and what may hold a secret."""


def known_facts(item: ReplyModel) -> frozenset[str]:
    """Return the fields that the name of a result's file may use, set or not."""
    return _known(type(item))


@cache
def _known(kind: type[ReplyModel]) -> frozenset[str]:
    kinds = (Audio, kind, Task, *producer.SUBMISSIONS, *fish.SUBMISSIONS)
    fields = {name for kind in kinds for name in kind.model_fields}
    return frozenset(fields - _NEVER | {"id"})


def facts_of(item: ReplyModel, task: Task | None) -> dict[str, Any]:
    """Return what is known of a result, with `title` and `id` always meaning something.

    Args:
        item: The result.
        task: Its record; what was asked for stands in for what the result does not tell.
    """
    facts: dict[str, Any] = {}
    if task is not None:
        facts |= task.request
        facts |= {name: getattr(task, name) for name in Task.model_fields}
        facts = {name: value for name, value in facts.items() if name not in {"id", *_NEVER}}
        facts["task_id"] = task.id or None
    own = {name: getattr(item, name) for name in type(item).model_fields}
    extra = item.model_extra or {}
    facts |= {name: value for name, value in (extra | own).items() if value is not None}
    kind = _UNTITLED.get(type(item), type(item).__name__)
    facts["title"] = facts.get("title") or facts.get("text") or kind
    facts["id"] = facts.get("id") or facts.get("audio_id") or facts.get("task_id")
    return facts
