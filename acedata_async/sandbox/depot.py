"""Where the files are: which there are behind which path, and which of them have changed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, quote

from acedata_async.sandbox.contents import Content, Held
from acedata_async.sandbox.large_files import large_content
from acedata_async.sandbox.media_files import MediaFile, MediaLibrary, Recipe

_MADE = "Tue, 30 Dec 2025 18:36:00 GMT"
_CHANGED = "Wed, 31 Dec 2025 18:36:00 GMT"

_NOISE = re.compile(r"/media/noise/(\d{1,15})\.(bin|m4a|wav)", re.ASCII)
_NOISE_TYPES = {"bin": "application/octet-stream", "m4a": "audio/mp4", "wav": "audio/wav"}
_ANOTHER = bytes(byte ^ 0x55 for byte in range(256))
_HEAD = 64
"""Bytes of an added file that stay when the rest of it changes."""


@dataclass(frozen=True, slots=True)
class Served:
    """A file as it is served.

    Attributes:
        modified: When it was changed the last time, as HTTP writes it.
    """

    content_type: str
    content: Content
    modified: str

    @property
    def etag(self) -> str:
        """What tells these bytes from others."""
        return f'"{self.content.digest}"'

    def read(self) -> bytes:
        """Return all of it."""
        return b"".join(self.content.pieces(0, self.content.size))


@dataclass(frozen=True, slots=True)
class _Added:
    """A file that somebody has added: bytes, or as many as are to be made."""

    content_type: str
    name: str
    of: bytes | int


class Depot:
    """Keeps the files.

    Args:
        library: Those that come with the package.
        elsewhere: Finds what is behind a path that no task has made.
    """

    def __init__(self, library: MediaLibrary, elsewhere: Callable[[str], Recipe | None]) -> None:
        self._library = library
        self._elsewhere = elsewhere
        self._recipes: dict[str, Recipe] = {}
        self._added: dict[str, _Added] = {}
        self._signed: set[str] = set()
        self._asked: set[str] = set()
        self._changed: set[str] = set()

    def keep(self, media: Mapping[str, Recipe], *, signed: bool) -> None:
        """Take files in.

        Args:
            media: What they are, by their paths.
            signed: Whether they are only for those who come with a signature.
        """
        self._recipes.update(media)
        if signed:
            self._signed.update(media)

    def add(self, path: str, content_type: str, of: bytes | int) -> str:
        """Take one more file in, and return its address' path; see `Sandbox.add_media`."""
        path = path if path.startswith("/media/") else f"/media/{path.removeprefix('/')}"
        added = _Added(content_type, path, of)
        self._open(added, changed=False)
        self._added[path] = added
        return quote(path)

    def find(self, path: str, query: str = "") -> Served | None:
        """Return the file behind a path as it is now, or None if there is none."""
        changed = path in self._changed
        added = self._added.get(path) or _noise(path, query)
        if added is not None:
            try:
                content = self._open(added, changed=changed)
            except ValueError:
                return None
            return Served(added.content_type, content, _CHANGED if changed else _MADE)
        recipe = self._recipes.get(path) or self._elsewhere(path)
        if recipe is None:
            return None
        file = self._library.other(recipe) if changed else self._library.file(recipe)
        return _served(file, _CHANGED if changed else _MADE)

    def is_signed(self, path: str) -> bool:
        """Return whether a file is only for those who come with a signature."""
        return path in self._signed

    def ask(self, path: str) -> bool:
        """Take note that a file is asked for; return whether it was before and is the same."""
        before = path in self._asked and path not in self._changed
        self._asked.add(path)
        return before

    def change(self, path: str) -> None:
        """Put another file behind a path, for good."""
        self._changed.add(path)

    def _open(self, added: _Added, *, changed: bool) -> Content:
        if isinstance(added.of, bytes):
            return Held(_another(added.of) if changed else added.of)
        seed = f"{added.name} changed" if changed else added.name
        melody = self._library.melody(seed).read()
        return large_content(added.of, added.content_type, seed, melody)


def _another(content: bytes) -> bytes:
    """Return other bytes in the same container, whose head stays."""
    head = min(_HEAD, len(content) // 2)
    return content[:head] + content[head:].translate(_ANOTHER)


def _noise(path: str, query: str) -> _Added | None:
    match = _NOISE.fullmatch(path)
    if match is None:
        return None
    seed = parse_qs(query).get("seed", ["0"])[0]
    return _Added(_NOISE_TYPES[match[2]], f"{path} {seed}", int(match[1]))


def _served(file: MediaFile, modified: str) -> Served:
    return Served(file.content_type, Held(file.read()), modified)
