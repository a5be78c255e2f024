"""What can be fetched: where it is, and what has to be there."""

from __future__ import annotations

from typing import get_args

from acedata_async._rules.addresses import shown
from acedata_async._rules.containers import Wanted
from acedata_async.errors import InvalidRequest
from acedata_async.models.results import Audio, Stems, UploadedAudio, VideoFile, WavFile
from acedata_async.models.voices import Speech, VoiceSample

Renewable = Audio | Stems | Speech
"""What a task's record shows, perhaps with another address later."""

Downloadable = Renewable | WavFile | VideoFile | UploadedAudio | VoiceSample

_KINDS = ", ".join(kind.__name__ for kind in get_args(Downloadable))


def url_of(item: Downloadable) -> str:
    """Return where a result is.

    Raises:
        InvalidRequest: It has no address, or is no result.
    """
    if isinstance(item, Audio | UploadedAudio | Speech | VoiceSample):
        field_name, url = "audio_url", item.audio_url
    elif isinstance(item, Stems):
        field_name, url = "stems_url", item.stems_url
    elif isinstance(item, WavFile):
        field_name, url = "file_url", item.file_url
    elif isinstance(item, VideoFile):
        field_name, url = "video_url", item.video_url
    else:
        raise InvalidRequest("item", item, f"one of {_KINDS}")
    if not url:
        raise InvalidRequest(field_name, url, f"a {type(item).__name__} that has an address")
    return url


def wanted_of(item: Downloadable) -> Wanted:
    """Return what its file has to be."""
    if isinstance(item, Stems):
        return "archive"
    if isinstance(item, Speech) and item.format in {None, "pcm"}:
        return "raw sound"  # the API packs it into a wav file, and promises it nowhere
    return "video" if isinstance(item, VideoFile) else "sound"


def identity_of(item: Downloadable) -> tuple[str, ...]:
    """Return what tells a result from others, whatever its address is signed with."""
    return type(item).__name__, str(getattr(item, "id", None)), shown(url_of(item))
