"""How tags stand in m4a, mp3, wav and flac files; mutagen reads and writes them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple

from acedata_async.audio.bounds import check_bounds, known_frames
from acedata_async.audio.payload import container_of

_FRONT, _OTHER = 3, 0
"""The kinds of picture in ID3 and flac that are a front cover, and none that has a name."""
_LANGUAGE = "XXX"
"""ID3's word for a language that is not told."""
_UTF8 = 3

_OURS = {name: name.upper() for name in ("model", "seed", "task_id", "audio_id")}
_M4A = {"title": "\xa9nam", "lyric": "\xa9lyr", "prompt": "\xa9cmt", "date": "\xa9day"} | {
    name: f"----:com.acedatacloud:{key}" for name, key in _OURS.items()
}
_FLAC = {"title": "TITLE", "lyric": "LYRICS", "prompt": "COMMENT", "date": "DATE"} | {
    name: f"ACEDATACLOUD_{key}" for name, key in _OURS.items()
}
_ID3 = {"title": "TIT2", "lyric": "USLT", "prompt": "COMM", "date": "TDRC"} | {
    name: f"TXXX:ACEDATACLOUD_{key}" for name, key in _OURS.items()
}

TEXTS = tuple(_M4A)
"""The texts that a file can hold, by the names of `Tags`."""


class Content(NamedTuple):
    """What goes into a file, or comes out of it: texts by the names of `Tags`, and the cover."""

    texts: dict[str, str]
    cover: bytes | None


def picture_type(picture: bytes) -> Literal["jpeg", "png"] | None:
    """Return what a picture is, by its first bytes; None for any other kind."""
    if picture.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    return "png" if picture.startswith(b"\x89PNG\r\n\x1a\n") else None


def _part(name: str) -> Any:
    # Not at the top: an extra, and slow to import. Not by a statement: its types are incomplete.
    return import_module(f"mutagen.{name}")


def write(path: Path, content: Content) -> None:
    """Write tags into a file, in the form of its container; raises `OutOfBounds`."""
    check_bounds(path)
    kind = container_of(path)
    if kind == ".m4a":
        _write_m4a(path, content)
    elif kind == ".flac":
        _write_flac(path, content)
    else:
        _write_id3(path, kind, content)


def read(path: Path) -> Content:
    """Read the tags of a file; raises `OutOfBounds`."""
    check_bounds(path)
    kind = container_of(path)
    if kind == ".m4a":
        return _read_m4a(path)
    return _read_flac(path) if kind == ".flac" else _read_id3(path, kind)


def _write_m4a(path: Path, content: Content) -> None:
    mp4 = _part("mp4")
    file = mp4.MP4(path)
    if file.tags is None:
        file.add_tags()
    for name, text in content.texts.items():
        file.tags[_M4A[name]] = [mp4.MP4FreeForm(text.encode()) if name in _OURS else text]
    if content.cover:
        form = getattr(mp4.MP4Cover, f"FORMAT_{picture_type(content.cover)}".upper())
        # The first one is what players show; whoever put others there keeps them.
        others = [one for one in file.tags.get("covr", [])[1:] if bytes(one) != content.cover]
        file.tags["covr"] = [mp4.MP4Cover(content.cover, form), *others]
    file.save()


def _read_m4a(path: Path) -> Content:
    tags = _part("mp4").MP4(path).tags or {}
    firsts = {name: tags[key][0] for name, key in _M4A.items() if tags.get(key)}
    texts = {
        name: first.decode("utf-8", "replace") if isinstance(first, bytes) else first
        for name, first in firsts.items()
    }
    return Content(texts, _cover_among(map(bytes, tags.get("covr", []))))


def _write_flac(path: Path, content: Content) -> None:
    flac = _part("flac")
    file = flac.FLAC(path)
    if file.tags is None:
        file.add_tags()
    for name, text in content.texts.items():
        file.tags[_FLAC[name]] = text
    if content.cover:
        cover = flac.Picture()
        cover.type, cover.data = _FRONT, content.cover
        cover.mime = f"image/{picture_type(content.cover)}"
        others = _without_first_front(file.pictures)
        file.clear_pictures()
        for picture in (cover, *others):
            file.add_picture(picture)
    file.save()


def _read_flac(path: Path) -> Content:
    file = _part("flac").FLAC(path)
    tags = {} if file.tags is None else file.tags
    texts = {name: tags[key][0] for name, key in _FLAC.items() if key in tags}
    return Content(texts, _cover_among(_front_first(file.pictures)))


def _open_id3(path: Path, kind: str, *, translate: bool) -> Any:
    if kind == ".wav":
        file = _part("wave").WAVE(path, translate=translate, known_frames=known_frames())
        if file.tags is None:
            file.add_tags()
        return file.tags
    id3 = _part("id3")
    try:
        return id3.ID3(path, translate=translate, known_frames=known_frames())
    except id3.ID3NoHeaderError:
        return id3.ID3()


def _write_id3(path: Path, kind: str, content: Content) -> None:
    """Write ID3 in the version that the file has: another would cost it tags."""
    id3 = _part("id3")
    tags = _open_id3(path, kind, translate=False)
    version = 3 if (2, 2) <= tags.version < (2, 4) else 4
    keys = {_ID3[name]: text for name, text in content.texts.items()}
    if "TDRC" in keys and version == 3:
        date = keys.pop("TDRC")
        tags.delall("TDRC")
        keys |= {
            "TYER": date[:4],
            "TDAT": date[8:10] + date[5:7],
            "TIME": date[11:13] + date[14:16],
        }
    for key, text in keys.items():
        kind, _, desc = key.partition(":")
        fit = text.removesuffix("Z") if kind == "TDRC" else text
        frame = getattr(id3, kind)
        tags.add(frame(encoding=_UTF8, lang=_LANGUAGE, desc=desc, text=fit))
    if content.cover:
        others = _without_first_front(tags.getall("APIC"))
        tags.delall("APIC")
        mime = f"image/{picture_type(content.cover)}"
        tags.add(id3.APIC(encoding=0, mime=mime, type=_FRONT, desc="", data=content.cover))
        for frame in others:
            frame.type = _OTHER if frame.type == _FRONT else frame.type  # nobody orders them
            while frame.HashKey in tags:  # those of one description are one to ID3
                frame.desc += " "
            tags.add(frame)
    tags.save(path, v2_version=version)


def _read_id3(path: Path, kind: str) -> Content:
    tags = _open_id3(path, kind, translate=True)
    texts = {}
    for name, key in _ID3.items():
        frames = [one for one in tags.getall(key) if key != "COMM" or not one.desc]
        for frame in sorted(frames, key=lambda one: getattr(one, "lang", "") != _LANGUAGE)[:1]:
            texts[name] = frame.text if key == "USLT" else str(frame.text[0])
    return Content(texts, _cover_among(_front_first(tags.getall("APIC"))))


def _without_first_front(pictures: Iterable[Any]) -> list[Any]:
    """Return the pictures but for the one whose place a cover takes."""
    rest = list(pictures)
    front = next((one for one in rest if one.type == _FRONT), None)
    return [one for one in rest if one is not front]


def _front_first(pictures: Iterable[Any]) -> list[bytes]:
    return [one.data for one in sorted(pictures, key=lambda one: one.type != _FRONT)]


def _cover_among(pictures: Iterable[bytes]) -> bytes | None:
    return next(filter(picture_type, pictures), None)
