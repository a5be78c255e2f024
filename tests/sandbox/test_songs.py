"""The shape of what an action results in."""

from __future__ import annotations

from typing import Any

import pytest

from acedata_async.sandbox.media_files import MediaFile
from acedata_async.sandbox.songs import (
    Commission,
    Song,
    iso,
    preview_item,
    song_item,
    stems_item,
    with_base,
    written_lyrics,
)

from .conftest import LYRIC

_MELODY = MediaFile("audio/mp4", lambda: b"", 9.876)
_SOURCE = Song("source", "Extension", LYRIC)


def _item(action: str, source: Song | None = _SOURCE, **request: Any) -> dict[str, Any]:
    commission = Commission(
        action=action,
        request=request,
        source=source,
        id="new",
        seed="4294469624",
        created_at=1767119760.994141,
    )
    return song_item(commission, _MELODY)


def test_generated_from_a_prompt() -> None:
    """A song from a plain prompt has every documented key with its documented type."""
    assert _item("generate", None, prompt="A song for Christmas", model="FUZZ-2.0 Pro") == {
        "id": "new",
        "title": "Untitled",
        "image_url": "/media/image/new.jpg",
        "lyric": "[Instrumental]",
        "audio_url": "/media/audio/new.m4a",
        "video_url": None,
        "image_id": "new",
        "topic": None,
        "seed": "4294469624",
        "sound": "A song for Christmas",
        "created_at": "2025-12-30T18:36:00.994141Z",
        "model": "FUZZ-2.0 Pro",
        "progress": "100%",
        "state": "succeeded",
        "duration": "9.876",
    }


def test_custom_lyric() -> None:
    """A custom song takes its title from the lyric's first line and has no sound."""
    item = _item("generate", None, lyric=LYRIC, custom=True, prompt="x")
    assert item["title"] == "Woke up with the sun in my eyes"
    assert (item["lyric"], item["sound"], item["model"]) == (LYRIC, "", "FUZZ-2.0")


@pytest.mark.parametrize(
    ("request_body", "title"),
    [({"title": "Mine"}, "Mine"), ({"title": ""}, "Woke up with the sun in my eyes")],
)
def test_title(request_body: dict[str, Any], title: str) -> None:
    """The caller's title wins; an empty one does not count."""
    assert _item("cover", lyric=LYRIC, custom=True, **request_body)["title"] == title


def test_instrumental() -> None:
    """An instrumental has no lyric, whatever was sent."""
    assert _item("generate", None, lyric=LYRIC, custom=True, instrumental=True)["lyric"] == (
        "[Instrumental]"
    )


def test_seed_of_the_request() -> None:
    """A seed that was asked for comes back as a string; `false` is none."""
    assert _item("generate", None, seed=7)["seed"] == "7"
    assert _item("generate", None, seed=False)["seed"] == "4294469624"


@pytest.mark.parametrize("action", ["extend", "upload_extend"])
def test_extend_doubles_the_first_tag(action: str) -> None:
    """An extension returns its first section tag twice, if there is one."""
    assert _item(action, lyric=LYRIC, custom=True)["lyric"] == f"[Verse]\n{LYRIC}"
    assert _item(action, lyric="no tag", custom=True)["lyric"] == "no tag"


def test_variation_names_another_model() -> None:
    """A variation answers FUZZ-2.0 whatever was asked."""
    assert _item("variation", model="FUZZ-2.0 Pro")["model"] == "FUZZ-2.0"


def test_swap_of_instrumentals() -> None:
    """A swap of the instrumentals keeps the source's lyric and marks its title."""
    item = _item("swap_instrumentals", prompt="happy", title="ignored")
    assert item["title"] == "Extension (Sound swap)"
    assert (item["lyric"], item["sound"]) == (LYRIC, "happy")


def test_stems() -> None:
    """Stems have neither an id nor an audio_url nor a duration."""
    assert stems_item(_SOURCE, "task") == {
        "title": "Extension",
        "lyric": "",
        "stems_url": "/media/stems/task.zip",
        "model": "",
        "progress": "100%",
        "state": "succeeded",
    }


def test_preview() -> None:
    """A preview plays and is not finished."""
    item = preview_item(_item("generate", None, prompt="x"))
    assert item["audio_url"]
    assert (item["state"], item["progress"]) == ("processing", "50%")


@pytest.mark.parametrize(("prompt", "title"), [("rain", "rain"), (" ", "Untitled")])
def test_lyrics(prompt: str, title: str) -> None:
    """Lyrics have a title and sections."""
    written = written_lyrics(prompt)
    assert written["title"] == title
    assert written["lyrics"].startswith("[Verse 1]\n")


def test_urls() -> None:
    """Only paths of our own become URLs."""
    data = [{"audio_url": "/media/a", "video_url": None, "title": "/media/a", "image_url": "x"}]
    assert with_base(data, "https://m") == [
        {"audio_url": "https://m/media/a", "video_url": None, "title": "/media/a", "image_url": "x"}
    ]


def test_time_in_words() -> None:
    """Times in items have microseconds and a Z."""
    assert iso(1767119745.0) == "2025-12-30T18:35:45.000000Z"
