"""What a finished action consists of: the items of `data`, as the vendor shapes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from acedata_async.sandbox.links import signed
from acedata_async.sandbox.media_files import MediaFile
from acedata_async.sandbox.validation import is_set

_DEFAULT_MODEL = "FUZZ-2.0"
_INSTRUMENTAL = "[Instrumental]"
_UNTITLED = "Untitled"


@dataclass(frozen=True, slots=True)
class Song:
    """A song that exists at the vendor and that actions can start from."""

    id: str
    title: str
    lyric: str
    uploaded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """What is needed to make the item of one action.

    Attributes:
        source: The song that it starts from; None for `generate`.
        id: The new song's id.
        seed: The seed if the request has none.
        created_at: When the song came into being, in Unix seconds.
    """

    action: str
    request: Mapping[str, Any]
    source: Song | None
    id: str
    seed: str
    created_at: float

    def chosen_seed(self) -> str:
        """Return the seed that counts, as the string that the vendor makes of it."""
        return str(self.request["seed"]) if is_set(self.request, "seed") else self.seed


def song_item(commission: Commission, melody: MediaFile) -> dict[str, Any]:
    """Return the item of a made song. Its URLs are paths, to be completed when shown."""
    request = commission.request
    lyric = _lyric(commission)
    custom = request.get("custom", False)
    return {
        "id": commission.id,
        "title": _title(commission, lyric),
        "image_url": f"/media/image/{commission.id}.jpg",
        "lyric": lyric,
        "audio_url": f"/media/audio/{commission.id}.m4a",
        "video_url": None,
        "image_id": commission.id,
        "topic": None,
        "seed": commission.chosen_seed(),
        "sound": "" if custom else request.get("prompt", ""),
        "created_at": iso(commission.created_at),
        # The one action whose documented answer names another model than its request.
        "model": _DEFAULT_MODEL
        if commission.action == "variation"
        else request.get("model", _DEFAULT_MODEL),
        "progress": "100%",
        "state": "succeeded",
        "duration": str(melody.seconds),
    }


def stems_item(source: Song, task_id: str) -> dict[str, Any]:
    """Return the item of a song taken apart: neither an id nor an audio_url."""
    return {
        "title": source.title,
        "lyric": "",
        "stems_url": f"/media/stems/{task_id}.zip",
        "model": "",
        "progress": "100%",
        "state": "succeeded",
    }


def preview_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a song looks like that can be heard before it is finished."""
    return {**item, "progress": "50%", "state": "processing"}


def written_lyrics(prompt: str) -> dict[str, str]:
    """Return what `/producer/lyrics` makes of a prompt."""
    title = prompt.strip().splitlines()[0][:60] if prompt.strip() else _UNTITLED
    lines = [
        "[Verse 1]",
        f"They asked me for a song of {title}",
        "I hummed it to the morning rain",
        "[Chorus]",
        "Sing it low and sing it long",
        "Sing it once and sing it again",
    ]
    return {"title": title, "lyrics": "\n".join(lines)}


def with_base(data: Any, base: str, *, expires: float | None = None) -> Any:
    """Return items or an item with the media paths turned into URLs.

    Args:
        data: The items or the item.
        base: What comes before the paths.
        expires: Until when they are good, in Unix seconds; None for always, without a signature.
    """
    if isinstance(data, list):
        return [with_base(item, base, expires=expires) for item in data]
    return {
        key: base + (value if expires is None else signed(value, expires))
        if key.endswith("_url") and isinstance(value, str) and value.startswith("/media/")
        else value
        for key, value in data.items()
    }


def iso(moment: float) -> str:
    """Return a time as the vendor writes it in words: microseconds and a `Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _lyric(commission: Commission) -> str:
    request, source = commission.request, commission.source
    if request.get("instrumental"):
        return _INSTRUMENTAL
    if request.get("custom") and request.get("lyric"):
        lyric: str = request["lyric"]
    else:
        lyric = source.lyric if source else _INSTRUMENTAL
    first_line = lyric.partition("\n")[0]
    if commission.action.endswith("extend") and _is_tag(first_line):
        return f"{first_line}\n{lyric}"
    return lyric


def _title(commission: Commission, lyric: str) -> str:
    if commission.action == "swap_instrumentals" and commission.source:
        return f"{commission.source.title} (Sound swap)"
    if title := commission.request.get("title"):
        return str(title)
    lines = (line.strip() for line in lyric.splitlines())
    return next((line for line in lines if line and not _is_tag(line)), _UNTITLED)


def _is_tag(line: str) -> bool:
    return line.startswith("[") and line.endswith("]")
